"""Redactions: a derived version without what was found in the rows of another; the salt and map of its pseudonyms."""

from typing import Any
from uuid import UUID

from django.db import models

from governance.foundation.jobs.models import Errand
from governance.materials.datasets.models import DatasetVersion
from governance.materials.redactions.rules import TRANSITIONS, State
from preparation.persons import redaction


class Redaction(Errand):
    """What was asked for, and the version that came of it. The version that it was made from stays as it is."""

    kind, task, spoken = "redaction", "redact", "redaction"
    transitions = TRANSITIONS

    source = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="redactions")
    source_sha256 = models.CharField(max_length=64)  # the source's content digest
    options = models.JSONField()  # as preparation.persons.redaction.Redaction writes them
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    done = models.JSONField(null=True, blank=True)  # rows and spans by kind, as the preparation counted them
    version = models.OneToOneField(DatasetVersion, null=True, on_delete=models.PROTECT, related_name="redacted_by")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(state=State.QUEUED.value), name="one_redaction_at_a_time"
            ),
            models.CheckConstraint(
                condition=~models.Q(state=State.REGISTERED.value) | models.Q(version__isnull=False),
                name="registered_redaction_has_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"Redaction of {self.source}"

    @property
    def project_id(self) -> UUID:
        return self.source.project_id

    @property
    def asked(self) -> redaction.Redaction:
        return redaction.Redaction.from_json(self.options)

    def content(self) -> dict[str, Any]:
        return {"source_sha256": self.source_sha256, "options": self.options, "done": self.done}


class PseudonymMap(models.Model):
    """The salt of a redaction's pseudonyms, and the blob that says which value each stands for.

    No document, export or page holds either. Erased, both are gone, and the pseudonyms say nothing of anybody.
    """

    redaction = models.OneToOneField(Redaction, on_delete=models.PROTECT, related_name="pseudonyms")
    salt = models.BinaryField(null=True)
    map_sha256 = models.CharField(max_length=64, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    erased_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | models.Q(salt__isnull=True, map_sha256=""),
                name="erased_pseudonyms_are_gone",
            )
        ]

    def __str__(self) -> str:
        return f"Pseudonyms of {self.redaction}"
