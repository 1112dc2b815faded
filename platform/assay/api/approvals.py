"""Approval requests and decisions; showing anew who one is, because a token alone never signs."""

import json
import logging
from typing import Any, ClassVar, cast
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from redis.exceptions import RedisError
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from assay.accounts import keys
from assay.accounts.models import User
from assay.api.narrowing import By, by_project
from assay.api.nouns import Door, Input, NounViewSet
from governance.foundation.core.canonical import canonical
from governance.people.approvals import passing, reauthentication, selectors, services, subjects
from governance.people.approvals.methods import SIGNS, WRONG, Method
from governance.people.approvals.models import ApprovalRequest, Comment, Decision
from governance.people.approvals.reauthentication import Purpose
from governance.people.approvals.rules import PROOF_LIFETIME, State, Verdict
from governance.people.approvals.selectors import DECIDED
from governance.people.policies.kinds import KINDS as KNOWN
from governance.people.projects import selectors as projects

log = logging.getLogger(__name__)

KINDS = list(KNOWN)
VERDICTS = [verdict.value for verdict in Verdict]
METHODS = [method.value for method in Method if method in SIGNS]
STATES = [state.value for state in State]


class SubjectSerializer(serializers.Serializer[Any]):
    """What is asked about, as it was when it was asked about."""

    kind = serializers.ChoiceField(source="subject_kind", choices=KINDS)
    id = serializers.UUIDField(source="subject_id")
    name = serializers.CharField(source="subject_name")
    sha256 = serializers.CharField(source="subject_digest", help_text="What a decision binds to.")


class OpenedSerializer(serializers.Serializer[Any]):
    """A part that the signature covers, and when the signer opened it; null: not after it was asked about."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field, not its own label
    name = serializers.CharField()
    sha256 = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class DecisionSerializer(serializers.ModelSerializer[Any]):
    sha256 = serializers.CharField(source="digest", read_only=True, help_text="The digest that was decided on.")
    opened = OpenedSerializer(
        many=True, read_only=True, allow_null=True,
        help_text="What the signer had opened in Assay, where the policy puts that on record; null where it does not.",
    )  # fmt: skip

    class Meta:
        model = Decision
        fields: ClassVar = [
            "id", "verdict", "step", "meaning", "reason", "sha256", "method", "opened", "by_name", "by_roles",
            "stands_for_name", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class CommentSerializer(serializers.ModelSerializer[Any]):
    class Meta:
        model = Comment
        fields: ClassVar = ["id", "text", "by_name", "created_at"]
        read_only_fields = fields


class ApprovalSummary(serializers.ModelSerializer[Any]):
    subject = SubjectSerializer(source="*", read_only=True)
    state = serializers.ChoiceField(source="state_now", choices=STATES, read_only=True)
    decisions = DecisionSerializer(
        source="standing_decisions", many=True, read_only=True,
        help_text="What was decided on it, and what was carried over to it because its part is unchanged.",
    )  # fmt: skip

    class Meta:
        model = ApprovalRequest
        fields: ClassVar = [
            "id", "project", "subject", "state", "note", "requested_by_name", "decisions", "created_at", "due_at",
            "closed_at", "expires_at",
        ]  # fmt: skip
        read_only_fields = fields


class SignedPartSerializer(serializers.Serializer[Any]):
    """One thing that a signature covers."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field, not its own label
    name = serializers.CharField()
    sha256 = serializers.CharField()


