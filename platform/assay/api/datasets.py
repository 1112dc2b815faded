"""Datasets, and their versions: immutable, content-addressed."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from django.http import FileResponse, HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api import exports
from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer, address
from assay.api.parsers import JsonPart, UploadBody
from assay.api.quality_profiles import NewQualityProfile, QualityProfileSerializer, options_of
from assay.api.splits import NewSplit, SplitSerializer, asked_of
from assay.api.standings import StandingSerializer
from governance.delivery.evidence import membership
from governance.documents.renderings.documents import DATASHEET
from governance.materials.datasets import descriptions, measuring, provenance, selectors, services, splitting
from governance.materials.datasets.exchange.description import Description
from governance.materials.datasets.exchange.writing import FORMS
from governance.materials.datasets.models import Dataset, DatasetVersion, Import
from governance.materials.datasets.rules import SplitState
from governance.people.approvals.selectors import standing
from preparation.containers import CONTAINERS
from preparation.formats import FORMATS
from preparation.hub import MAIN, Place
from preparation.reading import AUTO, Reading

ASK_AGAIN_SECONDS = 5


def _answer_schema(one: provenance.Field) -> dict[str, Any]:
    """What an answer to a question of the record looks like."""
    match one.form:
        case provenance.Form.PLACES:
            shape: dict[str, Any] = {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{2}$"}}
        case provenance.Form.CHOICE:
            shape = {"type": "string", "enum": list(one.options)}
        case provenance.Form.CHOICES:
            shape = {"type": "array", "items": {"type": "string", "enum": list(one.options)}}
        case provenance.Form.SHARE:
            shape = {"type": "number", "minimum": 0, "maximum": 100}
        case provenance.Form.VERSIONS:
            shape = {"type": "array", "items": {"oneOf": [{"type": "string", "format": "uuid"}, {"type": "object"}]}}
        case _:
            shape = {"type": "string"}
    return {**shape, "description": one.ask}


PROVENANCE_SCHEMA = {
    "type": "object",
    "properties": {field.name: _answer_schema(field) for field in provenance.FIELDS},
    "required": [field.name for field in provenance.FIELDS if field.needed],
    "additionalProperties": False,
}
TOLD_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"where": {"type": "string"}, "says": {"type": "string"}},
        "required": ["where", "says"],
        "additionalProperties": False,
    },
}


class DatasetSerializer(RecordSerializer):
    version_count = serializers.IntegerField(read_only=True)
    latest = serializers.IntegerField(read_only=True, allow_null=True, help_text="The number of its newest version.")

    class Meta:
        model = Dataset
        fields: ClassVar = [
            "id", "project", "name", "slug", "description", "version_count", "latest", "created_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class NewDataset(Input):
    project = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(required=False, allow_blank=True)


SUMMARY = [
    "id", "dataset", "project", "number", "file_name", "file_sha256", "file_bytes", "container", "format", "columns",
    "rows", "rows_root", "licence", "registered_by_name", "created_at", "sha256",
]  # fmt: skip


class DatasetVersionSummary(RecordSerializer):
    project = serializers.UUIDField(source="dataset.project_id", read_only=True)

    class Meta:
        model = DatasetVersion
        fields: ClassVar = SUMMARY
        read_only_fields = fields


class ImportSerializer(ErrandSerializer):
    """`state`: queued, registered, refused, failed, cancelled or discarded. `found` lists what is wrong."""

    project = serializers.UUIDField(source="dataset.project_id", read_only=True)

    class Meta:
        model = Import
        fields: ClassVar = [
            "id", "dataset", "project", "file_name", "file_sha256", "file_bytes", "hub", "asked", "licence", "state",
            "progress", "found", "error", "version", "asked_by_name", "created_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


class DatasetVersionSerializer(DatasetVersionSummary):
    standing = serializers.SerializerMethodField()

    class Meta(DatasetVersionSummary.Meta):
        fields: ClassVar = [*SUMMARY, "profile", "provenance", "licence_told", "standing"]
        read_only_fields = fields

    @extend_schema_field(StandingSerializer)
    def get_standing(self, version: DatasetVersion) -> dict[str, Any]:
        return dict(StandingSerializer(standing(version)).data)


@extend_schema_field(PROVENANCE_SCHEMA)
class ProvenancePart(JsonPart):
    def to_internal_value(self, data: Any) -> dict[str, Any]:
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError(_("A provenance record is an object: field name to answer."))
        return value


@extend_schema_field(TOLD_SCHEMA)
class ToldPart(JsonPart):
    def to_internal_value(self, data: Any) -> list[dict[str, str]]:
        value = super().to_internal_value(data)
        if not isinstance(value, list) or not all(self._is_entry(entry) for entry in value):
            raise serializers.ValidationError(_('What places say is a list of {"where": text, "says": text}.'))
        return value

    @staticmethod
    def _is_entry(entry: Any) -> bool:
        return (
            isinstance(entry, dict)
            and set(entry) == {"where", "says"}
            and all(isinstance(text, str) for text in entry.values())
        )


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class ColumnsPart(JsonPart):
    def to_internal_value(self, data: Any) -> dict[str, str]:
        value = super().to_internal_value(data)
        if not isinstance(value, dict) or not all(isinstance(column, str) for column in value.values()):
            raise serializers.ValidationError(_("Columns are an object: field of the format to column of the file."))
        return value


class ReadingInput(Input):
    """How a file is read; what is left out is as the file shows."""

    container = serializers.ChoiceField(choices=[AUTO, *CONTAINERS], default=AUTO)
    format = serializers.ChoiceField(choices=[AUTO, *FORMATS], default=AUTO)
    columns = ColumnsPart(required=False, help_text="Field of the format to the column that holds it.")


class Statement(ReadingInput):
    """How rows are read, and what is known about where they come from."""

    licence = serializers.CharField(max_length=200, help_text="An SPDX expression.")
    provenance = ProvenancePart()
    licence_told = ToldPart(required=False, help_text="What other places say about its licence.")


class NewVersion(Statement):
    """A file with what is known about where it comes from."""

    file = serializers.FileField(allow_empty_file=True)  # so that it is refused in the reader's words


class NewFetch(Statement):
    """Rows on a hub with what is known about where they come from."""

    container = None  # type: ignore[assignment]  # takes the field away: what is fetched is JSONL
    repository = serializers.CharField(max_length=200, help_text="The set's id on the hub, owner/name.")
    config = serializers.CharField(required=False, default="", max_length=200, help_text="Empty: the only one.")
    split = serializers.CharField(default="train", max_length=100)
    revision = serializers.CharField(default=MAIN, max_length=200, help_text="A branch, a tag or a commit.")


def reading_of(body: dict[str, Any]) -> Reading:
    """Takes the reading out of a body."""
    return Reading(body.pop("container", AUTO), body.pop("format"), body.pop("columns", {}))


class Since(Input):
    since = serializers.UUIDField()


class ChangesSerializer(serializers.Serializer[Any]):
    """Places count from 0; `changed` rows ask the same and answer otherwise: [old place, new place]."""

    since = serializers.UUIDField()
    kept = serializers.IntegerField()
    added = serializers.ListField(child=serializers.IntegerField())
    removed = serializers.ListField(child=serializers.IntegerField())
    changed = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))


class DescriptionInput(Input):
    text = serializers.CharField(
        trim_whitespace=False,
        help_text="Croissant, a dataset card, a datasheet in Markdown, or the JSON of one of these, as it is.",
    )


class FindingSerializer(serializers.Serializer[Any]):
    where = serializers.CharField()
    message = serializers.CharField()
    cure = serializers.CharField()


class DescriptionSerializer(serializers.Serializer[Description]):
    """What a description says: ready to be looked at, and sent with a file. `found_in` tells where each part stood."""

    kind = serializers.CharField()
    name = serializers.CharField(source="name.value", allow_null=True, default=None)
    summary = serializers.CharField(source="summary.value", allow_null=True, default=None)
    licence = serializers.CharField(source="licence.value", allow_null=True, default=None)
    licence_told = serializers.ListField(child=serializers.DictField())
    provenance = serializers.DictField(source="values")
    found_in = serializers.DictField(child=serializers.CharField())
    findings = FindingSerializer(many=True)


class DatasetViewSet(NounViewSet):
    """Named lines of versions, each in one project."""

    noun = "dataset"
    seen = selectors.visible_to
    serializer_class = DatasetSerializer
    narrowed_by: ClassVar[dict[str, By]] = {"project": by_project()}
    slow_actions = frozenset({"versions"})

    @extend_schema(request=NewDataset, responses={201: DatasetSerializer})
    def create(self, request: Request) -> Response:
        """Open a named line of versions."""
        body = NewDataset.of(request)
        return self.created(services.create(actor=self.actor, project_id=body.pop("project"), **body))

    @extend_schema(
        request={"multipart/form-data": NewVersion}, responses={201: DatasetVersionSerializer, 202: ImportSerializer}
    )
    @action(detail=True, methods=["post"], parser_classes=[UploadBody])
    def versions(self, request: Request, pk: UUID) -> Response:
        """Register a file as the next version: read, checked row by row, hashed and profiled, or not kept at all.

        A large or packed file is read by a worker: 202, and `Location` names the import, which tells how far it is
        and ends with the version's id or with what is wrong.
        """
        self.one()
        body = NewVersion.of(request)
        upload = body.pop("file")
        made = services.enter(
            actor=self.actor,
            dataset_id=pk,
            path=Path(upload.temporary_file_path()),
            file_name=upload.name,
            reading=reading_of(body),
            **body,
        )
        if isinstance(made, Import):
            return self._asked(made)
        shown = DatasetVersionSerializer(made, context=self.get_serializer_context())
        headers = {"Location": address("dataset-version", made)}
        return Response(shown.data, status=status.HTTP_201_CREATED, headers=headers)

    @extend_schema(request={"multipart/form-data": NewFetch}, responses={202: ImportSerializer})
    @action(detail=True, methods=["post"], parser_classes=[UploadBody])
    def fetch(self, request: Request, pk: UUID) -> Response:
        """Have a worker fetch rows from a hub as the next version, where the operator allows it (ASSAY_ALLOW_HUB).

        `Location` names the import, which tells how far it is and ends with the version's id or with what is wrong.
        """
        self.one()
        body = NewFetch.of(request)
        place = Place(**{one.name: body.pop(one.name) for one in fields(Place)})
        return self._asked(
            services.fetch(actor=self.actor, dataset_id=pk, place=place, reading=reading_of(body), **body)
        )

    @staticmethod
    def _asked(made: Import) -> Response:
        headers = {"Location": address("import", made), "Retry-After": str(ASK_AGAIN_SECONDS)}
        return Response(ImportSerializer(made).data, status=status.HTTP_202_ACCEPTED, headers=headers)

    @extend_schema(request=DescriptionInput, responses={200: DescriptionSerializer})
    @action(detail=True, methods=["post"])
    def describe(self, request: Request, pk: UUID) -> Response:
        """What somebody else's description says of the data, each answer with its place. Nothing is kept."""
        self.one()
        text = DescriptionInput.of(request)["text"]
        found = descriptions.read(actor=self.actor, dataset_id=pk, data=text.encode())
        return Response(DescriptionSerializer(found).data)


