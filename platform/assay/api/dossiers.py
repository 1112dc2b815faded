"""Dossiers: the open draft with its declared texts, and the frozen versions that are signed."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import FileResponse, HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api import exports
from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer, address
from assay.api.standings import StandingSerializer
from governance.delivery.evidence import services as evidence
from governance.documents.dossiers import selectors, services
from governance.documents.dossiers.models import Declaration, Dossier, DossierVersion, StatedFact
from governance.documents.renderings.documents import DOSSIER
from governance.foundation.core import blobs
from governance.foundation.core.errors import NotFound, WrongState
from governance.people.approvals.selectors import standing

FORMATS = ("pdf", "md", "json", "bundle")
LARGEST_NUMBER = 2**31 - 1
VERSION = OpenApiParameter("version", int, description="The number of a frozen version; the newest if left out.")


class DossierVersionSummary(RecordSerializer):
    class Meta:
        model = DossierVersion
        fields: ClassVar = ["id", "project", "dossier", "number", "frozen_by_name", "created_at", "sha256"]
        read_only_fields = fields


class DossierVersionSerializer(DossierVersionSummary):
    standing = serializers.SerializerMethodField()

    class Meta(DossierVersionSummary.Meta):
        fields: ClassVar = [*DossierVersionSummary.Meta.fields, "document", "standing"]
        read_only_fields = fields

    @extend_schema_field(StandingSerializer)
    def get_standing(self, version: DossierVersion) -> dict[str, Any]:
        return dict(StandingSerializer(standing(version)).data)


class DossierSummary(serializers.ModelSerializer[Any]):
    latest = serializers.IntegerField(read_only=True, allow_null=True, help_text="The number of its newest version.")

    class Meta:
        model = Dossier
        fields: ClassVar = ["id", "project", "model_version", "edition", "latest", "created_by_name", "created_at"]
        read_only_fields = fields


class DossierSerializer(DossierSummary):
    document = serializers.SerializerMethodField(help_text="assay.dossier/1, as it would be frozen now.")
    versions = DossierVersionSummary(many=True, read_only=True)

    class Meta(DossierSummary.Meta):
        fields: ClassVar = [*DossierSummary.Meta.fields, "document", "versions"]
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_document(self, dossier: Dossier) -> dict[str, Any]:
        return selectors.draft(dossier)


class DeclarationSerializer(RecordSerializer):
    class Meta:
        model = Declaration
        fields: ClassVar = ["id", "prompt", "text", "not_applicable", "by_name", "created_at", "replaced_at", "sha256"]
        read_only_fields = fields


class NewDeclaration(Input):
    prompt = serializers.CharField(max_length=80)
    text = serializers.CharField(allow_blank=True, help_text="With `not_applicable`, the reason.")
    not_applicable = serializers.BooleanField(default=False)
    seen = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text="The declaration that stood when you began to write, null for none; left out, the last one wins.",
    )


class StatedFactSerializer(RecordSerializer):
    class Meta:
        model = StatedFact
        fields: ClassVar = ["id", "fact", "value", "reason", "by_name", "created_at", "replaced_at", "sha256"]
        read_only_fields = fields


class NewFact(Input):
    fact = serializers.CharField(max_length=40)
    value = serializers.BooleanField()
    reason = serializers.CharField(required=False, allow_blank=True)


class VersionInput(serializers.Serializer[Any]):
    version = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_NUMBER)


class DossierViewSet(NounViewSet):
    """The dossier of each model version. It is opened by the platform when a model has been evaluated."""

    noun = "dossier"
    seen = selectors.visible_to
    serializer_class = DossierSerializer
    list_serializer_class = DossierSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "model_version": By("model_version", serializers.UUIDField(), "Of this model version only."),
    }

    @extend_schema(responses=DeclarationSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def declarations(self, request: Request, pk: UUID) -> Response:
        """The texts that stand, one a prompt."""
        return Response(DeclarationSerializer(selectors.declarations(self.one()), many=True).data)

    @extend_schema(request=NewDeclaration, responses={201: DeclarationSerializer})
    @declarations.mapping.post
    def declare(self, request: Request, pk: UUID) -> Response:
        """Declare a text for a prompt, or that what it asks for does not exist; an earlier text stays readable."""
        body = NewDeclaration.of(request)
        seen = {"seen": body["seen"]} if "seen" in body else {}
        if body["not_applicable"]:
            made = services.mark_not_applicable(
                actor=self.actor, dossier_id=pk, prompt=body["prompt"], reason=body["text"], **seen
            )
        else:
            made = services.declare(actor=self.actor, dossier_id=pk, prompt=body["prompt"], text=body["text"], **seen)
        return Response(DeclarationSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["delete"], url_path="declarations/<str:prompt>")
    def take_back(self, request: Request, pk: UUID, prompt: str) -> Response:
        """End the text that stands for a prompt; it stays in the history."""
        services.take_back(actor=self.actor, dossier_id=pk, prompt=prompt)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=StatedFactSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def facts(self, request: Request, pk: UUID) -> Response:
        """The answers to the edition's facts that stand."""
        return Response(StatedFactSerializer(selectors.stated_facts(self.one()), many=True).data)

    @extend_schema(request=NewFact, responses={201: StatedFactSerializer})
    @facts.mapping.post
    def state_fact(self, request: Request, pk: UUID) -> Response:
        """Answer one of the edition's facts, on which rules decide what does not apply."""
        made = services.state_fact(actor=self.actor, dossier_id=pk, **NewFact.of(request))
        return Response(StatedFactSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={201: DossierVersionSerializer})
    @action(detail=True, methods=["post"])
    def freeze(self, request: Request, pk: UUID) -> Response:
        """Freeze what the dossier says now; a version that says the very same is given back instead."""
        made = services.freeze(actor=self.actor, dossier_id=pk)
        headers = {"Location": address("dossier-version", made)}
        return Response(DossierVersionSerializer(made).data, status=status.HTTP_201_CREATED, headers=headers)

    @exports.described(*FORMATS, more=[VERSION])
    @action(detail=True, methods=["get"], content_negotiation_class=exports.WhateverIsAccepted)
    def export(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The newest frozen version as a file, or the one with the number `version`."""
        dossier = self.one()
        form = exports.asked_format(request, *FORMATS)
        version = _version(dossier, request)
        if form == "bundle":
            bundle = evidence.export(actor=self.actor, dossier_version_id=version.pk)
            opened = blobs.opened(bundle.file_sha256)
            return FileResponse(opened, as_attachment=True, filename="evidence.zip", content_type=exports.OF_THE_BUNDLE)
        return exports.sent(actor=self.actor, kind=DOSSIER, document_id=version.pk, form=form)


class DossierVersionViewSet(NounViewSet):
    """Frozen dossiers. What is signed is `sha256`, the digest of `document` without that field."""

    noun = "dossier"
    seen = selectors.versions_visible_to
    serializer_class = DossierVersionSerializer
    list_serializer_class = DossierVersionSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "dossier": By("dossier", serializers.UUIDField(), "Of this dossier only."),
    }


def _version(dossier: Dossier, request: Request) -> DossierVersion:
    asked = VersionInput(data=request.query_params)
    asked.is_valid(raise_exception=True)
    number = asked.validated_data.get("version")
    found = dossier.versions.filter(number=number).first() if number else selectors.newest_version(dossier)
    if found is not None:
        return found
    if number:
        raise NotFound(_("version of this dossier"))
    raise WrongState(_("Nothing of this dossier is frozen yet; freeze it first."))
