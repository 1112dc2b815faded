"""Waivers of licence findings, licences picked among several, and licence texts."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from governance.law.licences.rules import PURPOSES
from governance.materials.licence_texts import selectors as licence_texts
from governance.materials.licence_texts.models import LicenceText
from governance.materials.licence_texts.services import hand_in
from governance.people.approvals.selectors import standing
from governance.people.waivers import selectors, services
from governance.people.waivers.models import LicenceChoice, Waiver
from governance.people.waivers.rules import State

KINDS = ("base_model", "dataset_version")


class AboutSerializer(serializers.Serializer[Any]):
    """The input that it is about, as it was then."""

    kind = serializers.ChoiceField(source="subject_kind", choices=KINDS)
    id = serializers.UUIDField(source="subject_id")
    name = serializers.CharField(source="subject_name")
    sha256 = serializers.CharField(source="subject_digest")


class WaiverSerializer(RecordSerializer):
    subject = AboutSerializer(source="*", read_only=True)
    state = serializers.SerializerMethodField()
    request = serializers.SerializerMethodField(help_text="The approval request that decides on it.")

    class Meta:
        model = Waiver
        fields: ClassVar = [
            "id", "project", "subject", "rule", "rule_set", "because", "about", "purpose", "reason", "expires_on",
            "state", "request", "asked_by_name", "created_at", "revoked_at", "revoked_by_name",
            "revoked_because", "sha256",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField([state.value for state in State]))
    def get_state(self, waiver: Waiver) -> str:
        return selectors.states([waiver])[waiver.pk].value

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_request(self, waiver: Waiver) -> str | None:
        request = standing(waiver).request
        return str(request.pk) if request else None


class NewWaiver(Input):
    project = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField()
    rule = serializers.CharField(max_length=60, help_text="The rule that asks for review, as a verdict names it.")
    purpose = serializers.ChoiceField(choices=PURPOSES)
    reason = serializers.CharField(max_length=4000)
    expires_on = serializers.DateField(help_text="The last day on which it holds.")
    about = serializers.CharField(
        required=False, allow_blank=True, help_text="As the verdict has it, where the rule speaks about several things."
    )
    because = serializers.CharField(
        required=False, help_text="As the verdict has it, where the rule says several things."
    )


class Revocation(Input):
    reason = serializers.CharField(max_length=4000)


class WaiverViewSet(NounViewSet):
    """Findings about licences that somebody accepted for a time, or was asked to. They are decided under approvals."""

    noun = "waiver"
    seen = selectors.visible_to
    serializer_class = WaiverSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "subject": By("subject_id", serializers.UUIDField(), "About this input only."),
    }

    @extend_schema(request=NewWaiver, responses={201: WaiverSerializer})
    def create(self, request: Request) -> Response:
        """Ask the risk owner to accept one finding about one input."""
        body = NewWaiver.of(request)
        made = services.ask(
            actor=self.actor, project_id=body.pop("project"), kind=body.pop("kind"), subject_id=body.pop("id"), **body
        )
        return self.created(made)

    @extend_schema(request=Revocation, responses=WaiverSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID) -> Response:
        """End it before its day."""
        services.revoke(actor=self.actor, waiver_id=pk, **Revocation.of(request))
        return self.shown(self.one())


class LicenceChoiceSerializer(RecordSerializer):
    subject = AboutSerializer(source="*", read_only=True)

    class Meta:
        model = LicenceChoice
        fields: ClassVar = [
            "id", "project", "subject", "expression", "chosen", "reason", "meaning", "method", "by_name", "by_roles",
            "created_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class NewLicenceChoice(Input):
    project = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField()
    chosen = serializers.CharField(max_length=2000, help_text="One alternative of the input's licence.")
    reason = serializers.CharField(max_length=4000)
    proof = serializers.CharField(
        required=False, allow_blank=True, default="",
        help_text="From /reauthentications/, for the input's sha256, “approve” and the choice "
        '`{"project": …, "chosen": …}`.',
    )  # fmt: skip


class LicenceChoiceViewSet(NounViewSet):
    """Which alternative of a licence a project takes an input under; the newest stands."""

    noun = "picked licence"
    seen = selectors.choices_visible_to
    serializer_class = LicenceChoiceSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "subject": By("subject_id", serializers.UUIDField(), "About this input only."),
    }

    @extend_schema(request=NewLicenceChoice, responses={201: LicenceChoiceSerializer})
    def create(self, request: Request) -> Response:
        """Pick one and sign for it: a token alone never signs."""
        body = NewLicenceChoice.of(request)
        made = services.choose(
            actor=self.actor, project_id=body.pop("project"), kind=body.pop("kind"), subject_id=body.pop("id"), **body
        )
        return Response(LicenceChoiceSerializer(made).data, status=status.HTTP_201_CREATED)


class LicenceTextSummary(RecordSerializer):
    subject = AboutSerializer(source="*", read_only=True)

    class Meta:
        model = LicenceText
        fields: ClassVar = [
            "id",
            "project",
            "subject",
            "where",
            "text_sha256",
            "text_bytes",
            "kept_by_name",
            "created_at",
        ]
        read_only_fields = fields


class LicenceTextSerializer(LicenceTextSummary):
    text = serializers.SerializerMethodField()

    class Meta(LicenceTextSummary.Meta):
        fields: ClassVar = [*LicenceTextSummary.Meta.fields, "text"]
        read_only_fields = fields

    def get_text(self, kept: LicenceText) -> str:
        return licence_texts.text_of(kept)


class NewLicenceText(Input):
    project = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField()
    where = serializers.CharField(max_length=200, help_text="Where the text stood: an address, or a file's name.")
    text = serializers.CharField(trim_whitespace=False)


class LicenceTextViewSet(NounViewSet):
    """Licence texts as they came with data and base models, so that a change of terms is noticed."""

    noun = "licence text"
    seen = licence_texts.visible_to
    serializer_class = LicenceTextSerializer
    list_serializer_class = LicenceTextSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "subject": By("subject_id", serializers.UUIDField(), "Of this input only."),
    }

    @extend_schema(request=NewLicenceText, responses={201: LicenceTextSerializer})
    def create(self, request: Request) -> Response:
        """Keep the text under which a material came."""
        body = NewLicenceText.of(request)
        made = hand_in(
            actor=self.actor, project_id=body.pop("project"), kind=body.pop("kind"), subject_id=body.pop("id"), **body
        )
        return self.created(made)
