"""Rows that a registered model writes, as a version of a dataset."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer, address
from governance.materials.syntheses import selectors, services
from governance.materials.syntheses.models import Synthesis
from preparation import synthesis


class SynthesisSerializer(ErrandSerializer, RecordSerializer):
    """`state`: queued, registered, refused, failed or cancelled; `version` is what came of it. `verdict` is what the
    licence rules said of such rows before they were written; `done` counts what was generated, kept and, by reason,
    discarded."""

    project = serializers.UUIDField(source="dataset.project_id", read_only=True)

    class Meta:
        model = Synthesis
        fields: ClassVar = [
            "id", "project", "dataset", "source", "source_sha256", "base_model", "base_model_sha256", "options",
            "licence", "verdict", "state", "progress", "done", "version", "error", "asked_by_name", "created_at",
            "ended_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class FiltersInput(Input):
    """What is not kept. A text without a word never is."""

    shortest = serializers.IntegerField(min_value=1, required=False, help_text="Characters.")
    longest = serializers.IntegerField(min_value=1, required=False, allow_null=True, help_text="Characters.")
    whole = serializers.BooleanField(required=False, help_text="None that the limit of tokens cut off.")
    copies = serializers.ChoiceField(choices=synthesis.COPIES, required=False, help_text="near: none nearly the same.")
    persons = serializers.BooleanField(required=False, help_text="None with personal data or a secret.")


class NewSynthesis(Input):
    """From the rows of a `version`, or in a `dataset` from none; then with a `licence`."""

    version = serializers.UUIDField(required=False, help_text="The seed; the rows go to its dataset.")
    dataset = serializers.UUIDField(required=False)
    base_model = serializers.UUIDField(help_text="Approved in the project.")
    licence = serializers.CharField(max_length=200, required=False, help_text="Of rows without a seed, SPDX.")
    kind = serializers.ChoiceField(choices=synthesis.KINDS)
    prompt = serializers.CharField(max_length=synthesis.LONGEST_PROMPT, trim_whitespace=False)
    field = serializers.CharField(max_length=200, required=False, help_text="What a rewrite writes anew.")
    count = serializers.IntegerField(min_value=1, max_value=synthesis.MOST)
    seed = serializers.IntegerField(min_value=0, max_value=2**53, required=False)
    temperature = serializers.FloatField(min_value=0, max_value=synthesis.HOTTEST, required=False)
    max_new_tokens = serializers.IntegerField(min_value=1, max_value=synthesis.MOST_TOKENS, required=False)
    filters = FiltersInput(required=False)


class SynthesisViewSet(NounViewSet):
    """Syntheses in your projects."""

    noun = "synthesis"
    seen = selectors.visible_to
    serializer_class = SynthesisSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("dataset__project"),
        "dataset": By("dataset", serializers.UUIDField(), "Of this dataset only."),
        "source": By("source", serializers.UUIDField(), "From the rows of this version only."),
    }

    @extend_schema(request=NewSynthesis, responses={202: SynthesisSerializer})
    def create(self, request: Request) -> Response:
        """Have a worker ask a model for rows; they become the dataset's next version."""
        body = NewSynthesis.of(request)
        made = services.ask(
            actor=self.actor,
            base_model_id=body.pop("base_model"),
            version_id=body.pop("version", None),
            dataset_id=body.pop("dataset", None),
            licence=body.pop("licence", ""),
            asked=_asked(body),
        )
        return self.shown(self.one(made.pk), http_status=202, location=address(self.basename, made))

    @extend_schema(request=None, responses={200: SynthesisSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End a synthesis; nothing of it is kept."""
        self.one()
        services.cancel(actor=self.actor, synthesis_id=pk)
        return self.shown(self.one())


def _asked(body: dict[str, Any]) -> synthesis.Synthesis:
    filters = synthesis.Filters(**body.pop("filters", {}))
    return synthesis.Synthesis(**body, filters=filters)
