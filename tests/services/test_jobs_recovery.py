"""The house at work on PostgreSQL and Redis: a lost broker and a killed worker cost no run."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.utils import timezone

from assay.jobs import housekeeping
from assay.jobs.app import app
from governance.foundation.core.actor import PLATFORM
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job, Outbox
from governance.foundation.jobs.rules import State as JobState
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.models import Run
from governance.work.runs.rules import State
from tests import living
from tests.living import Served, at_work, checkpoint_of, ended, served_from, steps_of, until
from tests.people import house

pytestmark = [pytest.mark.usefixtures("postgresql"), pytest.mark.timeout(600)]


@pytest.fixture
def served(tmp_path: Path, models_dir: Path, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with served_from(tmp_path / "var", monkeypatch) as made:
        yield made


def test_a_run_survives_an_emptied_broker_and_the_kill_of_its_worker(served: Served, broker: redis.Redis) -> None:
    home = house()
    base = living.base_model(home)
    run = living.launched_run(home, base=base, steps=200, every=10)
    assert broker.llen("gpu") == 1
    broker.flushall()  # the message is gone before a worker could see it
    served.start()
    until("a checkpoint", lambda: checkpoint_of(run))
    second = living.launched_run(home, base=base, steps=20, every=10)  # waits behind the first
    broker.flushall()

    trainers = at_work()
    os.kill(served.parts()["gpu"], signal.SIGKILL)
    until("the trainer dies with its worker", lambda: not set(at_work()) & set(trainers), within=10)
    for each in (run, second):
        assert until("the run ends", lambda each=each: ended(each), within=180) == State.SUCCEEDED
    assert Job.objects.get(subject_id=run.pk, task="train").attempts == 2
    assert steps_of(run).count(1) == 1
    assert ModelVersion.objects.count() == 2
    assert served.stop() == 0
    assert served.survivors() == []


def test_a_broker_that_is_down_or_silent_delays_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # takes the connection and never says a word
        for port in (silent.getsockname()[1], living.free_port()):
            with monkeypatch.context() as down:
                down.setitem(app.conf, "broker_url", f"redis://127.0.0.1:{port}/0")
                down.setitem(app.conf, "broker_write_url", f"redis://127.0.0.1:{port}/0")
                down.setattr(app, "_pool", None)
                down.setattr(app.amqp, "_producer_pool", None)
                began = time.monotonic()
                job = jobs.ask(actor=PLATFORM, task="train", subject=Run(id=uuid4()))
                assert time.monotonic() - began < 15
            assert [message.job_id for message in jobs.unsent()] == [job.pk]
            Outbox.objects.update(created_at=timezone.now() - timedelta(seconds=10))
            assert housekeeping.sweep() == 1


def test_the_reaper_and_a_worker_that_comes_back_never_both_hold_a_job(at_once: Any) -> None:
    for _ in range(20):
        job = jobs.ask(actor=PLATFORM, task="train", subject=Run(id=uuid4()))
        lease = jobs.claim(job_id=job.pk, worker="slow")
        assert lease is not None
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        acts = [lambda lease=lease: jobs.keep(lease), jobs.reap]
        kept, reaped = at_once(lambda number, acts=acts: acts[number](), 2)
        job.refresh_from_db()
        if reaped:
            assert job.state == JobState.QUEUED
            with pytest.raises(jobs.LeaseLost):
                jobs.keep(lease)
        else:
            assert kept is False  # nobody cancelled
            assert job.state == JobState.RUNNING
            assert jobs.keep(lease) is False
