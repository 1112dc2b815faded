"""Jobs over a real Redis, with real worker processes on a real PostgreSQL."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from assay.jobs import housekeeping
from assay.jobs.enqueue import send
from governance.foundation.core.actor import PLATFORM
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job, Outbox
from governance.foundation.jobs.rules import ENDED
from governance.work.runs.models import Run
from tests import factories
from tests.people import house

pytestmark = [pytest.mark.usefixtures("postgresql"), pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]


def waiting(broker: redis.Redis, queue: str) -> list[str]:
    """Ids of the jobs that the messages in `queue` name."""
    return [json.loads(base64.b64decode(json.loads(raw)["body"]))[1]["job"] for raw in broker.lrange(queue, 0, -1)]


def asked(task: str) -> Job:
    with transaction.atomic():
        return jobs.ask(actor=PLATFORM, task=task, subject=Run(id=uuid.uuid4()))


def test_a_job_is_announced_when_it_is_committed_and_not_before(broker: redis.Redis) -> None:
    with transaction.atomic():
        job = jobs.ask(actor=PLATFORM, task="train", subject=Run(id=uuid.uuid4()))
        assert waiting(broker, "gpu") == []

    assert waiting(broker, "gpu") == [str(job.pk)]
    assert jobs.unsent() == []


def test_a_job_that_was_rolled_back_is_never_announced(broker: redis.Redis) -> None:
    class Regret(Exception):
        """Rolls the transaction back."""

    with pytest.raises(Regret), transaction.atomic():
        jobs.ask(actor=PLATFORM, task="train", subject=Run(id=uuid.uuid4()))
        raise Regret

    assert (broker.keys("*"), Job.objects.count(), Outbox.objects.count()) == ([], 0, 0)


def test_messages_that_redis_lost_are_sent_again_once_they_are_missed(broker: redis.Redis) -> None:
    job = asked("train")
    broker.flushall()  # what a Redis killed without its append-only file comes back with

    assert housekeeping.sweep() == 0  # not missed yet
    assert housekeeping.sweep(timezone.now() + timedelta(seconds=3 * settings.ASSAY_LEASE_SECONDS)) == 1
    assert waiting(broker, "gpu") == [str(job.pk)]


class Workers:
    """`assay worker light` processes on the test's own database and broker."""

    def __init__(self, folder: Path) -> None:
        address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
        self.environment = {
            **os.environ,
            "DATABASE_URL": address.geturl(),
            "DJANGO_SETTINGS_MODULE": "assay.settings.test",
            "ASSAY_VAR_DIR": str(folder / "var"),
        }
        self.log = folder / "workers.log"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "worker", "light"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
        self.processes.append(process)

    def until_ended(self, jobs_expected: int) -> None:
        """Return once so many jobs have ended; with the workers' log when they do not."""
        deadline = time.monotonic() + 150
        while Job.objects.filter(state__in=ENDED).count() < jobs_expected:
            alive = all(process.poll() is None for process in self.processes)
            assert alive and time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.5)

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(tmp_path)
    yield workers
    workers.end()


def test_two_workers_do_each_job_once_though_every_message_comes_twice(broker: redis.Redis, workers: Workers) -> None:
    project = house().project
    files = [factories.bare_rendering(PLATFORM, project, document_sha256=f"{number:064x}") for number in range(4)]
    for message in Outbox.objects.select_related("job"):
        assert send(message)
    assert len(waiting(broker, "light")) == 2 * len(files)

    workers.start()
    workers.start()
    workers.until_ended(len(files))

    done = Job.objects.all()
    assert {job.subject_id for job in done} == {file.pk for file in files}
    # The token counts claims: one each, whoever came first and whatever became of the file.
    assert [(job.attempts, job.token) for job in done] == [(1, 1)] * len(files)
    assert {job.worker for job in done} == {f"light@{socket.gethostname()}"}
