"""Deployments: plan, describe anew, take into use, take out of use."""

from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from assay.api.preconditions import unchanged
from assay.api.standings import GateSerializer, StandingSerializer
from governance.delivery.deployments import gates, selectors, services
from governance.delivery.deployments.models import Deployment
from governance.delivery.deployments.rules import State
from governance.people.approvals.selectors import standing
from governance.people.policies import selectors as policies


class DeploymentSummary(RecordSerializer):
    why_stop = serializers.SerializerMethodField(
        help_text="Why one in use must be taken out of use today; empty where it may go on."
    )

    class Meta:
        model = Deployment
        fields: ClassVar = [
            "id", "project", "release", "name", "place", "users", "deployer", "overseers", "notes", "state",
            "begun_by_name", "begun_at", "ended_by_name", "ended_at", "ended_because", "created_at", "why_stop",
        ]  # fmt: skip
        read_only_fields = fields

    @cached_property
    def _stopped(self) -> dict[UUID, str]:
        page: Any = self.parent.instance if self.parent else [self.instance]
        return selectors.why_stop(page)

    def get_why_stop(self, deployment: Deployment) -> str:
        return self._stopped.get(deployment.pk, "")


class DeploymentSerializer(DeploymentSummary):
    standing = serializers.SerializerMethodField(help_text="Null where no policy asks for its approval.")

    class Meta(DeploymentSummary.Meta):
        fields: ClassVar = [*DeploymentSummary.Meta.fields, "standing", "sha256"]
        read_only_fields = fields

    @extend_schema_field(StandingSerializer(allow_null=True))
    def get_standing(self, deployment: Deployment) -> dict[str, Any] | None:
        asked = policies.asks_for(deployment.kind, deployment.project_id)
        return dict(StandingSerializer(standing(deployment)).data) if asked else None


class Description(Input):
    name = serializers.CharField(max_length=120, help_text="As people know it; one of a kind in the project.")
    place = serializers.CharField(help_text="The system or address at which it runs.")
    users = serializers.CharField(help_text="Who works with it, and whom its answers reach.")
    deployer = serializers.CharField(max_length=200, help_text="Under whose authority it is used.")
    overseers = serializers.CharField(help_text="Who watches over it and can stop it.")
    notes = serializers.CharField(required=False, allow_blank=True)


class NewDeployment(Description):
    release = serializers.UUIDField()


class Ending(Input):
    reason = serializers.CharField()


class DeploymentViewSet(NounViewSet):
    """Where released models are used, by whom, and who watches over them."""

    noun = "deployment"
    seen = selectors.visible_to
    serializer_class = DeploymentSerializer
    list_serializer_class = DeploymentSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "release": By("release", serializers.UUIDField(), "Of this release only."),
        "state": By("state", serializers.ChoiceField([state.value for state in State]), "In this state only."),
    }
    edited = True

    @extend_schema(request=NewDeployment, responses={201: DeploymentSerializer})
    def create(self, request: Request) -> Response:
        """Plan to use the model of a release that is proposed or in force."""
        body = NewDeployment.of(request)
        return self.created(services.plan(actor=self.actor, release_id=body.pop("release"), **body))

    @extend_schema(request=Description, responses=DeploymentSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Describe a planned deployment anew."""
        changes = Description.of(request, partial=True)
        with unchanged(request, self.one()):
            services.revise(actor=self.actor, deployment_id=pk, **changes)
        return self.shown(self.one())

    @extend_schema(request=None, responses=DeploymentSerializer)
    @action(detail=True, methods=["post"])
    def begin(self, request: Request, pk: UUID) -> Response:
        """Take the model into use, if every gate is open at this moment."""
        services.begin(actor=self.actor, deployment_id=pk)
        return self.shown(self.one())

    @extend_schema(request=Ending, responses=DeploymentSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """Take the model out of use, or give up the plan; never waits for a gate."""
        services.end(actor=self.actor, deployment_id=pk, **Ending.of(request))
        return self.shown(self.one())

    @extend_schema(responses=GateSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def gates(self, request: Request, pk: UUID) -> Response:
        """What must hold before the model is taken into use, and where each gate stands."""
        return Response(GateSerializer(gates.for_deployment(self.one()), many=True).data)
