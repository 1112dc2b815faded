"""Questions about datasets."""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.people.projects import selectors as projects
from training.rows import Row, read_rows


def visible_to(actor: Actor) -> QuerySet[Dataset]:
    return (
        Dataset.objects.filter(project__in=projects.visible_to(actor))
        .select_related("project")
        .annotate(version_count=Count("versions"), latest=Max("versions__number"))
    )


def visible(actor: Actor, dataset_id: UUID) -> Dataset:
    try:
        return visible_to(actor).get(pk=dataset_id)
    except Dataset.DoesNotExist:
        raise NotFound("dataset") from None


def versions_visible_to(actor: Actor) -> QuerySet[DatasetVersion]:
    return DatasetVersion.objects.filter(dataset__project__in=projects.visible_to(actor)).select_related(
        "dataset__project"
    )


def version_visible(actor: Actor, version_id: UUID) -> DatasetVersion:
    try:
        return versions_visible_to(actor).get(pk=version_id)
    except DatasetVersion.DoesNotExist:
        raise NotFound("dataset version") from None


def sample(version: DatasetVersion, count: int = 5, start: int = 0) -> list[Row]:
    """`count` rows from the file itself, after skipping `start`."""
    with blobs.as_local_file(version.file_sha256, "rows.jsonl") as path:
        return list(islice(_rows(path, version.format), start, start + count))


def same_bytes(version: DatasetVersion) -> QuerySet[DatasetVersion]:
    """Other versions of the same organisation with the very same bytes: their licences should agree."""
    return DatasetVersion.objects.filter(
        file_sha256=version.file_sha256, dataset__project__organisation=version.dataset.project.organisation
    ).exclude(pk=version.pk)


def _rows(path: object, file_format: str) -> Iterator[Row]:
    return (row for row in read_rows(path, file_format) if isinstance(row, Row))  # type: ignore[arg-type]
