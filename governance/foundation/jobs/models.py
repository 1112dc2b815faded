"""Work for a worker. The database is the truth; a broker message is only a hint to come and look."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from governance.foundation.core.records import Record
from governance.foundation.jobs.rules import State


class Job(Record):
    """One piece of long work on one subject: training, evaluation, rendering, profiling.

    A worker holds it by a lease (`lease_until`) under a fencing token (`token`): every write repeats the
    token, so a worker that was thought dead cannot write over its successor.
    """

    kind = "job"
    is_told_of = False  # leases and progress; what a job does to its subject is told of there

    task = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    project_id = models.UUIDField(null=True, db_index=True)
    requested_by = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in State], default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    token = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    process = models.JSONField(null=True, blank=True)  # {"pid", "started", "boot"} of the supervised group
    lease_until = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    progress = models.JSONField(default=dict, blank=True)  # {"done", "of", "seconds_left", "text"}
    error = models.JSONField(null=True, blank=True)  # {"code", "message", "where", "fault": "user"|"platform"}

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "lease_until"])]
        constraints = [
            # Two live jobs on one thing would be two trainings of one run.
            models.UniqueConstraint(
                fields=["task", "subject_id"],
                condition=Q(state__in=[State.QUEUED.value, State.RUNNING.value]),
                name="one_live_job_per_subject",
            ),
            models.CheckConstraint(condition=Q(attempts__lte=F("max_attempts")), name="job_attempts_within_limit"),
            models.CheckConstraint(
                condition=~Q(state=State.RUNNING.value) | Q(lease_until__isnull=False), name="running_job_has_a_lease"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.subject_kind} {self.subject_id}"


class Errand(Record):
    """What somebody asked for and a job carries out. It waits while the job lives; then it holds what came of it, or
    what stood in the way.

    A noun adds what it asks for, what it ends in, and its `state`: in words of its own, among them the job's for
    waiting, failed and cancelled. What all of them do alike is done in `errands`.
    """

    task: ClassVar[str]  # of the job that carries it
    transitions: ClassVar[dict[Any, set[Any]]]
    spoken: ClassVar[str]  # how the audit trail calls it: "scan" in "scan.asked"
    doing: ClassVar[str] = "under way"  # what is said of it until it ends
    state: Any  # each noun's own column

    error = models.JSONField(null=True, blank=True)  # as a job's
    ended_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_by_name = models.CharField(max_length=200)

    class Meta:
        abstract = True

    @property
    def job(self) -> Job | None:
        """The newest that carried it."""
        return Job.objects.filter(subject_id=self.pk, task=self.task).first()

    @property
    def progress(self) -> dict[str, Any] | None:
        """How far its worker is; None where none has said so."""
        job = self.job
        return job.progress or None if job is not None else None


class Outbox(models.Model):
    """A message to the broker, written in the transaction that made the job and sent after it committed."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="messages")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return f"Message for {self.job_id}"


class Worker(models.Model):
    """A worker process as it last reported, so that pages can say when none is alive."""

    name = models.CharField(primary_key=True, max_length=120)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name
