"""The job "scan": a process of its own looks through every row of a version for personal data and secrets."""

import json
from pathlib import Path

from django.conf import settings

from assay.jobs import errands
from assay.jobs.supervise import Limits, Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.scans import worker as scans
from preparation.cli import SCAN

# A row at a time and counts by kind; a model for names, where the operator has one, may take a gigabyte.
LIMITS = Limits(address_space=8 * 1024**3, nice=10)


def names_model() -> list[str]:
    """The option that names the operator's model for names and places, where there is one."""
    return ["--names", settings.ASSAY_NAMES_MODEL] if settings.ASSAY_NAMES_MODEL else []


def _prepare(lease: Lease, folder: Path) -> list[str]:
    found, path = scans.begin(lease=lease, folder=folder)
    version = found.version
    return errands.command("scan", path, folder, version.file_name, version.reading, *names_model())


def _take(lease: Lease, folder: Path, _outcome: Outcome) -> None:
    result = json.loads((folder / SCAN).read_text(encoding="utf-8"))
    scans.finish(lease=lease, found=result)


PROCESS = errands.Process(_prepare, _take, LIMITS)
