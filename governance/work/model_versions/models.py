"""What a run made, under one composed digest."""

from typing import Any

from django.db import models

from governance.foundation.core.records import Record
from governance.people.projects.models import Project
from governance.work.runs.models import Run


class ModelVersion(Record):
    """A tuned model: base revision, adapter or weights, tokenizer, chat template and quantisation, composed
    into one digest that a deployment can ask about."""

    kind = "model_version"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="model_versions")
    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="model_version")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    composition = models.JSONField()  # what `digest` is made of; see model_versions.rules.composition
    digest = models.CharField(max_length=64, unique=False, db_index=True)
    files = models.JSONField()  # [{"path", "sha256", "bytes"}] under the run's folder

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="model_version_number")]

    def __str__(self) -> str:
        return self.name

    def content(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "number": self.number,
            "run": self.run_id,
            "digest": self.digest,
            "composition": self.composition,
            "files": self.files,
        }
