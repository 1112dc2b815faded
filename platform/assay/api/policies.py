"""Policies: what it takes to approve, as versioned data."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from assay.api.preconditions import unchanged
from governance.people.approvals import publishing
from governance.people.policies import selectors, services
from governance.people.policies.kinds import KINDS
from governance.people.policies.models import Policy
from governance.people.policies.rules import State

TERMS = (
    "`steps` [{name, roles, people [{id, name}], quorum, stage, parts}], `barred` (acts), `expires_after_days`, "
    "`comment_required`, `record_opened`, `deadline_days`, `remind_after_days`, `escalate_to` (a role)."
)


class PolicySerializer(RecordSerializer):
    terms = serializers.JSONField(source="terms_content", read_only=True, help_text=TERMS)
    requests = serializers.SerializerMethodField(help_text="How many requests were asked under it.")

    class Meta:
        model = Policy
        fields: ClassVar = [
            "id", "organisation", "project", "risk_class", "subject_kind", "number", "state", "terms", "requests",
            "written_by_name", "created_at", "published_by_name", "published_at", "published_by_method",
            "retired_by_name", "retired_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields

    def get_requests(self, policy: Policy) -> int:
        return int(policy.used)  # type: ignore[attr-defined]  # annotated by the selector


class Draft(Input):
    terms = serializers.JSONField(help_text=TERMS)


class NewPolicy(Draft):
    project = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Or an organisation.")
    organisation = serializers.UUIDField(required=False, allow_null=True, default=None)
    risk_class = serializers.CharField(required=False, allow_blank=True, default="", help_text="Empty: any.")
    subject_kind = serializers.ChoiceField(choices=list(KINDS))


class Publication(Input):
    proof = serializers.CharField(
        required=False, allow_blank=True, default="",
        help_text="From /reauthentications/, for the policy's sha256 and the verdict “approve”.",
    )  # fmt: skip


class PolicyViewSet(NounViewSet):
    """What it takes to approve: drafts, what governs, and what governed. A published policy never changes."""

    noun = "policy"
    seen = selectors.counted
    serializer_class = PolicySerializer
    edited = True
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "state": By("state", serializers.ChoiceField([each.value for each in State]), "In this state only."),
        "kind": By("subject_kind", serializers.ChoiceField(list(KINDS)), "For this kind of subject only."),
    }

    @extend_schema(request=NewPolicy, responses={201: PolicySerializer})
    def create(self, request: Request) -> Response:
        """Write the next edition for a project, or for a whole organisation, as a draft."""
        body = NewPolicy.of(request)
        where = {"project_id": body.pop("project"), "organisation_id": body.pop("organisation")}
        return self.created(services.draft(actor=self.actor, **where, **body))

    @extend_schema(request=Draft, responses=PolicySerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Rewrite a draft's terms."""
        given = Draft.of(request)
        with unchanged(request, self.one()):
            services.revise(actor=self.actor, policy_id=pk, **given)
        return self.shown(self.one())

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Discard a draft."""
        services.discard(actor=self.actor, policy_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=Publication, responses=PolicySerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: UUID) -> Response:
        """Have it govern what is asked from now on; signed."""
        publishing.publish(actor=self.actor, policy_id=pk, **Publication.of(request))
        return self.shown(self.one())

    @extend_schema(request=None, responses=PolicySerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: UUID) -> Response:
        """End it without another: what holds more widely governs again."""
        services.retire(actor=self.actor, policy_id=pk)
        return self.shown(self.one())
