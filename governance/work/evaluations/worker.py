"""The worker's side of an evaluation, under its lease."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from evaluation import report as reports
from evaluation import spec as evaluation_spec
from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.moves import move
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.foundation.jobs.services import Lease, LeaseLost
from governance.materials.base_models import selectors as base_models
from governance.work.evaluation_plans.measures import reads_validation_rows
from governance.work.evaluations.models import Evaluation
from governance.work.evaluations.rules import TRANSITIONS, State
from governance.work.evaluations.services import ask
from governance.work.model_versions import selectors as model_versions
from governance.work.model_versions import services as making
from governance.work.runs.folders import evaluation_folder, run_folder
from governance.work.runs.models import Run

# Sent in the transaction in which a report was recorded; receivers get `evaluation`.
recorded = Signal()


def after_run(sender: type[Run], run: Run, **_: Any) -> None:
    """A run succeeded: its model version, and the evaluation that its plan asked for."""
    ask(model_version=making.make(run=run))


def begin(*, lease: Lease, evaluation_id: UUID) -> Path:
    """Mark the evaluation as running and write its `spec.json`. Returns its folder.

    Asked for anew by a person, it is measured anew: a report of an earlier attempt is kept beside
    (`report.part-1.json`). After a lost worker the report stays, because nothing but its record was lost.
    """
    evaluation = Evaluation.objects.select_related("plan", "model_version__run__base_model").get(pk=evaluation_id)
    folder = evaluation_folder(evaluation.pk)
    (folder / "out").mkdir(parents=True, exist_ok=True)
    spec = _spec(evaluation)
    (folder / "spec.json").write_text(json.dumps(spec, indent=1, ensure_ascii=False), encoding="utf-8")
    with transaction.atomic():
        _guard(lease)
        evaluation = Evaluation.objects.select_for_update().get(pk=evaluation_id)
        if evaluation.state == State.QUEUED:
            _set_aside(folder / "out" / "report.json")
            move(evaluation, TRANSITIONS, State.RUNNING, started_at=timezone.now())
            record(PLATFORM, "evaluation.started", subject=evaluation, facts={"attempt": lease.attempt})
    return folder


@transaction.atomic
def finish(*, lease: Lease, evaluation_id: UUID, exit_code: int, stderr_tail: str) -> Evaluation:
    """Record the report, or why there is none, and end the job with it. Raises LeaseLost."""
    _guard(lease)
    evaluation = (
        Evaluation.objects.select_for_update(of=("self",))
        .select_related("plan", "model_version__run__base_model", "project")
        .get(pk=evaluation_id)
    )
    found: dict[str, Any] = {}
    error: dict[str, Any] | None = None
    if exit_code == 0:
        found, error = _found(evaluation)
        state = State.FAILED if error else State.SUCCEEDED
    elif exit_code == 130:
        state = State.CANCELLED
    else:
        state = State.FAILED
        message = stderr_tail or f"The evaluator ended with code {exit_code} and said nothing."
        error = _error("evaluator-ended", message, "evaluator", "user" if exit_code == 2 else "platform")
    return _end(lease, evaluation, state, error=error, **found)


@transaction.atomic
def fail(*, lease: Lease, evaluation_id: UUID, message: str) -> Evaluation:
    """End the evaluation and its job because the worker could not carry it out; `message` says why. Raises
    LeaseLost."""
    _guard(lease)
    evaluation = Evaluation.objects.select_for_update().get(pk=evaluation_id)
    return _end(lease, evaluation, State.FAILED, error=_error("platform-fault", message, "worker", "platform"))


def _end(
    lease: Lease, evaluation: Evaluation, state: State, *, error: dict[str, Any] | None, **found: Any
) -> Evaluation:
    """Move the locked evaluation to its end, tell of it, and end the job alike."""
    move(evaluation, TRANSITIONS, state, ended_at=timezone.now(), error=error, **found)
    if state == State.SUCCEEDED:
        recorded.send(sender=Evaluation, evaluation=evaluation)
    jobs.end(lease, JobState(state.value), error=error)
    record(
        PLATFORM,
        f"evaluation.{state.value}",
        subject=evaluation,
        facts={"report_sha256": evaluation.report_sha256 or None, "error": error["code"] if error else None},
    )
    return evaluation


def follow_abandoned_job(sender: type[Job], job: Job, **_: Any) -> None:
    """A job that ended without its worker's word takes its evaluation along."""
    if job.subject_kind != Evaluation.kind:
        return
    evaluation = Evaluation.objects.select_for_update().get(pk=job.subject_id)
    move(evaluation, TRANSITIONS, State(job.state), error=job.error, ended_at=timezone.now())
    record(PLATFORM, f"evaluation.{job.state}", subject=evaluation, facts={"job": job.pk})


