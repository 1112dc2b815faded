"""Questions about datasets."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import Count, Max, QuerySet

from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, WrongState
from governance.foundation.core.records import one_of
from governance.materials.base_models import rules as told
from governance.materials.base_models.selectors import licence_drift, licence_fact
from governance.materials.datasets import provenance, rules
from governance.materials.datasets.models import WITH_FILE, Dataset, DatasetVersion, Import, QualityProfile, Split
from governance.people.approvals.subjects import Fact
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.projects.rules import listing
from preparation import containers
from preparation.differences import Difference, difference
from preparation.reading import read_rows
from preparation.row_index import left_before
from preparation.rows import Row


def visible_to(actor: Actor) -> QuerySet[Dataset]:
    return (
        Dataset.objects.filter(project__in=projects.visible_to(actor))
        .select_related("project")
        .annotate(version_count=Count("versions"), latest=Max("versions__number"))
        .order_by("name", "-created_at")
    )


def visible(actor: Actor, dataset_id: UUID) -> Dataset:
    return one_of(visible_to(actor), dataset_id)


def versions_visible_to(actor: Actor) -> QuerySet[DatasetVersion]:
    return DatasetVersion.objects.filter(projects.within(actor, "dataset__project")).select_related(
        "dataset__project__organisation"
    )


def version_visible(actor: Actor, version_id: UUID) -> DatasetVersion:
    return one_of(versions_visible_to(actor), version_id)


def of_project(actor: Actor, project_id: UUID) -> QuerySet[DatasetVersion]:
    """Every version of a project, by dataset, newest first."""
    return versions_visible_to(actor).filter(dataset__project=project_id)


def imports_visible_to(actor: Actor) -> QuerySet[Import]:
    return Import.objects.filter(projects.within(actor, "dataset__project")).select_related("dataset__project")


def visible_import(actor: Actor, import_id: UUID) -> Import:
    return one_of(imports_visible_to(actor), import_id)


def splits_visible_to(actor: Actor) -> QuerySet[Split]:
    return Split.objects.filter(projects.within(actor, "version__dataset__project")).select_related(
        "version__dataset__project"
    )


def visible_split(actor: Actor, split_id: UUID) -> Split:
    return one_of(splits_visible_to(actor), split_id)


def quality_profiles_visible_to(actor: Actor) -> QuerySet[QualityProfile]:
    return QualityProfile.objects.filter(projects.within(actor, "version__dataset__project")).select_related(
        "version__dataset__project"
    )


def visible_quality_profile(actor: Actor, profile_id: UUID) -> QualityProfile:
    return one_of(quality_profiles_visible_to(actor), profile_id)


def quality(version: DatasetVersion) -> QualityProfile | None:
    """The newest profile of the version that was measured."""
    return version.quality_profiles.filter(state=rules.ProfileState.MEASURED).first()


def may_work_on_rows(actor: Actor, version: DatasetVersion, act: str) -> bool:
    """Whether `actor` may do `act` in its project and its rows are there to be worked on."""
    return version.has_file and projects.may(actor, version.project_id, act)


def columns(version: DatasetVersion) -> list[str]:
    """The columns that a row of its file has at the top, as they were seen at registration."""
    return [column["name"] for column in version.profile.get("columns", []) if "[" not in column["name"]]


def unfinished_imports(dataset: Dataset) -> QuerySet[Import]:
    """Files that are read for `dataset`, or could not be registered and were not discarded; newest first."""
    return dataset.imports.exclude(state__in=[rules.State.REGISTERED, rules.State.DISCARDED])


def is_used(file_sha256: str) -> bool:
    """Whether a version whose file is not gone, or an import that is not discarded, has these bytes."""
    held = Import.objects.filter(file_sha256=file_sha256, version=None).exclude(state=rules.State.DISCARDED)
    return held.exists() or DatasetVersion.objects.filter(WITH_FILE, file_sha256=file_sha256).exists()


def erased_before(organisation_id: UUID, file_sha256: str) -> DatasetVersion | None:
    """A version of these very bytes of which rows were erased in the organisation."""
    found = DatasetVersion.objects.filter(file_sha256=file_sha256, dataset__project__organisation=organisation_id)
    return found.exclude(rows_erased_at=None).first()


def where_it_stands(version: DatasetVersion, place: int) -> tuple[DatasetVersion, int]:
    """The version in whose file the row at `place` of `version` can be read, and its place there: another one where
    other rows were erased. Raises NotFound for a row that was erased itself."""
    if version.rows_erased_at is not None:
        # An index tells of rows that were erased later too: those that it has left are those of the last version.
        with blobs.opened(version.index_sha256) as index:
            left = left_before(index, place)
        if left is None:
            raise NotFound("row")
        place = left
    while version.rows_erased_at is not None:
        if version.successor is None:
            raise NotFound("row")
        version = version.successor
    return version, place


def newest(datasets: QuerySet[Dataset]) -> dict[UUID, DatasetVersion]:
    """The newest version of each dataset, by the dataset's id, in one query."""
    versions = DatasetVersion.objects.filter(dataset__in=datasets.values("pk")).select_related("dataset__project")
    return {version.dataset_id: version for version in versions.order_by("number")}


def is_read_at_once(version: DatasetVersion) -> bool:
    """Whether going through its rows takes a second or two; of a large or packed file a worker does it."""
    packed = bool(version.profile.get("gzipped")) or version.container == containers.PARQUET
    return rules.read_at_once(version.file_bytes, packed=packed)


def sample(version: DatasetVersion, count: int = 5, start: int = 0) -> list[Row]:
    """`count` rows from the file itself, after skipping `start`. Reads no further than it must."""
    with _file(version) as path:
        rows = (row for row in read_rows(path, version.reading) if isinstance(row, Row))
        return list(islice(rows, start, start + count))


