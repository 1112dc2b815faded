"""The doctor says what is missing, and how to mend it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from assay import doctor
from assay.doctor import State
from governance.foundation.audit import heads
from governance.foundation.audit.models import TrailKey
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Worker

pytestmark = pytest.mark.django_db


def said(**rows: float) -> None:
    """Processes as they last reported: name and seconds ago."""
    for name, ago in rows.items():
        at = timezone.now() - timedelta(seconds=ago)
        Worker.objects.create(name=f"{name}@host", started_at=at, seen_at=at)


def test_a_worker_that_reports_is_alive_and_one_that_fell_silent_is_not() -> None:
    said(gpu=3, light=500)
    assert doctor.worker().state == State.WELL
    light = doctor.light_worker()
    assert (light.state, light.says) == (State.WRONG, "light@host was last seen 8 min ago: no PDF is made")
    assert "make serve" in light.cure
    assert doctor.scheduler().says.startswith("none was ever seen")


def test_one_worker_for_both_queues_answers_for_both() -> None:
    said(**{"gpu+light": 1})
    assert doctor.worker().state == doctor.light_worker().state == State.WELL


def test_the_scheduler_is_no_worker() -> None:
    from governance.foundation.jobs.selectors import worker_is_alive

    said(scheduler=1)
    assert not worker_is_alive()
    said(gpu=1)
    assert worker_is_alive()


def test_a_database_that_takes_no_write_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(Worker.objects, "update_or_create", refuse)
    found = doctor.database()
    assert found.state == State.WRONG
    assert "readonly" in found.says


def test_looking_leaves_nothing_behind() -> None:
    assert doctor.database().state == State.WELL
    assert Worker.objects.count() == 0
    assert doctor.data_folder().state == State.WELL
    assert doctor.broker().state == State.WELL


def test_a_data_folder_that_is_a_file_is_wrong_and_named(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.write_text("not a folder")
    found = doctor.data_folder()
    assert found.state == State.WRONG
    assert str(settings.DATA_DIR) in found.says


def test_a_check_that_cannot_be_made_is_itself_the_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broker() -> Any:
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr(doctor, "CHECKS", [broker])
    (found,) = doctor.examine()
    assert (found.name, found.state) == ("broker", State.WRONG)
    assert "nobody listens" in found.says


@pytest.fixture
def pretender(settings: Any, tmp_path: Path) -> Iterator[Any]:
    """A process that looks like one of our web processes and maps a file called libtorch, or none."""
    settings.VAR_DIR = tmp_path
    started: list[subprocess.Popen[bytes]] = []

    def start(library: str, var: Path = tmp_path) -> subprocess.Popen[bytes]:
        program = tmp_path / "gunicorn"
        program.write_text(
            "import mmap, sys, time\nhandle = open(sys.argv[1], 'r+b')\nheld = mmap.mmap(handle.fileno(), 0)\n"
            "print('mapped', flush=True)\ntime.sleep(60)\n"
        )
        (tmp_path / library).write_bytes(b"x" * 4096)
        started.append(
            subprocess.Popen(
                [sys.executable, str(program), str(tmp_path / library)],
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "assay.settings.dev", "ASSAY_VAR_DIR": str(var)},
                stdout=subprocess.PIPE,
            )
        )
        assert started[-1].stdout is not None
        assert started[-1].stdout.readline() == b"mapped\n"
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_web_process_that_maps_pytorch_is_found_and_named(pretender: Any) -> None:
    assert doctor.web_without_torch().state == State.NOTE  # none runs, so none was looked at
    clean = pretender("libsomething.so")
    assert doctor.web_processes() == [clean.pid]
    assert doctor.web_without_torch().state == State.WELL
    heavy = pretender("libtorch_cpu.so")
    found = doctor.web_without_torch()
    assert found.state == State.WRONG
    assert str(heavy.pid) in found.says
    assert str(clean.pid) not in found.says


def test_another_installations_web_process_is_not_ours(pretender: Any, tmp_path: Path) -> None:
    pretender("libtorch_cpu.so", var=tmp_path / "elsewhere")
    assert doctor.web_processes() == []


def test_the_command_ends_with_one_when_something_is_wrong_and_says_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", [doctor.database, doctor.worker])
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=out, no_color=True)
    assert ended.value.code == 1
    assert "WRONG  worker" in out.getvalue()
    assert "cure: make serve" in out.getvalue()

    said(gpu=1)
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert (ended.value.code, answer["well"], answer["schema"]) == (0, True, "assay.doctor/1")
    assert [check["state"] for check in answer["checks"]] == ["well", "well"]


def test_reporting_again_moves_the_time_and_keeps_the_start() -> None:
    said(gpu=100)
    before = Worker.objects.get()
    jobs.report_worker("gpu@host")
    after = Worker.objects.get()
    assert after.started_at == before.started_at
    assert after.seen_at > before.seen_at


def test_the_trail_is_unsigned_then_signed_then_unprotected(trail_key: TrailKey) -> None:
    assert doctor.trail().state == State.NOTE
    heads.sign()
    found = doctor.trail()
    assert found.state == State.WELL and "signed to entry 1 0 s ago" in found.says
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_treehead_no_delete")
    found = doctor.trail()
    assert found.state == State.WRONG and "audit_treehead_no_delete on audit_treehead is missing" in found.says
    assert "assay audit protect" in found.cure
