"""Splits of a dataset version: which row goes to which part."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer
from governance.materials.datasets import selectors, splitting
from governance.materials.datasets.models import Split
from preparation import splits

PARTS_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "rows": {"type": "integer"}},
        "required": ["name", "rows"],
    },
}


@extend_schema_field(PARTS_SCHEMA)
class PartsField(serializers.JSONField):
    """The parts in the order of their places."""


class SplitSerializer(ErrandSerializer, RecordSerializer):
    """`state`: queued, ready, failed or cancelled. `parts` in the order of their places, once it is ready."""

    project = serializers.UUIDField(source="version.dataset.project_id", read_only=True)
    parts = PartsField(read_only=True)
    made_by_name = serializers.CharField(source="asked_by_name", read_only=True)

    class Meta:
        model = Split
        fields: ClassVar = [
            "id", "version", "project", "number", "options", "state", "progress", "parts", "assignment_sha256", "error",
            "made_by_name", "created_at", "ended_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class ShareInput(Input):
    name = serializers.CharField(max_length=splits.LONGEST_NAME)
    share = serializers.FloatField(min_value=0, max_value=1)


class NewSplit(Input):
    """How rows are told apart. What the method does not look at is left out."""

    method = serializers.ChoiceField(choices=splits.METHODS)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**32 - 1)
    shares = ShareInput(many=True, required=False, help_text="For random, group and time; together 1, in this order.")
    column = serializers.CharField(default="", help_text="For group, time and given.")
    folds = serializers.IntegerField(default=5, min_value=2, max_value=splits.MAX_PARTS)

    def validate_shares(self, shares: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names = [one["name"] for one in shares]
        if len(set(names)) != len(names):
            raise serializers.ValidationError("Each part is named once.")
        return shares


def asked_of(request: Request) -> splits.Split:
    body = NewSplit.of(request)
    if "shares" in body:
        body["shares"] = {one["name"]: one["share"] for one in body["shares"]}
    return splits.Split(**body)


class SplitViewSet(NounViewSet):
    """Splits of your projects' data. They are made at a version's own address, and never change."""

    noun = "split"
    seen = selectors.splits_visible_to
    serializer_class = SplitSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("version__dataset__project"),
        "version": By("version", serializers.UUIDField(), "Splits of this version only."),
    }

    @extend_schema(request=None, responses={200: SplitSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End the making of a split."""
        self.one()
        return Response(SplitSerializer(splitting.cancel(actor=self.actor, split_id=pk)).data)

    @extend_schema(request=None, responses={202: SplitSerializer})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: UUID) -> Response:
        """Have a worker try once more to make a split that failed or was cancelled."""
        self.one()
        return Response(SplitSerializer(splitting.again(actor=self.actor, split_id=pk)).data, status=202)
