"""The job "import": a file is read from end to end in a process of its own, and becomes a version or a refusal."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from assay.jobs import preparing
from assay.jobs.supervise import Limits, Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import worker as imports
from preparation.cli import INDEX, NOT_SOUND, RESULT, SOUND
from preparation.examination import Examination

# Reading takes memory for one row, one batch of a Parquet file, and some numbers for each row; the rest is mapped
# libraries for the most part. What needs more than this is no file of rows.
LIMITS = Limits(address_space=4 * 1024**3, nice=5)


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Read the file under `lease` and register it. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    preparing.carry_out(
        lease,
        stopping,
        prepare=partial(_prepare, lease),
        take=partial(_take, lease),
        stop=partial(imports.stop, lease=lease, import_id=lease.subject_id),
        fail=fail,
        limits=LIMITS,
        understood=(SOUND, NOT_SOUND),
    )


def fail(lease: Lease, message: str) -> None:
    """Record that the file was not read through, and why. Raises LeaseLost."""
    imports.fail(lease=lease, import_id=lease.subject_id, message=message)


def _prepare(lease: Lease, folder: Path) -> list[str]:
    found, path = imports.begin(lease=lease, import_id=lease.subject_id, folder=folder)
    return preparing.command("examine", path, folder, found.file_name, found.reading)


def _take(lease: Lease, folder: Path, _outcome: Outcome) -> None:
    examination = Examination.from_json(json.loads((folder / RESULT).read_text(encoding="utf-8")))
    imports.finish(lease=lease, import_id=lease.subject_id, examination=examination, index=folder / INDEX)
