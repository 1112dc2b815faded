"""Who gets a job when several want it, on PostgreSQL, where two transactions really run side by side."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.foundation.core.actor import PLATFORM
from governance.foundation.jobs import services
from governance.foundation.jobs.models import Job, Outbox
from governance.foundation.jobs.rules import State
from governance.foundation.jobs.services import Lease, LeaseLost

pytestmark = pytest.mark.usefixtures("postgresql")

RIVALS = 16


@dataclass(frozen=True)
class Subject:
    """Something that work can be asked for, of a kind that no noun follows: only the job itself matters here."""

    kind: str = "subject_of_a_test"
    pk: uuid.UUID = field(default_factory=uuid.uuid4)


@pytest.fixture
def subject() -> Subject:
    return Subject()


def queued(subject: Subject, **also: Any) -> Job:
    with transaction.atomic():
        return services.ask(actor=PLATFORM, task="train", subject=subject, **also)


def claimed(job: Job, worker: str = "worker-1") -> Lease:
    lease = services.claim(job_id=job.pk, worker=worker)
    assert lease is not None
    return lease


def lease_ran_out(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_one_of_sixteen_workers_claims_a_job(at_once: Any, subject: Subject) -> None:
    job = queued(subject)

    leases = at_once(lambda n: services.claim(job_id=job.pk, worker=f"worker-{n}"), RIVALS)

    winners = [number for number, lease in enumerate(leases) if lease is not None]
    assert len(winners) == 1
    job.refresh_from_db()
    assert (job.worker, job.state, job.attempts, job.token) == (f"worker-{winners[0]}", State.RUNNING, 1, 1)


def test_sixteen_requests_for_the_same_work_make_one_job_and_one_message(at_once: Any, subject: Subject) -> None:
    outcomes = at_once(lambda _: queued(subject), RIVALS)

    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == RIVALS - 1
    assert Job.objects.count() == Outbox.objects.count() == 1


def test_eight_reapers_take_a_lost_job_back_once(at_once: Any, subject: Subject) -> None:
    job = queued(subject)
    claimed(job)
    lease_ran_out(job)

    taken = at_once(lambda _: services.reap(), 8)

    assert [each.pk for found in taken for each in found] == [job.pk]
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_until) == (State.QUEUED, 1, None)
    assert job.messages.count() == 2  # the first one, and the one that calls the next worker


@pytest.mark.parametrize("attempt", range(5))
def test_a_worker_that_ends_as_it_is_reaped_either_ended_or_lost_never_both(
    at_once: Any, subject: Subject, attempt: int
) -> None:
    job = queued(subject)
    lease = claimed(job)
    lease_ran_out(job)

    def act(number: int) -> Any:
        return services.reap() if number else services.end(lease, State.SUCCEEDED)

    ended, *reaped = at_once(act, 4)
    job.refresh_from_db()
    taken_back = [each for found in reaped for each in found]
    if isinstance(ended, LeaseLost):
        assert (job.state, len(taken_back)) == (State.QUEUED, 1)
    else:
        assert (ended, job.state, taken_back) == (None, State.SUCCEEDED, [])


def test_the_worker_that_was_thought_dead_cannot_write_over_its_successor(subject: Subject) -> None:
    job = queued(subject)
    first = claimed(job, "worker-1")
    lease_ran_out(job)
    services.reap()
    second = claimed(job, "worker-2")

    with pytest.raises(LeaseLost):
        services.keep(first, progress={"done": 99})
    with pytest.raises(LeaseLost):
        services.end(first, State.FAILED)

    assert services.keep(second, progress={"done": 1}) is False
    job.refresh_from_db()
    assert (job.worker, job.state, job.progress) == ("worker-2", State.RUNNING, {"done": 1})


def test_a_job_that_is_cancelled_as_it_is_claimed_is_cancelled_or_told_to_its_worker(
    at_once: Any, subject: Subject
) -> None:
    job = queued(subject)

    def act(number: int) -> Any:
        if number:
            return services.claim(job_id=job.pk, worker="worker-1")
        return services.cancel(subject=subject, task="train")

    cancelled, lease = at_once(act, 2)
    job.refresh_from_db()
    assert cancelled == job
    if lease is None:
        assert job.state == State.CANCELLED
    else:
        assert job.state == State.RUNNING
        assert services.keep(lease) is True  # it is asked to stop at its next look


def test_a_worker_may_ask_whether_its_lease_stands_outside_a_transaction(subject: Subject) -> None:
    """As it does before it lays out a folder: a row lock is refused there."""
    lease = claimed(queued(subject))
    assert not transaction.get_connection().in_atomic_block
    assert services.still_held(lease)
    services.end(lease, State.SUCCEEDED)
    assert not services.still_held(lease)
