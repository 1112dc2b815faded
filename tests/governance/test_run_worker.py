"""How a worker ends runs and evaluations: on what the trainer and the evaluator wrote in this attempt, or on its
own word where they did not come to write."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from evaluation import report as reports
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest_of_file
from governance.foundation.core.errors import Unusable, WrongState
from governance.foundation.jobs.models import Job
from governance.materials.datasets.models import DatasetVersion
from governance.work.evaluations import services as evaluations
from governance.work.evaluations import worker as evaluation_worker
from governance.work.evaluations.models import Evaluation
from governance.work.evaluations.rules import State as EvaluationState
from governance.work.runs import selectors
from governance.work.runs import services as runs
from governance.work.runs import worker as run_worker
from governance.work.runs.folders import evaluation_folder
from governance.work.runs.models import Run
from governance.work.runs.rules import State
from tests import factories, observations
from tests.people import House
from tests.settled import settled
from training import load_spec
from training.manifest import ErrorReport, Manifest

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(db: None, settings: Any, tmp_path: Path) -> House:
    settings.ASSAY_MODELS_DIR = tmp_path / "models"
    settings.DATA_DIR = tmp_path / "data"
    return settled()


@pytest.fixture
def run(home: House) -> Run:
    return factories.launched_run(home)


def attempt(run: Run, manifest: Manifest | str | None, *, exit_code: int) -> Run:
    """One attempt of a worker, whose trainer leaves `manifest`."""
    lease = factories.lease_on(run, "train")
    out = run_worker.begin(lease=lease, run_id=run.pk) / "out"
    if manifest is not None:
        text = manifest if isinstance(manifest, str) else json.dumps(manifest.to_json())
        (out / "manifest.json").write_text(text, encoding="utf-8")
    return run_worker.finish(lease=lease, run_id=run.pk, exit_code=exit_code, stderr_tail="killed")


def failed(run: Run, message: str) -> Manifest:
    error = ErrorReport(code="diverged", message=message, where=None)
    return replace(observations.manifest_of(run), status="failed", error=error)


def on_other_weights(manifest: Manifest) -> Manifest:
    assert manifest.base_model is not None
    return replace(manifest, base_model=replace(manifest.base_model, sha256="0" * 64))


def test_the_trainer_is_told_which_bytes_were_approved(run: Run) -> None:
    folder = run_worker.begin(lease=factories.lease_on(run, "train"), run_id=run.pk)
    spec = json.loads((folder / "spec.json").read_text())
    assert spec["base_model_sha256"] == run.base_model.folder_sha256


def test_decider_and_trainer_are_told_how_much_energy_is_allowed(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(budget={"max_kwh": 1.5})
    run.refresh_from_db()
    assert "at most 1.5 kWh" in [fact.says for fact in selectors.summary(run, run.project)]
    folder = run_worker.begin(lease=factories.lease_on(run, "train"), run_id=run.pk)
    assert load_spec(folder / "spec.json").max_kwh == 1.5


@pytest.mark.parametrize("budget", [{"max_kwh": 0}, {"max_kwh": -1.0}, {"max_minutes": 0}])
def test_a_limit_that_allows_nothing_is_refused_instead_of_ignored(run: Run, budget: dict[str, float]) -> None:
    assert run.evaluation_plan is not None
    with pytest.raises(Unusable) as error:
        runs.prepare(
            actor=Actor.of(run.created_by), project_id=run.project_id, base_model_id=run.base_model_id,
            data=[version.pk for version in run.data()], evaluation_plan_id=run.evaluation_plan.pk, training={},
            budget=budget,
        )  # fmt: skip
    assert [fault.field for fault in error.value.faults] == [f"budget.{next(iter(budget))}"]


def test_a_run_on_other_weights_than_those_approved_never_succeeds(run: Run) -> None:
    ended = attempt(run, on_other_weights(observations.manifest_of(run)), exit_code=0)
    assert (ended.state, ended.error["code"], ended.error["fault"]) == (State.FAILED, "base-model-changed", "user")
    assert "0" * 64 in ended.error["message"] and run.base_model.folder_sha256 in ended.error["message"]
    assert not Evaluation.objects.exists()
    assert Job.objects.get(subject_id=run.pk).error == ended.error


def test_a_run_that_never_started_does_not_blame_the_trainer(run: Run) -> None:
    lease = factories.lease_on(run, "train")
    ended = run_worker.fail(lease=lease, run_id=run.pk, message="No space left on device")
    assert ended.state == State.FAILED
    assert ended.error == {
        "code": "platform-fault", "message": "No space left on device", "where": "worker", "fault": "platform",
    }  # fmt: skip
    assert Job.objects.get(subject_id=run.pk).error == ended.error


@pytest.mark.parametrize("text", ["{", '"text"', '{"schema": "assay.training-manifest/1"}', "[" * 100_000])
def test_a_manifest_that_cannot_be_read_fails_the_run_and_is_kept(run: Run, text: str) -> None:
    ended = attempt(run, text, exit_code=0)
    assert (ended.state, ended.error["code"]) == (State.FAILED, "manifest-unreadable")
    assert ended.manifest is None
    kept = ended.error["message"].rsplit(" ", 1)[1].rstrip(".")
    with blobs.opened(kept) as blob:
        assert blob.read().decode() == text


@pytest.mark.parametrize("earlier", ["diverged", "{"])
def test_what_an_earlier_attempt_wrote_is_not_read_as_the_word_of_this_one(home: House, run: Run, earlier: str) -> None:
    attempt(run, failed(run, "It diverged.") if earlier == "diverged" else earlier, exit_code=1)
    runs.resume(actor=home.ada, run_id=run.pk)
    ended = attempt(run, None, exit_code=1)
    assert ended.manifest is None
    assert ended.error["code"] == "trainer-ended"
    assert ended.error["message"] == "The trainer ended with code 1 and left no manifest. It said: killed"


def test_every_earlier_manifest_is_kept_beside(home: House, run: Run) -> None:
    for said in ("first", "second"):
        attempt(run, failed(run, said), exit_code=1)
        runs.resume(actor=home.ada, run_id=run.pk)
    out = run_worker.begin(lease=factories.lease_on(run, "train"), run_id=run.pk) / "out"
    parts = [json.loads((out / f"manifest.part-{n}.json").read_text())["error"]["message"] for n in (1, 2)]
    assert parts == ["first", "second"]


def test_training_that_was_over_when_its_worker_was_lost_is_recorded_by_the_next(home: House, run: Run) -> None:
    lease = factories.lease_on(run, "train")
    out = run_worker.begin(lease=lease, run_id=run.pk) / "out"
    (out / "manifest.json").write_text(json.dumps(observations.manifest_of(run).to_json()), encoding="utf-8")
    run_worker.fail(lease=lease, run_id=run.pk, message="The database went away.")
    runs.resume(actor=home.ada, run_id=run.pk)
    assert attempt(run, None, exit_code=0).state == State.SUCCEEDED


# evaluations


@pytest.fixture
def evaluation(home: House) -> Evaluation:
    found: Evaluation = factories.trained_run(home).model_version.evaluations.get()
    return found


def test_the_evaluator_is_told_which_bytes_to_measure(evaluation: Evaluation) -> None:
    lease = factories.lease_on(evaluation, "evaluate")
    folder = evaluation_worker.begin(lease=lease, evaluation_id=evaluation.pk)
    base, candidate = json.loads((folder / "spec.json").read_text())["models"]
    run = evaluation.model_version.run
    assert base["sha256"] == candidate["sha256"] == run.base_model.folder_sha256
    assert candidate["adapter_sha256"] == run.manifest["output"]["sha256"]


@pytest.mark.parametrize(("pin", "code"), [("sha256", "base-model-changed"), ("adapter_sha256", "tuned-model-changed")])
def test_a_report_on_other_weights_never_counts(evaluation: Evaluation, pin: str, code: str) -> None:
    def changed(report: reports.Report) -> reports.Report:
        base, candidate = report.models
        return reports.sealed(replace(report, models=(base, replace(candidate, **{pin: "0" * 64}))))

    ended = factories.evaluated(evaluation, found=changed)
    assert (ended.state, ended.error["code"], ended.report) == (EvaluationState.FAILED, code, None)
    assert "0" * 64 in ended.error["message"]


def test_an_evaluation_that_never_started_does_not_blame_the_evaluator(evaluation: Evaluation) -> None:
    lease = factories.lease_on(evaluation, "evaluate")
    ended = evaluation_worker.fail(lease=lease, evaluation_id=evaluation.pk, message="No space left on device")
    assert (ended.state, ended.error["code"], ended.error["where"]) == (
        EvaluationState.FAILED, "platform-fault", "worker",
    )  # fmt: skip


def test_a_report_that_is_not_whole_fails_the_evaluation(evaluation: Evaluation) -> None:
    lease = factories.lease_on(evaluation, "evaluate")
    folder = evaluation_worker.begin(lease=lease, evaluation_id=evaluation.pk)
    (folder / "out" / "report.json").write_text("{}", encoding="utf-8")
    ended = evaluation_worker.finish(lease=lease, evaluation_id=evaluation.pk, exit_code=0, stderr_tail="")
    assert (ended.state, ended.error["code"]) == (EvaluationState.FAILED, "report-unreadable")


def test_an_evaluation_asked_for_anew_is_measured_anew(home: House, evaluation: Evaluation) -> None:
    factories.evaluated(evaluation, found=lambda report: replace(report, sha256="0" * 64))
    report = evaluation_folder(evaluation.pk) / "out" / "report.json"
    refused, _ = digest_of_file(report)
    evaluations.retry(actor=home.ada, evaluation_id=evaluation.pk)
    evaluation_worker.begin(lease=factories.lease_on(evaluation, "evaluate"), evaluation_id=evaluation.pk)
    assert not report.exists()
    assert digest_of_file(report.with_name("report.part-1.json"))[0] == refused


def test_an_evaluation_whose_rows_are_gone_is_not_run_again(
    home: House, evaluation: Evaluation, client: Client
) -> None:
    lease = factories.lease_on(evaluation, "evaluate")
    evaluation_worker.fail(lease=lease, evaluation_id=evaluation.pk, message="No space left on device")
    page = f"/evaluations/{evaluation.pk}/"
    client.force_login(get_user_model().objects.get(username="ada"))
    assert "Run this evaluation again" in client.get(page).content.decode()
    DatasetVersion.objects.update(disposed_at=timezone.now())
    shown = client.get(page).content.decode()
    assert "Run this evaluation again" not in shown
    assert "It cannot be run again" in shown
    with pytest.raises(WrongState, match="was deleted on"):
        evaluations.retry(actor=home.ada, evaluation_id=evaluation.pk)
