"""Model versions, and the question that a deployment asks: is this digest released for this purpose today?"""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import NounViewSet, RecordSerializer
from governance.delivery.releases import selectors as releases
from governance.foundation.core.errors import NotFound
from governance.work.model_versions import selectors
from governance.work.model_versions.models import ModelVersion

SUMMARY = ["id", "project", "run", "number", "name", "digest", "created_at", "sha256"]


class ModelVersionSummary(RecordSerializer):
    class Meta:
        model = ModelVersion
        fields: ClassVar = SUMMARY
        read_only_fields = fields


class ModelVersionSerializer(RecordSerializer):
    class Meta:
        model = ModelVersion
        fields: ClassVar = [*SUMMARY, "composition", "files"]
        read_only_fields = fields


class InForceSerializer(serializers.Serializer[Any]):
    """One release that is in force now."""

    release = serializers.UUIDField(source="pk")
    project = serializers.UUIDField(source="project_id")
    model_version = serializers.UUIDField(source="model_version_id")
    purpose = serializers.CharField()
    released_at = serializers.DateTimeField()
    released_by_name = serializers.CharField()


class AnswerSerializer(serializers.Serializer[Any]):
    """Whether the digest is released at this moment, and for which purposes."""

    digest = serializers.CharField()
    asked_at = serializers.DateTimeField()
    released = serializers.BooleanField()
    releases = InForceSerializer(many=True)


class ProjectInput(serializers.Serializer[Any]):
    project = serializers.UUIDField(required=False)


class ModelVersionViewSet(NounViewSet):
    """What runs made, each under one composed digest."""

    noun = "model version"
    seen = selectors.visible_to
    serializer_class = ModelVersionSerializer
    list_serializer_class = ModelVersionSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "run": By("run", serializers.UUIDField(), "Made by this run only."),
    }

    @extend_schema(
        responses=AnswerSerializer,
        parameters=[
            OpenApiParameter("sha256", {"type": "string", "pattern": "^[0-9a-f]{64}$"}, OpenApiParameter.PATH),
            OpenApiParameter("project", {"type": "string", "format": "uuid"}, description="For this purpose only."),
        ],
        filters=False,
    )
    @action(detail=False, methods=["get"], url_path="by-digest/<str:sha256>")
    def by_digest(self, request: Request, sha256: str) -> Response:
        """Whether a composed digest is released today, with the purpose of each release.

        A digest that nothing of yours has is a 404: a deployment treats it as not released.
        """
        asked = ProjectInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        versions = self.get_queryset().filter(digest=sha256)
        found = releases.released(self.actor, sha256)
        if project := asked.validated_data.get("project"):
            versions = versions.filter(project=project)
            found = [release for release in found if release.project_id == project]
        if not versions.exists():
            raise NotFound(self.noun)
        answer = {"digest": sha256, "asked_at": timezone.now(), "released": bool(found), "releases": found}
        return Response(AnswerSerializer(answer).data)
