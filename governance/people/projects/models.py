"""Projects: one intended purpose, its people, and how the law classifies it."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from governance.foundation.core.records import Record
from governance.people.organisations.models import Organisation
from governance.people.projects.rules import SPOKEN, Role


class Project(Record):
    """Everything about one use of fine-tuned models; data, runs and documents live inside it."""

    kind = "project"

    class Use(models.TextChoices):
        """What the tuned model is for, as far as licences care."""

        INTERNAL = "internal", "internal use"
        COMMERCIAL = "commercial", "commercial use"
        PUBLISH = "publish", "publishing the weights"

    class Distribution(models.TextChoices):
        """How the tuned model reaches others."""

        NONE = "none", "not at all"
        API = "api", "over a service"
        WEIGHTS = "weights", "as weights"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="projects")
    name = models.CharField(max_length=120)
    slug = models.SlugField()
    intended_purpose = models.TextField(blank=True)
    foreseeable_misuse = models.TextField(blank=True)
    why_fine_tuning = models.TextField(blank=True)
    success_criteria = models.TextField(blank=True)
    use = models.CharField(max_length=12, choices=Use, default=Use.INTERNAL)
    distribution = models.CharField(max_length=8, choices=Distribution, default=Distribution.NONE)
    research_only = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    # Whoever wrote the fields above last: dossiers print them, and who wrote them does not sign.
    described_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organisation", "slug"], name="project_slug_in_organisation")]

    def __str__(self) -> str:
        return self.name

    @property
    def project_id(self) -> UUID:
        return self.pk

    def content(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "intended_purpose": self.intended_purpose,
            "foreseeable_misuse": self.foreseeable_misuse,
            "why_fine_tuning": self.why_fine_tuning,
            "success_criteria": self.success_criteria,
            "use": self.use,
            "distribution": self.distribution,
            "research_only": self.research_only,
        }


class Member(Record):
    """A person's role in a project; somebody with two roles has two rows."""

    kind = "member"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="project_roles")
    role = models.CharField(max_length=24, choices=[(role.value, SPOKEN[role]) for role in Role])

    class Meta:
        ordering = ["user__username", "role"]
        constraints = [models.UniqueConstraint(fields=["project", "user", "role"], name="one_row_per_role")]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}"


class Classification(Record):
    """One signed run through the questionnaire. The newest stands; older ones stay to be read."""

    kind = "classification"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="classifications")
    edition = models.CharField(max_length=40)
    edition_sha256 = models.CharField(max_length=64)
    answers = models.JSONField()
    outcome = models.JSONField()
    reason = models.TextField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Classification of {self.project} by {self.decided_by_name}"

    def content(self) -> dict[str, Any]:
        return {
            "project": self.project_id,
            "edition": self.edition,
            "edition_sha256": self.edition_sha256,
            "answers": self.answers,
            "outcome": self.outcome,
            "reason": self.reason,
            "decided_by": self.decided_by_name,
            "at": self.created_at,
        }
