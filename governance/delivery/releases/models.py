"""Letting a model go, for one purpose, and taking it back."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.delivery.releases.rules import State
from governance.documents.dossiers.models import DossierVersion
from governance.foundation.core.records import Record
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects.models import Project
from governance.work.evaluations.models import Evaluation
from governance.work.model_versions.models import ModelVersion


class Release(Record):
    """A proposal that becomes a release once its gates are open, and may be withdrawn at any time."""

    kind = "release"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="releases")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="releases")
    dossier_version = models.ForeignKey(DossierVersion, on_delete=models.PROTECT, related_name="releases")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="releases")
    purpose = models.TextField()  # the intended purpose as it stood when proposed
    notes = models.TextField(blank=True)
    # severe findings of the evaluation that are knowingly accepted; part of what the risk owner signs
    accepted_findings = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.PROPOSED)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_by_name = models.CharField(max_length=200)
    released_by_name = models.CharField(max_length=200, blank=True)
    released_at = models.DateTimeField(null=True)
    withdrawn_by_name = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawal_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["model_version"],
                condition=Q(state__in=[State.PROPOSED.value, State.RELEASED.value]),
                name="one_live_release_per_model_version",
            ),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="release_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"Release of {self.model_version}"

    def content(self) -> dict[str, Any]:
        return {
            "model_version": self.model_version.digest,
            "dossier": self.dossier_version.sha256,
            "evaluation": self.evaluation.content_digest,
            "purpose": self.purpose,
            "notes": self.notes,
            "accepted_findings": self.accepted_findings,
        }

    def touched_by(self) -> list[Touch]:
        proposed = touches((self.proposed_by_id, Act.MADE, "proposed this release"))
        return [*proposed, *self.model_version.run.touched_by()]

    def why_not_ask(self) -> str | None:
        """A release is asked about while it is proposed."""
        if self.state == State.PROPOSED:
            return None
        return f"{self} is {State(self.state).value}; only a proposed release is asked about."

    def signed_parts(self) -> list[SignedPart]:
        model = self.model_version
        return [
            SignedPart.of("Release", self),
            SignedPart.of("Model", model, name=model.name, sha256=model.digest),
            SignedPart.of("Dossier", self.dossier_version, sha256=self.dossier_version.sha256),
            SignedPart.of("Evaluation report file", self.evaluation, sha256=self.evaluation.report_sha256),
        ]
