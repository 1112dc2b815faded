"""Withdrawals of data, and what each one reached."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from governance.delivery.lineage import selectors, services
from governance.delivery.lineage.models import Affected, Withdrawal
from governance.delivery.lineage.rules import TraceState


class AffectedSerializer(serializers.ModelSerializer[Any]):
    """One record that it reached, as it was then."""

    id = serializers.UUIDField(source="object_id")

    class Meta:
        model = Affected
        fields: ClassVar = ["kind", "id", "name", "sha256", "project", "how", "is_barred", "done"]
        read_only_fields = fields


class WithdrawalInListSerializer(serializers.ModelSerializer[Any]):
    project = serializers.UUIDField(source="project_id", read_only=True)
    state = serializers.ChoiceField(["in_force", "taken_back"], read_only=True)

    class Meta:
        model = Withdrawal
        fields: ClassVar = [
            "id", "project", "version", "version_sha256", "rows", "reason", "case_number", "state", "is_final",
            "withdrawn_by_name", "created_at", "taken_back_at", "taken_back_by_name", "taken_back_because",
        ]  # fmt: skip
        read_only_fields = fields


class WithdrawalSerializer(RecordSerializer, WithdrawalInListSerializer):
    affected = serializers.SerializerMethodField(help_text="What it reached in projects that you see.")
    affected_elsewhere = serializers.SerializerMethodField(help_text="How many records lie in other projects.")
    trace = serializers.SerializerMethodField(
        help_text="Where a worker is that looks through the versions that lie apart; null where there are none."
    )

    class Meta:
        model = Withdrawal
        fields: ClassVar = [
            *WithdrawalInListSerializer.Meta.fields,
            "affected",
            "affected_elsewhere",
            "trace",
            "sha256",
        ]
        read_only_fields = fields

    @extend_schema_field(AffectedSerializer(many=True))
    def get_affected(self, withdrawal: Withdrawal) -> Any:
        shown, _ = selectors.affected_seen(self.context["view"].actor, withdrawal)
        return AffectedSerializer(shown, many=True).data

    @extend_schema_field(serializers.ChoiceField([state.value for state in TraceState], allow_null=True))
    def get_trace(self, withdrawal: Withdrawal) -> str | None:
        trace = getattr(withdrawal, "trace", None)
        return str(trace.state) if trace else None

    def get_affected_elsewhere(self, withdrawal: Withdrawal) -> int:
        return selectors.affected_seen(self.context["view"].actor, withdrawal)[1]


class NewWithdrawal(Input):
    version = serializers.UUIDField()
    rows = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, allow_null=True, default=None,
        help_text="Numbers of rows from 1, heading and blank lines not counted; left out: the whole version.",
    )  # fmt: skip
    reason = serializers.CharField(max_length=4000)
    case_number = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")


class TakingBack(Input):
    reason = serializers.CharField(max_length=4000)
    proof = serializers.CharField(
        required=False, allow_blank=True, default="",
        help_text="From /reauthentications/, for the withdrawal's sha256 and the verdict “approve”.",
    )  # fmt: skip


class WithdrawalViewSet(NounViewSet):
    """Data that must not be used any more. What rests on it has lost its approval."""

    noun = "withdrawal"
    seen = selectors.visible_to
    serializer_class = WithdrawalSerializer
    list_serializer_class = WithdrawalInListSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("version__dataset__project"),
        "version": By("version", serializers.UUIDField(), "Of this dataset version only."),
        "affects": By("affected__object_id", serializers.UUIDField(), "Those that reached this record only."),
    }

    @extend_schema(request=NewWithdrawal, responses={201: WithdrawalSerializer})
    def create(self, request: Request) -> Response:
        """Withdraw a version or rows of it: approvals of what rests on it are suspended, runs under way ended."""
        body = NewWithdrawal.of(request)
        made = services.withdraw(actor=self.actor, version_id=body.pop("version"), **body)
        return self.created(made)

    @extend_schema(request=TakingBack, responses=WithdrawalSerializer)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: UUID) -> Response:
        """Say that the data may be used after all; it takes another person than who withdrew it."""
        services.take_back(actor=self.actor, withdrawal_id=pk, **TakingBack.of(request))
        return self.shown(self.one())
