"""Scans of dataset versions for personal data and secrets, and what persons say of special categories."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from governance.foundation.core.records import Record
from governance.foundation.jobs.models import Errand
from governance.materials.datasets.models import DatasetVersion
from governance.materials.scans.rules import TRANSITIONS, Holds, State


class Scan(Errand):
    """What was looked for in the rows of a version, and what was found. It names the content that it is about."""

    kind = task = spoken = "scan"
    transitions = TRANSITIONS

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="scans")
    version_sha256 = models.CharField(max_length=64)  # the version's content digest
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    found = models.JSONField(null=True, blank=True)  # as preparation.persons.scanning writes it, without samples
    samples = models.JSONField(default=dict, blank=True)  # kind -> masked; for those who may read rows

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=models.Q(state=State.QUEUED.value), name="one_scan_at_a_time"
            ),
            models.CheckConstraint(
                condition=~models.Q(state=State.DONE.value) | models.Q(found__isnull=False),
                name="done_scan_says_what_it_found",
            ),
        ]

    def __str__(self) -> str:
        return f"Scan of {self.version}"

    @property
    def project_id(self) -> UUID:
        return self.version.project_id

    @property
    def told(self) -> dict[str, Any]:
        """What was found; a scan that is not done tells nothing."""
        return self.found or {}

    def content(self) -> dict[str, Any]:
        return {"version_sha256": self.version_sha256, "found": self.found}


class SpecialCategories(Record):
    """A person's answer on special categories in a version. A later answer stands beside it, never in its place."""

    kind = "special_categories"

    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="special_categories")
    version_sha256 = models.CharField(max_length=64)
    holds = models.CharField(max_length=8, choices=[(h.value, h.value) for h in Holds])
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Special categories in {self.version}"

    @property
    def project_id(self) -> UUID:
        return self.version.project_id

    def content(self) -> dict[str, Any]:
        return {
            "version_sha256": self.version_sha256,
            "holds": self.holds,
            "reason": self.reason,
            "by": self.by_name,
        }
