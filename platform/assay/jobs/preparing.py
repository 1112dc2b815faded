"""What every job does that has a process of the library `preparation` go through a file: lay the file out, stay with
the process, and hand over how it ended. Which command, and what becomes of its result, the jobs say themselves."""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from assay.jobs.keeping import keeping
from assay.jobs.supervise import Event, Interrupted, Limits, Outcome, Supervised
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from preparation.cli import SOUND
from preparation.reading import Reading


def carry_out(
    lease: Lease,
    stopping: Callable[[], bool],
    *,
    prepare: Callable[[Path], list[str]],
    take: Callable[[Path, Outcome], object],
    stop: Callable[[], object],
    fail: Callable[[Lease, str], object],
    limits: Limits,
    understood: Sequence[int] = (SOUND,),
) -> None:
    """Run one process of the library under `lease`, in a folder that is gone afterwards.

    `prepare` lays out the folder and gives the command line. `take` is called when the process ended with a code that
    is `understood`, `stop` when a person cancelled it, `fail` for every other end. Raises LeaseLost, and Interrupted
    when `stopping` ended it.
    """
    with tempfile.TemporaryDirectory(prefix=f"assay-{lease.task}-") as name:
        folder = Path(name)
        with keeping(lease):
            command = prepare(folder)
        outcome = Supervised(
            command,
            lease=lease,
            folder=folder,
            log_file=folder / "process.log",
            progress_of=progress,
            stopping=stopping,
            limits=limits,
        ).run()
        if outcome.was_interrupted:
            raise Interrupted
        if outcome.cancelled:
            stop()
        elif outcome.exit_code in understood:
            with keeping(lease):
                take(folder, outcome)
        elif not (outcome.was_killed and jobs.hand_back(lease, attempt_counts=True)):
            fail(lease, why(outcome))


def command(verb: str, path: Path, folder: Path, file_name: str, reading: Reading, *more: str) -> list[str]:
    """The library's command line over the file at `path`, which was called `file_name` where it came from."""
    return [
        sys.executable, "-m", "preparation", verb, str(path), "--out", str(folder), "--name", file_name,
        "--container", reading.container, "--format", reading.format, "--columns", json.dumps(dict(reading.columns)),
        *more,
    ]  # fmt: skip


def progress(event: Event) -> dict[str, object] | None:
    """`Job.progress` in MiB of the file."""
    return {**event["data"], "text": ""} if event["type"] == "metrics" else None


def why(outcome: Outcome) -> str:
    return outcome.last_words or f"The process ended with code {outcome.exit_code} and said nothing."
