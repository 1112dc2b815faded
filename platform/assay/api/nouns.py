"""What every noun of the API does alike: who asks, what they see, how a record is shown, narrowed and paged."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import QuerySet
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from assay.api import idempotency, parsers
from assay.api.narrowing import By, Narrowing
from assay.api.preconditions import etag
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.foundation.core.records import Record, one_of
from governance.foundation.jobs.models import Errand


class ByAcceptHeader(DefaultContentNegotiation):
    """`?format=` names the format of an export here, never a renderer."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]


class Input(serializers.Serializer[Any]):
    """A body. A field that it does not have is a fault, because a misspelt one would be lost silently."""

    @classmethod
    def of(cls, request: Request, *, partial: bool = False) -> dict[str, Any]:
        """What was given, checked. Raises ValidationError."""
        body = cls(data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping) and (strange := sorted(set(data) - set(self.fields))):
            known = ", ".join(self.fields)
            message = _("There is no such field. Known: %(known)s.") % {"known": known}
            raise serializers.ValidationError({name: [message] for name in strange})
        return dict(super().to_internal_value(data))


class RecordSerializer(serializers.ModelSerializer[Any]):
    """A record as it is shown. Subclasses name the fields."""

    sha256 = serializers.CharField(
        source="content_digest",
        read_only=True,
        help_text="The record digest: of the record's facts, not of a file. Approvals bind to it.",
    )


class ErrandSerializer(serializers.ModelSerializer[Any]):
    """What somebody asked for and a worker carries out; `error` says what stood in the way."""

    progress = serializers.SerializerMethodField(help_text="How far a worker is, in the units that it counts.")

    @extend_schema_field({"type": "object", "nullable": True})
    def get_progress(self, errand: Errand) -> dict[str, Any] | None:
        return errand.progress


class Door(APIView):
    """Under every view: the actor, the limits of a body, the idempotency of a POST."""

    parser_classes: list[Any] = [parsers.JsonBody]
    content_negotiation_class = ByAcceptHeader
    keyed = True  # whether a POST here may be repeated under an Idempotency-Key
    slow_actions: ClassVar[frozenset[str]] = frozenset()
    actor: Actor

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        parsers.refuse_too_large(request, max(parser.limit() for parser in self.parser_classes))
        super().initial(request, *args, **kwargs)
        self.actor = Actor.of(request.user)
        if request.method in SAFE_METHODS:
            self.actor = self.actor.reading()
        handler = getattr(self, "post", None)
        if request.method == "POST" and handler is not None and self.keyed and idempotency.HEADER in request.headers:
            slow = getattr(self, "action", "") in self.slow_actions
            self.post = idempotency.once(handler, slow=slow, still=self.still)

    def still(self, address: str) -> None:
        """Raises NotFound where what stands at `address`, an answer that was kept, may not be seen any more."""
        found = resolve(urlsplit(address).path)
        shown = found.func.cls  # type: ignore[attr-defined]
        if "pk" in found.kwargs:
            one_of(shown.seen(self.actor), found.kwargs["pk"])


class NounViewSet(Door, GenericViewSet[Any]):
    """List and look up one noun through its selector; what is absent and what is another's are one answer."""

    noun: ClassVar[str]  # as refusals speak it: "run plan"
    seen: ClassVar[Callable[[Actor], QuerySet[Any]]]  # selectors.visible_to
    serializer_class: type[Any]
    list_serializer_class: type[Any] | None = None
    narrowed_by: ClassVar[dict[str, By]] = {}
    filter_backends = [Narrowing]
    lookup_value_converter = "uuid"
    edited = False  # whether a PATCH exists, so that a record is shown with its ETag

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            model: type[Record] = self.serializer_class.Meta.model
            return model._default_manager.none()
        return type(self).seen(self.actor)

    def get_serializer_class(self) -> type[Any]:
        if self.action == "list" and self.list_serializer_class:
            return self.list_serializer_class
        return self.serializer_class

    def one(self, pk: UUID | None = None) -> Any:
        """The record of the address, or of `pk`, as `actor` may see it. Raises NotFound."""
        found = self.get_queryset().filter(pk=pk or self.kwargs["pk"]).first()
        if found is None:
            raise NotFound(self.noun)
        return found

    def shown(self, row: Record, *, http_status: int = status.HTTP_200_OK, location: str = "") -> Response:
        body = self.serializer_class(row, context=self.get_serializer_context())
        headers = {"ETag": etag(row)} if self.edited else {}
        if location:
            headers["Location"] = location
        return Response(body.data, status=http_status, headers=headers)

    def created(self, row: Record) -> Response:
        """The new record as its own address would show it."""
        return self.shown(self.one(row.pk), http_status=status.HTTP_201_CREATED, location=address(self.basename, row))

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.shown(self.one())


def address(basename: str, row: Record) -> str:
    """Where the API shows `row`."""
    return reverse(f"api:{basename}-detail", args=[row.pk])