class ApprovalSerializer(ApprovalSummary):
    content = serializers.JSONField(source="subject_content", read_only=True)
    terms = serializers.JSONField(source="terms_content", read_only=True, help_text="As they were when it was asked.")
    policy_sha256 = serializers.CharField(source="policy_digest", read_only=True)
    comments = CommentSerializer(many=True, read_only=True)
    changed = serializers.SerializerMethodField(help_text="The subject changed after it was asked about.")
    covers = serializers.SerializerMethodField(help_text="What a signature covers, as it is now.")
    methods = serializers.SerializerMethodField(help_text="By which of your methods you can sign a decision on it now.")
    passed_under = serializers.SerializerMethodField(
        help_text="The change envelope by which it was approved beforehand; null where people decide."
    )
    why_not = serializers.SerializerMethodField(help_text="Why you may not decide on it; null if you may.")

    class Meta(ApprovalSummary.Meta):
        fields: ClassVar = [
            *ApprovalSummary.Meta.fields, "content", "policy", "policy_sha256", "terms", "comments", "changed",
            "covers", "methods", "passed_under", "why_not",
        ]  # fmt: skip
        read_only_fields = fields

    def get_changed(self, asked: ApprovalRequest) -> bool:
        return subjects.load(asked.subject_kind, asked.subject_id).content_digest != asked.subject_digest

    @extend_schema_field(SignedPartSerializer(many=True))
    def get_covers(self, asked: ApprovalRequest) -> list[dict[str, str]]:
        parts = subjects.load(asked.subject_kind, asked.subject_id).signed_parts()
        return [{"label": part.label, "name": part.name, "sha256": part.sha256} for part in parts]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(METHODS)))
    def get_methods(self, asked: ApprovalRequest) -> list[str]:
        accepted = selectors.accepted(selectors.seats(self.context["view"].actor, asked))
        return [each.value for each in reauthentication.methods(self.context["view"].actor) if each in accepted]

    @extend_schema_field({"type": "string", "format": "uuid", "nullable": True})
    def get_passed_under(self, asked: ApprovalRequest) -> UUID | None:
        under = passing.passed([asked]).get(asked.pk)
        return under.id if under else None

    @extend_schema_field({"type": "string", "nullable": True})
    def get_why_not(self, asked: ApprovalRequest) -> str | None:
        why = selectors.objection(self.context["view"].actor, asked)
        return why.text if why else None


class NewApproval(Input):
    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField()
    project = serializers.UUIDField()
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class NewComment(Input):
    text = serializers.CharField(max_length=services.LONGEST_COMMENT)


class NewDecision(Input):
    verdict = serializers.ChoiceField(choices=VERDICTS)
    step = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="Left out where only one takes you."
    )
    reason = serializers.CharField(required=False, allow_blank=True, default="")
    proof = serializers.CharField(
        required=False, allow_blank=True, default="", help_text="From /reauthentications/; a token alone never signs."
    )


class ApprovalViewSet(NounViewSet):
    """What was asked in your projects, and what was decided."""

    noun = "approval request"
    seen = selectors.visible_to
    serializer_class = ApprovalSerializer
    list_serializer_class = ApprovalSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "state": By("state", serializers.ChoiceField(STATES), "In this state only."),
        "kind": By("subject_kind", serializers.ChoiceField(KINDS), "About this kind of subject only."),
        "subject": By("subject_id", serializers.UUIDField(), "About this subject only."),
    }

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related(*DECIDED)

    @extend_schema(request=NewApproval, responses={201: ApprovalSerializer})
    def create(self, request: Request) -> Response:
        """Ask the deciders of a project about a subject as it is now."""
        body = NewApproval.of(request)
        # Before the subject is looked for: whether another project has it is nobody's business here.
        projects.require(self.actor, body["project"], "ask for an approval")
        subject = subjects.load(body["kind"], body["id"])
        asked = services.ask(actor=self.actor, subject=subject, project_id=body["project"], note=body.get("note", ""))
        return self.created(asked)

    @extend_schema(request=NewDecision, responses={201: DecisionSerializer})
    @action(detail=True, methods=["post"])
    def decisions(self, request: Request, pk: UUID) -> Response:
        """Decide, with a proof for this very digest and verdict."""
        body = NewDecision.of(request)
        made = services.decide(actor=self.actor, request_id=pk, **{**body, "verdict": Verdict(body["verdict"])})
        return Response(DecisionSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=NewComment, responses={201: CommentSerializer})
    @action(detail=True, methods=["post"])
    def comments(self, request: Request, pk: UUID) -> Response:
        """Say something beside the decision; whoever sees the request reads it."""
        said = services.comment(actor=self.actor, request_id=pk, **NewComment.of(request))
        return Response(CommentSerializer(said).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ApprovalSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: UUID) -> Response:
        """Take an open request back; only who asked may."""
        services.withdraw(actor=self.actor, request_id=pk)
        return self.shown(self.one())

    @extend_schema(responses=ApprovalSummary(many=True), filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def inbox(self, request: Request) -> Response:
        """Open requests that wait for you: in a deciding role of yours, and not about your own work."""
        return Response(ApprovalSummary(selectors.inbox(self.actor), many=True).data)


class NewPurpose(Input):
    subject_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="The digest that you are about to decide on.")
    verdict = serializers.ChoiceField(choices=VERDICTS)
    choice = serializers.DictField(
        required=False, help_text="What is chosen beside the verdict, where the act that takes the proof says so."
    )

    def validate_choice(self, given: dict[str, Any]) -> dict[str, Any]:
        try:
            canonical(given)
        except (TypeError, ValueError, RecursionError):
            raise serializers.ValidationError("This has no canonical form (RFC 8785).") from None
        return given


