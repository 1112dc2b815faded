"""Runs trained and evaluated while something is killed every few seconds, by chance.

ASSAY_CHAOS_KILLS says how often (200 for the figure in docs/results), ASSAY_CHAOS_SEED makes it repeatable,
ASSAY_CHAOS_RESULT names the file for the figures. People are in the loop too: somebody launches the next run,
and takes up a run that was given up after its three attempts.
"""

import json
import os
import platform
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from django.db import connection

from governance.foundation.audit.verification import verify
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.work.evaluations.models import Evaluation
from governance.work.evaluations.rules import State as EvaluationState
from governance.work.model_versions.models import ModelVersion
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from governance.work.runs.rules import State
from tests import living
from tests.living import ROOT, Served, at_work, served_from, until
from tests.people import House, house

KILLS = int(os.environ.get("ASSAY_CHAOS_KILLS", "20"))
SEED = int(os.environ.get("ASSAY_CHAOS_SEED", "0"))
RESULT = Path(os.environ.get("ASSAY_CHAOS_RESULT", str(ROOT / "var" / "chaos" / "crash-loop.json")))
BETWEEN = (1.0, 15.0)  # seconds from one kill to the next

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120 + 60 * KILLS)]


@pytest.fixture
def home(transactional_db: None) -> House:
    return house()


@pytest.fixture
def served(tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with served_from(tmp_path / "var", monkeypatch) as made:
        yield made


def kill_part(part: str) -> Callable[[Served], bool]:
    def kill(served: Served) -> bool:
        pid = served.parts().get(part)
        return pid is not None and killed(pid)

    kill.__name__ = part
    return kill


def trainer(served: Served) -> bool:
    """Whatever works on a job: trainer or evaluator."""
    return any([killed(pid) for pid in at_work()])


def web_worker(served: Served) -> bool:
    """The gunicorn process that answers."""
    with suppress(psutil.Error, KeyError):
        return any([killed(child.pid) for child in psutil.Process(served.parts()["web"]).children()])
    return False


def broker(served: Served) -> bool:
    """A crash of the broker: its messages are gone."""
    for folder in ("messages", "reading"):
        for message in (served.var / "broker" / folder).iterdir():
            message.unlink(missing_ok=True)
    return True


def everything(served: Served) -> bool:
    """`assay serve` itself; then it is started again, as an operator or a service manager would."""
    served.stop(signal.SIGKILL)
    until("nothing lives on", lambda: not served.survivors(), within=15)
    served.start()
    return True


def killed(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


VICTIMS = [trainer, trainer, kill_part("gpu"), kill_part("gpu"), kill_part("light"), kill_part("scheduler"),
           kill_part("web"), web_worker, broker, everything]  # fmt: skip


def unfinished() -> bool:
    """Whether a run or its evaluation is still to come to an end."""
    waiting = Run.objects.filter(state__in=[State.QUEUED, State.RUNNING]).exists()
    return waiting or Evaluation.objects.filter(state__in=[EvaluationState.QUEUED, EvaluationState.RUNNING]).exists()


def take_up(home: House) -> int:
    """What a person does about runs that were given up; how many there were."""
    given_up = list(Run.objects.filter(state=State.FAILED))
    for run in given_up:
        assert run.error["fault"] == "platform", run.error
        runs.resume(actor=home.ada, run_id=run.pk)
    return len(given_up)


def test_no_run_is_lost_none_doubled_nothing_lives_on_and_the_audit_trail_has_no_gap(
    home: House, served: Served
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable is the point
    began = time.monotonic()
    served.start()
    base = living.base_model(home)
    kills, taken_up, launched = Counter[str](), 0, 0
    while kills.total() < KILLS:
        if not unfinished():
            living.launched_run(home, base=base, steps=60, every=5)
            launched += 1
        time.sleep(chance.uniform(*BETWEEN))
        victim = chance.choice(VICTIMS)
        if victim(served):
            kills[victim.__name__] += 1
        taken_up += take_up(home)

    def all_ended() -> bool:
        nonlocal taken_up
        taken_up += take_up(home)
        return not unfinished()

    until("every run and evaluation ends", all_ended, within=600)
    orphans_while_idle = at_work()
    assert served.stop() == 0
    survivors = served.survivors()
    trail = verify()
    figures = {
        "kills": kills.total(),
        "kills_by_victim": dict(sorted(kills.items())),
        "runs": launched,
        "runs_lost": launched - Run.objects.filter(state=State.SUCCEEDED).count(),
        "runs_doubled": ModelVersion.objects.count() - ModelVersion.objects.values("run").distinct().count()
        + sum(Job.objects.filter(subject_id=run.pk, task="train", state=JobState.SUCCEEDED).count() > 1
              for run in Run.objects.all()),
        "runs_taken_up_by_a_person": taken_up,
        "evaluations_failed": Evaluation.objects.exclude(state=EvaluationState.SUCCEEDED).count(),
        "orphans": len(orphans_while_idle) + len(survivors),
        "audit_entries": trail.entries,
        "audit_faults": len(trail.faults),
        "seconds": round(time.monotonic() - began),
    }  # fmt: skip
    write(figures)

    assert figures["runs_lost"] == figures["runs_doubled"] == figures["orphans"] == figures["audit_faults"] == 0, (
        figures
    )
    assert ModelVersion.objects.count() == launched
    for run in Run.objects.all():
        assert run.manifest["steps"]["done"] == 60


def write(figures: dict[str, object]) -> None:
    """Keep the figures with machine, commit and date."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    machine = f"{platform.system()} {platform.release()}, {os.cpu_count()} cores"
    text = {
        "schema": "assay.chaos/1", "what": "crash loop", "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None, "machine": machine, "database": connection.vendor, "seed": SEED,
        **figures,
    }  # fmt: skip
    RESULT.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
