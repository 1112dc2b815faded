"""Ask for work, claim it, keep it, end it. Every write of a worker repeats its fencing token."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.dispatch import Signal
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import WrongState
from governance.foundation.core.records import Record
from governance.foundation.jobs import rules
from governance.foundation.jobs.models import Job, Outbox, Worker
from governance.foundation.jobs.rules import ENDED, State

# Sent inside the transaction that ends a job without its worker's own word (lost, cancelled in the queue):
# the noun that asked for it brings its own state in line. Receivers get `job`.
abandoned = Signal()
# Sent after commit with the ids of new messages; the shell hands them to the broker.
posted = Signal()


class LeaseLost(WrongState):
    """Somebody else holds the job now; stop at once and write nothing more."""

    code = "lease-lost"


@dataclass(frozen=True)
class Lease:
    """The right to work on a job, until it is lost."""

    job_id: UUID
    token: int
    subject_id: UUID
    task: str
    attempt: int


def ask(*, actor: Actor, task: str, subject: Record, max_attempts: int = 3) -> Job:
    """Queue `task` on `subject`, in the caller's transaction: job and message appear with the change
    that made them necessary, or not at all."""
    job = Job.objects.create(
        task=task,
        subject_kind=subject.kind,
        subject_id=subject.pk,
        project_id=getattr(subject, "project_id", None),
        requested_by=actor.name,
        max_attempts=max_attempts,
    )
    _post(job)
    return job


def claim(*, job_id: UUID, worker: str) -> Lease | None:
    """Take the job if it still waits; None when it is taken, ended or cancelled."""
    now = timezone.now()
    with transaction.atomic():
        taken = Job.objects.filter(pk=job_id, state=State.QUEUED, attempts__lt=F("max_attempts")).update(
            state=State.RUNNING,
            token=F("token") + 1,
            attempts=F("attempts") + 1,
            worker=worker,
            process=None,
            started_at=now,
            lease_until=rules.lease_until(now, settings.ASSAY_LEASE_SECONDS),
            error=None,
        )
        if not taken:
            return None
        job = Job.objects.get(pk=job_id)
    return Lease(job_id=job.pk, token=job.token, subject_id=job.subject_id, task=job.task, attempt=job.attempts)


def keep(lease: Lease, *, progress: dict[str, Any] | None = None, process: dict[str, Any] | None = None) -> bool:
    """Renew the lease; returns whether a person asked to cancel. Raises LeaseLost."""
    changes: dict[str, Any] = {"lease_until": rules.lease_until(timezone.now(), settings.ASSAY_LEASE_SECONDS)}
    if progress is not None:
        changes["progress"] = progress
    if process is not None:
        changes["process"] = process
    held = _held(lease)
    if not held.update(**changes):
        raise LeaseLost("This worker lost its lease on the job; another may hold it.")
    return bool(held.filter(cancel_asked_at__isnull=False).exists())


@transaction.atomic
def still_held(lease: Lease) -> bool:
    """Whether the lease stands; asked inside the transaction of every write about the subject."""
    return bool(_held(lease).select_for_update().exists())


def is_at_work(job_id: UUID, token: int) -> bool:
    """Whether this attempt at the job holds it still."""
    return Job.objects.filter(pk=job_id, token=token, state=State.RUNNING).exists()


def end(lease: Lease, state: State, *, error: dict[str, Any] | None = None) -> None:
    """End the job under its lease. Raises LeaseLost."""
    if state not in ENDED:
        raise ValueError(f"{state} is not an end")
    if not _held(lease).update(state=state, ended_at=timezone.now(), error=error, lease_until=None, process=None):
        raise LeaseLost("This worker lost its lease on the job; another may hold it.")


@transaction.atomic
def hand_back(lease: Lease, *, attempt_counts: bool) -> bool:
    """Let the job wait for a worker again: its own is being stopped (the attempt does not count), or something
    killed its process from outside (it counts). Returns False, and does nothing, when the attempt counts and was
    the last one. Raises LeaseLost."""
    held = _held(lease)
    if attempt_counts:
        if not held.filter(attempts__lt=F("max_attempts")).exists() and held.exists():
            return False
        given = held.update(state=State.QUEUED, lease_until=None, process=None)
    else:
        given = held.update(state=State.QUEUED, lease_until=None, process=None, attempts=F("attempts") - 1)
    if not given:
        raise LeaseLost("This worker lost its lease on the job; another may hold it.")
    _post(Job.objects.get(pk=lease.job_id))
    return True


def hold(*, subject_id: UUID, task: str) -> None:
    """Lock the live job of a subject, in the caller's transaction, before the subject itself: workers lock in
    this order, and two who lock in different orders would wait for each other for ever."""
    live = Job.objects.filter(subject_id=subject_id, task=task, state__in=[State.QUEUED, State.RUNNING])
    live.select_for_update().first()


@transaction.atomic
def cancel(*, subject: Record, task: str) -> Job | None:
    """Ask that the live job on `subject` ends. A waiting one ends here and now; a running one when its
    worker next looks (seconds). Returns the job, or None when nothing is live."""
    job = (
        Job.objects.select_for_update()
        .filter(subject_id=subject.pk, task=task, state__in=[State.QUEUED, State.RUNNING])
        .first()
    )
    if job is None:
        return None
    job.cancel_asked_at = timezone.now()
    if job.state == State.QUEUED:
        job.state, job.ended_at = State.CANCELLED, job.cancel_asked_at
    job.save(update_fields=["cancel_asked_at", "state", "ended_at"])
    if job.state == State.CANCELLED:
        abandoned.send(sender=Job, job=job)
    return job


def reap(*, now: datetime | None = None) -> list[Job]:
    """Take back every job whose lease ran out. Returns them in their new state."""
    now = now or timezone.now()
    taken_back = []
    lost = Job.objects.filter(state=State.RUNNING, lease_until__lt=now).values_list("pk", "token")
    for pk, token in list(lost):
        with transaction.atomic():
            job = Job.objects.select_for_update().get(pk=pk)
            if job.state != State.RUNNING or job.token != token or job.lease_until is None or job.lease_until >= now:
                continue
            _abandon(job, now)
            taken_back.append(job)
    return taken_back


def _abandon(job: Job, now: datetime) -> None:
    job.state = rules.after_loss(
        attempts=job.attempts, max_attempts=job.max_attempts, cancel_asked=job.cancel_asked_at is not None
    )
    job.lease_until = None
    if job.state != State.QUEUED:
        job.ended_at = now
    if job.state == State.FAILED:
        job.error = {
            "code": "worker-lost",
            "message": f"Its worker was lost {job.attempts} times; the operator's log of {job.worker} says why.",
            "where": job.worker,
            "fault": "platform",
        }
    job.save(update_fields=["state", "lease_until", "ended_at", "error"])
    if job.state == State.QUEUED:
        _post(job)
    else:
        abandoned.send(sender=Job, job=job)


def unsent(limit: int = 100) -> list[Outbox]:
    """Messages that never reached the broker, oldest first."""
    return list(Outbox.objects.filter(sent_at=None).select_related("job").order_by("pk")[:limit])


def waiting_unnoticed(older_than: datetime) -> list[Job]:
    """Queued jobs whose message was sent long ago and probably lost by the broker."""
    return list(
        Job.objects.filter(state=State.QUEUED, created_at__lt=older_than).exclude(messages__sent_at__gt=older_than)
    )


def mark_sent(message: Outbox) -> None:
    Outbox.objects.filter(pk=message.pk).update(sent_at=timezone.now())


def report_worker(name: str) -> None:
    """A worker says that it lives."""
    now = timezone.now()
    Worker.objects.update_or_create(
        name=name, defaults={"seen_at": now}, create_defaults={"seen_at": now, "started_at": now}
    )


def _held(lease: Lease) -> Any:
    return Job.objects.filter(pk=lease.job_id, token=lease.token, state=State.RUNNING)


def _post(job: Job) -> None:
    message = Outbox.objects.create(job=job)
    transaction.on_commit(lambda: posted.send(sender=Outbox, message=message))
