"""Withdrawals of data, and all that each one reached."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.delivery.lineage.rules import TRACE_TRANSITIONS, TraceState
from governance.foundation.core.records import Record
from governance.foundation.jobs.models import Errand
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects.models import Project


class Withdrawal(Record):
    """A dataset version, or some of its rows, that must not be used any more, and why. It stays on record when it is
    taken back."""

    kind = "withdrawal"
    sealed_with = ("affected",)

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="withdrawals")
    version_sha256 = models.CharField(max_length=64)  # the version's content digest
    rows = models.JSONField(null=True, blank=True)  # numbers from 1, in order; null: the whole version
    reason = models.TextField()
    case_number = models.CharField(max_length=80, blank=True)
    # What follows cannot be undone (rows that are erased), so neither can this.
    is_final = models.BooleanField(default=False)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_by_name = models.CharField(max_length=200)
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    taken_back_by_name = models.CharField(max_length=200, blank=True)
    taken_back_because = models.TextField(blank=True)
    taken_back_by_method = models.CharField(max_length=16, blank=True)  # how they showed who they are

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["version"],
                condition=Q(rows__isnull=True, taken_back_at__isnull=True),
                name="a_version_is_withdrawn_once",
            ),
            models.CheckConstraint(
                condition=Q(is_final=False) | Q(taken_back_at__isnull=True), name="what_is_final_is_not_taken_back"
            ),
        ]

    def __str__(self) -> str:
        return f"Withdrawal of {self.what}"

    @property
    def what(self) -> str:
        """“support v1”, “row 7 of support v1”, “12 rows of support v1”."""
        if self.rows is None:
            return str(self.version)
        if len(self.rows) == 1:
            return f"row {self.rows[0]:,} of {self.version}"
        return f"{len(self.rows):,} rows of {self.version}"

    @property
    def said(self) -> str:
        """“row 7 of support v1 was withdrawn”, for a sentence to go on."""
        return f"{self.what} {'were' if self.rows and len(self.rows) > 1 else 'was'} withdrawn"

    @property
    def project(self) -> Project:
        return self.version.dataset.project

    @property
    def project_id(self) -> UUID:
        return self.version.project_id

    @property
    def state(self) -> str:
        return "taken_back" if self.taken_back_at else "in_force"

    def content(self) -> dict[str, Any]:
        return {
            "version": self.version_sha256,
            "rows": self.rows,
            "reason": self.reason,
            "case_number": self.case_number,
            "by": self.withdrawn_by_name,
            "affected": [each.content() for each in self.affected.all()],
        }

    @property
    def why_not_take_back(self) -> str | None:
        """Why nobody can take it back, whoever they are."""
        if self.is_final:
            return "What followed from this withdrawal cannot be undone; it cannot be taken back."
        return "This withdrawal was taken back already." if self.taken_back_at else None

    def why_not_ask(self) -> str | None:
        return self.why_not_take_back

    def signed_parts(self) -> list[SignedPart]:
        return [SignedPart.of("Withdrawal", self), SignedPart.of("Data", self.version)]

    def touched_by(self) -> list[Touch]:
        """Who withdrew it; who had a part in what it reached is told by `selectors.parts`."""
        return touches((self.withdrawn_by_id, Act.MADE, "withdrew it"))


class Trace(Errand):
    """The look through the rows of every version of the organisation that nothing else led a withdrawal to."""

    kind = task = spoken = "trace"
    transitions = TRACE_TRANSITIONS

    withdrawal = models.OneToOneField(Withdrawal, on_delete=models.PROTECT, related_name="trace")
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in TraceState], default=TraceState.QUEUED)
    versions = models.PositiveIntegerField(null=True)  # how many were looked through
    found = models.PositiveIntegerField(null=True)  # how many records were reached beyond those known before

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Trace of {self.withdrawal.what}"

    @property
    def project_id(self) -> UUID:
        return self.withdrawal.project_id


class Affected(models.Model):
    """One record that a withdrawal reached, as it was then, how, and what was done about it."""

    withdrawal = models.ForeignKey(Withdrawal, on_delete=models.CASCADE, related_name="affected")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    object_id = models.UUIDField(db_index=True)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)  # its content digest
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    how = models.CharField(max_length=300)
    # It holds all that was withdrawn, or one of the very rows: nobody can be asked to approve it.
    is_barred = models.BooleanField(default=False)
    done = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["withdrawal", "position"]
        constraints = [models.UniqueConstraint(fields=["withdrawal", "object_id"], name="affected_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.how}"

    def content(self) -> dict[str, Any]:
        return {"kind": self.kind, "id": self.object_id, "sha256": self.sha256, "how": self.how, "done": self.done}
