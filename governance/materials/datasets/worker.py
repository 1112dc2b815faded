"""The worker's side of a file on its way to being a version. Every write repeats the lease's token."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.errors import Unusable
from governance.foundation.core.moves import move
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.foundation.jobs.services import Lease, LeaseLost
from governance.materials.datasets import services
from governance.materials.datasets.models import Import, QualityProfile, Split
from governance.materials.datasets.rules import (
    PROFILE_TRANSITIONS,
    SPLIT_TRANSITIONS,
    TRANSITIONS,
    ProfileState,
    SplitState,
    State,
)
from preparation.examination import Examination


def begin(*, lease: Lease, import_id: UUID, folder: Path) -> tuple[Import, Path]:
    """The import and its file, laid into `folder`. Raises LeaseLost."""
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the import; another may hold it.")
    found = Import.objects.get(pk=import_id)
    return found, blobs.copy_to(found.file_sha256, folder / "file")


@transaction.atomic
def finish(*, lease: Lease, import_id: UUID, examination: Examination, index: Path) -> Import:
    """Register what was examined, or keep what is wrong with it; either ends the job. Raises LeaseLost."""
    found = _held(lease, import_id)
    if not examination.sound:
        return _refuse(lease, found, examination, services.faults_of(examination))
    index_sha256, _ = blobs.put_path(index)
    said = services.Statement(found.licence, found.provenance, found.licence_told)
    try:
        with transaction.atomic():
            version = services.keep(
                PLATFORM, found.dataset, said, examination,
                file=(found.file_name, found.file_sha256, found.file_bytes), index_sha256=index_sha256,
                registered_by=(found.asked_by_id, found.asked_by_name),
            )  # fmt: skip
    except Unusable as unusable:  # the dataset has this very version
        return _refuse(lease, found, examination, unusable.faults)
    move(found, TRANSITIONS, State.REGISTERED, version=version, found=_shown(examination))
    jobs.end(lease, JobState.SUCCEEDED)
    return found


@transaction.atomic
def fail(*, lease: Lease, import_id: UUID, message: str) -> Import:
    """Say why the file could not be read through; it is the operator's to mend. Raises LeaseLost."""
    found = _held(lease, import_id)
    error = {"code": "import-failed", "message": message, "where": found.file_name, "fault": "platform"}
    move(found, TRANSITIONS, State.FAILED, error=error)
    jobs.end(lease, JobState.FAILED, error=error)
    record(PLATFORM, "import.failed", subject=found)
    return found


@transaction.atomic
def stop(*, lease: Lease, import_id: UUID) -> Import:
    """A person asked that the reading ends, and it has. Raises LeaseLost."""
    found = _held(lease, import_id)
    move(found, TRANSITIONS, State.CANCELLED)
    jobs.end(lease, JobState.CANCELLED)
    return found


def follow_abandoned_job(sender: type[Job], job: Job, **_: Any) -> None:
    """A job that ended without its worker's word takes its import, split or profile along."""
    if job.subject_kind == Import.kind:
        found = Import.objects.select_for_update().get(pk=job.subject_id)
        ended = State.CANCELLED if job.state == JobState.CANCELLED else State.FAILED
        move(found, TRANSITIONS, ended, error=job.error)
    elif job.subject_kind == Split.kind:
        split = Split.objects.select_for_update().get(pk=job.subject_id)
        cancelled = job.state == JobState.CANCELLED
        move(split, SPLIT_TRANSITIONS, SplitState.CANCELLED if cancelled else SplitState.FAILED, error=job.error)
        action = "dataset-split.cancelled" if cancelled else "dataset-split.failed"
        record(PLATFORM, action, subject=split, facts={"job": job.pk})
    elif job.subject_kind == QualityProfile.kind:
        profile = QualityProfile.objects.select_for_update().get(pk=job.subject_id)
        gone = ProfileState.CANCELLED if job.state == JobState.CANCELLED else ProfileState.FAILED
        move(profile, PROFILE_TRANSITIONS, gone, error=job.error)


def _refuse(lease: Lease, found: Import, examination: Examination, faults: list[Any]) -> Import:
    first = faults[0]
    error = {"code": "unusable-file", "message": str(first), "where": found.file_name, "fault": "user"}
    told = [vars(fault) for fault in faults]
    move(found, TRANSITIONS, State.REFUSED, error=error, found=_shown(examination) | {"faults": told})
    jobs.end(lease, JobState.FAILED, error=error)
    record(PLATFORM, "import.refused", subject=found, facts={"findings": examination.inspection.findings_total})
    return found


def _shown(examination: Examination) -> dict[str, Any]:
    """What the reading showed, for the import's page."""
    inspection = examination.inspection
    resolved = inspection.resolved
    return {
        "reading": {"container": resolved.reading.container, "format": resolved.reading.format,
                    "columns": dict(resolved.reading.columns)} if resolved else None,
        "evidence": resolved.evidence if resolved else "",
        "rows": inspection.rows,
        "columns": services.columns_of(examination),
        "findings_total": inspection.findings_total,
    }  # fmt: skip


def _held(lease: Lease, import_id: UUID) -> Import:
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the import; another may hold it.")
    return Import.objects.select_for_update(of=("self",)).select_related("dataset__project").get(pk=import_id)
