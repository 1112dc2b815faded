"""What will be measured and what counts as good enough, written down before the run."""

from typing import Any

from django.conf import settings
from django.db import models

from governance.foundation.core.authors import Authored
from governance.foundation.core.records import Record
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects.models import Project


class EvaluationPlan(Authored, Record):
    """Tasks and thresholds. Open to editing until a run that names it is submitted; locked from then on."""

    kind = "evaluation_plan"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="evaluation_plans")
    name = models.CharField(max_length=120)
    tasks = models.JSONField()  # as in assay.evaluation/1: [{"name", "limit", ...}]
    thresholds = models.JSONField()  # as in assay.evaluation/1
    rationale = models.TextField(blank=True)  # why these metrics and limits are right for the purpose
    seed = models.PositiveIntegerField(default=0)
    locked_at = models.DateTimeField(null=True)
    # Whoever wrote it last; `authors` keeps everybody who ever did.
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="evaluation_plan_name")]

    def __str__(self) -> str:
        return self.name

    def content(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "tasks": self.tasks,
            "thresholds": self.thresholds,
            "rationale": self.rationale,
            "seed": self.seed,
            "written_by": self.written_by,
        }

    def add_author(self, user_id: int | None, name: str) -> None:
        """Note who writes it now. Whoever touched the thresholds stays barred from approving runs under them."""
        self.created_by_id, self.created_by_name = user_id, name
        super().add_author(user_id, name)

    def signed_parts(self) -> list[SignedPart]:
        return [SignedPart.of("Evaluation plan", self)]

    def touched_by(self) -> list[Touch]:
        """Whoever ever wrote it; of a run under it they wrote the thresholds."""
        people = dict.fromkeys([*(author["user"] for author in self.authors), self.created_by_id])
        return touches(*((person, Act.MADE, "wrote this evaluation plan") for person in people))
