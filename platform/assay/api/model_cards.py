"""Model cards: they write themselves from the records; a new state of the records is a new number."""

from typing import ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api import exports
from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer
from governance.documents.model_cards import selectors, services
from governance.documents.model_cards.models import ModelCard
from governance.documents.renderings.documents import MODEL_CARD

FORMATS = ("pdf", "md", "json", "notice")
SUMMARY = ["id", "project", "model_version", "number", "created_at", "sha256"]


class ModelCardSummary(RecordSerializer):
    class Meta:
        model = ModelCard
        fields: ClassVar = SUMMARY
        read_only_fields = fields


class ModelCardSerializer(RecordSerializer):
    class Meta:
        model = ModelCard
        fields: ClassVar = [*SUMMARY, "document", "markdown"]
        read_only_fields = fields


class NewCard(Input):
    model_version = serializers.UUIDField()


class ModelCardViewSet(NounViewSet):
    """Frozen cards, the newest first."""

    noun = "model card"
    seen = selectors.visible_to
    serializer_class = ModelCardSerializer
    list_serializer_class = ModelCardSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "model_version": By("model_version", serializers.UUIDField(), "Of this model version only."),
    }

    @extend_schema(request=NewCard, responses={201: ModelCardSerializer})
    def create(self, request: Request) -> Response:
        """Freeze the card anew from today's records; the newest is given back when it says the very same."""
        made = services.renew(actor=self.actor, model_version_id=NewCard.of(request)["model_version"])
        return self.created(made)

    @exports.described(*FORMATS)
    @action(detail=True, methods=["get"], content_negotiation_class=exports.WhateverIsAccepted)
    def export(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The card as a file; Markdown carries its Hugging Face metadata on top, NOTICE goes with the weights."""
        card, form = self.one(), exports.asked_format(request, *FORMATS)
        return exports.sent(actor=self.actor, kind=MODEL_CARD, document_id=card.pk, form=form)
