"""What you are told, and by which way; one's own alone."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet
from governance.people.notifications import selectors, services
from governance.people.notifications.models import Notice, Preferences
from governance.people.notifications.rules import Channel, Kind


class ToldOfSerializer(serializers.Serializer[Any]):
    """The record that it leads to."""

    kind = serializers.CharField(source="subject_kind")
    id = serializers.UUIDField(source="subject_id")


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    subject = ToldOfSerializer(source="*", read_only=True)
    kind = serializers.ChoiceField([kind.value for kind in Kind])

    class Meta:
        model = Notice
        fields: ClassVar = ["id", "project", "kind", "subject", "text", "created_at", "seen_at"]
        read_only_fields = fields


class Narrowed(Input):
    project = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Left out: all.")


class CountSerializer(serializers.Serializer[Any]):
    seen = serializers.IntegerField(help_text="How many were new to you.")


class PreferencesSerializer(serializers.Serializer[Preferences]):
    channels = serializers.SerializerMethodField()
    digest_hour = serializers.IntegerField()

    def get_channels(self, chosen: Preferences) -> dict[str, str]:
        return {kind.value: chosen.channel(kind).value for kind in Kind}


class Choice(Input):
    channels = serializers.DictField(child=serializers.ChoiceField([channel.value for channel in Channel]))
    digest_hour = serializers.IntegerField(min_value=0, max_value=23)


class NotificationViewSet(NounViewSet):
    """What you are told of acts of others, newest first; never what somebody else is told."""

    noun = "notice"
    seen = selectors.visible_to
    serializer_class = NoticeSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "kind": By("kind", serializers.ChoiceField([kind.value for kind in Kind]), "Of this kind only."),
        "new": By("seen_at__isnull", serializers.BooleanField(), "true: those that you did not see yet."),
    }

    @extend_schema(request=None, responses={200: NoticeSerializer})
    @action(detail=True, methods=["post"], url_path="seen")
    def mark_seen(self, request: Request, pk: UUID) -> Response:
        """Count it as seen."""
        services.mark_seen(actor=self.actor, notice_id=pk)
        return Response(NoticeSerializer(self.one()).data)

    @extend_schema(operation_id="notifications_seen_all_create", request=Narrowed, responses={200: CountSerializer})
    @action(detail=False, methods=["post"], url_path="seen")
    def mark_all_seen(self, request: Request) -> Response:
        """Count all of them as seen, or those of one project."""
        count = services.mark_all_seen(actor=self.actor, project_id=Narrowed.of(request)["project"])
        return Response({"seen": count})

    @extend_schema(responses={200: PreferencesSerializer})
    @action(detail=False, methods=["get"], filter_backends=[], pagination_class=None)
    def preferences(self, request: Request) -> Response:
        """By which way you are told of what: at once or in the digest, by letter, or on the page only."""
        return Response(PreferencesSerializer(selectors.preferences(self.actor)).data)

    @extend_schema(request=Choice, responses={200: PreferencesSerializer})
    @preferences.mapping.put
    def choose(self, request: Request) -> Response:
        """Choose; a kind that is left out keeps its way."""
        return Response(PreferencesSerializer(services.choose(actor=self.actor, **Choice.of(request))).data)
