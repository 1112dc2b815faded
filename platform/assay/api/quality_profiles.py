"""Quality profiles of dataset versions: what a worker measured of their rows, and the checklist over it."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer
from governance.materials.datasets import measuring, selectors
from governance.materials.datasets.models import QualityProfile

SUMMARY = [
    "id", "version", "project", "version_sha256", "options", "state", "progress", "error", "asked_by_name",
    "created_at", "ended_at", "sha256",
]  # fmt: skip


class QualityProfileSummary(ErrandSerializer, RecordSerializer):
    """`state`: queued, measured, failed or cancelled."""

    project = serializers.UUIDField(source="version.dataset.project_id", read_only=True)

    class Meta:
        model = QualityProfile
        fields: ClassVar = SUMMARY
        read_only_fields = fields


class QualityProfileSerializer(QualityProfileSummary):
    """With `result`: assay.quality-profile/1, which holds numbers and row numbers, never text."""

    class Meta(QualityProfileSummary.Meta):
        fields: ClassVar = [*SUMMARY, "result"]
        read_only_fields = fields


class NewQualityProfile(Input):
    """What is looked at beside the rows; what is left out is not."""

    base_model = serializers.UUIDField(required=False, allow_null=True, help_text="Whose tokenizer counts tokens.")
    limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1_000_000, help_text="Tokens at which rows are cut."
    )
    versions = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text="Other versions that rows are held against."
    )
    suites = serializers.BooleanField(default=True, help_text="Whether rows are held against the evaluation's suites.")
    split = serializers.UUIDField(
        required=False, allow_null=True, help_text="A split of the version, whose parts are held against one another."
    )
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**32 - 1, help_text="Of what is sampled.")


def options_of(request: Request) -> measuring.Options:
    body = NewQualityProfile.of(request)
    return measuring.Options(**{**body, "versions": tuple(body.get("versions", ()))})


class QualityProfileViewSet(NounViewSet):
    """What was measured of the versions of your projects. A profile is asked for at a version's own address."""

    noun = "quality profile"
    seen = selectors.quality_profiles_visible_to
    serializer_class = QualityProfileSerializer
    list_serializer_class = QualityProfileSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("version__dataset__project"),
        "version": By("version", serializers.UUIDField(), "Profiles of this version only, newest first."),
    }

    @extend_schema(request=None, responses={200: QualityProfileSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End the measuring."""
        self.one()
        return Response(QualityProfileSerializer(measuring.cancel(actor=self.actor, profile_id=pk)).data)
