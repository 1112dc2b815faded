"""Model cards: assembled from records, frozen by digest; a new state of the records gives a new number."""

from typing import Any

from django.db import models

from governance.foundation.core.records import Record
from governance.people.projects.models import Project
from governance.work.model_versions.models import ModelVersion


class ModelCard(Record):
    """A frozen card: its JSON and the Markdown made from it (Hugging Face metadata on top)."""

    kind = "model_card"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="model_cards")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="model_cards")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    markdown = models.TextField()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["model_version", "number"], name="model_card_number")]

    def __str__(self) -> str:
        return f"Model card of {self.model_version}, {self.number}"

    @property
    def content_digest(self) -> str:
        return self.sha256

    def content(self) -> dict[str, Any]:
        return dict(self.document)
