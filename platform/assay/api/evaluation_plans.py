"""Evaluation plans: what will be measured, and what counts as good enough."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from assay.api.preconditions import unchanged
from assay.api.standings import StandingSerializer
from governance.people.approvals.selectors import standing
from governance.people.policies import selectors as policies
from governance.work.evaluation_plans import selectors, services
from governance.work.evaluation_plans.models import EvaluationPlan

LARGEST_SEED = 2**31 - 1


class EvaluationPlanSummarySerializer(RecordSerializer):
    class Meta:
        model = EvaluationPlan
        fields: ClassVar = [
            "id", "project", "name", "tasks", "thresholds", "rationale", "seed", "locked_at", "created_by_name",
            "created_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class EvaluationPlanSerializer(EvaluationPlanSummarySerializer):
    standing = serializers.SerializerMethodField(help_text="Null where no policy asks for its approval.")

    class Meta(EvaluationPlanSummarySerializer.Meta):
        fields: ClassVar = [*EvaluationPlanSummarySerializer.Meta.fields, "standing"]
        read_only_fields = fields

    @extend_schema_field(StandingSerializer(allow_null=True))
    def get_standing(self, plan: EvaluationPlan) -> dict[str, Any] | None:
        asked = policies.asks_for(plan.kind, plan.project_id)
        return dict(StandingSerializer(standing(plan)).data) if asked else None


class PlanText(Input):
    name = serializers.CharField(max_length=120)
    tasks = serializers.ListField(child=serializers.DictField(), help_text="As in assay.evaluation/1.")
    thresholds = serializers.ListField(child=serializers.DictField(), help_text="As in assay.evaluation/1.")
    rationale = serializers.CharField(required=False, allow_blank=True)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST_SEED)


class NewPlan(PlanText):
    project = serializers.UUIDField()


class EvaluationPlanViewSet(NounViewSet):
    """Open to editing until a run that names the plan is submitted; locked from then on."""

    noun = "evaluation plan"
    seen = selectors.visible_to
    serializer_class = EvaluationPlanSerializer
    list_serializer_class = EvaluationPlanSummarySerializer
    narrowed_by: ClassVar[dict[str, By]] = {"project": by_project()}
    edited = True

    @extend_schema(request=NewPlan, responses={201: EvaluationPlanSerializer})
    def create(self, request: Request) -> Response:
        """Write a new plan."""
        body = NewPlan.of(request)
        return self.created(services.write(actor=self.actor, project_id=body.pop("project"), **body))

    @extend_schema(request=PlanText, responses=EvaluationPlanSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change an open plan; whoever changes it answers for its thresholds."""
        changes = PlanText.of(request, partial=True)
        with unchanged(request, self.one()):
            services.revise(actor=self.actor, plan_id=pk, **changes)
        return self.shown(self.one())
