"""Waivers of licence findings and picks among licences: what people decided, for one input as it is, in a project."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from governance.foundation.core.records import Record
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects.models import Project


class Decided(Record):
    """What both are about: an input of the project, by its content digest."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="%(class)ss")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    subject_name = models.CharField(max_length=200)
    subject_digest = models.CharField(max_length=64, db_index=True)
    reason = models.TextField()

    class Meta:
        abstract = True

    def subject(self) -> dict[str, Any]:
        return {
            "kind": self.subject_kind,
            "id": str(self.subject_id),
            "name": self.subject_name,
            "sha256": self.subject_digest,
        }


class Waiver(Decided):
    """One finding about one input that needs review, accepted for a time. Asked by one person, signed by another:
    the approval of this record is that signature. It is never changed; a longer one is another."""

    kind = "waiver"

    rule = models.CharField(max_length=60)
    rule_set = models.CharField(max_length=40)  # the edition in which the rule spoke
    because = models.TextField()  # what it said
    about = models.TextField(blank=True)  # of what beside the input itself, as licences.rules.LicensedInput has it
    purpose = models.CharField(max_length=12, choices=Project.Use)
    expires_on = models.DateField()  # the last day on which it holds
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_by_name = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_by_name = models.CharField(max_length=200, blank=True)
    revoked_because = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"waiver of {self.rule} for {self.subject_name}"

    def content(self) -> dict[str, Any]:
        return {
            "project": str(self.project_id),
            "subject": self.subject(),
            "rule": self.rule,
            "rule_set": self.rule_set,
            "because": self.because,
            **({"about": self.about} if self.about else {}),  # what was signed before there was any stays as signed
            "purpose": self.purpose,
            "reason": self.reason,
            "expires_on": self.expires_on.isoformat(),
            "asked_by": self.asked_by_name,
        }

    def touched_by(self) -> list[Touch]:
        return touches((self.asked_by_id, Act.MADE, "asked for this waiver"))

    def signed_parts(self) -> list[SignedPart]:
        about = (self.subject_kind, self.subject_id)
        return [
            SignedPart.of("Waiver", self),
            SignedPart("What it is about", self.subject_name, self.subject_digest, about),
        ]

    def why_not_ask(self) -> str | None:
        if self.revoked_at:
            return "This waiver was revoked."
        return "This waiver's last day is over." if self.expires_on < timezone.localdate() else None


class LicenceChoice(Decided):
    """Which alternative of an OR the project takes an input under; the newest stands. Signed as it is made."""

    kind = "licence_choice"

    expression = models.CharField(max_length=2_000)  # in normal form, with the OR
    chosen = models.CharField(max_length=2_000)  # in normal form
    meaning = models.TextField()
    method = models.CharField(max_length=16)  # how the signer showed who they are
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    by_roles = models.JSONField(default=list)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.chosen} picked for {self.subject_name}"

    def content(self) -> dict[str, Any]:
        return {
            "project": str(self.project_id),
            "subject": self.subject(),
            "expression": self.expression,
            "chosen": self.chosen,
            "reason": self.reason,
            "meaning": self.meaning,
            "method": self.method,
            "by": self.by_name,
            "roles": self.by_roles,
            "at": self.created_at,
        }
