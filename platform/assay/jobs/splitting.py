"""The job "split": the rows of a large file are told apart in a process of its own."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from assay.jobs import preparing
from assay.jobs.supervise import Limits, Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import splitting
from preparation.cli import ASSIGNMENT, NOT_SOUND, SOUND, SPLIT
from preparation.findings import Refused

# One byte is kept of each row, by time some sixty.
LIMITS = Limits(address_space=4 * 1024**3, nice=5)


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Make the split under `lease`. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    preparing.carry_out(
        lease,
        stopping,
        prepare=partial(_prepare, lease),
        take=partial(_take, lease),
        stop=partial(splitting.stop, lease=lease, split_id=lease.subject_id),
        fail=fail,
        limits=LIMITS,
        understood=(SOUND, NOT_SOUND),
    )


def fail(lease: Lease, message: str) -> None:
    """Record that the split was not made, and why. Raises LeaseLost."""
    splitting.fail(lease=lease, split_id=lease.subject_id, message=message)


def _prepare(lease: Lease, folder: Path) -> list[str]:
    found, path = splitting.begin(lease=lease, split_id=lease.subject_id, folder=folder)
    version = found.version
    asked = json.dumps(found.options)
    return preparing.command("split", path, folder, version.file_name, version.reading, "--split", asked)


def _take(lease: Lease, folder: Path, _outcome: Outcome) -> None:
    result = json.loads((folder / SPLIT).read_text(encoding="utf-8"))
    if "refused" in result:
        splitting.refuse(lease=lease, split_id=lease.subject_id, refused=Refused(**result["refused"]))
        return
    splitting.finish(lease=lease, split_id=lease.subject_id, parts=result["parts"], assignment=folder / ASSIGNMENT)
