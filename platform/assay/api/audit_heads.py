"""The signed heads of the audit trail, to keep elsewhere."""

from base64 import b64encode
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.nouns import NounViewSet
from assay.api.pages import EntryPages
from governance.foundation.audit import heads, stamps
from governance.foundation.audit.models import TimeStamp, TreeHead
from governance.foundation.core.actor import Actor


class TimeStampSerializer(serializers.ModelSerializer[Any]):
    by = serializers.CharField(source="authority", read_only=True, help_text="Whom the certificate names.")
    signature = serializers.SerializerMethodField(
        help_text="Whether the authority's signature holds, by the certificates that the operator named."
    )
    response = serializers.SerializerMethodField(help_text="The authority's whole answer: RFC 3161, DER, in base64.")

    class Meta:
        model = TimeStamp
        fields: ClassVar = ["at", "by", "signature", "response"]
        read_only_fields = fields
        extra_kwargs: ClassVar = {"at": {"help_text": "As the authority says."}}

    @extend_schema_field(serializers.ChoiceField(choices=[str(each) for each in stamps.Signature]))
    def get_signature(self, stamp: TimeStamp) -> str:
        return str(stamps.signature(stamp))

    def get_response(self, stamp: TimeStamp) -> str:
        return b64encode(stamp.response).decode()


class AuditHeadSerializer(serializers.ModelSerializer[Any]):
    key = serializers.IntegerField(source="key_id", read_only=True, help_text="Number of the key that signed it.")
    is_time_signed = serializers.BooleanField(
        read_only=True, help_text="Whether the signature covers `at`; in heads of older versions it does not."
    )
    timestamp = TimeStampSerializer(
        source="stamp",
        read_only=True,
        allow_null=True,
        default=None,
        help_text="When it existed by, as an authority says.",
    )

    class Meta:
        model = TreeHead
        fields: ClassVar = ["size", "at", "is_time_signed", "root", "key", "checkpoint", "timestamp"]
        read_only_fields = fields
        extra_kwargs: ClassVar = {
            "size": {"help_text": "It holds for the first so many entries."},
            "checkpoint": {"help_text": "The signed note as it is to be kept (C2SP tlog-checkpoint)."},
        }


class HeadPages(EntryPages):
    ordering = "-size"


def _seen(actor: Actor) -> QuerySet[TreeHead]:
    """Everybody: a head says how many entries there are and what they hash to, nothing of what they say."""
    return heads.newest_first()


class AuditHeadViewSet(NounViewSet):
    """Signed heads of the whole trail, newest first. Whoever kept one can hold the trail against it."""

    noun = "signed head"
    seen = _seen
    serializer_class = AuditHeadSerializer
    pagination_class = HeadPages
    lookup_value_converter = "int"

    @extend_schema(responses=AuditHeadSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(AuditHeadSerializer(heads.at(pk)).data)
