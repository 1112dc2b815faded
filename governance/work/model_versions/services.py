"""A succeeded run makes exactly one model version."""

from typing import Any

from django.db.models import Max

from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM
from governance.people.projects.models import Project
from governance.work.model_versions.models import ModelVersion
from governance.work.model_versions.rules import composed_digest, composition
from governance.work.runs.models import Run


def make(*, run: Run) -> ModelVersion:
    """Record what `run` made, in the transaction in which it succeeded."""
    manifest: dict[str, Any] = run.manifest or {}
    project = Project.objects.select_for_update().get(pk=run.project_id)
    last = ModelVersion.objects.filter(project=project).aggregate(Max("number"))["number__max"] or 0
    parts = composition(manifest)
    version = ModelVersion.objects.create(
        project=project,
        run=run,
        number=last + 1,
        name=f"{project.slug}-{last + 1}",
        composition=parts,
        digest=composed_digest(parts),
        files=manifest["artefacts"],
    )
    record(PLATFORM, "model-version.made", subject=version, facts={"digest": version.digest})
    return version