class NewProof(NewPurpose):
    method = serializers.ChoiceField(choices=METHODS, default=Method.PASSWORD.value)
    password = serializers.CharField(trim_whitespace=False, max_length=4096, required=False)
    code = serializers.CharField(max_length=20, required=False, help_text="Of your authenticator app.")
    credential = serializers.JSONField(
        required=False, help_text="Your security key's answer to a challenge for this digest and verdict."
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the method takes has to be there."""
        name = WRONG[Method(given["method"])].field
        if not given.get(name):
            raise serializers.ValidationError({name: "This method takes it."})
        shown = given[name]
        return {**given, "shown": shown if isinstance(shown, str) else json.dumps(shown)}


class ProofSerializer(serializers.Serializer[Any]):
    proof = serializers.CharField(help_text="Good once, for this person, digest, verdict and choice. Shown here only.")
    expires_at = serializers.DateTimeField()


class TriesPerPerson(UserRateThrottle):
    """Checking a password is slow on purpose; nobody needs it this often."""

    scope = "reauthentications"
    rate = "20/min"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Counted where the cache is; while that cannot be reached nobody is kept from signing for it. Wrong
        passwords are counted in the database all the same."""
        try:
            return bool(super().allow_request(request, view))
        except (RedisError, OSError) as error:
            log.warning("How often somebody shows a password cannot be counted now: %s", error)
            return True


class ReauthenticationViewSet(Door, ViewSet):
    """Show anew who you are, for one decision on one digest."""

    permission_classes = [IsAuthenticated]
    throttle_classes = [TriesPerPerson]
    keyed = False  # a proof is a secret: it is never kept to be answered again

    @extend_schema(request=NewProof, responses={201: ProofSerializer})
    def create(self, request: Request) -> Response:
        """By password, code or security key. The proof is good for two minutes and for one decision."""
        body = NewProof.of(request)
        expires_at = timezone.now() + PROOF_LIFETIME
        proof = reauthentication.prove(
            actor=self.actor,
            method=Method(body["method"]),
            shown=body["shown"],
            subject_digest=body["subject_sha256"],
            verdict=Verdict(body["verdict"]),
            choice=body.get("choice"),
        )
        shown = ProofSerializer({"proof": proof, "expires_at": expires_at})
        return Response(shown.data, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    @extend_schema(request=NewPurpose, responses={201: OpenApiTypes.OBJECT})
    @action(detail=False, methods=["post"])
    def challenges(self, request: Request) -> Response:
        """What a security key has to sign for one digest and verdict: the options of `navigator.credentials.get`."""
        body = NewPurpose.of(request)
        subject = reauthentication.bound(body["subject_sha256"], body.get("choice"))
        purpose = Purpose(subject, Verdict(body["verdict"]))
        options = keys.ask_for_one(cast(User, request.user), purpose)
        return Response(options, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})