def changes(version: DatasetVersion, since: DatasetVersion) -> Difference:
    """What became of the rows from `since` to `version`. Raises WrongState where one has no index of its rows."""
    for one in (version, since):
        if not one.index_sha256:
            raise WrongState(f"{one} was registered before rows were indexed; register its file again to compare it.")
    with blobs.opened(since.index_sha256) as before, blobs.opened(version.index_sha256) as after:
        return difference(before.read(), after.read())


def rows_at(version: DatasetVersion, places: Iterable[int]) -> dict[int, Row]:
    """The rows at these places, from 0; those beyond the end are left out. Reads no further than the last of them."""
    wanted = set(places)
    if not wanted:
        return {}
    with _file(version) as path:
        rows = (row for row in read_rows(path, version.reading) if isinstance(row, Row))
        return {place: row for place, row in enumerate(islice(rows, max(wanted) + 1)) if place in wanted}


def rows_for(actor: Actor, version: DatasetVersion, count: int = 5, start: int = 0) -> list[Row]:
    """`sample` for a person. Raises NotAllowed for somebody whose role does not need the rows themselves."""
    if not may_read_rows(actor, version):
        raise NotAllowed(f"The rows themselves are shown to {listing(rules.READ_ROWS)} of this project.")
    return sample(version, count, min(start, rules.ROWS_WITHIN_REACH))


def may_read_rows(actor: Actor, version: DatasetVersion) -> bool:
    return rules.may_read_rows(projects.roles(actor, version.project_id))


def may_download(actor: Actor, version: DatasetVersion) -> bool:
    return rules.may_download(projects.roles(actor, version.project_id))


def licence_told(version: DatasetVersion) -> list[told.Told]:
    """What other places say about the licence, beside what was declared."""
    return told.compared(version.licence, version.licence_told)


# What a steward asks of every dataset, by the provenance record's names.
TOLD_TO_DECIDERS = {
    "source": "Comes from",
    "issuer": "Given out by",
    "method": "Made by",
    "synthetic_share": "Share written by a model",
    "synthetic_by": "Written by a model",
    "personal_data": "Personal data",
    "legal_bases": "Legal basis",
    "known_gaps": "Known gaps",
}


def summary(version: DatasetVersion, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: rows, what was found in them, the licence's verdict, where they come from."""
    found = version.profile
    yield Fact("Rows", f"{version.rows:,}, {version.format}", f"{version.file_name}, {version.file_bytes:,} bytes")
    repeated, contradicting = found["exact_duplicates"], found["contradicting_inputs"]
    said = f"{repeated:,} exact duplicates"
    if contradicting is not None:  # of rows that answer nothing there are none to count
        said += f", {contradicting:,} inputs with contradicting answers"
    yield Fact("Found in them", said, warns=bool(repeated or contradicting))
    yield _quality_fact(version)
    yield licence_fact(project, version)
    yield from licence_drift(version)
    if other := [each for each in licence_told(version) if each.agrees is False]:
        yield Fact("Said elsewhere", "; ".join(f"{each.where}: {each.says}" for each in other), warns=True)
    for name, label in TOLD_TO_DECIDERS.items():
        if answer := provenance.words(version.provenance, name):
            yield Fact(label, answer)
    answered = len(provenance.answered(version.provenance))
    yield Fact("Provenance", f"{answered} of {len(provenance.FIELDS)} questions answered")
    yield Fact("Registered by", version.registered_by_name)


def _quality_fact(version: DatasetVersion) -> Fact:
    profile = quality(version)
    if profile is None or profile.result is None:
        return Fact("Quality", "not measured in full")
    rows = profile.result["checklist"]
    looked = [row["ask"] for row in rows if row["state"] == "look"]
    good = sum(row["state"] == "good" for row in rows)
    return Fact("Quality", f"{good} of {len(rows)} questions good", "; ".join(looked), warns=bool(looked))


def earlier(version: DatasetVersion) -> Iterable[UUID]:
    """The versions before it in its dataset."""
    return version.dataset.versions.filter(number__lt=version.number).values_list("pk", flat=True)


@dataclass(frozen=True)
class Twin:
    """A version with the very same bytes. `version` is None where the asker may not see it."""

    version: DatasetVersion | None
    licence: str
    agrees: bool


def twins(actor: Actor, version: DatasetVersion) -> list[Twin]:
    """Other versions of the same bytes in the organisation, with what each says about the licence.

    That another project calls the same bytes by another licence concerns everybody who uses them; which
    project that is does not, so its version is named only to people who may see it.
    """
    seen = set(versions_visible_to(actor).filter(file_sha256=version.file_sha256).values_list("pk", flat=True))
    found = []
    for other in same_bytes(version).select_related("dataset__project"):
        (row,) = told.compared(version.licence, [{"where": "", "says": other.licence}])
        agrees = row.agrees is True or other.licence == version.licence
        found.append(Twin(other if other.pk in seen else None, other.licence, agrees))
    return found


def same_bytes(version: DatasetVersion) -> QuerySet[DatasetVersion]:
    """Other versions of the same organisation with the very same bytes: their licences should agree."""
    return DatasetVersion.objects.filter(
        file_sha256=version.file_sha256, dataset__project__organisation=version.dataset.project.organisation
    ).exclude(pk=version.pk)


@contextmanager
def _file(version: DatasetVersion) -> Iterator[Path]:
    """The blob where it lies if the storage is a folder, else a copy of it."""
    try:
        lies = Path(default_storage.path(blobs.path_of(version.readable)))
    except NotImplementedError:
        with blobs.as_local_file(version.readable, "rows.jsonl") as copy:
            yield copy
    else:
        yield lies
