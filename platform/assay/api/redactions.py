"""Derived versions without the personal data that was found."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer, address
from governance.materials.redactions import selectors, services
from governance.materials.redactions.models import Redaction
from preparation.persons import hipaa, redaction
from preparation.persons.kinds import KINDS


class RedactionSerializer(ErrandSerializer, RecordSerializer):
    """`state`: queued, registered, refused, failed or cancelled; `version` is what came of it. Neither salt nor map
    of the pseudonyms is ever shown; `pseudonyms` says whether they are there or erased."""

    project = serializers.UUIDField(source="source.dataset.project_id", read_only=True)
    pseudonyms = serializers.SerializerMethodField(help_text="kept, erased, or null where there are none.")

    class Meta:
        model = Redaction
        fields: ClassVar = [
            "id", "source", "source_sha256", "project", "options", "state", "progress", "done", "version", "pseudonyms",
            "error", "asked_by_name", "created_at", "ended_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "string", "nullable": True})
    def get_pseudonyms(self, found: Redaction) -> str | None:
        kept = getattr(found, "pseudonyms", None)
        return None if kept is None else "erased" if kept.erased_at else "kept"


class NewRedaction(Input):
    """Kinds, or a profile that chooses them."""

    version = serializers.UUIDField(help_text="The dataset version.")
    method = serializers.ChoiceField(choices=redaction.METHODS)
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=list(KINDS)), default=list)
    profile = serializers.ChoiceField(choices=[hipaa.PROFILE], required=False)


class LookBehind(Input):
    pseudonym = serializers.CharField(max_length=120)
    reason = serializers.CharField(max_length=2000)


class Seen(serializers.Serializer[Any]):
    value = serializers.CharField()


class RedactionViewSet(NounViewSet):
    """Redactions of your projects' data. The version that one is made from stays as it is."""

    noun = "redaction"
    seen = selectors.visible_to
    serializer_class = RedactionSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("source__dataset__project"),
        "source": By("source", serializers.UUIDField(), "Made from this version only."),
    }

    @extend_schema(request=NewRedaction, responses={202: RedactionSerializer})
    def create(self, request: Request) -> Response:
        """Have a worker write a version's rows again without what is found, as the next version."""
        body = NewRedaction.of(request)
        profile = body.get("profile", "")
        kinds = hipaa.kinds(names=bool(settings.ASSAY_NAMES_MODEL)) if profile else tuple(body["kinds"])
        asked = redaction.Redaction(body["method"], kinds, profile)
        made = services.ask(actor=self.actor, version_id=body["version"], asked=asked)
        return self.shown(self.one(made.pk), http_status=202, location=address(self.basename, made))

    @extend_schema(request=None, responses={200: RedactionSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End a redaction; nothing of it is kept."""
        self.one()
        services.cancel(actor=self.actor, redaction_id=pk)
        return self.shown(self.one())

    @extend_schema(request=LookBehind, responses={200: Seen})
    # No key: it would keep the value to be answered again, past its erasure and past the right to look.
    @action(detail=True, methods=["post"], url_path="look-behind", keyed=False)
    def look_behind(self, request: Request, pk: UUID) -> Response:
        """Which value a pseudonym stands for; that you looked, and why, goes on record."""
        self.one()
        value = services.look_behind(actor=self.actor, redaction_id=pk, **LookBehind.of(request))
        return Response({"value": value}, headers={"Cache-Control": "no-store"})

    @extend_schema(request=None, responses={200: RedactionSerializer})
    @action(detail=True, methods=["post"], url_path="erase-pseudonyms")
    def erase_pseudonyms(self, request: Request, pk: UUID) -> Response:
        """Let go of salt and map for good."""
        self.one()
        services.erase_pseudonyms(actor=self.actor, redaction_id=pk)
        return self.shown(self.one())
