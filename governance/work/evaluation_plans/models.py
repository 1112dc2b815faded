"""What will be measured and what counts as good enough, written down before the run."""

from typing import Any

from django.conf import settings
from django.db import models

from governance.foundation.core.records import Record
from governance.people.projects.models import Project


class EvaluationPlan(Record):
    """Tasks and thresholds. Open to editing until a run that names it is submitted; locked from then on."""

    kind = "evaluation_plan"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="evaluation_plans")
    name = models.CharField(max_length=120)
    tasks = models.JSONField()  # as in assay.evaluation/1: [{"name", "limit", ...}]
    thresholds = models.JSONField()  # as in assay.evaluation/1
    rationale = models.TextField(blank=True)  # why these metrics and limits are right for the purpose
    seed = models.PositiveIntegerField(default=0)
    locked_at = models.DateTimeField(null=True)
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
            "written_by": self.created_by_name,
        }
