"""Policies: what it takes to approve a kind of subject, in an organisation or a project."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.foundation.core.records import Record
from governance.people.organisations.models import Organisation
from governance.people.policies import rules
from governance.people.policies.kinds import KINDS
from governance.people.policies.rules import State, Terms
from governance.people.projects.models import Project

SCOPE = ["organisation", "project", "risk_class", "subject_kind"]
DECIDED = Q(state=State.PUBLISHED.value)


class Policy(Record):
    """One numbered edition of the terms for one kind of subject, in one scope. A draft changes; what is published is
    only ever retired, by a later edition or by a person."""

    kind = "policy"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="policies")
    project = models.ForeignKey(Project, null=True, on_delete=models.PROTECT, related_name="policies")
    risk_class = models.CharField(max_length=40, blank=True)  # as the regulation data has it; empty: any
    subject_kind = models.CharField(max_length=40, choices=[(kind, known.noun) for kind, known in KINDS.items()])
    number = models.PositiveIntegerField()
    terms_content = models.JSONField()  # as `rules.Terms.content` has it
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.DRAFT)
    # Whoever wrote the draft last.
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    written_by_name = models.CharField(max_length=200)
    published_by_name = models.CharField(max_length=200, blank=True)
    published_at = models.DateTimeField(null=True)
    published_by_method = models.CharField(max_length=16, blank=True)  # how they showed who they are
    retired_by_name = models.CharField(max_length=200, blank=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["subject_kind", "-created_at"]
        verbose_name_plural = "policies"
        # Two of each, because a database takes two rows without a project for different ones.
        constraints = [
            models.UniqueConstraint(
                fields=[*SCOPE, "number"], condition=Q(project__isnull=False), name="policy_number_in_project"
            ),
            models.UniqueConstraint(
                fields=["organisation", "risk_class", "subject_kind", "number"],
                condition=Q(project=None),
                name="policy_number_in_organisation",
            ),
            models.UniqueConstraint(
                fields=SCOPE, condition=DECIDED & Q(project__isnull=False), name="one_published_policy_in_project"
            ),
            models.UniqueConstraint(
                fields=["organisation", "risk_class", "subject_kind"],
                condition=DECIDED & Q(project=None),
                name="one_published_policy_in_organisation",
            ),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="policy_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"Policy {self.number} for {KINDS[self.subject_kind].noun}s"

    @cached_property
    def terms(self) -> Terms:
        return rules.parse(self.subject_kind, self.terms_content)

    @property
    def place(self) -> str:
        """“Bank support assistant, limited risk”: where it holds."""
        where = str(self.project or self.organisation)
        return f"{where}, {self.risk_class}" if self.risk_class else where

    def content(self) -> dict[str, Any]:
        return {
            "organisation": self.organisation_id,
            "project": self.project_id,
            "risk_class": self.risk_class,
            "subject_kind": self.subject_kind,
            "number": self.number,
            "terms": self.terms_content,
        }
