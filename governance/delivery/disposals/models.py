"""Disposals: what was let go because nothing had it kept any more, and what of it stays on record."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.delivery.disposals.rules import FATES, TRANSITIONS, Fate, State
from governance.foundation.core.records import Record
from governance.foundation.jobs.models import Errand
from governance.oversight.retention.models import RetentionRule
from governance.oversight.retention.rules import Ground, Thing
from governance.people.projects.models import Project


class Disposal(Errand):
    """A list of things, proposed by one person; where more than drafts are on it another one confirms it. A worker
    deletes them one by one, and asks of each once more whether something keeps it."""

    kind = task = spoken = "disposal"
    transitions = TRANSITIONS

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="disposals")
    number = models.PositiveIntegerField()
    rule = models.ForeignKey(RetentionRule, null=True, on_delete=models.PROTECT, related_name="disposals")
    reason = models.TextField()
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.PROPOSED)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_by_name = models.CharField(max_length=200, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    method = models.CharField(max_length=16, blank=True)  # how who confirmed showed who they are

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="disposal_number"),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=models.F("asked_by")),
                name="a_disposal_is_confirmed_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"Disposal {self.number}"

    def content(self) -> dict[str, Any]:
        return {
            "project": self.project_id,
            "number": self.number,
            "rule": self.rule.content_digest if self.rule else None,
            "reason": self.reason,
            "things": [item.content() for item in self.items.all()],
            "asked_by": self.asked_by_name,
        }


class DisposalItem(Record):
    """One thing on the list. Once it is gone this is its tombstone; where it was refused, the record of that."""

    kind = "disposal_item"
    transitions = FATES

    disposal = models.ForeignKey(Disposal, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    thing = models.CharField(max_length=24, choices=[(thing.value, thing.value) for thing in Thing])
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField(db_index=True)
    name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)  # of a file its bytes', of a run its content digest
    bytes = models.BigIntegerField()
    because = models.JSONField(default=list)  # [retention.rules.Ground.as_json()], why it may not go
    ran_out = models.CharField(max_length=300, blank=True)  # the rule that kept it, and until when
    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in Fate], default=Fate.PENDING)
    files = models.JSONField(default=list)  # [{"path", "bytes", "sha256"}] of what lay in a run's folder
    copies = models.PositiveIntegerField(default=0)  # in run folders, and shown to annotators, gone with it
    is_shared = models.BooleanField(default=False)  # other records have the same bytes: they stay for these
    gone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["disposal", "position"]
        constraints = [
            models.UniqueConstraint(fields=["disposal", "position"], name="disposal_item_position"),
            models.UniqueConstraint(
                fields=["subject_id"],
                condition=Q(state__in=[Fate.GOING.value, Fate.GONE.value]),
                name="a_thing_goes_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def content(self) -> dict[str, Any]:
        return {
            "thing": self.thing,
            "kind": self.subject_kind,
            "id": self.subject_id,
            "name": self.name,
            "sha256": self.sha256,
            "bytes": self.bytes,
        }

    @property
    def grounds(self) -> list[Ground]:
        """What kept it, the weightiest first."""
        return [Ground.of(row) for row in self.because]
