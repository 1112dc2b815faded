"""Holds: data that has to be kept."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from governance.oversight.retention import selectors, services
from governance.oversight.retention.models import Hold
from governance.oversight.retention.rules import PLACED, Basis


class HoldSerializer(RecordSerializer):
    in_force = serializers.SerializerMethodField()

    class Meta:
        model = Hold
        fields: ClassVar = [
            "id", "project", "dataset", "basis", "ground", "until", "in_force", "placed_by_name", "created_at",
            "lifted_at", "lifted_by_name", "lifted_because", "sha256",
        ]  # fmt: skip
        read_only_fields = fields

    def get_in_force(self, hold: Hold) -> bool:
        return selectors.is_in_force(hold)


class NewHold(Input):
    project = serializers.UUIDField()
    dataset = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Left out: all data.")
    basis = serializers.ChoiceField(choices=[one.value for one in PLACED])
    ground = serializers.CharField(max_length=4000)
    until = serializers.DateField(required=False, allow_null=True, default=None, help_text="The last day.")


class Lifting(Input):
    reason = serializers.CharField(max_length=4000)


class HoldViewSet(NounViewSet):
    """Holds on your projects' data. In order: legal hold, statutory retention, erasure, project rule."""

    noun = "hold"
    seen = selectors.visible_to
    serializer_class = HoldSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("project"),
        "dataset": By("dataset", serializers.UUIDField(), "On this dataset only."),
    }

    @extend_schema(request=NewHold, responses={201: HoldSerializer})
    def create(self, request: Request) -> Response:
        """Have the data of a project, or of one dataset, kept."""
        body = NewHold.of(request)
        made = services.place(
            actor=self.actor, project_id=body["project"], dataset_id=body["dataset"], basis=Basis(body["basis"]),
            ground=body["ground"], until=body["until"],
        )  # fmt: skip
        return self.created(made)

    @extend_schema(request=Lifting, responses={200: HoldSerializer})
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: UUID) -> Response:
        """End a hold before its day."""
        self.one()
        services.lift(actor=self.actor, hold_id=pk, reason=Lifting.of(request)["reason"])
        return self.shown(self.one())
