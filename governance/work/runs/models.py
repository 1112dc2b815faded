"""A run: its plan (what was asked), its approval's subject, and what was observed."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.foundation.core.records import Record
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets.models import DatasetVersion, Split
from governance.people.approvals.subjects import SignedPart
from governance.people.policies.kinds import Act, Touch, touches
from governance.people.projects.models import Project
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.runs.rules import State


class Run(Record):
    """One fine-tuning. The plan's fields change in DRAFT only; what was observed is written by the worker."""

    kind = "run"
    sealed_with = ("data_links",)

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120, blank=True)
    # the plan
    base_model = models.ForeignKey(BaseModel, on_delete=models.PROTECT, related_name="runs")
    dataset_versions = models.ManyToManyField(DatasetVersion, through="RunData", related_name="runs")
    evaluation_plan = models.ForeignKey(EvaluationPlan, null=True, on_delete=models.PROTECT, related_name="runs")
    # assay.training/1 without base_model and data paths: those are digests in the plan, paths only in the worker
    training = models.JSONField()
    budget = models.JSONField(default=dict, blank=True)  # {"max_minutes": int|None, "max_kwh": float|None}
    # worked out at submission, kept with the plan
    estimate = models.JSONField(null=True, blank=True)  # training.estimate's answer
    licence_verdict = models.JSONField(null=True, blank=True)  # licences.rules.Verdict.as_dict()
    # its life
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.DRAFT)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_by_name = models.CharField(max_length=200)
    # everybody who ever wrote the plan, submitted it or took the run up again: [{"user", "name", "act"}], in order
    authors = models.JSONField(default=list)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    launched_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    launched_by_name = models.CharField(max_length=200, blank=True)
    launched_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # what was observed
    manifest = models.JSONField(null=True, blank=True)  # assay.training-manifest/1 as the trainer wrote it
    manifest_sha256 = models.CharField(max_length=64, blank=True)  # of the file's bytes
    error = models.JSONField(null=True, blank=True)  # {"code", "message", "where", "fault"}
    disposed_at = models.DateTimeField(null=True, blank=True)  # its folder was deleted: nothing is left to go on from

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="run_number_in_project"),
            models.CheckConstraint(condition=Q(state__in=[s.value for s in State]), name="run_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=State.SUCCEEDED.value) | Q(manifest__isnull=False),
                name="succeeded_run_has_a_manifest",
            ),
        ]

    def __str__(self) -> str:
        return f"R-{self.number}"

    def links(self) -> list["RunData"]:
        """What it trains on and validates on, in the order of the plan."""
        return list(self.data_links.all())

    def data(self) -> list[DatasetVersion]:
        """Its dataset versions, each once, in the order of the plan."""
        return list(dict.fromkeys(link.dataset_version for link in self.links()))

    def content(self) -> dict[str, Any]:
        """The plan: what an approval covers."""
        return {
            "number": self.number,
            "base_model": self.base_model.content_digest,
            "data": [link.content() for link in self.links()],
            "evaluation_plan": self.evaluation_plan.content_digest if self.evaluation_plan else None,
            "training": self.training,
            "budget": self.budget,
        }

    def add_author(self, user_id: int | None, name: str, act: str) -> None:
        """Note who does `act` (a verb phrase) to it now. Nobody is ever taken off: they stay barred from approving."""
        entry = {"user": user_id, "name": name, "act": act}
        if entry not in self.authors:
            self.authors = [*self.authors, entry]

    def why_not_ask(self) -> str | None:
        """A plan is asked about between its submission and its launch."""
        if self.state == State.SUBMITTED:
            return None
        if self.state == State.DRAFT:
            return f"{self} is a draft; submitting it asks for its approval."
        return f"{self} is {State(self.state).value}; only a submitted run plan is asked about."

    def touched_by(self) -> list[Touch]:
        """What people did to the plan, the run or its thresholds; who made its data is asked for many runs at once."""
        thresholds = self.evaluation_plan.touched_by() if self.evaluation_plan else []
        return [
            *touches(
                (self.submitted_by_id, Act.MADE, "submitted the run plan"),
                (self.created_by_id, Act.MADE, "prepared the run plan"),
                *((author["user"], Act.MADE, author["act"]) for author in reversed(self.authors)),
                (self.launched_by_id, Act.LAUNCHED, "launched the run"),
            ),
            *(Touch(each.person, Act.WROTE_THRESHOLDS, "wrote the run's thresholds") for each in thresholds),
        ]

    def signed_parts(self) -> list[SignedPart]:
        parts = [SignedPart.of("Run plan", self), SignedPart.of("Base model", self.base_model)]
        parts += [SignedPart.of("Data", version) for version in self.data()]
        splits = dict.fromkeys(link.split for link in self.links() if link.split is not None)
        parts += [SignedPart.of("Split", split) for split in splits]
        if self.evaluation_plan:
            parts.append(SignedPart.of("Evaluation plan", self.evaluation_plan))
        return parts


class Links(models.Manager["RunData"]):
    """They come with their data: a plan is read, compared and digested with the data that it names."""

    def get_queryset(self) -> models.QuerySet["RunData"]:
        return super().get_queryset().select_related("dataset_version__dataset", "split__version__dataset")


class RunData(models.Model):
    """One dataset version in a run, in order, for training or for validation: whole, or some parts of a split."""

    class Use(models.TextChoices):
        TRAIN = "train", "training"
        VALIDATION = "validation", "validation"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="data_links")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="run_links")
    role = models.CharField(max_length=12, choices=Use, default=Use.TRAIN)
    position = models.PositiveSmallIntegerField()
    split = models.ForeignKey(Split, null=True, on_delete=models.PROTECT, related_name="run_links")
    parts = models.JSONField(default=list, blank=True)  # names of the split's parts; none: every row

    objects = Links()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="run_data_position"),
            models.UniqueConstraint(fields=["run", "dataset_version", "role"], name="run_data_once_a_role"),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.role} {self.named}"

    @property
    def named(self) -> str:
        """“support v1”, or “support v1 (split 2: train, test)”."""
        if self.split is None:
            return str(self.dataset_version)
        return f"{self.dataset_version} (split {self.split.number}: {', '.join(self.parts)})"

    @property
    def rows(self) -> int:
        return self.dataset_version.rows if self.split is None else self.split.rows_in(self.parts)

    def content(self) -> dict[str, Any]:
        whole = {"sha256": self.dataset_version.content_digest, "role": self.role}
        return whole if self.split is None else {**whole, "split": self.split.content_digest, "parts": self.parts}


class RunEvent(models.Model):
    """One line of `events.jsonl`, as it came from the trainer."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    level = models.CharField(max_length=8)
    type = models.CharField(max_length=12)
    data = models.JSONField()

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="run_event_in_order")]

    def __str__(self) -> str:
        return f"{self.run} {self.type} {self.seq}"
