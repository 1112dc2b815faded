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
from training.errors import UserError
from training.manifest import Manifest, load_manifest, set_aside

MANIFEST = "manifest.json"

# Sent in the transaction in which a run succeeded; receivers get `run`. What comes next (the model version,
# its evaluation) lies on the same floor above runs.
succeeded = Signal()


def begin(*, lease: Lease, run_id: UUID) -> Path:
    """Mark the run as running and lay out its folder: data and `spec.json`. Returns the folder.

    Called again, after a lost worker or for a run that a person took up again, it lays out the same files and leaves
    checkpoints where they are. The manifest of an earlier attempt is kept beside (`manifest.part-1.json`), so that
    `finish` reads this attempt's or none; only one that says "succeeded" stays, because that training is over and
    nothing but its record was lost: the trainer finds it and ends at once.
    """
    run = Run.objects.select_related("base_model", "project").get(pk=run_id)
    folder = run_folder(run.pk)
    spec = for_trainer(run, base_folder=base_models.folder(run.base_model), data_folder=folder / "data")
    (folder / "out").mkdir(parents=True, exist_ok=True)
    (folder / "spec.json").write_text(json.dumps(spec, indent=1, ensure_ascii=False), encoding="utf-8")
    with transaction.atomic():
        _guard(lease)
        _set_stale_manifest_aside(folder / "out" / MANIFEST)
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


def events_heard(run_id: UUID) -> int:
    """How many lines of `events.jsonl` are kept: always the first ones, for they come in order."""
    return RunEvent.objects.filter(run_id=run_id).count()


@transaction.atomic
def finish(*, lease: Lease, run_id: UUID, exit_code: int, stderr_tail: str, over_budget: bool = False) -> Run:
    """Bring the run to the end that its manifest tells of, and end the job with it. Raises LeaseLost.

    `over_budget`: the worker ended the trainer because the approved budget was used up.
    """
    _guard(lease)
    run = Run.objects.select_for_update(of=("self",)).select_related("base_model", "project").get(pk=run_id)
    manifest, sha256 = None, ""
    try:
        manifest, sha256 = _manifest(run)
        state, error = _end_of(run, manifest, exit_code, stderr_tail)
    except _Unreadable as unreadable:
        state, error = State.FAILED, unreadable.error
    if over_budget and state != State.SUCCEEDED:
        state, error = State.FAILED, _over_budget(run)
    return _end(lease, run, state, error=error, manifest=manifest, manifest_sha256=sha256)


@transaction.atomic
def fail(*, lease: Lease, run_id: UUID, message: str) -> Run:
    """End the run and its job because the worker could not carry it out; `message` says why. Raises LeaseLost."""
    _guard(lease)
    run = Run.objects.select_for_update(of=("self",)).select_related("base_model", "project").get(pk=run_id)
    error = {"code": "platform-fault", "message": message, "where": "worker", "fault": "platform"}
    return _end(lease, run, State.FAILED, error=error, manifest=None, manifest_sha256="")


def _end(lease: Lease, run: Run, state: State, *, error: dict[str, Any] | None, **found: Any) -> Run:
    """Move the locked run to its end, tell of it, and end the job alike."""
    move(run, TRANSITIONS, state, error=error, ended_at=timezone.now(), **found)
    if state == State.SUCCEEDED:
        succeeded.send(sender=Run, run=run)
    jobs.end(lease, JobState(state.value), error=error)
    record(
        PLATFORM,
        f"run.{state.value}",
        subject=run,
        facts={"manifest_sha256": run.manifest_sha256 or None, "error": error["code"] if error else None},
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


class _Unreadable(Exception):
    """The trainer's manifest is not what its schema says; `error` in the shape that a run keeps."""

    def __init__(self, reason: str, sha256: str) -> None:
        super().__init__(reason)
        self.error = {
            "code": "manifest-unreadable",
            "message": f"The trainer left a manifest that cannot be read: {reason} Its bytes are kept as {sha256}.",
            "where": MANIFEST,
            "fault": "platform",
        }


def _manifest(run: Run) -> tuple[dict[str, Any] | None, str]:
    """The manifest as the trainer wrote it, and its digest; (None, "") when it wrote none. Raises _Unreadable."""
    path = run_folder(run.pk) / "out" / MANIFEST
    if not path.is_file():
        return None, ""
    sha256, _ = blobs.put_path(path)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        Manifest.parse(manifest)
    except UserError as error:
        raise _Unreadable(str(error), sha256) from error
    except (ValueError, RecursionError) as error:
        raise _Unreadable(f"{error}.", sha256) from error
    return manifest, sha256


def _set_stale_manifest_aside(path: Path) -> None:
    if not path.is_file():
        return
    try:
        stale = load_manifest(path).status != "succeeded"
    except UserError:  # unreadable: `finish` kept it and said so
        stale = True
    if stale:
        set_aside(path)


def _end_of(
    run: Run, manifest: dict[str, Any] | None, exit_code: int, stderr_tail: str
) -> tuple[State, dict[str, Any] | None]:
    """The state, and the error in one shape: whose fault it is stays told apart."""
    status = manifest["status"] if manifest else None
    if manifest and status == "succeeded":
        if changed := _changed_base(run, manifest):
            return State.FAILED, changed
        if exit_code == 0:
            return State.SUCCEEDED, None
    if status == "cancelled" or exit_code == 130:
        return State.CANCELLED, None
    left = f"a manifest that says {status!r}" if manifest else "no manifest"
    error = (manifest or {}).get("error") or {
        "code": "trainer-ended",
        "message": f"The trainer ended with code {exit_code} and left {left}. It said: {stderr_tail or 'nothing'}",
        "where": "trainer",
    }
    return State.FAILED, {**error, "fault": "user" if exit_code == 2 else "platform"}


def _changed_base(run: Run, manifest: dict[str, Any]) -> dict[str, Any] | None:
    """The error of a run that was trained on other weights than those approved; the trainer refuses them too."""
    approved, found = run.base_model.folder_sha256, (manifest["base_model"] or {}).get("sha256")
    if found == approved:
        return None
    return {
        "code": "base-model-changed",
        "message": f"The run was approved for the base model with the folder digest {approved}, but the trainer found "
        f"{found or 'none'}. What it made is not used. Put the registered files back, or register the folder as it is "
        "now as another base model, and prepare a new run.",
        "where": "base_model",
        "fault": "user",
    }
