"""Change envelopes: a range of retrains, approved once; and what passed under one."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from governance.foundation.core.records import Record
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects.models import Project
from governance.work.envelopes.rules import Bounds, Measured, Plan
from governance.work.runs.models import Run


class Envelope(Record):
    """How far retrains may move away from a reference run without another decision, until a day. What the reference
    was is kept here, so that a signature covers it. Never changed; a wider one is another."""

    kind = "envelope"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="envelopes")
    number = models.PositiveIntegerField()
    reference = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="envelopes")
    reference_digest = models.CharField(max_length=64)
    bounds_content = models.JSONField()  # rules.Bounds
    plan_content = models.JSONField()  # rules.Plan of the reference
    measured_content = models.JSONField(null=True)  # rules.Measured of its model, where releases pass
    reason = models.TextField()
    expires_on = models.DateField()  # the last day on which anything passes
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    written_by_name = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_by_name = models.CharField(max_length=200, blank=True)
    revoked_because = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="envelope_number_in_project")]

    def __str__(self) -> str:
        return f"change envelope E-{self.number}"

    @property
    def bounds(self) -> Bounds:
        return Bounds(**self.bounds_content)

    @property
    def plan(self) -> Plan:
        """What the reference was."""
        return Plan.read(self.plan_content)

    @property
    def measured(self) -> Measured | None:
        return None if self.measured_content is None else Measured.read(self.measured_content)

    def content(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "reference": {"run": self.reference_id, "sha256": self.reference_digest},
            "bounds": self.bounds_content,
            "plan": self.plan_content,
            "measured": self.measured_content,
            "reason": self.reason,
            "expires_on": self.expires_on,
            "written_by": self.written_by_name,
        }

    def touched_by(self) -> list[Touch]:
        """Whoever had a part in the reference does not decide that more of the same may pass."""
        wrote = touches((self.written_by_id, Act.MADE, "wrote the change envelope"))
        return [*wrote, *self.reference.touched_by()]

    def why_not_ask(self) -> str | None:
        return f"{self} was revoked; write another." if self.revoked_at else None

    def signed_parts(self) -> list[SignedPart]:
        return [
            SignedPart.of("Change envelope", self),
            SignedPart.of("Reference run plan", self.reference, sha256=self.reference_digest),
        ]


class Passage(Record):
    """Something passed under an envelope: its request was granted by what had been approved beforehand. Never changed;
    what became of the approval since is told by the request."""

    kind = "passage"

    envelope = models.ForeignKey(Envelope, on_delete=models.PROTECT, related_name="passages")
    envelope_digest = models.CharField(max_length=64)
    request = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="passage")
    approved_by = models.CharField(max_length=400)  # who approved the envelope
    approved_at = models.DateTimeField()
    checks = models.JSONField()  # every bound, with what was found: [{"what", "allowed", "found"}]

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.request} under {self.envelope}"

    @property
    def project_id(self) -> UUID:
        return self.envelope.project_id

    def content(self) -> dict[str, Any]:
        request = self.request
        return {
            "subject": {"kind": request.subject_kind, "id": request.subject_id, "sha256": request.subject_digest},
            "verdict": "passed",
            "envelope": {"id": self.envelope_id, "name": str(self.envelope), "sha256": self.envelope_digest},
            "approved_by": self.approved_by,
            "approved_at": self.approved_at,
            "checks": self.checks,
            "at": self.created_at,
        }
