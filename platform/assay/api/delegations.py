"""Loans of a deciding role."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from governance.people.approvals import delegations
from governance.people.approvals.models import Delegation
from governance.people.projects.rules import READERS, Role


class DelegationSerializer(RecordSerializer):
    class Meta:
        model = Delegation
        fields: ClassVar = [
            "id", "project", "role", "lender_name", "taker_name", "starts_on", "ends_on", "reason", "created_at",
            "ended_at", "ended_by_name", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class NewDelegation(Input):
    project = serializers.UUIDField()
    username = serializers.CharField(max_length=150, help_text="The member to whom you lend it.")
    role = serializers.ChoiceField(choices=[role.value for role in Role if role not in READERS])
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The last day.")
    reason = serializers.CharField(max_length=2000)


class DelegationViewSet(NounViewSet):
    """Deciding roles on loan: one voice between lender and taker, and never over the work of either."""

    noun = "delegation"
    seen = delegations.visible_to
    serializer_class = DelegationSerializer
    narrowed_by: ClassVar[dict[str, By]] = {"project": by_project()}

    @extend_schema(request=NewDelegation, responses={201: DelegationSerializer})
    def create(self, request: Request) -> Response:
        """Lend a deciding role of yours for some days."""
        body = NewDelegation.of(request)
        return self.created(delegations.delegate(actor=self.actor, project_id=body.pop("project"), **body))

    @extend_schema(request=None, responses=DelegationSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """Take it back before its last day."""
        delegations.end(actor=self.actor, delegation_id=pk)
        return self.shown(self.one())
