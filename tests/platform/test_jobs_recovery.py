"""Real processes, really killed: no run is lost, none is doubled, nothing lives on."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.jobs import processes
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.work.model_versions.models import ModelVersion
from governance.work.runs import services as runs
from governance.work.runs.folders import run_folder
from governance.work.runs.models import Run, RunEvent
from governance.work.runs.rules import State
from tests import living
from tests.living import Served, at_work, checkpoint_of, ended, served_from, steps_of, until
from tests.people import House, house

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]


@pytest.fixture
def home(transactional_db: None) -> House:
    return house()


@pytest.fixture
def served(tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with served_from(tmp_path / "var", monkeypatch) as made:
        yield made


def the_job(run: Run) -> Job:
    return Job.objects.get(subject_id=run.pk, task="train")


def test_a_run_survives_the_kill_of_its_trainer_its_worker_and_the_web(home: House, served: Served) -> None:
    served.start()
    base = living.base_model(home)
    run = living.launched_run(home, base=base, steps=300, every=20)
    until("a checkpoint", lambda: checkpoint_of(run))

    trainer = until("the trainer", at_work)
    os.kill(trainer[0], signal.SIGKILL)
    until("another trainer", lambda: set(at_work()) - set(trainer))
    before = len(steps_of(run))
    until("it trains again", lambda: len(steps_of(run)) > before + 5)

    second = at_work()
    os.kill(served.parts()["gpu"], signal.SIGKILL)
    until("the trainer dies with its worker", lambda: not set(at_work()) & set(second), within=10)
    for pid in reversed(served.web()):
        os.kill(pid, signal.SIGKILL)
    until("a third trainer", lambda: set(at_work()) - set(second))
    until("pages again", lambda: served.get("/healthz") == 200)

    until("the run ends", lambda: ended(run), within=180)
    run.refresh_from_db()
    assert (run.state, run.error) == (State.SUCCEEDED, None)
    assert run.manifest["steps"]["done"] == 300
    assert ModelVersion.objects.filter(run=run).count() == 1
    assert (the_job(run).state, the_job(run).attempts) == (JobState.SUCCEEDED, 3)
    # Each went on from a checkpoint: no attempt began at the first step again.
    assert steps_of(run).count(1) == 1
    assert served.stop() == 0
    until("nothing lives on", lambda: not served.survivors(), within=10)


def test_the_kill_of_everything_leaves_nothing_running_and_the_run_goes_on_until_it_is_cancelled(
    home: House, served: Served
) -> None:
    served.start()
    run = living.launched_run(home, base=living.base_model(home), steps=5000, every=20)
    until("a checkpoint", lambda: checkpoint_of(run))
    served.note()
    served.stop(signal.SIGKILL)
    until("nothing lives on, not even for a moment", lambda: not served.survivors(), within=10)
    # As if it had been killed before it passed anything on: what the trainer wrote is not lost with its worker.
    RunEvent.objects.filter(run=run).delete()

    served.start()
    until("it trains on", lambda: max(steps_of(run), default=0) > 40)
    assert steps_of(run).count(1) == 1
    kept = RunEvent.objects.filter(run=run).order_by("seq").values_list("data", flat=True)
    written = (json.loads(line)["data"] for line in (run_folder(run.pk) / "out" / "events.jsonl").open())
    assert list(kept) == [data for data, _ in zip(written, kept, strict=False)]
    trainers = at_work()
    runs.cancel(actor=home.ada, run_id=run.pk)
    assert until("it is cancelled", lambda: ended(run)) == State.CANCELLED
    assert not [pid for pid in trainers if processes.identity(pid)]
    assert (the_job(run).state, the_job(run).attempts) == (JobState.CANCELLED, 2)
    assert ModelVersion.objects.count() == 0


def test_while_the_trainer_maps_pytorch_no_web_process_does_and_the_doctor_says_so(home: House, served: Served) -> None:
    served.start()
    run = living.launched_run(home, base=living.base_model(home), steps=5000, every=1000)
    until("it trains", lambda: len(steps_of(run)) > 2)
    assert served.get("/") == 200

    assert [pid for pid in at_work() if processes.maps(pid, "libtorch")]
    web = served.web()
    assert len(web) >= 2
    assert not [pid for pid in web if processes.maps(pid, "libtorch")]

    answer = served.doctor()
    said = {check["name"]: check for check in answer["checks"]}
    assert (said["web process"]["state"], said["web process"]["says"][0]) == ("well", str(len(web)))
    assert said["worker"]["state"] == said["light worker"]["state"] == said["scheduler"]["state"] == "well"
    assert (answer["exit_code"], answer["well"]) == (0, True), answer

    # A worker that is asked to end gives its run back: no attempt is lost, and no step but the one in hand.
    os.kill(served.parts()["gpu"], signal.SIGTERM)
    until("another worker has it", lambda: the_job(run).token == 2)
    assert the_job(run).attempts == 1
    done = max(steps_of(run))
    assert checkpoint_of(run)  # written when it was asked to end, long before the next was due
    until("it trains on", lambda: max(steps_of(run)) > done)
    assert len(steps_of(run)) - len(set(steps_of(run))) <= 1
