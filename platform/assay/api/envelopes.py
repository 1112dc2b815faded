"""Change envelopes: ranges of retrains that are approved once, and what passed under them."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from governance.people.approvals.selectors import standing
from governance.work.envelopes import selectors, services
from governance.work.envelopes.models import Envelope, Passage
from governance.work.envelopes.rules import Bounds, State


class CheckSerializer(serializers.Serializer[Any]):
    """One bound beside what was found."""

    what = serializers.CharField()
    allowed = serializers.CharField()
    found = serializers.CharField()


class PassageSerializer(serializers.ModelSerializer[Any]):
    """Something that passed: its request was granted by what had been approved beforehand."""

    checks = CheckSerializer(many=True, read_only=True)

    class Meta:
        model = Passage
        fields: ClassVar = ["id", "envelope", "request", "approved_by", "approved_at", "checks", "created_at"]
        read_only_fields = fields


class BoundsSerializer(Input):
    """How far a retrain may move away from its reference. All else is as in the reference."""

    most_rows_added = serializers.IntegerField(min_value=0, help_text="A changed row is one added and one removed.")
    most_percent_added = serializers.FloatField(min_value=0, required=False, allow_null=True)
    most_rows_removed = serializers.IntegerField(min_value=0, required=False)
    most_worse = serializers.FloatField(
        min_value=0, required=False, allow_null=True,
        help_text="Releases pass too, where no limited figure is worse than the reference's by more than this.",
    )  # fmt: skip


class EnvelopeSummary(serializers.ModelSerializer[Any]):
    bounds = BoundsSerializer(source="bounds_content", read_only=True)

    class Meta:
        model = Envelope
        fields: ClassVar = [
            "id", "project", "number", "reference", "bounds", "reason", "expires_on", "written_by_name", "created_at",
            "revoked_at", "revoked_by_name", "revoked_because",
        ]  # fmt: skip
        read_only_fields = fields


class EnvelopeSerializer(EnvelopeSummary, RecordSerializer):
    state = serializers.SerializerMethodField()
    request = serializers.SerializerMethodField(help_text="The approval request that decides on it.")
    checks = serializers.SerializerMethodField(help_text="Every bound, beside what the reference itself was.")
    passages = PassageSerializer(many=True, read_only=True, help_text="What passed under it.")

    class Meta(EnvelopeSummary.Meta):
        fields: ClassVar = [*EnvelopeSummary.Meta.fields, "state", "request", "checks", "passages", "sha256"]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField([state.value for state in State]))
    def get_state(self, envelope: Envelope) -> str:
        return selectors.states([envelope])[envelope.pk].value

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_request(self, envelope: Envelope) -> UUID | None:
        request = standing(envelope).request
        return request.pk if request else None

    @extend_schema_field(CheckSerializer(many=True))
    def get_checks(self, envelope: Envelope) -> Any:
        return CheckSerializer(selectors.bounds(envelope), many=True).data


class NewEnvelope(Input):
    reference = serializers.UUIDField(help_text="A run that succeeded and whose plan is approved.")
    bounds = BoundsSerializer()
    expires_on = serializers.DateField(help_text="The last day on which anything passes.")
    reason = serializers.CharField(max_length=4000)


class EnvelopeRevocation(Input):
    reason = serializers.CharField(max_length=4000)


class EnvelopeViewSet(NounViewSet):
    """Ranges of retrains. They are decided under approvals; what lies inside one in force passes when it is asked
    about."""

    noun = "change envelope"
    seen = selectors.visible_to
    serializer_class = EnvelopeSerializer
    list_serializer_class = EnvelopeSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "reference": By("reference", serializers.UUIDField(), "About retrains of this run only."),
    }

    @extend_schema(request=NewEnvelope, responses={201: EnvelopeSerializer})
    def create(self, request: Request) -> Response:
        """Write one down, and ask for its approval."""
        body = NewEnvelope.of(request)
        bounds = Bounds(**body.pop("bounds"))
        return self.created(services.write(actor=self.actor, run_id=body.pop("reference"), bounds=bounds, **body))

    @extend_schema(request=EnvelopeRevocation, responses=EnvelopeSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID) -> Response:
        """End it before its day; what passed stands."""
        services.revoke(actor=self.actor, envelope_id=pk, **EnvelopeRevocation.of(request))
        return self.shown(self.one())
