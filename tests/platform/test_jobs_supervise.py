"""One subprocess under a lease, with real processes: what ends it, what outlives it (nothing), what is kept."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from assay.jobs import processes
from assay.jobs.environment import environment
from assay.jobs.supervise import Limits, Outcome, Supervised
from governance.foundation.core.actor import PLATFORM
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State
from governance.foundation.jobs.services import Lease, LeaseLost
from governance.work.runs.models import Run

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(60)]


@pytest.fixture(autouse=True)
def quick(settings: Any, tmp_path: Path) -> None:
    settings.ASSAY_LEASE_SECONDS, settings.ASSAY_GRACE_SECONDS = 2, 1
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def lease() -> Lease:
    job = jobs.ask(actor=PLATFORM, task="train", subject=Run(id=uuid4()))
    claimed = jobs.claim(job_id=job.pk, worker="test")
    assert claimed is not None
    return claimed


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], list[str]]:
    """A command that runs the given Python text, in which `event(**data)` prints an event."""

    def written(text: str) -> list[str]:
        path = tmp_path / "script.py"
        path.write_text(PRELUDE + textwrap.dedent(text))
        return [sys.executable, str(path)]

    return written


PRELUDE = """
import json, os, signal, subprocess, sys, time
from pathlib import Path
def event(**data):
    print(json.dumps({"at": "2026-11-25T10:00:00+00:00", "level": "info", "type": "metrics", "data": data}), flush=True)