class ImportViewSet(NounViewSet):
    """Files on their way to being versions: how far each is, and what is wrong with it."""

    noun = "import"
    seen = selectors.imports_visible_to
    serializer_class = ImportSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("dataset__project"),
        "dataset": By("dataset", serializers.UUIDField(), "Imports for this dataset only."),
    }

    @extend_schema(request=ReadingInput, responses={200: ImportSerializer})
    @action(detail=True, methods=["post"], url_path="read-again")
    def read_again(self, request: Request, pk: UUID) -> Response:
        """Have the file read once more, as the body says."""
        self.one()
        found = services.read_again(actor=self.actor, import_id=pk, reading=reading_of(ReadingInput.of(request)))
        return Response(ImportSerializer(found).data)

    @extend_schema(request=None, responses={200: ImportSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End the reading; the file stays, to be read again or discarded."""
        self.one()
        return Response(ImportSerializer(services.cancel(actor=self.actor, import_id=pk)).data)

    @extend_schema(request=None, responses={200: ImportSerializer})
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, pk: UUID) -> Response:
        """Let go of a file that became no version."""
        self.one()
        return Response(ImportSerializer(services.discard(actor=self.actor, import_id=pk)).data)


class DatasetVersionViewSet(NounViewSet):
    """What was uploaded, what was found in it, and where it comes from."""

    slow_actions = frozenset({"splits"})

    noun = "dataset version"
    seen = selectors.versions_visible_to
    serializer_class = DatasetVersionSerializer
    list_serializer_class = DatasetVersionSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("dataset__project"),
        "dataset": By("dataset", serializers.UUIDField(), "Versions of this dataset only."),
    }

    @extend_schema(
        responses={200: ChangesSerializer},
        parameters=[OpenApiParameter("since", OpenApiTypes.UUID, required=True, description="The other version.")],
    )
    @action(detail=True, methods=["get"])
    def changes(self, request: Request, pk: UUID) -> Response:
        """What became of the rows since another version of the dataset; rows by their place, from 0."""
        version = self.one()
        asked = Since(data=request.query_params)
        asked.is_valid(raise_exception=True)
        since = selectors.version_visible(self.actor, asked.validated_data["since"])
        found = selectors.changes(version, since)
        return Response(ChangesSerializer({"since": since.pk, **asdict(found)}).data)

    @extend_schema(
        responses={200: OpenApiTypes.OBJECT},
        parameters=[OpenApiParameter("place", int, OpenApiParameter.PATH, description="The row's place, from 0.")],
    )
    @action(detail=True, methods=["get"], url_path="rows/<int:place>/proof", url_name="row-proof")
    def row_proof(self, request: Request, pk: UUID, place: int) -> Response:
        """The proof that a row is in the version, for `assay verify` (assay.membership/1). Taking it goes on record."""
        return Response(membership.prove(actor=self.actor, version_id=pk, place=place))

    @extend_schema(request=NewSplit, responses={201: SplitSerializer, 202: SplitSerializer})
    @action(detail=True, methods=["post"])
    def splits(self, request: Request, pk: UUID) -> Response:
        """Say of every row which part it belongs to.

        A large or packed file is read by a worker: 202, and `Location` names the split, which tells how far it is.
        """
        self.one()
        made = splitting.split(actor=self.actor, version_id=pk, asked=asked_of(request))
        headers = {"Location": address("split", made)}
        if made.state == SplitState.READY:
            return Response(SplitSerializer(made).data, status=status.HTTP_201_CREATED, headers=headers)
        headers["Retry-After"] = str(ASK_AGAIN_SECONDS)
        return Response(SplitSerializer(made).data, status=status.HTTP_202_ACCEPTED, headers=headers)

    @exports.described(*FORMS)
    @action(detail=True, methods=["get"], content_negotiation_class=exports.WhateverIsAccepted)
    def export(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The description as a file: datasheet, Croissant or dataset card. It holds no rows."""
        version, form = self.one(), exports.asked_format(request, *FORMS)
        return exports.sent(actor=self.actor, kind=DATASHEET, document_id=version.pk, form=form)

    @extend_schema(request=NewQualityProfile, responses={202: QualityProfileSerializer})
    @action(detail=True, methods=["post"], url_path="quality-profiles")
    def quality_profiles(self, request: Request, pk: UUID) -> Response:
        """Have a worker measure the quality of its rows. `Location` names the profile, which tells how far it is."""
        self.one()
        made = measuring.measure(actor=self.actor, version_id=pk, options=options_of(request))
        headers = {"Location": address("quality-profile", made), "Retry-After": str(ASK_AGAIN_SECONDS)}
        return Response(QualityProfileSerializer(made).data, status=status.HTTP_202_ACCEPTED, headers=headers)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def file(self, request: Request, pk: UUID) -> FileResponse:
        """The file itself, for the roles that need it; that you took it goes on record."""
        version = self.one()
        opened = services.download(actor=self.actor, version_id=pk)
        return FileResponse(opened, as_attachment=True, filename=version.file_name)
