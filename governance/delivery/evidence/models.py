"""Evidence bundles that were exported, and verifications of the audit trail that somebody asked for."""

from typing import Any

from django.db import models

from governance.delivery.evidence.rules import TRANSITIONS, State
from governance.documents.dossiers.models import DossierVersion
from governance.foundation.audit.models import Verification
from governance.foundation.core.records import Record
from governance.foundation.jobs.models import Errand
from governance.people.organisations.models import Organisation
from governance.people.projects.models import Project


class Bundle(Record):
    """One `evidence.zip`, kept as it was given out."""

    kind = "bundle"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="bundles")
    dossier_version = models.ForeignKey(DossierVersion, on_delete=models.PROTECT, related_name="bundles")
    file_sha256 = models.CharField(max_length=64)
    file_bytes = models.BigIntegerField()
    exported_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Evidence of {self.dossier_version}"

    def content(self) -> dict[str, Any]:
        return {"dossier": self.dossier_version.sha256, "file_sha256": self.file_sha256}


class Examination(Errand):
    """The verification of the whole trail and of every record that an administrator asked for, beside the daily one."""

    kind = task = spoken = "examination"
    transitions = TRANSITIONS

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    verification = models.OneToOneField(Verification, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state=State.QUEUED.value), name="one_examination_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return "Verification of the audit trail"
