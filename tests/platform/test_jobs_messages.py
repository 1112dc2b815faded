"""The broker is a hint: it may lose, double or refuse a message, and no job suffers."""

import base64
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import ChannelError, OperationalError

from assay.jobs import enqueue, housekeeping
from assay.jobs.app import app
from governance.foundation.core.actor import PLATFORM
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job, Outbox
from governance.foundation.jobs.rules import State
from governance.work.runs.models import Run

pytestmark = pytest.mark.timeout(60)


def announced(*wanted: Job) -> list[str]:
    """Queues of the waiting messages that name one of these jobs, in order of sending. Other tests' messages
    may lie beside them."""
    ids, queues = {str(job.pk) for job in wanted}, []
    for path in sorted((settings.BROKER_DIR / "messages").iterdir()):
        _, given, _ = json.loads(base64.b64decode(json.loads(path.read_text())["body"]))
        if given["job"] in ids:
            queues.append(path.name.split(".")[-2])
    return queues


def lose(job: Job) -> None:
    """What a crash of the broker does to the job's message."""
    for path in (settings.BROKER_DIR / "messages").iterdir():
        if str(job.pk).encode() in base64.b64decode(json.loads(path.read_text())["body"]):
            path.unlink()


def asked(task: str = "train") -> Job:
    return jobs.ask(actor=PLATFORM, task=task, subject=Run(id=uuid4()))


def aged(job: Job, seconds: float) -> None:
    """As if the job had been asked for, and announced, so long ago."""
    then = timezone.now() - timedelta(seconds=seconds)
    Job.objects.filter(pk=job.pk).update(created_at=then)
    Outbox.objects.filter(job=job).update(created_at=then)
    Outbox.objects.filter(job=job, sent_at__isnull=False).update(sent_at=then)


@pytest.mark.django_db(transaction=True)
def test_a_job_is_announced_on_the_queue_of_its_task_once_it_is_committed() -> None:
    assert announced(asked("train"), asked("evaluate"), asked("render")) == ["gpu", "gpu", "light"]
    assert jobs.unsent() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "fault", [OperationalError("connection refused"), ChannelError("connection refused"), OSError("connection refused")]
)
def test_a_dead_broker_breaks_nobody_and_the_sweeper_sends_later(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise fault

    with monkeypatch.context() as dead:
        dead.setattr(app, "send_task", refuse)
        job = asked()
        assert "connection refused" in caplog.text
        aged(job, seconds=10)
        assert housekeeping.sweep() == 0
    assert announced(job) == []
    assert [message.job_id for message in jobs.unsent()] == [job.pk]

    assert housekeeping.sweep() == 1
    assert announced(job) == ["gpu"]
    assert housekeeping.sweep() == 0


@pytest.mark.django_db(transaction=True)
def test_a_message_that_the_broker_lost_is_sent_again() -> None:
    job = asked()
    lose(job)
    assert housekeeping.sweep() == 0  # too early to worry
    aged(job, seconds=2 * settings.ASSAY_LEASE_SECONDS + 5)
    assert housekeeping.sweep() == 1
    assert announced(job) == ["gpu"]
    assert housekeeping.sweep() == 0


@pytest.mark.django_db(transaction=True)
def test_waiting_behind_a_long_run_is_announced_ever_more_rarely() -> None:
    running = asked()
    assert jobs.claim(job_id=running.pk, worker="busy")
    behind = asked()
    sent, now = 1, timezone.now()
    for _ in range(24 * 12):
        now += timedelta(minutes=5)
        if housekeeping.sweep(now):
            sent += 1
            Outbox.objects.filter(job=behind).update(sent_at=now)
    assert 5 <= sent <= 14


@pytest.mark.django_db(transaction=True)
def test_a_message_twice_is_work_once() -> None:
    job = asked()
    first = jobs.claim(job_id=job.pk, worker="one")
    assert first is not None
    assert jobs.claim(job_id=job.pk, worker="two") is None


@pytest.mark.django_db(transaction=True)
def test_an_unsent_message_of_a_job_that_was_found_anyway_is_laid_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as dead:
        dead.setattr(enqueue, "send", lambda message: False)
        job = asked()
    jobs.claim(job_id=job.pk, worker="one")
    aged(job, seconds=10)
    assert housekeeping.sweep() == 0
    assert jobs.unsent() == []
    assert announced(job) == []


@pytest.mark.django_db(transaction=True)
def test_a_job_given_back_waits_again_and_the_attempt_does_not_count() -> None:
    job = asked()
    lease = jobs.claim(job_id=job.pk, worker="one")
    assert lease is not None
    assert jobs.hand_back(lease, attempt_counts=False)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_until, job.process) == (State.QUEUED, 0, None, None)
    with pytest.raises(jobs.LeaseLost):
        jobs.hand_back(lease, attempt_counts=False)
    with pytest.raises(jobs.LeaseLost):
        jobs.hand_back(lease, attempt_counts=True)
    again = jobs.claim(job_id=job.pk, worker="two")
    assert again is not None
    assert again.token == lease.token + 1
    with pytest.raises(jobs.LeaseLost):
        jobs.keep(lease)


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_process_was_killed_is_tried_as_often_as_allowed() -> None:
    job, tries = asked(), 0
    while (lease := jobs.claim(job_id=job.pk, worker="one")) is not None:
        tries += 1
        if not jobs.hand_back(lease, attempt_counts=True):
            break
    assert tries == job.max_attempts == 3
    job.refresh_from_db()
    assert job.state == State.RUNNING  # the last try is the worker's to end, with the reason


def test_two_readers_and_two_writers_see_every_message_once_and_whole(tmp_path: Path) -> None:
    each, stop, seen = 150, threading.Event(), []
    folders = {name: tmp_path / name for name in ("messages", "reading")}
    for folder in folders.values():
        folder.mkdir()
    options = {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "processed_folder": str(folders["reading"]),
        "store_processed": True,
    }

    def connected() -> Connection:
        return Connection(
            "filesystem://localhost", transport="assay.jobs.transport:Transport", transport_options=options
        )

    def write(writer: int) -> None:
        channel = connected().channel()
        for number in range(each):
            channel._put("gpu", {"body": f"{writer}-{number}", "padding": "x" * 5000})

    def read() -> list[str]:
        channel, found = connected().channel(), []
        while True:
            try:
                found.append(channel._get("gpu")["body"])
            except Empty:
                if stop.is_set():
                    return found

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for writer in [pool.submit(write, number) for number in range(2)]:
            writer.result()
        stop.set()
        for reader in readers:
            seen += reader.result()
    assert Counter(seen) == Counter(f"{writer}-{number}" for writer in range(2) for number in range(each))
