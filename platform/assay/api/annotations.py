"""Annotation tasks: people are asked about rows of a dataset version, answer, and what that comes to."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assay.api.narrowing import By, by_project
from assay.api.nouns import ErrandSerializer, Input, NounViewSet, RecordSerializer, address
from governance.materials.annotations import making, rules, selectors, services
from governance.materials.annotations.models import AnnotationRow, AnnotationTask, Answer
from governance.materials.annotations.rules import Asked, State, Type

AT_ONCE = 20  # rows that wait, in one answer


class AnnotationTaskSerializer(RecordSerializer):
    """`state`: queued (a worker draws the rows), open, closed, refused, failed or cancelled. `outcome` is written when
    it is closed; of people it tells roles. `made`: the version that was made of the answers."""

    project = serializers.UUIDField(source="version.dataset.project_id", read_only=True)

    class Meta:
        model = AnnotationTask
        fields: ClassVar = [
            "id", "type", "version", "version_sha256", "other", "other_sha256", "project", "question", "choices",
            "wanted", "seed", "rows", "drawn_from", "rows_sha256", "state", "made", "outcome", "error",
            "asked_by_name", "created_at", "closed_at", "sha256",
        ]  # fmt: skip
        read_only_fields = fields


class AnnotatorSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="annotator.name")
    roles = serializers.ListField(child=serializers.CharField(), source="annotator.roles")
    breaks_ties = serializers.BooleanField(source="annotator.breaks_ties")
    answered = serializers.IntegerField()
    skipped = serializers.IntegerField()
    left = serializers.IntegerField()


class WholeTaskSerializer(ErrandSerializer, AnnotationTaskSerializer):
    """With those who are asked, how far they are, and how far a worker is with the rows."""

    people = serializers.SerializerMethodField()

    class Meta(AnnotationTaskSerializer.Meta):
        fields: ClassVar = [*AnnotationTaskSerializer.Meta.fields, "progress", "people"]
        read_only_fields = fields

    @extend_schema_field(AnnotatorSerializer(many=True))
    def get_people(self, task: AnnotationTask) -> Any:
        return AnnotatorSerializer(selectors.progress(task), many=True).data


class NewTask(Input):
    """What is asked, about how many rows, and of whom."""

    version = serializers.UUIDField(help_text="The dataset version.")
    type = serializers.ChoiceField(choices=[one.value for one in Type])
    question = serializers.CharField(default="", allow_blank=True, max_length=1000)
    rows = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=rules.MOST_ROWS, help_text="Every row where left out."
    )
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**32 - 1)
    labels = serializers.ListField(
        child=serializers.CharField(max_length=rules.LONGEST_LABEL),
        default=list,
        help_text="To choose from, where labels are asked for; none: those that stand in the rows.",
    )
    other = serializers.UUIDField(
        required=False, allow_null=True, help_text="The version that second answers come from, where two are compared."
    )
    people = serializers.ListField(child=serializers.CharField(max_length=150), help_text="Usernames.")
    tie_breaker = serializers.CharField(
        default="", allow_blank=True, max_length=150, help_text="Whose answer counts where they are evenly split."
    )


class ShownRowSerializer(serializers.ModelSerializer[AnnotationRow]):
    """A row as it is shown to you; `shown` is null where it was erased."""

    shown = serializers.SerializerMethodField(help_text="turns: [role, text, learnt] each; more: the rest.")

    class Meta:
        model = AnnotationRow
        fields: ClassVar = ["place", "number", "sha256", "shown"]
        read_only_fields = fields

    @extend_schema_field({"type": "object", "nullable": True})
    def get_shown(self, row: AnnotationRow) -> dict[str, Any] | None:
        return selectors.shown_to(self.context["annotator"], row)


class WaitingRows(serializers.Serializer[Any]):
    left = serializers.IntegerField(help_text="How many rows wait for you in all.")
    results = ShownRowSerializer(many=True)


class RowAnswerSerializer(serializers.ModelSerializer[Answer]):
    """`choice` is empty where the row was skipped; of two answers it is the answer, not the side on which it stood."""

    place = serializers.IntegerField(source="row.place")
    number = serializers.IntegerField(source="row.number")
    by_name = serializers.CharField(source="annotator.name")

    class Meta:
        model = Answer
        fields: ClassVar = ["place", "number", "choice", "reason", "by_name", "at"]
        read_only_fields = fields


class NewRowAnswer(Input):
    place = serializers.IntegerField(min_value=0, help_text="The row's place in the task, from 0.")
    choice = serializers.CharField(
        allow_blank=True, max_length=120,
        help_text="One of the choices, of two answers the side: left, right, tie or both-bad; empty skips the row.",
    )  # fmt: skip
    reason = serializers.CharField(default="", allow_blank=True, max_length=2000)


class AnnotationTaskViewSet(NounViewSet):
    """What people of your projects are asked about rows. Nobody is told what others answered before the end."""

    noun = "annotation task"
    seen = selectors.visible_to
    serializer_class = WholeTaskSerializer
    list_serializer_class = AnnotationTaskSerializer
    narrowed_by: ClassVar[dict[str, By]] = {
        "project": by_project("version__dataset__project"),
        "version": By("version", serializers.UUIDField(), "About this version only."),
        "state": By("state", serializers.ChoiceField(choices=[one.value for one in State]), "In this state only."),
    }

    @extend_schema(request=NewTask, responses={201: WholeTaskSerializer, 202: WholeTaskSerializer})
    def create(self, request: Request) -> Response:
        """Ask people: at once, or (202) as soon as a worker has drawn the rows of a large file."""
        body = NewTask.of(request)
        version = body.pop("version")
        listed = {name: tuple(body[name]) for name in ("people", "labels")}
        asked = Asked(**{**body, **listed, "type": Type(body["type"])})
        made = services.ask(actor=self.actor, version_id=version, asked=asked)
        code = 202 if made.state == State.QUEUED else 201
        return self.shown(self.one(made.pk), http_status=code, location=address(self.basename, made))

    @extend_schema(request=None, responses={200: WholeTaskSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """End the drawing of rows."""
        self.one()
        services.cancel(actor=self.actor, task_id=pk)
        return self.shown(self.one())

    @extend_schema(responses=WaitingRows, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def rows(self, request: Request, pk: UUID) -> Response:
        """The next rows that wait for your answer, at most 20."""
        annotator = selectors.own(self.actor, self.one())
        waiting = selectors.waiting_rows(annotator)
        found = {"left": waiting.count(), "results": waiting[:AT_ONCE]}
        return Response(WaitingRows(found, context={"annotator": annotator}).data)

    @extend_schema(methods=["GET"], responses=RowAnswerSerializer(many=True), filters=False)
    @extend_schema(methods=["POST"], request=NewRowAnswer, responses={201: RowAnswerSerializer})
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def answers(self, request: Request, pk: UUID) -> Response:
        """What stands: your own answers, and everybody's after the end. Post one to answer, or to answer anew."""
        task = self.one()
        if request.method == "GET":
            return Response(RowAnswerSerializer(selectors.answers_for(self.actor, task), many=True).data)
        made = services.answer(actor=self.actor, task_id=pk, **NewRowAnswer.of(request))
        return Response(RowAnswerSerializer(made).data, status=201)

    @extend_schema(request=None, responses={200: ShownRowSerializer})
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: UUID) -> Response:
        """Undo your last answer; its row waits again."""
        annotator = selectors.own(self.actor, self.one())
        row = services.take_back(actor=self.actor, task_id=pk)
        return Response(ShownRowSerializer(row, context={"annotator": annotator}).data)

    @extend_schema(request=None, responses={200: WholeTaskSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: UUID) -> Response:
        """End the answering; what the answers came to is bound to the version."""
        self.one()
        services.close(actor=self.actor, task_id=pk)
        return self.shown(self.one())

    @extend_schema(request=None, responses={201: WholeTaskSerializer})
    @action(detail=True, methods=["post"])
    def version(self, request: Request, pk: UUID) -> Response:
        """Register what the answers came to as the dataset's next version; `made` names it."""
        self.one()
        making.make_version(actor=self.actor, task_id=pk)
        return self.shown(self.one(), http_status=201)
