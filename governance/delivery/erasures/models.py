"""Erasures: rows of a version that somebody has a right to have destroyed, and what became of that."""

from typing import Any
from uuid import UUID

from django.db import models

from governance.delivery.erasures.rules import TRANSITIONS, UNDER_WAY, State
from governance.delivery.lineage.models import Withdrawal
from governance.foundation.jobs.models import Errand
from governance.materials.datasets.models import DatasetVersion
from governance.oversight.retention.models import Hold
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch, touches


class Erasure(Errand):
    """Asked for by one person, confirmed by another, carried out by a worker. What is left of a row is its tombstone:
    the place and the leaf, by which the version's root holds for all other rows."""

    kind = task = spoken = "erasure"
    transitions = TRANSITIONS

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="erasures")
    version_sha256 = models.CharField(max_length=64)  # its content digest
    rows = models.JSONField()  # numbers from 1, in order
    case_number = models.CharField(max_length=80)
    reason = models.TextField()
    method = models.CharField(max_length=16)  # how who asked showed who they are
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.ASKED)
    hold = models.ForeignKey(Hold, null=True, on_delete=models.PROTECT, related_name="refused_erasures")
    withdrawal = models.OneToOneField(Withdrawal, null=True, on_delete=models.PROTECT, related_name="erasure")
    tombstones = models.JSONField(default=list)  # [{"row", "leaf"}]
    # [{"what", "count"}] of what is destroyed; blobs that wait for it, by sha256, until `destroyed_at`.
    destroyed = models.JSONField(default=list)
    waiting = models.JSONField(default=list)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["version"],
                condition=models.Q(state__in=[state.value for state in UNDER_WAY]),
                name="one_erasure_of_a_version_at_a_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=State.DONE.value) | models.Q(withdrawal__isnull=False),
                name="erased_rows_are_withdrawn",
            ),
        ]

    def __str__(self) -> str:
        return f"Erasure of {self.what}"

    @property
    def what(self) -> str:
        """“row 7 of support v1”, “12 rows of support v1”."""
        if len(self.rows) == 1:
            return f"row {self.rows[0]:,} of {self.version}"
        return f"{len(self.rows):,} rows of {self.version}"

    @property
    def places(self) -> list[int]:
        """From 0, as the row index has them."""
        return [row - 1 for row in self.rows]

    @property
    def project_id(self) -> UUID:
        return self.version.project_id

    def content(self) -> dict[str, Any]:
        return {
            "version": self.version_sha256,
            "rows": self.rows,
            "case_number": self.case_number,
            "reason": self.reason,
            "asked_by": self.asked_by_name,
        }

    def touched_by(self) -> list[Touch]:
        return touches((self.asked_by_id, Act.MADE, "asked for this erasure"))

    def signed_parts(self) -> list[SignedPart]:
        return [
            SignedPart.of("Erasure", self),
            SignedPart.of("Dataset version", self.version, sha256=self.version_sha256),
        ]

    def why_not_ask(self) -> str | None:
        return None if self.state == State.ASKED else "This erasure waits for nobody."
