"""Audit engagements: an auditor's scope and time, what they asked to be shown, what they found."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from governance.foundation.core.records import Record
from governance.people.engagements.rules import Asked, Found, Period, Severity, State, Window
from governance.people.organisations.models import Organisation
from governance.people.projects.models import Project


class Engagement(Record):
    """While it is open its auditors read what lies in its scope and period, and nothing else. Whether it lays
    something open is asked of this row each time (`access`)."""

    kind = "engagement"
    sealed_with = ("auditors", "projects", "taken_out")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="engagements")
    title = models.CharField(max_length=160)
    purpose = models.TextField(blank=True)
    whole_organisation = models.BooleanField(default=False)
    projects = models.ManyToManyField(Project, blank=True, related_name="engagements")
    auditors = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="engagements")
    # Of the auditors those to whom nothing is laid open any more; who audited and what they read stays told.
    taken_out = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    # Records made on these days, both ends included, may be seen; None: without a bound.
    period_from = models.DateField(null=True, blank=True)
    period_until = models.DateField(null=True, blank=True)
    access_from = models.DateField()
    access_until = models.DateField()
    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in State], default=State.PLANNED)
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    planned_by_name = models.CharField(max_length=200)
    closed_at = models.DateTimeField(null=True)
    closed_by_name = models.CharField(max_length=200, blank=True)
    report = models.JSONField(null=True)  # rules.report, frozen when it is closed

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "audit engagement"
        constraints = [
            models.CheckConstraint(condition=Q(access_from__lte=F("access_until")), name="engagement_access_in_order"),
            models.CheckConstraint(
                condition=Q(period_from=None) | Q(period_until=None) | Q(period_from__lte=F("period_until")),
                name="engagement_period_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def window(self) -> Window:
        return Window(State(self.state), self.access_from, self.access_until)

    @property
    def period(self) -> Period:
        return self.period_from, self.period_until

    @property
    def project_id(self) -> Any:
        """The one project of its scope; None where it goes over several, so that none of them is told of the others."""
        if self.whole_organisation:
            return None
        named = list(self.projects.values_list("pk", flat=True)[:2])
        return named[0] if len(named) == 1 else None

    def content(self) -> dict[str, Any]:
        return {
            "organisation": self.organisation_id,
            "title": self.title,
            "purpose": self.purpose,
            "whole_organisation": self.whole_organisation,
            "projects": sorted(str(pk) for pk in self.projects.values_list("pk", flat=True)),
            "auditors": sorted(self.auditors.values_list("username", flat=True)),
            **({"taken_out": gone} if (gone := sorted(self.taken_out.values_list("username", flat=True))) else {}),
            "period": {"from": self.period_from, "until": self.period_until},
            "access": {"from": self.access_from, "until": self.access_until},
        }


class Part(Record):
    """What belongs to an engagement, about one of its projects or (None) about all of its scope."""

    engagement = models.ForeignKey(Engagement, on_delete=models.PROTECT, related_name="%(class)ss")
    project = models.ForeignKey(Project, null=True, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)

    class Meta:
        abstract = True
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["engagement", "number"], name="%(class)s_number")]

    @property
    def organisation_id(self) -> Any:
        return self.engagement.organisation_id


class Request(Part):
    """“Show me …”, by an auditor."""

    kind = "audit_request"

    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in Asked], default=Asked.WAITING)
    due = models.DateField(null=True, blank=True)

    class Meta(Part.Meta):
        verbose_name = "audit request"

    def __str__(self) -> str:
        return f"request {self.number} of {self.engagement}"

    def content(self) -> dict[str, Any]:
        return {"number": self.number, "project": self.project_id, "text": self.text, "due": self.due}


class Answer(Record):
    """What members answered to a request: text, with links to records, and files. Never changed."""

    kind = "audit_answer"

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="answers")
    text = models.TextField()
    records = models.JSONField(default=list)  # [{"kind", "id", "name"}]
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)
    sends_back = models.BooleanField(default=False)  # by the auditor: it does not answer what was asked

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"answer to {self.request}"

    @property
    def project_id(self) -> Any:
        return self.request.project_id

    @property
    def organisation_id(self) -> Any:
        return self.request.organisation_id

    def content(self) -> dict[str, Any]:
        return {
            "request": self.request_id,
            "text": self.text,
            "records": self.records,
            "sends_back": self.sends_back,
            "by": self.by_name,
            # answers from before files could be attached stay as they were
            **({"files": files} if (files := [file.content() for file in self.files.all()]) else {}),
        }


class AnswerFile(Record):
    """A file that was attached to an answer: its bytes are kept under their digest. Never changed."""

    kind = "audit_file"

    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=160)  # as it was sent; what is in it is told by nothing but its ending
    sha256 = models.CharField(max_length=64, db_index=True)
    bytes = models.BigIntegerField()

    class Meta:
        ordering = ["created_at"]
        verbose_name = "audit file"

    def __str__(self) -> str:
        return self.name

    @property
    def project_id(self) -> Any:
        return self.answer.project_id

    @property
    def organisation_id(self) -> Any:
        return self.answer.organisation_id

    def content(self) -> dict[str, Any]:
        return {"name": self.name, "sha256": self.sha256, "bytes": self.bytes}


class Finding(Part):
    """What an auditor found, what members do about it by when, and how it was closed."""

    kind = "audit_finding"

    severity = models.CharField(max_length=12, choices=[(s.value, s.value) for s in Severity])
    records = models.JSONField(default=list)  # [{"kind", "id", "name"}]
    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in Found], default=Found.OPEN)
    response = models.TextField(blank=True)
    responded_by_name = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    owner_name = models.CharField(max_length=200, blank=True)
    due = models.DateField(null=True, blank=True)
    closed_how = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_name = models.CharField(max_length=200, blank=True)

    class Meta(Part.Meta):
        verbose_name = "audit finding"

    def __str__(self) -> str:
        return f"finding {self.number} of {self.engagement}"

    def content(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "project": self.project_id,
            "severity": self.severity,
            "text": self.text,
            "records": self.records,
        }
