"""The job "evaluate": base and tuned model under the plan's tasks, in the evaluator's own process."""

import sys
from collections.abc import Callable
from pathlib import Path

from assay.jobs.keeping import keeping
from assay.jobs.supervise import Event, Interrupted, Supervised
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from governance.work.evaluations import worker as evaluations


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Evaluate under `lease` and record what was found. Raises LeaseLost, and Interrupted when `stopping`
    ended it."""
    with keeping(lease):
        folder = evaluations.begin(lease=lease, evaluation_id=lease.subject_id)
    exit_code, last_words = 0, ""
    # The report is written last and in one move: where it lies, an earlier worker was lost after the work.
    if not (folder / "out" / "report.json").exists():
        outcome = Supervised(
            command(folder),
            lease=lease,
            folder=folder,
            log_file=folder / "evaluator.log",
            progress_of=progress,
            stopping=stopping,
        ).run()
        if outcome.was_interrupted:
            raise Interrupted
        if outcome.was_killed and jobs.hand_back(lease, attempt_counts=True):
            return
        exit_code, last_words = outcome.as_reported, outcome.last_words
    with keeping(lease):
        evaluations.finish(lease=lease, evaluation_id=lease.subject_id, exit_code=exit_code, stderr_tail=last_words)


def fail(lease: Lease, message: str) -> None:
    """Record that the evaluation could not be carried out. Raises LeaseLost."""
    evaluations.fail(lease=lease, evaluation_id=lease.subject_id, message=message)


def command(folder: Path) -> list[str]:
    """The evaluator's command line for the evaluation laid out in `folder`."""
    return [sys.executable, "-m", "evaluation", "run", str(folder / "spec.json"), "--out", str(folder / "out")]


def progress(event: Event) -> dict[str, object] | None:
    """`Job.progress` from the metrics of a task, which count its items."""
    data = event["data"]
    if event["type"] != "metrics" or "task" not in data:
        return None
    return {"done": data.get("done"), "of": data.get("of"), "seconds_left": None, "text": data["task"]}
