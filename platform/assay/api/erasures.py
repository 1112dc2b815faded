"""Erasures of rows: asked for by one person, confirmed by another as an approval."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer
from governance.delivery.erasures import selectors, services
from governance.delivery.erasures.models import Erasure

REMAINING = {
    "type": "object",
    "properties": {"what": {"type": "string"}, "why": {"type": "string"}, "kind": {"type": "string"},
                   "id": {"type": "string"}},
}  # fmt: skip


class ErasureSerializer(ErrandSerializer, RecordSerializer):
    """`state`: held (a hold goes before it), waiting (for a second person's approval), queued, done, refused, failed or
    cancelled. What trained on the rows is listed in `withdrawal`, not made to forget."""

    project = serializers.UUIDField(source="project_id", read_only=True)
    successor = serializers.UUIDField(source="version.successor_id", read_only=True, allow_null=True)
    remaining = serializers.SerializerMethodField(help_text="What holds the rows still, by our own records.")

    class Meta:
        model = Erasure
        fields: ClassVar = [
            "id", "project", "version", "version_sha256", "rows", "case_number", "reason", "state", "hold", "progress",
            "withdrawal", "successor", "tombstones", "destroyed", "destroyed_at", "remaining", "error", "asked_by_name",
            "created_at", "ended_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": REMAINING})
    def get_remaining(self, erasure: Erasure) -> list[dict[str, Any]]:
        view = self.context.get("view")
        return [vars(one) for one in selectors.remaining(view.actor, erasure)] if view is not None else []


class NewErasure(Input):
    version = serializers.UUIDField(help_text="The dataset version.")
    rows = serializers.ListField(child=serializers.IntegerField(min_value=1), help_text="Numbers, from 1.")
    case_number = serializers.CharField(max_length=80)
    reason = serializers.CharField(max_length=4000)
    proof = serializers.CharField(
        help_text="From /reauthentications/, for the version's sha256, “approve” and the choice "
        '`{"rows": [3, 7]}`, in order.'
    )


class ErasureViewSet(NounViewSet):
    """Erasures of rows of your projects' data."""

    noun = "erasure"
    seen = selectors.visible_to
    serializer_class = ErasureSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("version__dataset__project"),
        "version": By("version", serializers.UUIDField(), "Of this version only."),
    }

    @extend_schema(request=NewErasure, responses={201: ErasureSerializer})
    def create(self, request: Request) -> Response:
        """Ask that rows are erased. A second person decides under /approvals/, unless a hold goes before it."""
        body = NewErasure.of(request)
        return self.created(services.ask(actor=self.actor, version_id=body.pop("version"), **body))

    @extend_schema(request=None, responses={200: ErasureSerializer})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: UUID) -> Response:
        """Take up an erasure that was held or has failed."""
        self.one()
        services.again(actor=self.actor, erasure_id=pk)
        return self.shown(self.one())

    @extend_schema(request=None, responses={200: ErasureSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End an erasure before anything is destroyed."""
        self.one()
        services.cancel(actor=self.actor, erasure_id=pk)
        return self.shown(self.one())
