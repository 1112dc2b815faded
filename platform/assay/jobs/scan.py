"""The job "scan": a process of its own looks through every row of a version for personal data and secrets."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.conf import settings

from assay.jobs import preparing
from assay.jobs.supervise import Limits, Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.scans import worker as scans
from preparation.cli import SCAN

# A row at a time and counts by kind; a model for names, where the operator has one, may take a gigabyte.
LIMITS = Limits(address_space=8 * 1024**3, nice=10)


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Scan the version under `lease`. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    preparing.carry_out(
        lease,
        stopping,
        prepare=partial(_prepare, lease),
        take=partial(_take, lease),
        stop=partial(scans.stop, lease=lease, scan_id=lease.subject_id),
        fail=fail,
        limits=LIMITS,
    )


def fail(lease: Lease, message: str) -> None:
    """Record that the rows were not looked through, and why. Raises LeaseLost."""
    scans.fail(lease=lease, scan_id=lease.subject_id, message=message)


def names_model() -> list[str]:
    """The option that names the operator's model for names and places, where there is one."""
    return ["--names", settings.ASSAY_NAMES_MODEL] if settings.ASSAY_NAMES_MODEL else []


def _prepare(lease: Lease, folder: Path) -> list[str]:
    found, path = scans.begin(lease=lease, scan_id=lease.subject_id, folder=folder)
    version = found.version
    return preparing.command("scan", path, folder, version.file_name, version.reading, *names_model())


def _take(lease: Lease, folder: Path, _outcome: Outcome) -> None:
    result = json.loads((folder / SCAN).read_text(encoding="utf-8"))
    scans.finish(lease=lease, scan_id=lease.subject_id, found=result)
