"""Disposals: what is deleted because nothing keeps it, and what was kept after all."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer
from governance.delivery.disposals import selectors, services
from governance.delivery.disposals.models import Disposal, DisposalItem
from governance.delivery.disposals.rules import THINGS_AT_MOST
from governance.oversight.retention.rules import Basis, Thing
from governance.people.projects import selectors as projects


class GroundSerializer(serializers.Serializer[Any]):
    """One reason why something is kept. `until` is the last day; null: `ends` says what ends it."""

    basis = serializers.ChoiceField(choices=[basis.value for basis in Basis])
    says = serializers.CharField()
    until = serializers.DateField(allow_null=True)
    ends = serializers.CharField(allow_blank=True)
    ref = serializers.CharField(allow_blank=True, help_text="The place in the law.")
    kind = serializers.CharField(allow_blank=True, help_text="Of the record behind it.")
    id = serializers.CharField(allow_blank=True)


class KeptSerializer(serializers.Serializer[Any]):
    """One thing that can be deleted at all, and every ground that keeps it today, the weightiest first."""

    thing = serializers.ChoiceField(choices=[thing.value for thing in Thing])
    kind = serializers.CharField(source="record.kind")
    id = serializers.UUIDField(source="record.pk", help_text="What /disposals/ takes in `things`.")
    name = serializers.CharField()
    bytes = serializers.IntegerField()
    since = serializers.DateField(help_text="Since when it lies idle.")
    due = serializers.BooleanField(source="may_go", help_text="Whether nothing keeps it.")
    free_from = serializers.DateField(allow_null=True, help_text="The first day on which nothing does, where known.")
    grounds = GroundSerializer(source="standing", many=True)


class ItemSerializer(serializers.ModelSerializer[Any]):
    """`state`: pending, going, gone (this is its tombstone) or kept (`grounds` say why)."""

    grounds = GroundSerializer(many=True, read_only=True)

    class Meta:
        model = DisposalItem
        fields: ClassVar = [
            "thing", "subject_kind", "subject_id", "name", "sha256", "bytes", "state", "ran_out", "grounds", "files",
            "copies", "is_shared", "gone_at",
        ]  # fmt: skip
        read_only_fields = fields


class DisposalSerializer(ErrandSerializer, RecordSerializer):
    """`state`: proposed (waits for a second person), queued, done, refused (everything is kept), failed, cancelled."""

    items = ItemSerializer(many=True, read_only=True)

    class Meta:
        model = Disposal
        fields: ClassVar = [
            "id", "project", "number", "rule", "reason", "state", "progress", "items", "asked_by_name", "created_at",
            "confirmed_by_name", "confirmed_at", "method", "ended_at", "error", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class NewDisposal(Input):
    project = serializers.UUIDField()
    things = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=THINGS_AT_MOST,
        help_text="Ids of dataset versions, runs without a result, imports. What something keeps is refused on record.",
    )  # fmt: skip
    reason = serializers.CharField(max_length=4000)


class Confirmation(Input):
    proof = serializers.CharField(help_text="From /reauthentications/, for the disposal's sha256 and “approve”.")


class DisposalViewSet(NounViewSet):
    """What your projects deleted, and what they may delete."""

    noun = "disposal"
    seen = selectors.visible_to
    serializer_class = DisposalSerializer
    narrowed_by: ClassVar[dict[str, By]] = {"project": by_project()}

    @extend_schema(request=NewDisposal, responses={201: DisposalSerializer})
    def create(self, request: Request) -> Response:
        """Propose what is deleted. Drafts alone go at once; where data is among it a second person confirms it."""
        body = NewDisposal.of(request)
        made = services.propose(actor=self.actor, project_id=body["project"], ids=body["things"], reason=body["reason"])
        return self.created(made)

    @extend_schema(responses=KeptSerializer(many=True), filters=False)
    @action(detail=False, methods=["get"], url_path="kept/<uuid:project>", pagination_class=None)
    def kept(self, request: Request, project: UUID) -> Response:
        """Everything of a project that can be deleted at all, what keeps each thing, and until when."""
        here = projects.visible(self.actor, project)
        return Response(KeptSerializer(selectors.kept(self.actor, here).found, many=True).data)

    @extend_schema(request=Confirmation, responses={200: DisposalSerializer})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: UUID) -> Response:
        """The second person's word."""
        self.one()
        services.confirm(actor=self.actor, disposal_id=pk, proof=Confirmation.of(request)["proof"])
        return self.shown(self.one())

    @extend_schema(request=None, responses={200: DisposalSerializer})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: UUID) -> Response:
        """Go on with one that failed."""
        self.one()
        services.again(actor=self.actor, disposal_id=pk)
        return self.shown(self.one())

    @extend_schema(request=None, responses={200: DisposalSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End it; what is gone by then stays gone."""
        self.one()
        services.cancel(actor=self.actor, disposal_id=pk)
        return self.shown(self.one())
