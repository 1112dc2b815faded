"""The house at work: `assay serve` with real processes on a test's database, and a run of a real tiny model."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.db import connection

from assay.jobs import processes
from assay.jobs.app import app
from governance.foundation.jobs.models import Worker
from governance.materials.base_models import services as base_models
from governance.people.approvals import services as approvals
from governance.work.evaluation_plans import services as evaluation_plans
from governance.work.runs import services as runs
from governance.work.runs.folders import run_folder
from governance.work.runs.models import Run, RunEvent
from governance.work.runs.rules import ENDED, State
from tests import factories
from tests.people import House

ROOT = Path(__file__).resolve().parents[1]
LEASE = 4


def until(what: str, true: Callable[[], Any], within: float = 90) -> Any:
    """The first true answer; fails with `what` when there is none in time (a long one: machines are busy)."""
    deadline = time.monotonic() + within
    while not (answer := true()):
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.05)
    return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """One `assay serve` over the test's database and data folder, with a broker and logs of its own."""

    var: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    seen: set[int] = field(default_factory=set)

    @property
    def database_url(self) -> str:
        """The address of the database that this test uses itself."""
        used = connection.settings_dict
        if connection.vendor == "sqlite":
            return f"sqlite:///{used['NAME']}"
        return f"postgres://{used['USER']}:{used['PASSWORD']}@{used['HOST']}:{used['PORT']}/{used['NAME']}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "assay.settings.test",
            "DATABASE_URL": self.database_url,
            "ASSAY_VAR_DIR": str(self.var),
            "ASSAY_DATA_DIR": str(settings.DATA_DIR),
            "ASSAY_MODELS_DIR": str(settings.ASSAY_MODELS_DIR),
            "ASSAY_LEASE_SECONDS": str(LEASE),
            "ASSAY_GRACE_SECONDS": "10",
            "ASSAY_JOB_THREADS": "1",
            "ASSAY_LOG_LEVEL": "INFO",
        }

    def start(self) -> "Served":
        """Start, and wait until pages, gpu worker, light worker and scheduler answer."""
        Worker.objects.all().delete()
        self.var.mkdir(parents=True, exist_ok=True)
        with (self.var / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port)],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        until("serve is ready", self._is_ready, within=120)
        return self

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.var / "serve.log").read_text()
        return Worker.objects.count() == 3 and self.get("/healthz") == 200

    def get(self, path: str) -> int:
        """The status of a page; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except OSError:
            return 0

    def parts(self) -> dict[str, int]:
        """Process ids of serve's children by part: web, gpu, light, scheduler."""
        assert self.process is not None
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):  # dead and not yet started again
                words = child.cmdline()
                name = "web" if "assay.wsgi:application" in words else words[-1] if words else "starting"
                found[name] = child.pid
        self.note()
        return found

    def web(self) -> list[int]:
        """gunicorn and its workers, which answer the pages."""
        master = psutil.Process(self.parts()["web"])
        return [master.pid, *(child.pid for child in master.children())]

    def doctor(self) -> dict[str, Any]:
        """What `assay doctor --json` says, with its exit code."""
        done = subprocess.run(
            [sys.executable, "manage.py", "doctor", "--json"],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return {"exit_code": done.returncode, **json.loads(done.stdout)}

    def note(self) -> None:
        """Remember every process that lives below serve now, to ask later whether it still does."""
        if self.process is not None and self.process.poll() is None:
            self.seen |= {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}
        self.seen |= set(at_work())

    def stop(self, number: signal.Signals = signal.SIGTERM, within: float = 40) -> int:
        """End serve; its exit code."""
        self.note()
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(within)

    def survivors(self) -> list[int]:
        """Processes ever seen below serve that still run, and whatever still works on a job of ours."""
        return [pid for pid in self.seen | set(at_work()) if processes.identity(pid)]


@contextmanager
def served_from(var: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """`assay serve`, not yet started; jobs that the test asks for are announced to its broker. Whatever the test
    leaves running is ended."""
    made = Served(var)
    if settings.BROKER_URL.startswith("filesystem:"):
        folders = {"data_folder_in": "messages", "data_folder_out": "messages"}
        folders |= {"processed_folder": "reading", "control_folder": "control"}
        options = dict(app.conf.broker_transport_options)
        for name, folder in folders.items():
            (var / "broker" / folder).mkdir(parents=True, exist_ok=True)
            options[name] = str(var / "broker" / folder)
        monkeypatch.setitem(app.conf, "broker_transport_options", options)
        monkeypatch.setattr(app, "_pool", None)
        monkeypatch.setattr(app.amqp, "_producer_pool", None)
    monkeypatch.setattr(settings, "ASSAY_LEASE_SECONDS", LEASE)
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.stop()
        for pid in made.survivors():
            os.kill(pid, signal.SIGKILL)


def at_work() -> list[int]:
    """Processes that carry a job's mark of this installation: trainers, evaluators, renderers."""
    home = str(settings.DATA_DIR)
    return [
        pid for pid, environment in processes.environments() if environment.get(processes.MARK, "").endswith(f":{home}")
    ]


def base_model(home: House) -> Any:
    """The tiny model of the fixture `models_dir`, registered by Ada and approved by Ben."""
    made = base_models.register(
        actor=home.ada, project_id=home.project.pk, folder="tiny", name="Tiny", licence="Apache-2.0",
        revision="1", provider="The test suite", source="made by python -m training tiny", general_purpose=False,
        systemic_risk=False, training_flops=None, training_flops_source="", upstream_notes="",
    )  # fmt: skip
    factories.approve(home.ben, approvals.ask(actor=home.ada, subject=made, project_id=home.project.pk))
    return made


def launched_run(home: House, *, base: Any, steps: int, every: int, tasks: list[dict[str, Any]] | None = None) -> Run:
    """A run of `steps` real steps with a checkpoint every `every`, launched by Ada; its job waits."""
    factories.classification(home)
    tasks = tasks or [{"name": "validation-loss"}]
    plan = home.project.evaluation_plans.first() or evaluation_plans.write(
        actor=home.ada, project_id=home.project.pk, name="Loss", tasks=tasks, rationale="Only the worker is tested.",
        thresholds=[{"task": "validation-loss", "metric": "loss", "max_rise": 9.0}],
    )  # fmt: skip
    run = runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=base.pk, evaluation_plan_id=plan.pk,
        data=[factories.dataset_version(home).pk],
        training={
            "method": {"name": "lora", "r": 2, "alpha": 4},
            "hyperparameters": {"max_steps": steps, "batch_size": 2, "gradient_accumulation": 1, "max_length": 64},
            "checkpoint_every": every,
            "device": "cpu",
        },
    )  # fmt: skip
    factories.approve(home.rita, runs.submit(actor=home.ada, run_id=run.pk))
    return runs.launch(actor=home.ada, run_id=run.pk)


def checkpoint_of(run: Run) -> bool:
    """Whether the run has a checkpoint to go on from."""
    return any((run_folder(run.pk) / "out" / "checkpoints").glob("step-*"))


def ended(run: Run) -> State | None:
    """The state in which the run ended, or None."""
    state = State(Run.objects.get(pk=run.pk).state)
    return state if state in ENDED else None


def steps_of(run: Run) -> list[int]:
    """The training steps whose events reached the database, in order of arrival."""
    events = RunEvent.objects.filter(run=run, type="metrics")
    return [event.data["step"] for event in events if event.data.get("phase") == "train"]
