"""Runs: prepare, submit, launch, follow, cancel, take up again."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.approvals import ApprovalSerializer
from assay.api.narrowing import By, by_project
from assay.api.nouns import Input, NounViewSet, RecordSerializer, address
from assay.api.preconditions import unchanged
from assay.api.standings import GateSerializer, StandingSerializer
from governance.people.approvals.selectors import standing
from governance.work.runs import gates, selectors, services
from governance.work.runs.inputs import Parts, parts_of
from governance.work.runs.models import Run, RunData, RunEvent
from governance.work.runs.rules import State

LARGEST_SEQ = 2**31 - 1
EVENTS_AT_ONCE = 500
SUMMARY = [
    "id", "project", "number", "title", "state", "base_model", "evaluation_plan", "created_by_name", "submitted_at",
    "launched_by_name", "launched_at", "started_at", "ended_at", "error", "created_at",
]  # fmt: skip


class RunSummary(serializers.ModelSerializer[Any]):
    class Meta:
        model = Run
        fields: ClassVar = SUMMARY
        read_only_fields = fields


class RunDataSerializer(serializers.ModelSerializer[Any]):
    class Meta:
        model = RunData
        fields: ClassVar = ["dataset_version", "role", "split", "parts"]
        read_only_fields = fields


class RunSerializer(RecordSerializer):
    data = RunDataSerializer(source="data_links", many=True, read_only=True)  # type: ignore[assignment]
    model_version = serializers.SerializerMethodField(help_text="What the run made, once it succeeded.")
    standing = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields: ClassVar = [
            *SUMMARY, "data", "training", "budget", "estimate", "licence_verdict", "manifest", "manifest_sha256",
            "model_version", "standing", "sha256",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "uuid", "nullable": True})
    def get_model_version(self, run: Run) -> UUID | None:
        made = getattr(run, "model_version", None)
        return made.pk if made is not None else None

    @extend_schema_field(StandingSerializer)
    def get_standing(self, run: Run) -> dict[str, Any]:
        return dict(StandingSerializer(standing(run)).data)


class PartsInput(Input):
    """Parts of one split of a dataset version, by name. The version itself is not named in `data` then."""

    split = serializers.UUIDField()
    train = serializers.ListField(child=serializers.CharField(), default=list)
    validation = serializers.ListField(child=serializers.CharField(), default=list)


class RunPlan(Input):
    """The plan: what an approval covers, and a title beside it."""

    title = serializers.CharField(max_length=120, required=False, allow_blank=True)
    base_model = serializers.UUIDField()
    data = serializers.ListField(  # type: ignore[assignment]
        child=serializers.UUIDField(), required=False, help_text="Dataset versions to learn from, whole, in order."
    )
    validation_data = serializers.ListField(child=serializers.UUIDField(), required=False)
    splits = PartsInput(many=True, required=False, help_text="Parts of versions to learn from and to validate on.")
    evaluation_plan = serializers.UUIDField(required=False, allow_null=True)
    training = serializers.DictField(required=False, help_text="As in assay.training/1, without base model and data.")
    budget = serializers.DictField(
        required=False,
        child=serializers.FloatField(min_value=0, allow_null=True),
        help_text="max_minutes, and max_kwh, which takes a machine that can measure its energy.",
    )


class NewRun(RunPlan):
    project = serializers.UUIDField()


class Note(Input):
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class RunEventSerializer(serializers.ModelSerializer[Any]):
    class Meta:
        model = RunEvent
        fields: ClassVar = ["seq", "at", "level", "type", "data"]
        read_only_fields = fields


class EventsSerializer(serializers.Serializer[Any]):
    """Events after a number. Ask again with `after` = `last` while the run goes on or `more` is true."""

    state = serializers.ChoiceField(choices=[state.value for state in State])
    last = serializers.IntegerField(help_text="The number of the last event here.")
    more = serializers.BooleanField()
    results = RunEventSerializer(many=True)


class AfterInput(serializers.Serializer[Any]):
    after = serializers.IntegerField(default=0, min_value=0, max_value=LARGEST_SEQ)


class RunViewSet(NounViewSet):
    """Run plans and runs of your projects."""

    noun = "run"
    seen = selectors.visible_to
    serializer_class = RunSerializer
    list_serializer_class = RunSummary
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project(),
        "state": By("state", serializers.ChoiceField([state.value for state in State]), "In this state only."),
    }
    edited = True

    @extend_schema(request=NewRun, responses={201: RunSerializer})
    def create(self, request: Request) -> Response:
        """Write down a run plan as a draft."""
        body = NewRun.of(request)
        return self.created(services.prepare(actor=self.actor, project_id=body.pop("project"), **_named(body)))

    @extend_schema(request=RunPlan, responses=RunSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change the plan of a draft; a submitted plan becomes a draft again and loses its approval."""
        changes = RunPlan.of(request, partial=True)
        run = self.one()
        with unchanged(request, run):
            services.revise(actor=self.actor, run_id=pk, **_named({**_plan_of(run), **changes}))
        return self.shown(self.one())

    @extend_schema(request=Note, responses={201: ApprovalSerializer})
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: UUID) -> Response:
        """Fix the plan, lock its evaluation plan, and ask for approval. Answers with the approval request."""
        asked = services.submit(actor=self.actor, run_id=pk, **Note.of(request))
        body = ApprovalSerializer(asked, context=self.get_serializer_context())
        headers = {"Location": address("approval", asked)}
        return Response(body.data, status=status.HTTP_201_CREATED, headers=headers)

    @extend_schema(request=None, responses={202: RunSerializer})
    @action(detail=True, methods=["post"])
    def launch(self, request: Request, pk: UUID) -> Response:
        """Queue the run, if every gate is open at this moment."""
        services.launch(actor=self.actor, run_id=pk)
        return self.shown(self.one(), http_status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: RunSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End the run: at once when nothing runs yet, else within seconds, with a checkpoint."""
        services.cancel(actor=self.actor, run_id=pk)
        return self.shown(self.one(), http_status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: RunSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: UUID) -> Response:
        """Take a failed or cancelled run up again from its last checkpoint, under the same gates."""
        services.resume(actor=self.actor, run_id=pk)
        return self.shown(self.one(), http_status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        responses=EventsSerializer,
        parameters=[OpenApiParameter("after", int, description="Only events after this number.")],
        filters=False,
    )
    @action(detail=True, methods=["get"])
    def events(self, request: Request, pk: UUID) -> Response:
        """What the trainer said, in order, at most 500 events at once."""
        asked = AfterInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        after = asked.validated_data["after"]
        run = self.one()
        rows = list(selectors.events(run, after)[: EVENTS_AT_ONCE + 1])
        results, more = rows[:EVENTS_AT_ONCE], len(rows) > EVENTS_AT_ONCE
        last = results[-1].seq if results else after
        return Response(EventsSerializer({"state": run.state, "last": last, "more": more, "results": results}).data)

    @extend_schema(responses=GateSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def gates(self, request: Request, pk: UUID) -> Response:
        """What must hold before the run may start, and where each gate stands."""
        return Response(GateSerializer(gates.for_run(self.one()), many=True).data)


def _named(body: dict[str, Any]) -> dict[str, Any]:
    """The body in the words of the service."""
    named = {"training": {}, "data": [], **body, "base_model_id": body["base_model"]}
    named["splits"] = [
        Parts(one["split"], tuple(one["train"]), tuple(one["validation"])) for one in body.get("splits", [])
    ]
    named["evaluation_plan_id"] = body.get("evaluation_plan")
    return {name: value for name, value in named.items() if name not in ("base_model", "evaluation_plan")}


def _plan_of(run: Run) -> dict[str, Any]:
    """The plan as a body would give it, so that a PATCH changes only what it names."""
    links = run.links()
    whole = [link for link in links if link.split_id is None]
    return {
        "title": run.title,
        "base_model": run.base_model_id,
        "data": [link.dataset_version_id for link in whole if link.role == RunData.Use.TRAIN],
        "validation_data": [link.dataset_version_id for link in whole if link.role == RunData.Use.VALIDATION],
        "splits": [
            {"split": parts.split_id, "train": parts.train, "validation": parts.validation} for parts in parts_of(links)
        ],
        "evaluation_plan": run.evaluation_plan_id,
        "training": run.training,
        "budget": run.budget,
    }
