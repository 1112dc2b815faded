"""The job "split": the rows of a large file are told apart in a process of its own."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from assay.jobs.importing import progress, why
from assay.jobs.keeping import keeping
from assay.jobs.supervise import Interrupted, Limits, Supervised
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import splitting
from governance.materials.datasets.models import Split
from preparation.cli import ASSIGNMENT, NOT_SOUND, SOUND, SPLIT
from preparation.findings import Refused

# One byte is kept of each row, by time some sixty.
LIMITS = Limits(address_space=4 * 1024**3, nice=5)


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Make the split under `lease`. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    with tempfile.TemporaryDirectory(prefix="assay-split-") as name:
        folder = Path(name)
        with keeping(lease):
            found, path = splitting.begin(lease=lease, split_id=lease.subject_id, folder=folder)
        outcome = Supervised(
            command(found, path, folder),
            lease=lease,
            folder=folder,
            log_file=folder / "reader.log",
            progress_of=progress,
            stopping=stopping,
            limits=LIMITS,
        ).run()
        if outcome.was_interrupted:
            raise Interrupted
        if outcome.cancelled:
            splitting.stop(lease=lease, split_id=lease.subject_id)
            return
        if outcome.exit_code not in (SOUND, NOT_SOUND):
            if outcome.was_killed and jobs.hand_back(lease, attempt_counts=True):
                return
            fail(lease, why(outcome))
            return
        result = json.loads((folder / SPLIT).read_text(encoding="utf-8"))
        if "refused" in result:
            splitting.refuse(lease=lease, split_id=lease.subject_id, refused=Refused(**result["refused"]))
            return
        with keeping(lease):
            splitting.finish(
                lease=lease, split_id=lease.subject_id, parts=result["parts"], assignment=folder / ASSIGNMENT
            )


def fail(lease: Lease, message: str) -> None:
    """Record that the split was not made, and why. Raises LeaseLost."""
    splitting.fail(lease=lease, split_id=lease.subject_id, message=message)


def command(found: Split, path: Path, folder: Path) -> list[str]:
    """The reader's command line."""
    version = found.version
    return [
        sys.executable, "-m", "preparation", "split", str(path), "--out", str(folder), "--name", version.file_name,
        "--container", version.container, "--format", version.format, "--columns", json.dumps(version.columns),
        "--split", json.dumps(found.options),
    ]  # fmt: skip
