"""The job "train": one run, in the trainer's own process."""

import sys
from collections.abc import Callable
from pathlib import Path

from assay.jobs.events import unheard
from assay.jobs.keeping import keeping
from assay.jobs.supervise import Event, Interrupted, Limits, Supervised
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from governance.work.runs import worker as runs


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Train the run under `lease`, from its last checkpoint where it has one and within the time of its approved
    budget, and record how it ended.

    Raises LeaseLost, and Interrupted when `stopping` ended it.
    """
    with keeping(lease):
        folder = runs.begin(lease=lease, run_id=lease.subject_id)
        # An earlier attempt's last words may have died with its worker; the trainer's own file has them.
        events = unheard(folder / "out" / "events.jsonl", runs.events_heard(lease.subject_id))
        runs.note_events(lease=lease, run_id=lease.subject_id, events=events)
    outcome = Supervised(
        command(folder),
        lease=lease,
        folder=folder,
        log_file=folder / "trainer.log",
        on_events=lambda events: runs.note_events(lease=lease, run_id=lease.subject_id, events=events),
        progress_of=progress,
        stopping=stopping,
        limits=Limits(wall_seconds=runs.time_budget(lease.subject_id)),
    ).run()
    if outcome.was_interrupted:
        raise Interrupted
    if outcome.was_killed and jobs.hand_back(lease, attempt_counts=True):
        return
    with keeping(lease):
        runs.finish(
            lease=lease,
            run_id=lease.subject_id,
            exit_code=outcome.as_reported,
            stderr_tail=outcome.last_words,
            over_budget=outcome.timed_out,
        )


def fail(lease: Lease, message: str) -> None:
    """Record that the run could not be carried out. Raises LeaseLost."""
    runs.fail(lease=lease, run_id=lease.subject_id, message=message)


def command(folder: Path) -> list[str]:
    """The trainer's command line for the run laid out in `folder`.

    Where an earlier attempt left anything, this one takes it up: from its last checkpoint, from the start when
    it had none, and at its end when only the record of it was lost.
    """
    out = folder / "out"
    resume = ["--resume"] if any(out.iterdir()) else []
    return [sys.executable, "-m", "training", "run", str(folder / "spec.json"), "--out", str(out), *resume]


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
