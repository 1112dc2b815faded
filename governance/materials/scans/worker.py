"""The worker's side of a scan. Every write repeats the lease's token."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.moves import move
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.foundation.jobs.services import Lease, LeaseLost
from governance.materials.scans.models import Scan
from governance.materials.scans.rules import TRANSITIONS, State


def begin(*, lease: Lease, scan_id: UUID, folder: Path) -> tuple[Scan, Path]:
    """The scan and its version's file, laid into `folder`. Raises LeaseLost."""
    _guard(lease)
    found = Scan.objects.select_related("version").get(pk=scan_id)
    return found, blobs.copy_to(found.version.file_sha256, folder / "file")


@transaction.atomic
def finish(*, lease: Lease, scan_id: UUID, found: dict[str, Any]) -> Scan:
    """Keep what was found, its masked samples apart, and end the job. Raises LeaseLost."""
    scan = _held(lease, scan_id)
    samples = {one["kind"]: one.pop("samples") for one in found["kinds"]}
    move(scan, TRANSITIONS, State.DONE, found=found, samples=samples, ended_at=timezone.now())
    jobs.end(lease, JobState.SUCCEEDED)
    facts = {"content": scan.content_digest, "kinds": {one["kind"]: one["count"] for one in found["kinds"]}}
    record(PLATFORM, "scan.done", subject=scan, facts=facts)
    return scan


@transaction.atomic
def fail(*, lease: Lease, scan_id: UUID, message: str) -> Scan:
    """Say why the rows could not be looked through; it is the operator's to mend. Raises LeaseLost."""
    scan = _held(lease, scan_id)
    error = {"code": "scan-failed", "message": message, "where": scan.version.file_name, "fault": "platform"}
    move(scan, TRANSITIONS, State.FAILED, error=error, ended_at=timezone.now())
    jobs.end(lease, JobState.FAILED, error=error)
    record(PLATFORM, "scan.failed", subject=scan)
    return scan


@transaction.atomic
def stop(*, lease: Lease, scan_id: UUID) -> Scan:
    """A person asked that it ends, and it has. Raises LeaseLost."""
    scan = _held(lease, scan_id)
    move(scan, TRANSITIONS, State.CANCELLED, ended_at=timezone.now())
    jobs.end(lease, JobState.CANCELLED)
    return scan


def follow_abandoned_job(sender: type[Job], job: Job, **_: Any) -> None:
    """A job that ended without its worker's word takes its scan along."""
    if job.subject_kind == Scan.kind:
        scan = Scan.objects.select_for_update().get(pk=job.subject_id)
        ended = State.CANCELLED if job.state == JobState.CANCELLED else State.FAILED
        move(scan, TRANSITIONS, ended, error=job.error, ended_at=timezone.now())


def _held(lease: Lease, scan_id: UUID) -> Scan:
    _guard(lease)
    return Scan.objects.select_for_update(of=("self",)).select_related("version__dataset__project").get(pk=scan_id)


def _guard(lease: Lease) -> None:
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the scan; another may hold it.")
