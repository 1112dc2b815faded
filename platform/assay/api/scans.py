"""Scans of dataset versions for personal data and secrets, and answers on special categories."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer, address
from governance.materials.datasets import selectors as datasets
from governance.materials.scans import selectors, services
from governance.materials.scans.models import Scan, SpecialCategories
from governance.materials.scans.rules import Holds

NARROWED: dict[str, By] = {
    "project": by_project("version__dataset__project"),
    "version": By("version", serializers.UUIDField(), "Of this version only."),
}


class ScanSerializer(ErrandSerializer, RecordSerializer):
    """`state`: queued, done, failed or cancelled. `found` says what was looked for, what was not, and what is there."""

    project = serializers.UUIDField(source="version.dataset.project_id", read_only=True)
    samples = serializers.SerializerMethodField(help_text="Masked; null for those who may not read rows.")

    class Meta:
        model = Scan
        fields: ClassVar = [
            "id", "version", "version_sha256", "project", "state", "progress", "found", "samples", "error",
            "asked_by_name", "created_at", "ended_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "object", "nullable": True})
    def get_samples(self, scan: Scan) -> dict[str, Any] | None:
        view = self.context.get("view")
        may = view is not None and datasets.may_read_rows(view.actor, scan.version)
        return scan.samples if may else None


class NewScan(Input):
    version = serializers.UUIDField(help_text="The dataset version.")


class ScanViewSet(NounViewSet):
    """Scans of your projects' data. Each version is scanned once by itself when it is registered."""

    noun = "scan"
    seen = selectors.visible_to
    serializer_class = ScanSerializer
    narrowed_by: ClassVar[dict[str, By]] = NARROWED

    @extend_schema(request=NewScan, responses={202: ScanSerializer})
    def create(self, request: Request) -> Response:
        """Have a worker look through a version once more."""
        made = services.ask(actor=self.actor, version_id=NewScan.of(request)["version"])
        return self.shown(self.one(made.pk), http_status=202, location=address(self.basename, made))

    @extend_schema(request=None, responses={200: ScanSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End a scan."""
        self.one()
        services.cancel(actor=self.actor, scan_id=pk)
        return self.shown(self.one())


class SpecialCategoriesSerializer(RecordSerializer):
    project = serializers.UUIDField(source="version.dataset.project_id", read_only=True)

    class Meta:
        model = SpecialCategories
        fields: ClassVar = [
            "id", "version", "version_sha256", "project", "holds", "reason", "by_name", "created_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class NewAnswer(Input):
    version = serializers.UUIDField(help_text="The dataset version.")
    holds = serializers.ChoiceField(choices=[one.value for one in Holds])
    reason = serializers.CharField(max_length=4000, help_text="What was looked at; the ground of Art. 9(2), if any.")


class SpecialCategoriesViewSet(NounViewSet):
    """What persons say about special categories of personal data (GDPR Art. 9) in your projects' data."""

    noun = "answer on special categories"
    seen = selectors.answers_visible_to
    serializer_class = SpecialCategoriesSerializer
    narrowed_by: ClassVar[dict[str, By]] = NARROWED

    @extend_schema(request=NewAnswer, responses={201: SpecialCategoriesSerializer})
    def create(self, request: Request) -> Response:
        """Answer, with your name and the time on record."""
        body = NewAnswer.of(request)
        said = services.answer(
            actor=self.actor, version_id=body["version"], holds=Holds(body["holds"]), reason=body["reason"]
        )
        return self.created(said)