def _found(evaluation: Evaluation) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What the evaluator wrote, or the error that keeps it out of the record."""
    out = evaluation_folder(evaluation.pk) / "out"
    try:
        report = reports.read(out / "report.json")
    except evaluation_spec.Invalid as invalid:
        message = f"The evaluator's report cannot be used: {invalid.message} Run the evaluation again."
        return {}, _error("report-unreadable", message, "report.json", "platform")
    if changed := _changed_model(evaluation, report):
        return {}, changed
    report_sha256, _ = blobs.put_path(out / "report.json")
    samples_sha256, _ = blobs.put_path(out / "samples.jsonl")
    return {"report": report.content(), "report_sha256": report_sha256, "samples_sha256": samples_sha256}, None


def _changed_model(evaluation: Evaluation, report: reports.Report) -> dict[str, Any] | None:
    """The error of a report on other weights than those of the record; the evaluator refuses them too."""
    measured = {model.name: model for model in report.models}
    for model in _models(evaluation):
        whole = model["name"] == "candidate" and "adapter" not in model
        for pin in ("sha256", "adapter_sha256"):
            code = "tuned-model-changed" if whole or pin == "adapter_sha256" else "base-model-changed"
            expected = model.get(pin)
            found = getattr(measured.get(model["name"]), pin, None)
            if expected is not None and found != expected:
                message = (
                    f"The evaluator measured the model {model['name']!r} with the folder digest {found or 'none'}, but "
                    f"the record says {expected}. Nothing of it is kept. Put the recorded files back, then run the "
                    "evaluation again."
                )
                return _error(code, message, f"models.{model['name']}.{pin}", "user")
    return None


def _error(code: str, message: str, where: str, fault: str) -> dict[str, Any]:
    return {"code": code, "message": message, "where": where, "fault": fault}


def _set_aside(report: Path) -> None:
    if report.is_file():
        number = 1 + sum(1 for _ in report.parent.glob("report.part-*.json"))
        report.rename(report.with_name(f"report.part-{number}.json"))


def _models(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Base and candidate as the evaluator is asked for them, each folder with the digest on record."""
    run = evaluation.model_version.run
    output = evaluation.model_version.composition["output"]
    base = {"path": str(base_models.folder(run.base_model)), "sha256": run.base_model.folder_sha256}
    tuned = str(model_versions.folder(evaluation.model_version))
    if output["kind"] == "adapter":
        candidate = {**base, "adapter": tuned, "adapter_sha256": output["sha256"]}
    else:
        candidate = {"path": tuned, "sha256": output["sha256"]}
    return [{"name": "base", **base}, {"name": "candidate", **candidate}]


def _spec(evaluation: Evaluation) -> dict[str, Any]:
    validation_rows = str(run_folder(evaluation.model_version.run_id) / "out" / "validation.jsonl")
    tasks = [
        {**task, "items": validation_rows} if reads_validation_rows(task) else task for task in evaluation.plan.tasks
    ]
    return {
        "schema": evaluation_spec.SCHEMA,
        "models": _models(evaluation),
        "tasks": tasks,
        "thresholds": evaluation.plan.thresholds,
        "seed": evaluation.plan.seed,
    }


def _guard(lease: Lease) -> None:
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the evaluation; another may hold it.")
