"""Questions about work under way."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from governance.foundation.core.records import Record
from governance.foundation.jobs.models import Job, Worker
from governance.foundation.jobs.rules import State


def drawer(projects: Iterable[UUID]) -> QuerySet[Job]:
    """Jobs of the given projects, newest first."""
    return Job.objects.filter(project_id__in=list(projects))


def live(projects: Iterable[UUID]) -> QuerySet[Job]:
    return drawer(projects).filter(state__in=[State.QUEUED, State.RUNNING])


def live_on(subjects: Iterable[UUID], task: str) -> QuerySet[Job]:
    """Jobs of one kind that wait or run, on the given subjects."""
    return Job.objects.filter(subject_id__in=list(subjects), task=task, state__in=[State.QUEUED, State.RUNNING])


def latest(subject: Record, task: str) -> Job | None:
    return Job.objects.filter(subject_id=subject.pk, task=task).first()


def worker_seen() -> Worker | None:
    """The worker that reported last, alive or not; the scheduler reports too, but does no jobs."""
    return Worker.objects.exclude(name__startswith="scheduler@").order_by("-seen_at").first()


def worker_is_alive() -> bool:
    return is_alive(worker_seen())


def is_alive(worker: Worker | None) -> bool:
    return worker is not None and worker.seen_at > timezone.now() - timedelta(seconds=settings.ASSAY_LEASE_SECONDS)
