"""The job "scan": a process of its own looks through every row of a version for personal data and secrets."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from assay.jobs.importing import progress, why
from assay.jobs.keeping import keeping
from assay.jobs.supervise import Interrupted, Limits, Supervised
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from governance.materials.scans import worker as scans
from governance.materials.scans.models import Scan
from preparation.cli import SCAN, SOUND

# A row at a time and counts by kind; a model for names, where the operator has one, may take a gigabyte.
LIMITS = Limits(address_space=8 * 1024**3, nice=10)


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Scan the version under `lease`. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    with tempfile.TemporaryDirectory(prefix="assay-scan-") as name:
        folder = Path(name)
        with keeping(lease):
            found, path = scans.begin(lease=lease, scan_id=lease.subject_id, folder=folder)
        outcome = Supervised(
            command(found, path, folder),
            lease=lease,
            folder=folder,
            log_file=folder / "scan.log",
            progress_of=progress,
            stopping=stopping,
            limits=LIMITS,
        ).run()
        if outcome.was_interrupted:
            raise Interrupted
        if outcome.cancelled:
            scans.stop(lease=lease, scan_id=lease.subject_id)
        elif outcome.exit_code == SOUND:
            result = json.loads((folder / SCAN).read_text(encoding="utf-8"))
            scans.finish(lease=lease, scan_id=lease.subject_id, found=result)
        elif not (outcome.was_killed and jobs.hand_back(lease, attempt_counts=True)):
            fail(lease, why(outcome))


def fail(lease: Lease, message: str) -> None:
    """Record that the rows were not looked through, and why. Raises LeaseLost."""
    scans.fail(lease=lease, scan_id=lease.subject_id, message=message)


def command(found: Scan, path: Path, folder: Path) -> list[str]:
    """The scanner's command line."""
    version = found.version
    names = ["--names", settings.ASSAY_NAMES_MODEL] if settings.ASSAY_NAMES_MODEL else []
    return [
        sys.executable, "-m", "preparation", "scan", str(path), "--out", str(folder), "--name", version.file_name,
        "--container", version.container, *names,
    ]  # fmt: skip
