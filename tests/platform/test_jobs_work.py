"""From a message to a job done, or to a reason why not: the whole way of a worker, in this very process."""

import errno
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from assay.jobs import housekeeping, work
from governance.documents.renderings import services as renderings
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import State as RenderingState
from governance.foundation.core import blobs
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.work.runs import worker as run_worker
from governance.work.runs.models import Run
from governance.work.runs.rules import State
from tests import factories
from tests.people import House
from tests.settled import settled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


@pytest.fixture
def home(transactional_db: None, settings: Any, tmp_path: Path) -> House:
    settings.ASSAY_MODELS_DIR = tmp_path / "models"
    return settled()


@pytest.fixture
def run(home: House) -> Run:
    """A launched run whose base model is made of zeros: it passes the door, and no trainer can load it."""
    return factories.launched_run(home)


@pytest.fixture
def stopping() -> Iterator[None]:
    work.stopping.set()
    yield
    work.stopping.clear()


def job_of(subject: Any) -> Job:
    return Job.objects.get(subject_id=subject.pk)


def test_a_trainer_that_fails_ends_the_run_with_its_own_words(run: Run) -> None:
    work.do(job_of(run).pk, worker="test")
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert run.error["message"]
    assert "Traceback" not in run.error["message"]
    assert job_of(run).state == JobState.FAILED
    assert job_of(run).error == run.error


def test_a_full_disk_ends_the_run_and_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(blobs, "copy_to", full)
    work.do(job_of(run).pk, worker="test")
    run.refresh_from_db()
    assert run.state == State.FAILED
    assert "No space left on device" in run.error["message"]
    assert run.error["fault"] == "platform"


def test_a_fault_of_our_own_ends_the_run_with_its_name_and_stands_in_the_log(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: Any) -> Path:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(run_worker, "begin", broken)
    work.do(job_of(run).pk, worker="test")
    run.refresh_from_db()
    assert "ZeroDivisionError" in run.error["message"]
    assert "Traceback" in caplog.text


def test_a_database_that_goes_away_leaves_the_job_to_the_reaper(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> Path:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as down:
        down.setattr(run_worker, "begin", away)
        work.do(job_of(run).pk, worker="test")
    assert job_of(run).state == JobState.RUNNING
    Job.objects.update(lease_until=timezone.now())
    assert [job.state for job in housekeeping.reap()] == [JobState.QUEUED]
    run.refresh_from_db()
    assert run.state in {State.QUEUED, State.RUNNING}


def test_the_third_lost_worker_ends_the_run(run: Run) -> None:
    for _ in range(3):
        lease = jobs.claim(job_id=job_of(run).pk, worker="doomed")
        assert lease is not None
        run_worker.begin(lease=lease, run_id=run.pk)
        Job.objects.update(lease_until=timezone.now())
        housekeeping.reap()
    run.refresh_from_db()
    assert (run.state, run.error["code"]) == (State.FAILED, "worker-lost")
    assert jobs.claim(job_id=job_of(run).pk, worker="another") is None


def test_a_worker_that_stops_takes_nothing_on(run: Run, stopping: None) -> None:
    work.do(job_of(run).pk, worker="test")
    assert (job_of(run).state, job_of(run).attempts) == (JobState.QUEUED, 0)


def test_a_message_for_a_job_that_is_gone_is_no_fault(run: Run) -> None:
    gone = job_of(run).pk
    Job.objects.all().delete()
    work.do(gone, worker="test")


def test_a_pdf_is_made_and_kept_under_its_digest_with_the_name_of_its_maker(home: House) -> None:
    evaluation = factories.finished_run(home).model_version.evaluations.get()
    rendering = renderings.ask(actor=home.omar, kind="evaluation_report", document_id=evaluation.pk)
    work.do(job_of(rendering).pk, worker="test")
    rendering.refresh_from_db()
    assert (rendering.state, rendering.error) == (RenderingState.READY, None)
    with blobs.opened(rendering.file_sha256) as kept:
        made = kept.read()
    assert made.startswith(b"%PDF-")
    assert hashlib.sha256(made).hexdigest() == rendering.file_sha256
    assert re.fullmatch(r"Assay [\d.]+, WeasyPrint [\d.]+", rendering.renderer)
    assert job_of(rendering).state == JobState.SUCCEEDED


def test_a_document_that_cannot_be_rendered_says_why(home: House) -> None:
    rendering = factories.bare_rendering(home.ada, home.project, document_kind="poem")
    work.do(job_of(rendering).pk, worker="test")
    rendering.refresh_from_db()
    assert rendering.state == RenderingState.FAILED
    assert "There is no document 'poem'" in rendering.error["message"]
    assert job_of(rendering).state == JobState.FAILED


def test_a_renderer_that_takes_too_long_is_ended_and_says_whose_limit_that_is(home: House, settings: Any) -> None:
    settings.ASSAY_RENDER_SECONDS = 0
    rendering = factories.bare_rendering(home.ada, home.project)
    work.do(job_of(rendering).pk, worker="test")
    rendering.refresh_from_db()
    assert rendering.error["message"].startswith("It took longer than 0 s")
    assert "ASSAY_RENDER_SECONDS" in rendering.error["message"]


def test_a_lease_lost_while_rendering_leaves_no_trace_in_the_record(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendering = factories.bare_rendering(home.ada, home.project)
    begin = renderings.begin

    def lose(**given: Any) -> Rendering:
        Job.objects.filter(subject_id=rendering.pk).update(token=99)
        return begin(**given)

    monkeypatch.setattr(renderings, "begin", lose)
    work.do(job_of(rendering).pk, worker="test")
    rendering.refresh_from_db()
    assert (rendering.state, rendering.error) == (RenderingState.QUEUED, None)
    assert job_of(rendering).token == 99


def test_a_run_ends_when_its_approved_time_is_used_up(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # A tenth of a second of the budget's first minute has to do: what is tested is whose word ends the run.
    Run.objects.filter(pk=run.pk).update(budget={"max_minutes": 1})
    assert run_worker.time_budget(run.pk) == 60
    monkeypatch.setattr(run_worker, "time_budget", lambda _: 0.1)
    work.do(job_of(run).pk, worker="test")
    run.refresh_from_db()
    assert (run.state, run.error["code"], run.error["fault"]) == (State.FAILED, "budget-used-up", "user")
    assert "approved budget of 1 min" in run.error["message"]
    assert job_of(run).state == JobState.FAILED
