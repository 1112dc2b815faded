"""Rules of retention: how long a project keeps what nothing else has kept."""

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from governance.oversight.retention import selectors, services
from governance.oversight.retention.models import RetentionRule
from governance.oversight.retention.rules import DAYS_AT_MOST, Thing


class DaysSerializer(Input):
    """Days by kind of thing; null or left out: kept until somebody says otherwise."""

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        return {
            thing.value: serializers.IntegerField(
                min_value=1, max_value=DAYS_AT_MOST, required=False, allow_null=True, default=None
            )
            for thing in Thing
        }


class RetentionRuleSerializer(RecordSerializer):
    days = DaysSerializer(read_only=True)

    class Meta:
        model = RetentionRule
        fields: ClassVar = ["id", "project", "number", "days", "reason", "set_by_name", "created_at", "sha256"]
        read_only_fields = fields


class NewRetentionRule(Input):
    project = serializers.UUIDField()
    days = DaysSerializer()
    reason = serializers.CharField(max_length=4000)


class RetentionRuleViewSet(NounViewSet):
    """The rules of your projects, the newest first; of each project that one stands."""

    noun = "retention rule"
    seen = selectors.rules_visible_to
    serializer_class = RetentionRuleSerializer
    narrowed_by: ClassVar[dict[str, By]] = {"project": by_project()}

    @extend_schema(request=NewRetentionRule, responses={201: RetentionRuleSerializer})
    def create(self, request: Request) -> Response:
        """Set a rule. Nothing is deleted by it: it says what is due."""
        body = NewRetentionRule.of(request)
        made = services.set_rule(actor=self.actor, project_id=body["project"], days=body["days"], reason=body["reason"])
        return self.created(made)
