"""Audit engagements: what is laid open to whom, requests with their answers, findings, what was read, the report."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import FileResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request as Call
from rest_framework.response import Response

from assay.api import exports
from assay.api.narrowing import By
from assay.api.nouns import Input, NounViewSet, RecordSerializer, address
from assay.api.parsers import FIELDS_BESIDE_A_FILE, JsonBody, JsonPart, UploadBody
from assay.api.preconditions import unchanged
from governance.documents.renderings.documents import AUDIT_REPORT
from governance.foundation.core import blobs
from governance.people.engagements import exchange, selectors, services
from governance.people.engagements.models import Answer, AnswerFile, Engagement, Finding, Request
from governance.people.engagements.rules import LARGEST_FILE, MOST_FILES, Severity

FORMATS = ("pdf", "json")


class LinkSerializer(serializers.Serializer[Any]):
    """A record, by its noun and id."""

    kind = serializers.CharField(max_length=40)
    id = serializers.CharField(max_length=64)
    name = serializers.CharField(read_only=True)


class EngagementSerializer(RecordSerializer):
    standing = serializers.SerializerMethodField(help_text="Its state as of today: “expired” lays nothing open.")
    auditors: Any = serializers.SlugRelatedField(many=True, read_only=True, slug_field="username")
    taken_out: Any = serializers.SlugRelatedField(
        many=True, read_only=True, slug_field="username", help_text="Auditors to whom nothing is open any more."
    )
    projects = serializers.SerializerMethodField(help_text="Those of the scope that are yours to know of.")

    class Meta:
        model = Engagement
        fields: ClassVar = [
            "id", "organisation", "title", "purpose", "whole_organisation", "projects", "auditors", "taken_out",
            "period_from", "period_until", "access_from", "access_until", "state", "standing", "planned_by_name",
            "created_at", "closed_at", "closed_by_name", "sha256",
        ]  # fmt: skip
        read_only_fields = fields

    def get_standing(self, engagement: Engagement) -> str:
        return selectors.standing(engagement)

    def get_projects(self, engagement: Engagement) -> list[UUID]:
        return [project.pk for project in selectors.scope_seen(self.context["view"].actor, engagement)]


class AuditFileSerializer(serializers.ModelSerializer[Any]):
    class Meta:
        model = AnswerFile
        fields: ClassVar = ["id", "name", "sha256", "bytes"]
        read_only_fields = fields


class AuditAnswerSerializer(serializers.ModelSerializer[Any]):
    records = LinkSerializer(many=True)
    files = AuditFileSerializer(many=True, read_only=True)

    class Meta:
        model = Answer
        fields: ClassVar = ["id", "text", "records", "files", "sends_back", "by_name", "created_at"]
        read_only_fields = fields


class AuditRequestSerializer(RecordSerializer):
    answers = AuditAnswerSerializer(many=True, read_only=True)

    class Meta:
        model = Request
        fields: ClassVar = [
            "id", "engagement", "project", "number", "text", "due", "state", "answers", "by_name", "created_at",
            "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class AuditFindingSerializer(RecordSerializer):
    records = LinkSerializer(many=True, read_only=True)

    class Meta:
        model = Finding
        fields: ClassVar = [
            "id", "engagement", "project", "number", "severity", "text", "records", "state", "response",
            "responded_by_name", "owner_name", "due", "closed_how", "closed_by_name", "closed_at", "by_name",
            "created_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class ReadingSerializer(serializers.Serializer[Any]):
    """A record that an auditor read."""

    by = serializers.CharField()
    kind = serializers.CharField()
    id = serializers.CharField()
    pages = serializers.ListField(child=serializers.CharField(), help_text="Pages, and answers of the API, by name.")
    last = serializers.DateTimeField()


class NewEngagement(Input):
    organisation = serializers.UUIDField()
    title = serializers.CharField(max_length=160)
    purpose = serializers.CharField(max_length=8000, required=False, allow_blank=True, default="")
    projects = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=100)
    whole_organisation = serializers.BooleanField(required=False, default=False)
    auditors = serializers.ListField(child=serializers.CharField(max_length=150), max_length=50)
    access_from = serializers.DateField()
    access_until = serializers.DateField()
    period_from = serializers.DateField(required=False, allow_null=True, default=None)
    period_until = serializers.DateField(required=False, allow_null=True, default=None)


class RevisedEngagement(Input):
    """Only what is to change; of what is laid open already, `access_until` alone."""

    title = serializers.CharField(max_length=160, required=False)
    purpose = serializers.CharField(max_length=8000, required=False, allow_blank=True)
    projects = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=100, source="project_ids"
    )
    whole_organisation = serializers.BooleanField(required=False)
    auditors = serializers.ListField(child=serializers.CharField(max_length=150), required=False, max_length=50)
    access_from = serializers.DateField(required=False)
    access_until = serializers.DateField(required=False)
    period_from = serializers.DateField(required=False, allow_null=True)
    period_until = serializers.DateField(required=False, allow_null=True)


class Opening(Input):
    sha256 = serializers.CharField(max_length=64, help_text="Of the engagement as you read it.")


class Conclusion(Input):
    conclusion = serializers.CharField(max_length=8000)


class NewAuditRequest(Input):
    text = serializers.CharField(max_length=8000)
    project = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Left out: all the scope.")
    due = serializers.DateField(required=False, allow_null=True, default=None)


class NewAuditAnswer(Input):
    text = serializers.CharField(max_length=8000)
    records = LinkSerializer(many=True, required=False, default=list)


@extend_schema_field(LinkSerializer(many=True))
class LinksPart(JsonPart):
    def to_internal_value(self, data: Any) -> list[dict[str, str]]:
        links = LinkSerializer(data=super().to_internal_value(data), many=True)
        links.is_valid(raise_exception=True)
        return list(links.validated_data)


class NewAuditAnswerWithFiles(Input):
    text = serializers.CharField(max_length=8000)
    records = LinksPart(required=False, default=list)
    files = serializers.ListField(child=serializers.FileField(allow_empty_file=True), required=False, default=list)


class AnswerBody(UploadBody):
    """multipart/form-data with the files of an answer."""

    @staticmethod
    def limit() -> int:
        return MOST_FILES * LARGEST_FILE + FIELDS_BESIDE_A_FILE


class SentBack(Input):
    text = serializers.CharField(max_length=8000)


class NewAuditFinding(Input):
    severity = serializers.ChoiceField(choices=[one.value for one in Severity])
    text = serializers.CharField(max_length=8000)
    records = LinkSerializer(many=True, required=False, default=list)
    project = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Left out: all the scope.")


class FindingResponse(Input):
    response = serializers.CharField(max_length=8000)
    owner = serializers.CharField(max_length=150)
    due = serializers.DateField()


class FindingClosing(Input):
    how = serializers.CharField(max_length=8000)


def _links(given: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(one["kind"], one["id"]) for one in given]


class EngagementViewSet(NounViewSet):
    """Audits: those that are yours to hold, those that reach into a project of yours, those that you do."""

    noun = "audit engagement"
    edited = True
    seen = selectors.visible_to
    serializer_class = EngagementSerializer

    @extend_schema(request=NewEngagement, responses={201: EngagementSerializer})
    def create(self, request: Call) -> Response:
        """Plan an audit; it lays nothing open yet."""
        body = NewEngagement.of(request)
        made = services.plan(
            actor=self.actor, organisation_id=body.pop("organisation"), project_ids=body.pop("projects"), **body
        )
        return self.created(made)

    @extend_schema(request=RevisedEngagement, responses={200: EngagementSerializer})
    def partial_update(self, request: Call, pk: UUID) -> Response:
        """Change a plan, or move the last day of what is laid open."""
        given = RevisedEngagement.of(request)
        with unchanged(request, self.one()):
            services.revise(actor=self.actor, engagement_id=pk, **given)
        return self.shown(self.one())

    @extend_schema(request=Opening, responses={200: EngagementSerializer})
    @action(detail=True, methods=["post"])
    def open(self, request: Call, pk: UUID) -> Response:
        """Lay the scope open to the auditors, on the days of access, as it was read."""
        self.one()
        services.lay_open(actor=self.actor, engagement_id=pk, shown_sha256=Opening.of(request)["sha256"])
        return self.shown(self.one())

    @extend_schema(request=Conclusion, responses={200: EngagementSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Call, pk: UUID) -> Response:
        """End the access, and freeze the report."""
        self._mine()
        services.close(actor=self.actor, engagement_id=pk, conclusion=Conclusion.of(request)["conclusion"])
        return self.shown(self.one())

    @extend_schema(request=NewAuditRequest, responses={201: AuditRequestSerializer})
    @action(detail=True, methods=["post"])
    def requests(self, request: Call, pk: UUID) -> Response:
        """Ask to be shown something, as an auditor."""
        selectors.require_auditor(self.actor, self.one())
        body = NewAuditRequest.of(request)
        made = exchange.ask(actor=self.actor, engagement_id=pk, project_id=body.pop("project"), **body)
        return _made(AuditRequestSerializer(made), "audit-request", made)

    @extend_schema(request=NewAuditFinding, responses={201: AuditFindingSerializer})
    @action(detail=True, methods=["post"])
    def findings(self, request: Call, pk: UUID) -> Response:
        """Put a finding on record, as an auditor."""
        selectors.require_auditor(self.actor, self.one())
        body = NewAuditFinding.of(request)
        body["records"] = _links(body["records"])
        made = exchange.find(actor=self.actor, engagement_id=pk, project_id=body.pop("project"), **body)
        return _made(AuditFindingSerializer(made), "audit-finding", made)

    @extend_schema(responses=ReadingSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def readings(self, request: Call, pk: UUID) -> Response:
        """What the auditors read under it."""
        rows = [vars(reading) for reading in selectors.readings(self._mine())]
        return Response(ReadingSerializer(rows, many=True).data)

    @extend_schema(responses={200: {"type": "object", "additionalProperties": True}})
    @action(detail=True, methods=["get"])
    def report(self, request: Call, pk: UUID) -> Response:
        """The report that was frozen when it was closed; its `sha256` is over the canonical JSON of all else."""
        return Response(selectors.reported(self.actor, pk).report)

    @exports.described(*FORMATS)
    @action(detail=True, methods=["get"], content_negotiation_class=exports.WhateverIsAccepted)
    def export(self, request: Call, pk: UUID) -> HttpResponseBase:
        """The report as a file; JSON is the bytes that its digest was made of, and the digest."""
        form = exports.asked_format(request, *FORMATS)
        return exports.sent(actor=self.actor, kind=AUDIT_REPORT, document_id=pk, form=form)

    def _mine(self) -> Engagement:
        engagement: Engagement = self.one()
        selectors.require_whole(self.actor, engagement)
        return engagement


class AuditRequestViewSet(NounViewSet):
    """What auditors ask to be shown, in the projects that you answer for or audit."""

    noun = "audit request"
    seen = selectors.requests_visible_to
    serializer_class = AuditRequestSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "engagement": By("engagement", serializers.UUIDField(), "Of this engagement only."),
        "state": By("state", serializers.CharField(max_length=8), "waiting, answered or settled."),
    }

    @extend_schema(
        request={"application/json": NewAuditAnswer, "multipart/form-data": NewAuditAnswerWithFiles},
        responses={201: AuditAnswerSerializer},
    )
    @action(detail=True, methods=["post"], parser_classes=[JsonBody, AnswerBody])
    def answers(self, request: Call, pk: UUID) -> Response:
        """Answer it, with links to records of the scope; as a multipart body with files too."""
        selectors.require_answering(self.actor, self.one())
        sent = request.content_type.startswith("multipart/")
        body = (NewAuditAnswerWithFiles if sent else NewAuditAnswer).of(request)
        files = [exchange.Attached(each.name, each.size, each.file) for each in body.get("files", [])]
        made = exchange.answer(
            actor=self.actor, request_id=pk, text=body["text"], records=_links(body["records"]), files=files
        )
        return Response(AuditAnswerSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=SentBack, responses={200: AuditRequestSerializer})
    @action(detail=True, methods=["post"], url_path="send-back")
    def send_back(self, request: Call, pk: UUID) -> Response:
        """Say what the answer leaves open, as an auditor."""
        selectors.require_auditor(self.actor, self.one().engagement)
        exchange.send_back(actor=self.actor, request_id=pk, text=SentBack.of(request)["text"])
        return self.shown(self.one())

    @extend_schema(request=None, responses={200: AuditRequestSerializer})
    @action(detail=True, methods=["post"])
    def settle(self, request: Call, pk: UUID) -> Response:
        """Say that nothing more is asked for, as an auditor."""
        self.one()
        exchange.settle(actor=self.actor, request_id=pk)
        return self.shown(self.one())


class AuditFileViewSet(NounViewSet):
    """What was attached to answers: evidence for the auditors who asked."""

    noun = "audit file"
    seen = selectors.files_visible_to
    serializer_class = AuditFileSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "request": By("answer__request", serializers.UUIDField(), "Of the answers to this request only."),
    }

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}, filters=False)
    @action(detail=True, methods=["get"], content_negotiation_class=exports.WhateverIsAccepted)
    def file(self, request: Call, pk: UUID) -> FileResponse:
        """The bytes as they were sent; nobody looked into them."""
        found: AnswerFile = self.one()
        kept = blobs.opened(found.sha256)
        return FileResponse(kept, as_attachment=True, filename=found.name, content_type="application/octet-stream")


class AuditFindingViewSet(NounViewSet):
    """What auditors found, in the projects that you answer for or audit."""

    noun = "audit finding"
    seen = selectors.findings_visible_to
    serializer_class = AuditFindingSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "engagement": By("engagement", serializers.UUIDField(), "Of this engagement only."),
        "state": By("state", serializers.CharField(max_length=8), "open, in_hand or closed."),
    }

    @extend_schema(request=FindingResponse, responses={200: AuditFindingSerializer})
    @action(detail=True, methods=["post"])
    def respond(self, request: Call, pk: UUID) -> Response:
        """Say what is done about it, who sees to it, and by when."""
        selectors.require_answering(self.actor, self.one())
        exchange.respond(actor=self.actor, finding_id=pk, **FindingResponse.of(request))
        return self.shown(self.one())

    @extend_schema(request=FindingClosing, responses={200: AuditFindingSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Call, pk: UUID) -> Response:
        """Say how it was settled, as an auditor."""
        selectors.require_auditor(self.actor, self.one().engagement)
        exchange.close_finding(actor=self.actor, finding_id=pk, **FindingClosing.of(request))
        return self.shown(self.one())


def _made(shown: RecordSerializer, basename: str, row: Request | Finding) -> Response:
    return Response(shown.data, status=status.HTTP_201_CREATED, headers={"Location": address(basename, row)})
