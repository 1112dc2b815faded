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
from governance.work.evaluation_plans.services import ON_VALIDATION_ROWS
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
    """Mark the evaluation as running and write its `spec.json`. Returns its folder."""
    evaluation = Evaluation.objects.select_related("plan", "model_version__run__base_model").get(pk=evaluation_id)
    folder = evaluation_folder(evaluation.pk)
    (folder / "out").mkdir(parents=True, exist_ok=True)
    spec = _spec(evaluation)
    (folder / "spec.json").write_text(json.dumps(spec, indent=1, ensure_ascii=False), encoding="utf-8")
    with transaction.atomic():
        _guard(lease)
        evaluation = Evaluation.objects.select_for_update().get(pk=evaluation_id)
        if evaluation.state == State.QUEUED:
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
    out = evaluation_folder(evaluation.pk) / "out"
    found: dict[str, Any] = {}
    error: dict[str, Any] | None = None
    if exit_code == 0:
        state = State.SUCCEEDED
        report = reports.read(out / "report.json")
        report_sha256, _ = blobs.put_path(out / "report.json")
        samples_sha256, _ = blobs.put_path(out / "samples.jsonl")
        found = {"report": report.content(), "report_sha256": report_sha256, "samples_sha256": samples_sha256}
    elif exit_code == 130:
        state = State.CANCELLED
    else:
        state = State.FAILED
        error = {
            "code": "evaluator-ended",
            "message": stderr_tail or f"The evaluator ended with code {exit_code} and said nothing.",
            "where": "evaluator",
            "fault": "user" if exit_code == 2 else "platform",
        }
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


def _spec(evaluation: Evaluation) -> dict[str, Any]:
    run = evaluation.model_version.run
    base = str(base_models.folder(run.base_model))
    tuned = str(model_versions.folder(evaluation.model_version))
    made_adapter = evaluation.model_version.composition["output"]["kind"] == "adapter"
    candidate = {"path": base, "adapter": tuned} if made_adapter else {"path": tuned}
    validation_rows = str(run_folder(run.pk) / "out" / "validation.jsonl")
    tasks = [
        {**task, "items": validation_rows} if task["name"] in ON_VALIDATION_ROWS and not task.get("items") else task
        for task in evaluation.plan.tasks
    ]
    return {
        "schema": evaluation_spec.SCHEMA,
        "models": [{"name": "base", "path": base}, {"name": "candidate", **candidate}],
        "tasks": tasks,
        "thresholds": evaluation.plan.thresholds,
        "seed": evaluation.plan.seed,
    }


def _guard(lease: Lease) -> None:
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the evaluation; another may hold it.")
