"""Files of frozen documents: sent when they are there, promised with a 202 while a worker makes them."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.http import FileResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import NounViewSet, address
from governance.documents.renderings import selectors, services
from governance.documents.renderings.documents import DOCUMENTS
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import MEDIA_TYPES, Format, State
from governance.foundation.core.actor import Actor

OF_THE_BUNDLE = "application/zip"
ASK_AGAIN_SECONDS = 2
F = TypeVar("F", bound=Callable[..., Any])


class WhateverIsAccepted(BaseContentNegotiation):
    """The address names the format of a file; an Accept header neither adds to that nor takes from it."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class RenderingSerializer(serializers.ModelSerializer[Any]):
    class Meta:
        model = Rendering
        fields: ClassVar = [
            "id", "project", "document_kind", "document_id", "document_sha256", "format", "state", "file_name",
            "file_sha256", "file_bytes", "renderer", "error", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class RenderingViewSet(NounViewSet):
    """Files that were asked for, and how far each is."""

    noun = "rendering"
    seen = selectors.visible_to
    serializer_class = RenderingSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "document": By("document_id", serializers.UUIDField(), "Of this frozen document only."),
    }

    @extend_schema(
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, (200, "text/markdown"): OpenApiTypes.BINARY},
        filters=False,
    )
    @action(detail=True, methods=["get"], content_negotiation_class=WhateverIsAccepted)
    def file(self, request: Request, pk: UUID) -> FileResponse:
        """The file, once it is made."""
        return _sent(services.take_rendering(actor=self.actor, rendering_id=pk))


def described(*formats: str, more: Sequence[OpenApiParameter] = ()) -> Callable[[F], F]:
    """The OpenAPI of an export in these formats, with `more` parameters than the format."""
    made_later = "pdf" in formats
    types = {name: MEDIA_TYPES.get(name, OF_THE_BUNDLE).partition(";")[0] for name in formats}
    responses: dict[Any, Any] = {(200, kind): OpenApiTypes.BINARY for kind in types.values()}
    return extend_schema(
        parameters=[OpenApiParameter("format", {"type": "string", "enum": list(formats)}, required=True), *more],
        responses=responses | ({202: RenderingSerializer} if made_later else {}),
        filters=False,
    )


def asked_format(request: Request, *formats: str) -> str:
    """The `format` of the query. Raises ValidationError naming those there are."""
    asked = str(request.query_params.get("format", ""))
    if asked not in formats:
        message = _("“%(asked)s” is not a format of this document. It comes as: %(formats)s.")
        values = {"asked": asked[:40], "formats": ", ".join(formats)}
        raise serializers.ValidationError({"format": [message % values]})
    return asked


def sent(*, actor: Actor, kind: str, document_id: UUID, form: str) -> FileResponse | Response:
    """The file if it is there; else it is asked for: 202 with the address that tells when it is."""
    if form not in DOCUMENTS[kind].printed:
        return _sent(services.take(actor=actor, kind=kind, document_id=document_id, form=form))
    rendering = services.ask(actor=actor, kind=kind, document_id=document_id, file_format=Format(form))
    if rendering.state == State.READY:
        return _sent(services.take_rendering(actor=actor, rendering_id=rendering.pk))
    headers = {"Location": address("rendering", rendering), "Retry-After": str(ASK_AGAIN_SECONDS)}
    return Response(RenderingSerializer(rendering).data, status=status.HTTP_202_ACCEPTED, headers=headers)


def _sent(taken: services.Taken) -> FileResponse:
    return FileResponse(taken.file, as_attachment=True, filename=taken.name, content_type=taken.media_type)
