"""The life of one run: take the output folder, listen for signals, follow the recipe, write the manifest last."""

from __future__ import annotations

import errno
import fcntl
import json
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from training import environment
from training.checkpoint import write_file
from training.errors import (
    EXIT_CANCELLED,
    EXIT_FAILED,
    EXIT_NO_ROOM,
    EXIT_SUCCEEDED,
    EXIT_USER_ERROR,
    NoRoom,
    TrainingError,
    UserError,
)
from training.job import Job
from training.manifest import ErrorReport, Manifest, Status, load_manifest, set_aside
from training.spec import TrainingSpec, load_spec
from training.strict import write as to_plain
from training.telemetry import EventLog, now

_MANIFEST = "manifest.json"
_STATUS: dict[int, Status] = {
    EXIT_SUCCEEDED: "succeeded",
    EXIT_FAILED: "failed",
    EXIT_USER_ERROR: "user_error",
    EXIT_NO_ROOM: "failed",
    EXIT_CANCELLED: "cancelled",
}


def run(spec_path: Path, out: Path, *, resume: bool) -> int:
    """Run a spec into `out`; returns the exit code. Raises UserError where `out` is not ours to write in."""
    with _claimed(out):
        if (done := _already_done(spec_path, out, resume)) is not None:
            return done
        with EventLog(out / "events.jsonl") as events, _stop_signal() as stopped:
            return _recorded(spec_path, out, events, stopped, resume)


def _recorded(spec_path: Path, out: Path, events: EventLog, stopped: _StopSignal, resume: bool) -> int:
    """Follow the recipe and write down how it ended, whatever the end."""
    started = now()
    facts: dict[str, Any] = {"environment": environment.describe()}
    ending: TrainingError | None = None
    try:
        _follow(spec_path, out, events, stopped, resume, facts)
    except TrainingError as error:
        ending = error
    except Exception as error:
        ending = _as_no_room(error) or _unexpected(error)
    status, report, code = _STATUS[EXIT_SUCCEEDED], None, EXIT_SUCCEEDED
    if ending is not None:
        status, code = _STATUS[ending.exit_code], ending.exit_code
        report = ErrorReport(code=ending.code, message=ending.message, where=ending.where)
        events.message(str(ending), "error", code=ending.code, where=ending.where)
    manifest = Manifest(status=status, error=report, started_at=started, finished_at=now(), **facts)
    write_file(out / _MANIFEST, json.dumps(manifest.to_json(), ensure_ascii=False, allow_nan=False, indent=2) + "\n")
    events.state(status, exit_code=code, manifest=_MANIFEST)
    return code


def _follow(
    spec_path: Path, out: Path, events: EventLog, stopped: _StopSignal, resume: bool, facts: dict[str, Any]
) -> None:
    spec = load_spec(spec_path)
    facts.update(
        task=spec.task, spec=spec.to_json(), spec_sha256=spec.digest(), seed=spec.seed, method=to_plain(spec.method)
    )
    from training.recipes import recipe  # torch is loaded here, after the process was prepared

    job = Job(spec, spec_path.resolve().parent, out, events, stopped, resume, facts)
    recipe(spec.task)(job)


def _unexpected(error: Exception) -> TrainingError:
    """A fault of ours: the trace goes to standard error, its last line into the manifest."""
    traceback.print_exception(error, file=sys.stderr)
    return TrainingError("unexpected", f"{type(error).__name__}: {error}", "the trace is on standard error")


def _as_no_room(error: Exception) -> NoRoom | None:
    """Out of memory or disk in any of its guises, or None."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoRoom("too-little-disk", f"The disk is full: {error}. Free some space and resume.")
    text = str(error)
    allocator = isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)
    if isinstance(error, MemoryError) or allocator:
        message = f"Memory ran out: {text or 'no more could be had'}. Lower batch_size or max_length."
        return NoRoom("too-little-memory", message)
    return None


def _already_done(spec_path: Path, out: Path, resume: bool) -> int | None:
    """Refuse a used folder unless it is resumed; a run that succeeded is not run again.

    The manifest of an earlier part that ended early is kept beside the new one.
    """
    if not resume:
        used = sorted(path.name for path in out.iterdir() if path.name != ".lock")
        if used:
            message = f"The output folder is not empty ({used[0]}). Give an empty one, or --resume to continue its run."
            raise UserError("output-in-use", message, str(out))
        return None
    if not (out / _MANIFEST).is_file():
        return None
    earlier = load_manifest(out / _MANIFEST)
    if earlier.status == "succeeded":
        spec = load_spec(spec_path)
        same_base = earlier.base_model is not None and spec.base_model_sha256 in (None, earlier.base_model.sha256)
        if same_base and TrainingSpec.parse(earlier.spec).settings_digest() == spec.settings_digest():
            return EXIT_SUCCEEDED
        message = "The folder holds the finished run of another spec. Give an empty folder."
        raise UserError("output-in-use", message, str(out))
    set_aside(out / _MANIFEST)
    return None


@contextmanager
def _claimed(out: Path) -> Iterator[None]:
    """Make the folder and hold its lock, so that two trainers never write into one run."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("w")
    except OSError as error:
        raise UserError(
            "output-unwritable", f"The output folder cannot be made: {error.strerror}.", str(out)
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = "Another trainer is writing into this folder. Wait for it or give another folder."
            raise UserError("output-in-use", message, str(out)) from error
        yield


class _StopSignal:
    """Remembers that SIGTERM or SIGINT came; the loop asks between steps."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self) -> bool:
        return self.came

    def note(self, number: int, frame: FrameType | None) -> None:
        self.came = True


@contextmanager
def _stop_signal() -> Iterator[_StopSignal]:
    stopped = _StopSignal()
    before = {number: signal.signal(number, stopped.note) for number in (signal.SIGTERM, signal.SIGINT)}
    environment.die_with_supervisor()
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