"""


def supervised(command: list[str], lease: Lease, folder: Path, **more: Any) -> Supervised:
    return Supervised(command, lease=lease, folder=folder, log_file=folder / "log", **more)


def gone(pid: int, within: float = 5) -> bool:
    deadline = time.monotonic() + within
    while processes.identity(pid) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def wait_for(path: Path, within: float = 10) -> str:
    deadline = time.monotonic() + within
    while not path.exists() or not path.read_text().strip():
        assert time.monotonic() < deadline, f"{path} was never written"
        time.sleep(0.02)
    return path.read_text()


@pytest.fixture
def later() -> Iterator[Callable[[float, Callable[[], Any]], None]]:
    """Do something in a while, beside the test."""
    timers: list[threading.Timer] = []

    def do(seconds: float, act: Callable[[], Any]) -> None:
        timers.append(threading.Timer(seconds, act))
        timers[-1].start()

    yield do
    for timer in timers:
        timer.cancel()
        timer.join()


def test_events_arrive_in_order_and_noise_goes_to_the_log(lease: Lease, script: Any, tmp_path: Path) -> None:
    seen: list[int] = []
    batches: list[int] = []

    def note(events: list[dict[str, Any]]) -> None:
        batches.append(len(events))
        seen.extend(event["data"]["n"] for event in events)

    command = script("""
        for n in range(50):
            event(n=n)
            print("noise", n)
            time.sleep(0.04)
        print("last words", file=sys.stderr)
        print("no line end", end="")
        sys.exit(3)
    """)
    outcome = supervised(command, lease, tmp_path, on_events=note).run()

    assert seen == list(range(50))
    assert len(batches) < 25  # about one write a second, not one an event
    assert (outcome.exit_code, outcome.signal, outcome.cancelled) == (3, None, False)
    text = (tmp_path / "log").read_text()
    assert text.count("noise") == 50
    assert "last words" in outcome.stderr_tail
    assert text.endswith("no line end\n")


def test_the_lease_is_kept_and_the_process_known_while_it_works(lease: Lease, script: Any, tmp_path: Path) -> None:
    rows: list[Job] = []
    # Longer than the lease of two seconds: what the claim gave has run out by the last look.
    command = script("event(n=1)\ntime.sleep(2.6)\nevent(n=2)")
    supervised(
        command, lease, tmp_path,
        on_events=lambda _: rows.append(Job.objects.get(pk=lease.job_id)),
        progress_of=lambda event: {"done": event["data"]["n"], "of": 2},
    ).run()  # fmt: skip
    row = rows[-1]
    assert row.lease_until is not None and row.started_at is not None
    assert row.lease_until > row.started_at + timedelta(seconds=2.2)
    assert row.process is not None
    assert set(row.process) == {"pid", "started", "boot"}
    assert not processes.lives(row.process)  # over by now
    assert Job.objects.get(pk=lease.job_id).progress in ({"done": 1, "of": 2}, {"done": 2, "of": 2})


def test_cancelling_ends_the_whole_group_and_leaves_time_for_a_checkpoint(
    lease: Lease, script: Any, tmp_path: Path
) -> None:
    command = script("""
        def leave(*_):
            Path("checkpoint").write_text("kept")
            sys.exit(130)
        signal.signal(signal.SIGTERM, leave)
        child = subprocess.Popen(["sleep", "60"])
        Path("child").write_text(str(child.pid))
        event(n=1)
        time.sleep(60)
    """)
    began = time.monotonic()
    outcome = supervised(
        command, lease, tmp_path, on_events=lambda _: Job.objects.update(cancel_asked_at="2026-11-25T10:00:00Z")
    ).run()
    assert (outcome.exit_code, outcome.as_reported, outcome.cancelled) == (130, 130, True)
    assert (tmp_path / "checkpoint").read_text() == "kept"
    assert gone(int((tmp_path / "child").read_text()))
    assert time.monotonic() - began < 40


def test_a_process_that_will_not_end_is_killed_after_the_time_of_grace(
    lease: Lease, script: Any, tmp_path: Path
) -> None:
    command = script("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nevent(n=1)\ntime.sleep(60)")
    outcome = supervised(
        command, lease, tmp_path, on_events=lambda _: Job.objects.update(cancel_asked_at="2026-11-25T10:00:00Z")
    ).run()
    assert (outcome.exit_code, outcome.signal, outcome.as_reported) == (137, signal.SIGKILL, 130)


def test_a_lost_lease_kills_the_group_at_once_and_nothing_more_is_written(
    lease: Lease, script: Any, tmp_path: Path
) -> None:
    written: list[Any] = []

    def lose(events: list[dict[str, Any]]) -> None:
        written.append(events)
        Job.objects.update(token=lease.token + 1)  # somebody else claimed it meanwhile

    command = script("""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        Path("pid").write_text(str(os.getpid()))
        event(n=1)
        time.sleep(0.6)
        while True:
            event(n=2)
            time.sleep(0.05)
    """)
    began = time.monotonic()
    with pytest.raises(LeaseLost):
        supervised(command, lease, tmp_path, on_events=lose).run()
    assert gone(int((tmp_path / "pid").read_text()), within=2)
    assert len(written) <= 2
    assert time.monotonic() - began < 40


def test_a_deleted_job_ends_its_process(lease: Lease, script: Any, tmp_path: Path) -> None:
    command = script("Path('pid').write_text(str(os.getpid()))\nevent(n=1)\ntime.sleep(60)")
    with pytest.raises(LeaseLost):
        supervised(command, lease, tmp_path, on_events=lambda _: Job.objects.all().delete()).run()
    assert gone(int((tmp_path / "pid").read_text()), within=2)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_stays_away_longer_than_the_lease_is_a_lost_lease(
    lease: Lease, script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> bool:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(jobs, "keep", away)
    command = script("Path('pid').write_text(str(os.getpid()))\ntime.sleep(60)")
    began = time.monotonic()
    with pytest.raises(LeaseLost, match="could not be reached"):
        supervised(command, lease, tmp_path).run()
    assert 1.5 < time.monotonic() - began < 40
    assert gone(int((tmp_path / "pid").read_text()), within=2)


@pytest.mark.django_db(transaction=True)
def test_events_wait_while_the_database_is_away_for_a_moment(lease: Lease, script: Any, tmp_path: Path) -> None:
    seen: list[int] = []
    calls: list[int] = []

    def note(events: list[dict[str, Any]]) -> None:
        calls.append(len(events))
        if len(calls) == 1:
            raise OperationalError("database is locked")
        seen.extend(event["data"]["n"] for event in events)

    supervised(script("for n in range(5): event(n=n); time.sleep(0.3)"), lease, tmp_path, on_events=note).run()
    assert seen == [0, 1, 2, 3, 4]


def test_a_child_that_left_the_group_is_ended_too(lease: Lease, script: Any, tmp_path: Path) -> None:
    command = script("""
        child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        Path("child").write_text(str(child.pid))
    """)
    outcome = supervised(command, lease, tmp_path).run()
    assert outcome.exit_code == 0
    assert gone(int((tmp_path / "child").read_text()), within=2)


def test_a_stopped_worker_interrupts_its_work_and_says_so(
    lease: Lease, script: Any, tmp_path: Path, later: Any
) -> None:
    stop = threading.Event()
    later(0.8, stop.set)
    command = script("signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))\ntime.sleep(60)")
    outcome = supervised(command, lease, tmp_path, stopping=stop.is_set).run()
    assert outcome.interrupted
    assert not outcome.cancelled
    assert outcome.exit_code == 130


def test_a_process_that_obeyed_somebody_elses_signal_was_not_cancelled_by_a_person(
    lease: Lease, script: Any, tmp_path: Path
) -> None:
    command = script("sys.exit(130)")
    outcome = supervised(command, lease, tmp_path).run()
    assert outcome.was_killed
    assert not outcome.was_interrupted
    whole_machine = supervised(command, lease, tmp_path, stopping=lambda: True).run()
    assert whole_machine.was_interrupted
    assert not whole_machine.was_killed


def test_what_an_earlier_attempt_left_behind_is_ended_before_the_next_begins(
    lease: Lease, script: Any, tmp_path: Path, settings: Any
) -> None:
    mark = processes.mark(lease.job_id, lease.token - 1, settings.DATA_DIR)
    orphan = subprocess.Popen(["sleep", "60"], env={**os.environ, processes.MARK: mark}, start_new_session=True)
    other_home = processes.mark(lease.job_id, lease.token - 1, tmp_path / "another installation")
    stranger = subprocess.Popen(["sleep", "60"], env={**os.environ, processes.MARK: other_home})
    try:
        supervised(script("pass"), lease, tmp_path).run()
        assert orphan.wait(timeout=1) == -signal.SIGKILL
        assert stranger.poll() is None
    finally:
        orphan.kill()
        stranger.kill()
        stranger.wait()


def limited(lease: Lease, command: list[str], folder: Path, **limits: Any) -> Outcome:
    return supervised(command, lease, folder, limits=Limits(**limits)).run()


def test_memory_beyond_the_limit_is_refused(lease: Lease, script: Any, tmp_path: Path) -> None:
    outcome = limited(lease, script("x = bytearray(2 * 1024**3)"), tmp_path, address_space=512 * 1024**2)
    assert outcome.exit_code == 1
    assert "MemoryError" in outcome.last_words


def test_processor_time_beyond_the_limit_ends_it(lease: Lease, script: Any, tmp_path: Path) -> None:
    outcome = limited(lease, script("while True: pass"), tmp_path, cpu_seconds=1)
    assert outcome.signal in {signal.SIGXCPU, signal.SIGKILL}
    assert "ended by the signal" in outcome.last_words


def test_a_process_that_takes_too_long_is_ended(lease: Lease, script: Any, tmp_path: Path) -> None:
    outcome = limited(lease, script("time.sleep(60)"), tmp_path, wall_seconds=0.5)
    assert outcome.timed_out
    assert outcome.seconds < 40


def test_no_secret_reaches_the_subprocess(
    lease: Lease, script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ASSAY_SECRET_KEY", "DATABASE_URL", "BROKER_URL", "HF_TOKEN", "SMTP_PASSWORD"):
        monkeypatch.setenv(name, "hush-hush")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    supervised(script("Path('env').write_text(json.dumps(dict(os.environ)))"), lease, tmp_path).run()
    text = (tmp_path / "env").read_text()
    assert "hush-hush" not in text
    assert '"CUDA_VISIBLE_DEVICES": "1"' in text
    assert environment()["HF_HUB_OFFLINE"] == "1"


def test_a_file_in_the_working_folder_is_not_imported_as_a_library(lease: Lease, tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "__init__.py").write_text("print('taken over')")
    (tmp_path / "training" / "__main__.py").write_text("print('taken over')")
    command = [sys.executable, "-c", "import training; print(training.__file__)"]
    supervised(command, lease, tmp_path).run()
    assert "taken over" not in (tmp_path / "log").read_text()


SUPERVISOR = """
import sys
import django
django.setup()
from pathlib import Path
from uuid import UUID
from assay.jobs.supervise import Supervised
from governance.foundation.jobs.services import claim
lease = claim(job_id=UUID(sys.argv[1]), worker="doomed")
folder = Path(sys.argv[2])
Supervised([sys.executable, str(folder / "script.py")], lease=lease, folder=folder, log_file=folder / "log").run()
"""


@pytest.mark.django_db(transaction=True)
def test_the_kernel_ends_the_trainer_when_its_supervisor_is_killed(script: Any, tmp_path: Path) -> None:
    script("Path('pid').write_text(str(os.getpid()))\ntime.sleep(60)")
    job = jobs.ask(actor=PLATFORM, task="train", subject=Run(id=uuid4()))
    (tmp_path / "supervisor.py").write_text(SUPERVISOR)
    supervisor = subprocess.Popen(
        [sys.executable, str(tmp_path / "supervisor.py"), str(job.pk), str(tmp_path)],
        env={
            **environment(),
            "DJANGO_SETTINGS_MODULE": "assay.settings.test",
            "DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
            "ASSAY_LEASE_SECONDS": "2",
        },
        start_new_session=True,
    )
    pid = int(wait_for(tmp_path / "pid", within=20))
    assert processes.identity(pid) is not None
    supervisor.kill()
    supervisor.wait()
    assert gone(pid, within=10)

    deadline = time.monotonic() + 6
    while not (lost := jobs.reap()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [(job.pk, job.state) for job in lost] == [(job.pk, State.QUEUED)]
