"""The worker's side of a run. Every write happens under its lease, so a worker that was thought dead and
comes back can no longer write."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.dispatch import Signal
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.canonical import digest_of_file
from governance.foundation.core.moves import move
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.foundation.jobs.services import Lease, LeaseLost
from governance.materials.base_models import selectors as base_models
from governance.work.runs.folders import run_folder
from governance.work.runs.models import Run, RunEvent
from governance.work.runs.rules import TRANSITIONS, State
from governance.work.runs.specs import for_trainer

# Sent in the transaction in which a run succeeded; receivers get `run`. What comes next (the model version,
# its evaluation) lies on the same floor above runs.
succeeded = Signal()


def begin(*, lease: Lease, run_id: UUID) -> Path:
    """Mark the run as running and lay out its folder: data and `spec.json`. Returns the folder.

    Called again after a lost worker it lays out the same files and leaves checkpoints where they are.
    """
    run = Run.objects.select_related("base_model", "project").get(pk=run_id)
    folder = run_folder(run.pk)
    data_paths = []
    for link in run.data_links.select_related("dataset_version__dataset"):
        version = link.dataset_version
        data_paths.append(
            blobs.copy_to(version.file_sha256, folder / "data" / f"{link.position}-{version.file_sha256[:12]}.jsonl")
        )
    spec = for_trainer(run, base_folder=base_models.folder(run.base_model), data_paths=data_paths)
    (folder / "out").mkdir(parents=True, exist_ok=True)
    (folder / "spec.json").write_text(json.dumps(spec, indent=1, ensure_ascii=False), encoding="utf-8")
    with transaction.atomic():
        _guard(lease)
        run = Run.objects.select_for_update().get(pk=run_id)
        if run.state == State.QUEUED:
            move(run, TRANSITIONS, State.RUNNING, started_at=timezone.now())
            record(PLATFORM, "run.started", subject=run, facts={"attempt": lease.attempt})
    return folder


@transaction.atomic
def note_events(*, lease: Lease, run_id: UUID, events: list[dict[str, Any]]) -> None:
    """Keep lines of `events.jsonl` as they came. Raises LeaseLost."""
    _guard(lease)
    last = RunEvent.objects.filter(run_id=run_id).aggregate(Max("seq"))["seq__max"] or 0
    RunEvent.objects.bulk_create(
        RunEvent(
            run_id=run_id,
            seq=last + offset,
            at=datetime.fromisoformat(event["at"]),
            level=event["level"],
            type=event["type"],
            data=event["data"],
        )
        for offset, event in enumerate(events, start=1)
    )


@transaction.atomic
def finish(*, lease: Lease, run_id: UUID, exit_code: int, stderr_tail: str, over_budget: bool = False) -> Run:
    """Bring the run to the end that its manifest tells of, and end the job with it. Raises LeaseLost.

    `over_budget`: the worker ended the trainer because the approved budget was used up.
    """
    _guard(lease)
    run = Run.objects.select_for_update(of=("self",)).select_related("base_model", "project").get(pk=run_id)
    manifest, sha256 = _manifest(run)
    state, error = _end_of(manifest, exit_code, stderr_tail)
    if over_budget and state != State.SUCCEEDED:
        state, error = State.FAILED, _over_budget(run)
    move(
        run, TRANSITIONS, state,
        manifest=manifest, manifest_sha256=sha256, error=error, ended_at=timezone.now(),
    )  # fmt: skip
    if state == State.SUCCEEDED:
        succeeded.send(sender=Run, run=run)
    jobs.end(lease, JobState(state.value), error=error)
    record(
        PLATFORM,
        f"run.{state.value}",
        subject=run,
        facts={"manifest_sha256": sha256 or None, "error": error["code"] if error else None},
    )
    return run


def time_budget(run_id: UUID) -> float | None:
    """Seconds that one attempt at the run may take by its approved plan; None where the plan sets no limit."""
    minutes = Run.objects.values_list("budget", flat=True).get(pk=run_id).get("max_minutes")
    return 60.0 * minutes if minutes else None


def _over_budget(run: Run) -> dict[str, Any]:
    return {
        "code": "budget-used-up",
        "message": f"The approved budget of {run.budget['max_minutes']} min is used up. The last checkpoint is "
        "kept; a larger budget is another plan, which has to be approved.",
        "where": "budget.max_minutes",
        "fault": "user",
    }


def follow_abandoned_job(sender: type[Job], job: Job, **_: Any) -> None:
    """A job that ended without its worker's word takes its run along."""
    if job.subject_kind != Run.kind or job.task != "train":
        return
    run = Run.objects.select_for_update().get(pk=job.subject_id)
    move(run, TRANSITIONS, State(job.state), error=job.error, ended_at=timezone.now())
    record(PLATFORM, f"run.{job.state}", subject=run, facts={"job": job.pk})


def _guard(lease: Lease) -> None:
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the run; another may hold it.")


def _manifest(run: Run) -> tuple[dict[str, Any] | None, str]:
    """The manifest as the trainer wrote it, and its digest; (None, "") when it wrote none."""
    path = run_folder(run.pk) / "out" / "manifest.json"
    if not path.is_file():
        return None, ""
    sha256, _ = digest_of_file(path)
    blobs.put_path(path)
    return json.loads(path.read_text(encoding="utf-8")), sha256


def _end_of(manifest: dict[str, Any] | None, exit_code: int, stderr_tail: str) -> tuple[State, dict[str, Any] | None]:
    """The state, and the error in one shape: whose fault it is stays told apart."""
    status = manifest["status"] if manifest else None
    if status == "succeeded" and exit_code == 0:
        return State.SUCCEEDED, None
    if status == "cancelled" or exit_code == 130:
        return State.CANCELLED, None
    error = (manifest or {}).get("error") or {
        "code": "trainer-ended",
        "message": f"The trainer ended with code {exit_code} and left no manifest. It said: {stderr_tail or 'nothing'}",
        "where": "trainer",
    }
    return State.FAILED, {**error, "fault": "user" if exit_code == 2 else "platform"}
