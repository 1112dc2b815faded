"""The job "import": a file is read from end to end in a process of its own, and becomes a version or a refusal."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from assay.jobs.keeping import keeping
from assay.jobs.supervise import Event, Interrupted, Limits, Outcome, Supervised
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import worker as imports
from governance.materials.datasets.models import Import
from preparation.cli import INDEX, NOT_SOUND, RESULT, SOUND
from preparation.examination import Examination

# Reading takes memory for one row, one batch of a Parquet file, and 28 bytes for each row; numbers on disk are mapped
# libraries for the most part. What needs more than this is no file of rows.
LIMITS = Limits(address_space=4 * 1024**3, nice=5)


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Read the file under `lease` and register it. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    with tempfile.TemporaryDirectory(prefix="assay-import-") as name:
        folder = Path(name)
        with keeping(lease):
            found, path = imports.begin(lease=lease, import_id=lease.subject_id, folder=folder)
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
            imports.stop(lease=lease, import_id=lease.subject_id)
            return
        if outcome.exit_code not in (SOUND, NOT_SOUND):
            if outcome.was_killed and jobs.hand_back(lease, attempt_counts=True):
                return
            fail(lease, why(outcome))
            return
        examination = Examination.from_json(json.loads((folder / RESULT).read_text(encoding="utf-8")))
        with keeping(lease):
            imports.finish(lease=lease, import_id=lease.subject_id, examination=examination, index=folder / INDEX)


def fail(lease: Lease, message: str) -> None:
    """Record that the file was not read through, and why. Raises LeaseLost."""
    imports.fail(lease=lease, import_id=lease.subject_id, message=message)


def command(found: Import, path: Path, folder: Path) -> list[str]:
    """The reader's command line."""
    reading = found.reading
    return [
        sys.executable, "-m", "preparation", "examine", str(path), "--out", str(folder), "--name", found.file_name,
        "--container", reading.container, "--format", reading.format, "--columns", json.dumps(dict(reading.columns)),
    ]  # fmt: skip


def progress(event: Event) -> dict[str, object] | None:
    """`Job.progress` in MiB of the file."""
    return {**event["data"], "text": ""} if event["type"] == "metrics" else None


def why(outcome: Outcome) -> str:
    return outcome.last_words or f"The reader ended with code {outcome.exit_code} and said nothing."
