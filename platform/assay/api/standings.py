"""Where a subject stands with its deciders, and where a gate stands, as several nouns show them."""

from typing import Any

from rest_framework import serializers

from governance.work.runs.gates import Light


class StandingSerializer(serializers.Serializer[Any]):
    """Whether the thing, as it is now, is approved; if not, what is missing."""

    granted = serializers.BooleanField()
    changed = serializers.BooleanField(help_text="It was approved once, and changed since.")
    why = serializers.CharField()
    missing = serializers.ListField(child=serializers.CharField())
    request = serializers.UUIDField(source="request.pk", default=None, allow_null=True)


class StandingInProjectSerializer(StandingSerializer):
    project = serializers.UUIDField()


class GateSerializer(serializers.Serializer[Any]):
    """One gate: green is open, amber is open but look, red is shut."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not its own label
    light = serializers.ChoiceField(choices=[light.value for light in Light])
    says = serializers.CharField()
    cure = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(allow_blank=True)
    id = serializers.CharField(allow_blank=True)
