"""The trail of what one may see, to read only."""

import json
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import NounViewSet
from assay.api.pages import EntryPages
from governance.foundation.audit import extracts, selectors
from governance.foundation.audit.models import AuditEvent
from governance.foundation.audit.rules import LARGEST_SEQ
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.people.engagements import access
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects


class AuditEventSerializer(serializers.ModelSerializer[Any]):
    by_name = serializers.SerializerMethodField(help_text="Empty for the platform, and for who was forgotten.")
    subject = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField(help_text="What was hashed, as JSON.")
    personal = serializers.SerializerMethodField(help_text="What the body only commits to; null if there is none.")

    class Meta:
        model = AuditEvent
        fields: ClassVar = [
            "seq", "at", "actor", "by_name", "action", "subject", "project", "organisation", "body", "personal",
            "previous_hash", "hash",
        ]  # fmt: skip
        read_only_fields = fields

    def get_by_name(self, event: AuditEvent) -> str:
        return str(self.context["names"].get(event.actor, "")) if event.actor else ""

    @extend_schema_field({"type": "object", "properties": {"kind": {"type": "string"}, "id": {"type": "string"}}})
    def get_subject(self, event: AuditEvent) -> dict[str, str]:
        return {"kind": event.subject_kind, "id": event.subject_id}

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_body(self, event: AuditEvent) -> dict[str, Any]:
        return dict(json.loads(event.body))

    @extend_schema_field({"type": "object", "additionalProperties": True, "nullable": True})
    def get_personal(self, event: AuditEvent) -> dict[str, Any] | None:
        return json.loads(event.personal.text) if hasattr(event, "personal") else None


def _seen(actor: Actor) -> QuerySet[AuditEvent]:
    events = selectors.trail(
        projects=projects.visible_to(actor).values_list("pk", flat=True),
        organisations=organisations.visible_to(actor).values_list("pk", flat=True),
    )
    return events.filter(access.entries(actor)) if access.is_auditing(actor) else events


class AuditEventViewSet(NounViewSet):
    """Entries of the chain about your projects and organisations, newest first."""

    noun = "audit entry"
    seen = _seen
    serializer_class = AuditEventSerializer
    pagination_class = EntryPages
    lookup_value_converter = "int"
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "action": By("action__startswith", serializers.CharField(max_length=64), "Acts that begin so: “run.”"),
        "kind": By("subject_kind", serializers.CharField(max_length=40), "About this kind of record only."),
        "subject": By("subject_id", serializers.CharField(max_length=64), "About the record with this id only."),
    }

    def list(self, request: Request) -> Response:
        events = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self._serialised(events, many=True))

    @extend_schema(responses=AuditEventSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        if pk > LARGEST_SEQ:
            raise NotFound(self.noun)
        return Response(self._serialised(self.one(), many=False))

    @extend_schema(
        responses={200: {"type": "object", "additionalProperties": True}},
        description="The entry with its proof under the newest signed head (assay.audit-extract/1), for `verify.py`.",
    )
    @action(detail=True, methods=["get"])
    def proof(self, request: Request, pk: int) -> Response:
        if pk > LARGEST_SEQ:
            raise NotFound(self.noun)
        return Response(extracts.of([self.one()]))

    def _serialised(self, found: Any, *, many: bool) -> Any:
        names = selectors.names(found if many else [found])
        context = {**self.get_serializer_context(), "names": names}
        return AuditEventSerializer(found, many=many, context=context).data
