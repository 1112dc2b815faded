"""Questions about model versions."""

from collections.abc import Collection, Iterator
from pathlib import Path
from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.materials.datasets.licensing import Tuned
from governance.people.projects import selectors as projects
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.folders import run_folder


def visible_to(actor: Actor) -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(projects.within(actor)).select_related("project", "run__base_model")


def visible(actor: Actor, model_version_id: UUID) -> ModelVersion:
    return one_of(visible_to(actor), model_version_id)


def tuned(names: Collection[str]) -> Iterator[Tuned]:
    """What models of these names were made from, for whoever judges what they wrote."""
    for model in ModelVersion.objects.filter(name__in=names).select_related("project", "run__base_model"):
        data = [
            link.dataset_version for link in model.run.data_links.select_related("dataset_version__dataset__project")
        ]
        yield Tuned(model.name, model.project.organisation_id, model.created_at, model.run.base_model, data)


def folder(model_version: ModelVersion) -> Path:
    """Where its adapter or weights lie."""
    manifest = model_version.run.manifest or {}
    return run_folder(model_version.run_id) / "out" / str(manifest["output"]["path"])
