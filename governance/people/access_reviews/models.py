"""Access reviews: what somebody decided on who keeps access, signed as it is made, never changed."""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from governance.foundation.core.records import Record
from governance.people.access_reviews.rules import due_on
from governance.people.organisations.models import Organisation
from governance.people.projects.models import Project


class AccessReview(Record):
    """Of who has access to a project, or (without one) to an organisation."""

    kind = "access_review"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="access_reviews")
    project = models.ForeignKey(Project, null=True, on_delete=models.PROTECT, related_name="access_reviews")
    # As they were shown, with what was decided: [{"id", "user", "name", "role", "way", "through", "begins", "until",
    # "since", "last_sign_in", "last_act", "keys", "verdict", "to", "reason"}]; in older ones without what came later.
    rows = models.JSONField()
    shown_sha256 = models.CharField(max_length=64)  # of people and roles as they were shown: what was signed over
    meaning = models.TextField()
    method = models.CharField(max_length=16)  # how the signer showed who they are
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "access review"

    def __str__(self) -> str:
        return f"access review of {self.project or self.organisation}"

    @property
    def day(self) -> date:
        return timezone.localtime(self.created_at).date()

    @property
    def next_due(self) -> date:
        return due_on(self.day, self.day)

    def content(self) -> dict[str, Any]:
        return {
            "organisation": self.organisation_id,
            "project": self.project_id,
            "rows": self.rows,
            "shown_sha256": self.shown_sha256,
            "meaning": self.meaning,
            "method": self.method,
            "by": self.by_name,
            "at": self.created_at,
        }
