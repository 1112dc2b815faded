"""The worker's side of a scan."""

from pathlib import Path
from typing import Any

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.scans.models import Scan
from governance.materials.scans.rules import State


def begin(*, lease: Lease, folder: Path) -> tuple[Scan, Path]:
    """The scan and its version's file, laid into `folder`. Raises LeaseLost."""
    found = errands.begun(lease, Scan)
    return found, blobs.copy_to(found.version.readable, folder / "file")


@transaction.atomic
def finish(*, lease: Lease, found: dict[str, Any]) -> Scan:
    """Keep what was found, its masked samples apart, and end the job. Raises LeaseLost."""
    scan = errands.held(lease, Scan)
    samples = {one["kind"]: one.pop("samples") for one in found["kinds"]}
    errands.finish(lease, scan, State.DONE, found=found, samples=samples)
    facts = {"content": scan.content_digest, "kinds": {one["kind"]: one["count"] for one in found["kinds"]}}
    record(PLATFORM, "scan.done", subject=scan, facts=facts)
    return scan
