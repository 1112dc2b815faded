"""Projects, their people, and the classification that stands."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.nouns import Input, NounViewSet, RecordSerializer, address
from assay.api.preconditions import unchanged
from governance.foundation.core.errors import NotFound
from governance.law.regulation import rules as regulation
from governance.people.projects import selectors, services
from governance.people.projects.models import Classification, Member, Project
from governance.people.projects.rules import Role


class ProjectSerializer(RecordSerializer):
    class Meta:
        model = Project
        fields: ClassVar = [
            "id", "organisation", "name", "slug", "intended_purpose", "foreseeable_misuse", "why_fine_tuning",
            "success_criteria", "use", "distribution", "research_only", "created_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class ProjectDescription(Input):
    """What a project says of itself."""

    name = serializers.CharField(max_length=120)
    intended_purpose = serializers.CharField(required=False, allow_blank=True)
    foreseeable_misuse = serializers.CharField(required=False, allow_blank=True)
    why_fine_tuning = serializers.CharField(required=False, allow_blank=True)
    success_criteria = serializers.CharField(required=False, allow_blank=True)
    use = serializers.ChoiceField(choices=Project.Use.choices, required=False)
    distribution = serializers.ChoiceField(choices=Project.Distribution.choices, required=False)
    research_only = serializers.BooleanField(required=False)


class NewProject(ProjectDescription):
    organisation = serializers.UUIDField()


class MemberSerializer(serializers.ModelSerializer[Any]):
    username = serializers.CharField(source="user.username", read_only=True)
    name = serializers.CharField(source="user.get_full_name", read_only=True)

    class Meta:
        model = Member
        fields: ClassVar = ["id", "username", "name", "role", "created_at"]
        read_only_fields = fields


class RightSerializer(serializers.Serializer[Any]):
    """One act of the table of rights."""

    part = serializers.CharField()
    act = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=[role.value for role in Role]))
    people = serializers.ListField(child=serializers.CharField(), help_text="Names of those with such a role.")
    administrators_too = serializers.BooleanField(help_text="Whoever administers the organisation may do it too.")
    mine = serializers.BooleanField(help_text="Whether you may.")


class NewMember(Input):
    username = serializers.CharField(max_length=150)
    role = serializers.ChoiceField(choices=[role.value for role in Role])


class ClassificationSerializer(RecordSerializer):
    class Meta:
        model = Classification
        fields: ClassVar = [
            "id", "project", "edition", "edition_sha256", "answers", "outcome", "reason", "decided_by_name",
            "created_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class SignedAnswers(Input):
    answers = serializers.DictField(child=serializers.CharField(), help_text="Question id to answer id.")
    reason = serializers.CharField()

    def validate_answers(self, answers: dict[str, str]) -> dict[str, str]:
        try:
            regulation.walk(answers)
        except regulation.NotAnAnswer as error:
            raise serializers.ValidationError(str(error)) from None
        return answers


class ProjectViewSet(NounViewSet):
    """Projects in which you have a role, and those of an organisation that you administer."""

    noun = "project"
    seen = selectors.visible_to
    serializer_class = ProjectSerializer
    edited = True

    @extend_schema(request=NewProject, responses={201: ProjectSerializer})
    def create(self, request: Request) -> Response:
        """Open a project; you become its owner."""
        body = NewProject.of(request)
        made = services.create(actor=self.actor, organisation_id=body.pop("organisation"), **body)
        return self.created(made)

    @extend_schema(request=ProjectDescription, responses=ProjectSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change what the project says of itself."""
        changes = ProjectDescription.of(request, partial=True)
        with unchanged(request, self.one()):
            services.describe(actor=self.actor, project_id=pk, **changes)
        return self.shown(self.one())

    @extend_schema(responses=MemberSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def members(self, request: Request, pk: UUID) -> Response:
        """Who has which role; somebody with two roles stands here twice."""
        rows = self.one().members.select_related("user")
        return Response(MemberSerializer(rows, many=True).data)

    @extend_schema(request=NewMember, responses={201: MemberSerializer})
    @members.mapping.post
    def appoint(self, request: Request, pk: UUID) -> Response:
        """Give a member of the organisation a role."""
        body = NewMember.of(request)
        made = services.appoint(actor=self.actor, project_id=pk, username=body["username"], role=Role(body["role"]))
        return Response(MemberSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["delete"], url_path="members/<uuid:member>")
    def dismiss(self, request: Request, pk: UUID, member: UUID) -> Response:
        """Take a role away; what the person did with it stays on record."""
        if not self.one().members.filter(pk=member).exists():
            raise NotFound("member")
        services.dismiss(actor=self.actor, member_id=member)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=RightSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def rights(self, request: Request, pk: UUID) -> Response:
        """Who may do what here: every act, the roles that may start it, and the people."""
        rows = [
            {**vars(right), "roles": [role for role in Role if role in right.roles]}
            for right in selectors.rights(self.actor, self.one().pk)
        ]
        return Response(RightSerializer(rows, many=True).data)

    @extend_schema(responses=ClassificationSerializer)
    @action(detail=True, methods=["get"])
    def classification(self, request: Request, pk: UUID) -> Response:
        """The classification that stands today."""
        found = selectors.classification(self.one().pk)
        if found is None:
            raise NotFound(_("classification"))
        return Response(ClassificationSerializer(found).data)

    @extend_schema(request=SignedAnswers, responses={201: ClassificationSerializer})
    @classification.mapping.post
    def classify(self, request: Request, pk: UUID) -> Response:
        """Sign a whole way through the questionnaire; the outcome follows by rule."""
        body: dict[str, Any] = SignedAnswers.of(request)
        made = services.classify(actor=self.actor, project_id=pk, **body)
        location = f"{address(self.basename, self.one())}classification/"
        return Response(
            ClassificationSerializer(made).data, status=status.HTTP_201_CREATED, headers={"Location": location}
        )
