"""Every errand that has a process of one of the libraries do its work: lay out a folder, stay with the process, and
hand over how it ended. Which command, and what becomes of its result, the errands say themselves."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assay.jobs.folders import folder_of
from assay.jobs.keeping import keeping
from assay.jobs.supervise import Event, Interrupted, Limits, Outcome, Supervised
from governance.foundation.jobs import errands
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from preparation.cli import SOUND
from preparation.reading import Reading


@dataclass(frozen=True)
class Process:
    """One process under a lease, in a folder that is gone afterwards.

    `prepare` lays out the folder and gives the command line. `take` is called when the process ended with a code that
    is `understood`; every other end stops or fails the errand.
    """

    prepare: Callable[[Lease, Path], list[str]]
    take: Callable[[Lease, Path, Outcome], object]
    limits: Limits
    understood: Sequence[int] = (SOUND,)

    def carry_out(self, lease: Lease, stopping: Callable[[], bool]) -> None:
        """Raises LeaseLost, and Interrupted when `stopping` ended it."""
        with folder_of(lease) as folder:
            with keeping(lease):
                command = self.prepare(lease, folder)
            outcome = Supervised(
                command,
                lease=lease,
                folder=folder,
                log_file=folder / "process.log",
                progress_of=progress,
                stopping=stopping,
                limits=self.limits,
            ).run()
            if outcome.was_interrupted:
                raise Interrupted
            if outcome.cancelled:
                errands.stop(lease)
            elif outcome.exit_code in self.understood:
                with keeping(lease):
                    self.take(lease, folder, outcome)
            elif not (outcome.was_killed and jobs.hand_back(lease, attempt_counts=True)):
                self.fail(lease, why(outcome))

    def fail(self, lease: Lease, message: str) -> None:
        """Record that nothing came of it, and why. Raises LeaseLost."""
        errands.fail(lease, message)


def command(verb: str, path: Path, folder: Path, file_name: str, reading: Reading, *more: str) -> list[str]:
    """The command line of `preparation` over the file at `path`, which was called `file_name` where it came from."""
    return [
        sys.executable, "-m", "preparation", verb, str(path), "--out", str(folder), "--name", file_name,
        "--container", reading.container, "--format", reading.format, "--columns", json.dumps(dict(reading.columns)),
        *more,
    ]  # fmt: skip


def progress(event: Event) -> dict[str, object] | None:
    """`Job.progress`, in the units that the process counts in."""
    return {**event["data"], "text": ""} if event["type"] == "metrics" else None


def why(outcome: Outcome) -> str:
    return outcome.last_words or f"The process ended with code {outcome.exit_code} and said nothing."
