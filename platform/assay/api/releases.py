"""Releases: propose, release, withdraw."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from assay.api.standings import GateSerializer, StandingSerializer
from governance.delivery.releases import gates, selectors, services
from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State
from governance.people.approvals.selectors import standing


class ReleaseSummary(RecordSerializer):
    class Meta:
        model = Release
        fields: ClassVar = [
            "id", "project", "model_version", "dossier_version", "evaluation", "purpose", "notes", "accepted_findings",
            "state", "proposed_by_name", "released_by_name", "released_at", "withdrawn_by_name", "withdrawn_at",
            "withdrawal_reason", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ReleaseSerializer(ReleaseSummary):
    standing = serializers.SerializerMethodField()

    class Meta(ReleaseSummary.Meta):
        fields: ClassVar = [*ReleaseSummary.Meta.fields, "standing", "sha256"]
        read_only_fields = fields

    @extend_schema_field(StandingSerializer)
    def get_standing(self, release: Release) -> dict[str, Any]:
        return dict(StandingSerializer(standing(release)).data)


class NewRelease(Input):
    dossier_version = serializers.UUIDField()
    notes = serializers.CharField(required=False, allow_blank=True)
    accepted_findings = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Findings of the report that are knowingly accepted."
    )


class Withdrawal(Input):
    reason = serializers.CharField()


class ReleaseViewSet(NounViewSet):
    """Proposals, releases in force, and what was taken back."""

    noun = "release"
    seen = selectors.visible_to
    serializer_class = ReleaseSerializer
    list_serializer_class = ReleaseSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "model_version": By("model_version", serializers.UUIDField(), "Of this model version only."),
        "state": By("state", serializers.ChoiceField([state.value for state in State]), "In this state only."),
    }

    @extend_schema(request=NewRelease, responses={201: ReleaseSerializer})
    def create(self, request: Request) -> Response:
        """Propose to release the model that a frozen dossier is about, and ask the risk owner."""
        body = NewRelease.of(request)
        made = services.propose(actor=self.actor, dossier_version_id=body.pop("dossier_version"), **body)
        return self.created(made)

    @extend_schema(request=None, responses=ReleaseSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: UUID) -> Response:
        """Let the model go, if every gate is open at this moment."""
        services.release(actor=self.actor, release_id=pk)
        return self.shown(self.one())

    @extend_schema(request=Withdrawal, responses=ReleaseSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID) -> Response:
        """Take a proposal or a release back; never waits for a gate."""
        services.withdraw(actor=self.actor, release_id=pk, **Withdrawal.of(request))
        return self.shown(self.one())

    @extend_schema(responses=GateSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def gates(self, request: Request, pk: UUID) -> Response:
        """What must hold before the model is let go, and where each gate stands."""
        return Response(GateSerializer(gates.for_release(self.one()), many=True).data)
