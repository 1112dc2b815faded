"""Evaluations: what was measured under the locked plan."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api import exports
from assay.api.narrowing import By, by_project
from assay.api.nouns import NounViewSet, RecordSerializer
from governance.documents.renderings.documents import EVALUATION_REPORT
from governance.work.evaluations import selectors, services
from governance.work.evaluations.models import Evaluation
from governance.work.evaluations.rules import State

FORMATS = ("pdf", "json")
SUMMARY = [
    "id", "project", "model_version", "plan", "state", "report_sha256", "samples_sha256", "started_at", "ended_at",
    "error", "created_at",
]  # fmt: skip


class EvaluationSummary(serializers.ModelSerializer[Any]):
    class Meta:
        model = Evaluation
        fields: ClassVar = SUMMARY
        read_only_fields = fields


class EvaluationSerializer(RecordSerializer):
    class Meta:
        model = Evaluation
        fields: ClassVar = [*SUMMARY, "report", "sha256"]
        read_only_fields = fields


class EvaluationViewSet(NounViewSet):
    """Evaluations of base and tuned model. `report` is assay.evaluation-report/1, as the evaluator wrote it."""

    noun = "evaluation"
    seen = selectors.visible_to
    serializer_class = EvaluationSerializer
    list_serializer_class = EvaluationSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "model_version": By("model_version", serializers.UUIDField(), "Of this model version only."),
        "state": By("state", serializers.ChoiceField([state.value for state in State]), "In this state only."),
    }

    @extend_schema(request=None, responses={202: EvaluationSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: UUID) -> Response:
        """Run a failed or cancelled evaluation again, under the same locked plan."""
        services.retry(actor=self.actor, evaluation_id=pk)
        return self.shown(self.one(), http_status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: EvaluationSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End it; what it would have measured stays not measured."""
        services.cancel(actor=self.actor, evaluation_id=pk)
        return self.shown(self.one(), http_status=status.HTTP_202_ACCEPTED)

    @exports.described(*FORMATS)
    @action(detail=True, methods=["get"], content_negotiation_class=exports.WhateverIsAccepted)
    def export(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The report as a file; JSON is what the evaluator wrote, byte for byte."""
        evaluation, form = self.one(), exports.asked_format(request, *FORMATS)
        return exports.sent(actor=self.actor, kind=EVALUATION_REPORT, document_id=evaluation.pk, form=form)
