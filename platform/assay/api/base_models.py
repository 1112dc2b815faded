"""Base models of one's organisations."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.nouns import Input, NounViewSet, RecordSerializer
from assay.api.standings import StandingInProjectSerializer
from governance.materials.base_models import selectors, services
from governance.materials.base_models.models import BaseModel
from governance.people.approvals.selectors import standings_by_project
from governance.people.projects import selectors as projects

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

    @extend_schema(request=NewBaseModel, responses={201: BaseModelSerializer})
    def create(self, request: Request) -> Response:
        """Register a folder; every byte of it is read, about a second per gigabyte."""
        body = NewBaseModel.of(request)
        made = services.register(actor=self.actor, project_id=body.pop("project"), **body)
        return self.created(made)
