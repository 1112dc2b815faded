"""Base models of one's organisations."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer, address
from assay.api.standings import StandingInProjectSerializer
from governance.materials.base_models import selectors, services
from governance.materials.base_models.models import BaseModel, Registration
from governance.people.approvals.selectors import standings_by_project
from governance.people.projects import selectors as projects

ASK_AGAIN_SECONDS = 5

SUMMARY = [
    "id", "organisation", "name", "revision", "provider", "source", "folder", "folder_sha256", "modality", "licence",
    "general_purpose", "systemic_risk", "training_flops", "training_flops_source", "registered_by_name", "created_at",
    "sha256",
]  # fmt: skip


class BaseModelSummary(RecordSerializer):
    class Meta:
        model = BaseModel
        fields: ClassVar = SUMMARY
        read_only_fields = fields


class BaseModelSerializer(RecordSerializer):
    standings = serializers.SerializerMethodField(help_text="Where it stands in each project that you see.")

    class Meta:
        model = BaseModel
        fields: ClassVar = [
            *SUMMARY, "architecture", "files", "licence_told", "conversion", "upstream_notes", "standings",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(StandingInProjectSerializer(many=True))
    def get_standings(self, base_model: BaseModel) -> list[dict[str, Any]]:
        seen = projects.visible_to(self.context["view"].actor).filter(organisation=base_model.organisation_id)
        found = standings_by_project(base_model, seen.values_list("pk", flat=True))
        rows = [{**vars(standing), "project": project} for project, standing in found.items()]
        return list(StandingInProjectSerializer(rows, many=True).data)


class RegistrationSerializer(ErrandSerializer):
    """`state`: queued, registered, refused or failed. `error` says what is wrong."""

    class Meta:
        model = Registration
        fields: ClassVar = [
            "id", "project", "folder", "declared", "state", "progress", "error", "base_model", "asked_by_name",
            "created_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


class NewBaseModel(Input):
    """A folder of the operator's models, and what you declare about it."""

    project = serializers.UUIDField(help_text="In whose name you register it; it belongs to that organisation.")
    folder = serializers.CharField(max_length=300)
    name = serializers.CharField(max_length=160)
    licence = serializers.CharField(max_length=200, help_text="An SPDX expression.")
    revision = serializers.CharField(max_length=80, required=False, allow_blank=True)
    provider = serializers.CharField(max_length=160, required=False, allow_blank=True)
    source = serializers.CharField(  # type: ignore[assignment]  # a field, not its own source
        max_length=300, required=False, allow_blank=True
    )
    general_purpose = serializers.BooleanField(required=False, allow_null=True)
    systemic_risk = serializers.BooleanField(required=False, allow_null=True)
    training_flops = serializers.FloatField(required=False, allow_null=True)
    training_flops_source = serializers.CharField(max_length=300, required=False, allow_blank=True)
    upstream_notes = serializers.CharField(required=False, allow_blank=True)


class BaseModelViewSet(NounViewSet):
    """Base models of your organisations. They never change: another folder is another record."""

    noun = "base model"
    seen = selectors.visible_to
    serializer_class = BaseModelSerializer
    list_serializer_class = BaseModelSummary
    slow_actions = frozenset({"create"})

    @extend_schema(request=NewBaseModel, responses={201: BaseModelSerializer, 202: RegistrationSerializer})
    def create(self, request: Request) -> Response:
        """Register a folder; every byte of it is read, about a second per gigabyte.

        A large folder is read by a worker: 202, and `Location` names the registration, which tells how far it is and
        ends with the base model's id or with what is wrong.
        """
        body = NewBaseModel.of(request)
        made = services.enter(actor=self.actor, project_id=body.pop("project"), **body)
        if isinstance(made, BaseModel):
            return self.created(made)
        headers = {"Location": address("registration", made), "Retry-After": str(ASK_AGAIN_SECONDS)}
        return Response(RegistrationSerializer(made).data, status=status.HTTP_202_ACCEPTED, headers=headers)


class RegistrationViewSet(NounViewSet):
    """Large folders that a worker reads, and how far each is."""

    noun = "registration"
    seen = selectors.registrations_visible_to
    serializer_class = RegistrationSerializer
    narrowed_by: ClassVar[dict[str, By]] = {"project": by_project()}
