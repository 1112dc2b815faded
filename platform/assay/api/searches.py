"""Searches for a person or a phrase through the rows of a project's versions."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer, address
from governance.delivery.searches import selectors, services
from governance.delivery.searches.models import Search
from preparation.searching import HOWS, LONGEST, NEAR

PART = {
    "type": "object",
    "properties": {
        "version": {"type": "string", "format": "uuid"},
        "rows": {"type": "integer", "nullable": True},
        "rows_hit": {"type": "integer"},
        "hits": {"type": "array", "items": {"type": "object"}},
    },
}


class SearchSerializer(ErrandSerializer, RecordSerializer):
    """`state`: queued, done, failed, cancelled, or expired when what was found is destroyed. What is sought is never
    shown: `term_hmac` is a keyed digest of it."""

    parts = serializers.SerializerMethodField(
        help_text="The versions that it goes through, as far as you see them: their rows, how many hold it, and which "
        "(place from 0, number in the file, shape of the text), for those who may search there."
    )

    class Meta:
        model = Search
        fields: ClassVar = [
            "id", "project", "case_number", "how", "term_hmac", "state", "progress", "parts", "error", "asked_by_name",
            "created_at", "ended_at", "expires_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": PART})
    def get_parts(self, search: Search) -> list[dict[str, Any]]:
        view = self.context.get("view")
        parts, _ = selectors.parts_seen(view.actor, search) if view is not None else ([], 0)
        return [
            {"version": part.version_id, "rows": part.rows, "rows_hit": part.rows_hit, "hits": part.hits}
            for part in parts
        ]


class NewSearch(Input):
    project = serializers.UUIDField()
    case_number = serializers.CharField(max_length=80)
    term = serializers.CharField(max_length=LONGEST, help_text="A name, an address, a number, or a phrase.")
    how = serializers.ChoiceField(choices=HOWS, default=NEAR)
    everywhere = serializers.BooleanField(default=False, help_text="Also in your other projects of the organisation.")


class SearchViewSet(NounViewSet):
    """Searches that you may know of: as data protection officer, data steward, compliance officer, owner or auditor."""

    noun = "search"
    seen = selectors.visible_to
    serializer_class = SearchSerializer
    keyed = False  # a key would keep a digest of the body, and with it of the term, that nothing protects
    narrowed_by: ClassVar[dict[str, By]] = {"project": by_project("project")}

    @extend_schema(request=NewSearch, responses={202: SearchSerializer})
    def create(self, request: Request) -> Response:
        """Have a worker look through every row."""
        body = NewSearch.of(request)
        made = services.ask(actor=self.actor, project_id=body.pop("project"), **body)
        return self.shown(self.one(made.pk), http_status=202, location=address(self.basename, made))

    @extend_schema(request=None, responses={200: SearchSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End a search; nothing of it is kept but that it was."""
        self.one()
        services.cancel(actor=self.actor, search_id=pk)
        return self.shown(self.one())
