"""What was measured on a model version, under the plan that was locked before its run."""

from typing import Any

from django.db import models
from django.db.models import Q

from governance.foundation.core.records import Record
from governance.people.projects.models import Project
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.evaluations.rules import State
from governance.work.model_versions.models import ModelVersion


class Evaluation(Record):
    """One evaluation of base and tuned model. `report` is what the evaluator wrote, unchanged."""

    kind = "evaluation"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="evaluations")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="evaluations")
    plan = models.ForeignKey(EvaluationPlan, on_delete=models.PROTECT, related_name="evaluations")
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    report = models.JSONField(null=True, blank=True)  # assay.evaluation-report/1
    report_sha256 = models.CharField(max_length=64, blank=True)  # of the file's bytes; the blob is kept
    samples_sha256 = models.CharField(max_length=64, blank=True)  # blob of samples.jsonl
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    error = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="evaluation_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=State.SUCCEEDED.value) | Q(report__isnull=False),
                name="succeeded_evaluation_has_a_report",
            ),
        ]

    def __str__(self) -> str:
        return f"Evaluation of {self.model_version}"

    def content(self) -> dict[str, Any]:
        return {
            "model_version": self.model_version.digest,
            "plan": self.plan.content_digest,
            "report_sha256": self.report_sha256,
            "samples_sha256": self.samples_sha256,
            "report": self.report,
        }
