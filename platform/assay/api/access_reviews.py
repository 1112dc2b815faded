"""Access reviews: who has access now, what is due, and what was signed."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from governance.people.access_reviews import selectors, services
from governance.people.access_reviews.models import AccessReview
from governance.people.access_reviews.rules import Decided, Verdict, Way
from governance.people.access_reviews.selectors import REVIEW
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects


class AccessReviewSerializer(RecordSerializer):
    next_due = serializers.DateField(read_only=True)

    class Meta:
        model = AccessReview
        fields: ClassVar = [
            "id", "organisation", "project", "rows", "shown_sha256", "meaning", "method", "by_name", "next_due",
            "created_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class Place(Input):
    """A project, or an organisation."""

    project = serializers.UUIDField(required=False, allow_null=True, default=None)
    organisation = serializers.UUIDField(required=False, allow_null=True, default=None)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if (given["project"] is None) == (given["organisation"] is None):
            raise serializers.ValidationError("Name a project or an organisation, and one of them alone.")
        return given


class RowSerializer(serializers.Serializer[Any]):
    """One way in of one person."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    since = serializers.DateTimeField(help_text="When it was put on record.")
    last_sign_in = serializers.DateTimeField(allow_null=True)
    last_act = serializers.DateTimeField(allow_null=True, help_text="In this project, or this organisation.")
    keys = serializers.ListField(child=serializers.CharField())
    way = serializers.ChoiceField(choices=[way.value for way in Way], help_text="How they come to have access.")
    through = serializers.CharField(help_text="Whose role it is, which organisation, which engagement.")
    begins = serializers.DateField(allow_null=True, help_text="The first day, of what is for some days.")
    until = serializers.DateField(allow_null=True)
    can = serializers.ListField(
        child=serializers.ChoiceField(choices=[one.value for one in Verdict]), help_text="What you can decide of it."
    )


class AccessSerializer(serializers.Serializer[Any]):
    rows = RowSerializer(many=True)
    sha256 = serializers.CharField(help_text="What a review of these rows is signed over.")


class DecidedInput(Input):
    id = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=[one.value for one in Verdict])
    to = serializers.CharField(required=False, allow_blank=True, default="", max_length=24)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=1000)


class NewAccessReview(Place):
    rows = DecidedInput(many=True)
    shown_sha256 = serializers.CharField(max_length=64)
    proof = serializers.CharField(
        max_length=200,
        help_text="From /reauthentications/, for `shown_sha256`, “approve” and the choice "
        '`{"rows": {id: {"verdict": …, "to": …}}}`, `to` empty but where a role is changed.',
    )


class AccessReviewViewSet(NounViewSet):
    """Signed reviews of who has access, of projects and of organisations."""

    noun = "access review"
    seen = selectors.visible_to
    serializer_class = AccessReviewSerializer
    narrowed_by: ClassVar[dict[str, By]] = {"project": by_project()}

    @extend_schema(
        parameters=[OpenApiParameter("project", str), OpenApiParameter("organisation", str)],
        responses=AccessSerializer,
        filters=False,
    )
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def access(self, request: Request) -> Response:
        """Who has access now, as a review of it shows it; ask for a proof over the `sha256`, then sign."""
        place = Place(data=request.query_params.dict())
        place.is_valid(raise_exception=True)
        project, organisation = place.validated_data["project"], place.validated_data["organisation"]
        rows = selectors.rows_of(
            self.actor,
            projects.require(self.actor, project, REVIEW)
            if project
            else organisations.require(self.actor, organisation, REVIEW),
        )
        return Response(AccessSerializer({"rows": rows, "sha256": selectors.shown_sha256(rows)}).data)

    @extend_schema(request=NewAccessReview, responses={201: AccessReviewSerializer})
    def create(self, request: Request) -> Response:
        """Sign a review of every row; what is changed or removed takes effect with it."""
        body = NewAccessReview.of(request)
        decided = {str(one["id"]): Decided(Verdict(one["verdict"]), one["reason"], one["to"]) for one in body["rows"]}
        made = services.sign(
            actor=self.actor, project_id=body["project"], organisation_id=body["organisation"], decided=decided,
            shown_sha256=body["shown_sha256"], proof=body["proof"],
        )  # fmt: skip
        return self.created(made)
