"""Annotation tasks: people are shown rows of a dataset version, each alone, and answer a question about each."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from governance.foundation.jobs.models import Errand
from governance.materials.annotations.rules import TITLES, TRANSITIONS, State, Type, is_swapped
from governance.materials.datasets.models import DatasetVersion


class AnnotationTask(Errand):
    """What was asked about which rows, and what the answers came to once it was closed.

    As an errand it ends when its rows are drawn: then people answer.
    """

    kind, task, spoken, doing = "annotation_task", "annotate", "annotation-task", "being read"
    transitions = TRANSITIONS

    type = models.CharField(max_length=12, choices=[(one.value, one.value) for one in Type])
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="annotation_tasks")
    version_sha256 = models.CharField(max_length=64)  # the version's content digest
    # The version that second answers come from, where those of two are compared.
    other = models.ForeignKey(DatasetVersion, null=True, on_delete=models.PROTECT, related_name="compared_in")
    other_sha256 = models.CharField(max_length=64, blank=True)
    question = models.TextField()
    choices = models.JSONField()  # what can be answered, in the order in which it is offered
    wanted = models.PositiveIntegerField()  # how many rows were asked for
    seed = models.PositiveBigIntegerField()
    rows = models.PositiveIntegerField(default=0)  # how many are shown
    drawn_from = models.PositiveIntegerField(default=0)  # of how many: every row, or every pair
    rows_sha256 = models.CharField(max_length=64, blank=True)  # over place and digest of each, in their order
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    outcome = models.JSONField(null=True, blank=True)  # see annotations.outcomes; of people it has roles, never names
    closed_at = models.DateTimeField(null=True, blank=True)
    made = models.OneToOneField(DatasetVersion, null=True, on_delete=models.PROTECT, related_name="made_from_answers")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state=State.CLOSED.value) | models.Q(outcome__isnull=False),
                name="closed_annotation_task_has_an_outcome",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=[State.OPEN.value, State.CLOSED.value]) | models.Q(rows__gt=0),
                name="open_annotation_task_has_rows",
            ),
            models.CheckConstraint(
                condition=models.Q(made=None) | models.Q(state=State.CLOSED.value),
                name="only_a_closed_annotation_task_made_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{TITLES[Type(self.type)]} of {self.version}"

    @property
    def project_id(self) -> UUID:
        return self.version.project_id

    @property
    def told(self) -> dict[str, Any]:
        """What the answers came to; an open task tells nothing."""
        return self.outcome or {}

    def content(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "version_sha256": self.version_sha256,
            "other_sha256": self.other_sha256,
            "question": self.question,
            "choices": self.choices,
            "seed": self.seed,
            "rows": self.rows,
            "drawn_from": self.drawn_from,
            "rows_sha256": self.rows_sha256,
            "outcome": self.outcome,
        }


class Annotator(models.Model):
    """Somebody who is asked, with the roles that they had then."""

    task = models.ForeignKey(AnnotationTask, on_delete=models.PROTECT, related_name="annotators")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    roles = models.JSONField()
    breaks_ties = models.BooleanField(default=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["task", "user"], name="annotator_asked_once"),
            models.UniqueConstraint(
                fields=["task"], condition=models.Q(breaks_ties=True), name="one_tie_breaker_of_a_task"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AnnotationRow(models.Model):
    """One row as it is shown: a copy, so that turning a page never reads a large file.

    It holds what the row holds. Whoever erases a row of the version finds its copies by `task.version` and `row`, and
    `services.forget` empties them together with the reasons that were given about them. Which row of another version a
    second answer comes from is not kept: every pair with that version is emptied.
    """

    task = models.ForeignKey(AnnotationTask, on_delete=models.PROTECT, related_name="shown_rows")
    place = models.PositiveIntegerField()  # in the task, from 0
    row = models.PositiveIntegerField()  # in the version, from 0
    number = models.PositiveIntegerField()  # as the file's reader counts
    sha256 = models.CharField(max_length=64)  # of what the row teaches
    shown = models.JSONField(null=True)  # {"turns": [...], "more": {...}}; null once it was erased

    class Meta:
        ordering = ["task", "place"]
        constraints = [models.UniqueConstraint(fields=["task", "place"], name="annotation_row_place")]

    def __str__(self) -> str:
        return f"Row {self.number}"

    def is_swapped_for(self, annotator: Annotator) -> bool:
        """Whether this person sees its two answers in the other order."""
        return is_swapped(self.task.seed, annotator.user_id, self.sha256)


class Answer(models.Model):
    """What somebody answered about one row. A later answer replaces it; it stays, and says until when it stood."""

    annotator = models.ForeignKey(Annotator, on_delete=models.PROTECT, related_name="answers")
    row = models.ForeignKey(AnnotationRow, on_delete=models.PROTECT, related_name="answers")
    choice = models.CharField(max_length=120, blank=True)  # empty: skipped
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # when it was replaced or taken back

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["annotator", "row"], condition=models.Q(ended_at=None), name="one_standing_answer"
            )
        ]

    def __str__(self) -> str:
        return self.choice or "skipped"
