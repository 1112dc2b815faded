"""The job "train": one run, in the trainer's own process."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from assay.jobs.keeping import keeping
from assay.jobs.supervise import Event, Interrupted, Supervised
from governance.foundation.jobs.services import Lease
from governance.work.runs import worker as runs
from training.errors import UserError
from training.manifest import load_manifest


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Train the run under `lease`, from its last checkpoint where it has one, and record how it ended.

    Raises LeaseLost, and Interrupted when `stopping` ended it.
    """
    with keeping(lease):
        folder = runs.begin(lease=lease, run_id=lease.subject_id)
    out = folder / "out"
    if succeeded(out):
        # An earlier worker was lost between the trainer's last word and the record of it.
        exit_code, last_words = 0, ""
    else:
        set_manifest_aside(out, lease)
        outcome = Supervised(
            command(folder),
            lease=lease,
            folder=folder,
            log_file=folder / "trainer.log",
            on_events=lambda events: runs.note_events(lease=lease, run_id=lease.subject_id, events=events),
            progress_of=progress,
            stopping=stopping,
        ).run()
        if outcome.interrupted and outcome.exit_code != 0 and not outcome.cancelled:
            raise Interrupted
        exit_code, last_words = outcome.as_reported, outcome.last_words
    end = partial(runs.finish, lease=lease, run_id=lease.subject_id)
    with keeping(lease):
        end(exit_code=exit_code, stderr_tail=last_words)


def fail(lease: Lease, message: str) -> None:
    """Record that the run could not be carried out. Raises LeaseLost."""
    runs.finish(lease=lease, run_id=lease.subject_id, exit_code=1, stderr_tail=message)


def command(folder: Path) -> list[str]:
    """The trainer's command line for the run laid out in `folder`."""
    out = folder / "out"
    resume = ["--resume"] if any((out / "checkpoints").glob("step-*")) else []
    return [sys.executable, "-m", "training", "run", str(folder / "spec.json"), "--out", str(out), *resume]


def succeeded(out: Path) -> bool:
    """Whether the trainer already finished here: its manifest is written last, so it is the whole truth."""
    try:
        return load_manifest(out / "manifest.json").status == "succeeded"
    except UserError:
        return False


def set_manifest_aside(out: Path, lease: Lease) -> None:
    """An earlier attempt's manifest must not speak for this one, should this one die without a word."""
    manifest = out / "manifest.json"
    if manifest.exists():
        manifest.rename(out / f"manifest-before-{lease.token}.json")


def progress(event: Event) -> dict[str, object] | None:
    """`Job.progress` from the metrics of a training step."""
    data = event["data"]
    if event["type"] != "metrics" or "step" not in data:
        return None
    return {
        "done": data["step"],
        "of": data.get("of"),
        "seconds_left": data.get("seconds_left"),
        "text": data.get("phase", ""),
    }
