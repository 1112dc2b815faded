"""Syntheses: rows that a registered model writes, as a version of a dataset."""

from typing import Any
from uuid import UUID

from django.db import models

from governance.foundation.jobs.models import Errand
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.materials.syntheses.rules import TRANSITIONS, State
from preparation import synthesis


class Synthesis(Errand):
    """What was asked of which model, from which seed or none; what it wrote, and the version that came of it."""

    kind, task, spoken = "synthesis", "synthesise", "synthesis"
    transitions = TRANSITIONS

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="syntheses")
    source = models.ForeignKey(
        DatasetVersion, null=True, on_delete=models.PROTECT, related_name="syntheses"
    )  # the seed
    source_sha256 = models.CharField(max_length=64, blank=True)  # its content digest
    base_model = models.ForeignKey(BaseModel, on_delete=models.PROTECT, related_name="syntheses")
    base_model_sha256 = models.CharField(max_length=64)  # its content digest
    options = models.JSONField()  # as preparation.synthesis.Synthesis writes them
    licence = models.CharField(max_length=200)  # of the new version
    # What the rule table said of the rows to be, before they were written: {"outcome", "words", "input", "because",
    # "rule", "purpose", "rule_set"}
    verdict = models.JSONField()
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    done = models.JSONField(null=True, blank=True)  # assay.synthesis/1: generated, kept, discarded by reason, the model
    version = models.OneToOneField(DatasetVersion, null=True, on_delete=models.PROTECT, related_name="synthesised_by")

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "syntheses"
        constraints = [
            models.UniqueConstraint(
                fields=["dataset"], condition=models.Q(state=State.QUEUED.value), name="one_synthesis_at_a_time"
            ),
            models.CheckConstraint(
                condition=~models.Q(state=State.REGISTERED.value) | models.Q(version__isnull=False, done__isnull=False),
                name="registered_synthesis_has_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"Rows by {self.base_model} for {self.source or self.dataset.name}"

    @property
    def project_id(self) -> UUID:
        return self.dataset.project_id

    @property
    def asked(self) -> synthesis.Synthesis:
        return synthesis.Synthesis.from_json(self.options)

    def content(self) -> dict[str, Any]:
        return {
            "source_sha256": self.source_sha256,
            "base_model_sha256": self.base_model_sha256,
            "options": self.options,
            "licence": self.licence,
            "verdict": self.verdict,
            "done": self.done,
        }
