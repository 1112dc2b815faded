"""The worker's side of a redaction. Every write repeats the lease's token."""

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
from governance.materials.datasets import services as datasets
from governance.materials.redactions.models import PseudonymMap, Redaction
from governance.materials.redactions.rules import TRANSITIONS, State
from governance.materials.redactions.services import kept_name
from preparation.examination import Examination
from preparation.persons.kinds import KINDS


def begin(*, lease: Lease, redaction_id: UUID, folder: Path) -> tuple[Redaction, Path]:
    """The redaction and its source's file, laid into `folder`. Raises LeaseLost."""
    _guard(lease)
    found = Redaction.objects.select_related("source").get(pk=redaction_id)
    return found, blobs.copy_to(found.source.file_sha256, folder / "file")


@transaction.atomic
def finish(
    *,
    lease: Lease,
    redaction_id: UUID,
    done: dict[str, Any],
    examination: Examination,
    rows: Path,
    index: Path,
    salt: Path,
    pseudonyms: Path,
) -> Redaction:
    """Register the rows as the dataset's next version, by the usual way; keep salt and map apart. Raises LeaseLost."""
    found = _held(lease, redaction_id)
    if not examination.sound:
        return _refuse(lease, found, str(datasets.faults_of(examination)[0]))
    source = found.source
    sha256, size = blobs.put_path(rows)
    index_sha256, _ = blobs.put_path(index)
    said = datasets.Statement(source.licence, _provenance(found, done), source.licence_told)
    try:
        with transaction.atomic():
            version = datasets.keep(
                PLATFORM, source.dataset, said, examination,
                file=(kept_name(source.file_name), sha256, size), index_sha256=index_sha256,
                registered_by=(found.asked_by_id, found.asked_by_name),
            )  # fmt: skip
    except Unusable as unusable:  # nothing was taken out of rows that were canonical already
        return _refuse(lease, found, str(unusable))
    if salt.exists():
        map_sha256, _ = blobs.put_path(pseudonyms)
        PseudonymMap.objects.create(redaction=found, salt=salt.read_bytes(), map_sha256=map_sha256)
    move(found, TRANSITIONS, State.REGISTERED, version=version, done=done)
    jobs.end(lease, JobState.SUCCEEDED)
    record(PLATFORM, "redaction.done", subject=found, facts={"version": str(version.pk), "done": done})
    return found


@transaction.atomic
def refuse(*, lease: Lease, redaction_id: UUID, message: str) -> Redaction:
    """Say what in the rows stands in the way. Raises LeaseLost."""
    return _refuse(lease, _held(lease, redaction_id), message)


@transaction.atomic
def fail(*, lease: Lease, redaction_id: UUID, message: str) -> Redaction:
    """Say why it could not be done; it is the operator's to mend. Raises LeaseLost."""
    return _end(lease, _held(lease, redaction_id), State.FAILED, "redaction-failed", message, "platform")


@transaction.atomic
def stop(*, lease: Lease, redaction_id: UUID) -> Redaction:
    """A person asked that it ends, and it has. Raises LeaseLost."""
    found = _held(lease, redaction_id)
    move(found, TRANSITIONS, State.CANCELLED)
    jobs.end(lease, JobState.CANCELLED)
    return found


def follow_abandoned_job(sender: type[Job], job: Job, **_: Any) -> None:
    """A job that ended without its worker's word takes its redaction along."""
    if job.subject_kind == Redaction.kind:
        found = Redaction.objects.select_for_update().get(pk=job.subject_id)
        ended = State.CANCELLED if job.state == JobState.CANCELLED else State.FAILED
        move(found, TRANSITIONS, ended, error=job.error)


def _provenance(found: Redaction, done: dict[str, Any]) -> dict[str, Any]:
    """The source's record, with what was derived from it and how."""
    source, asked = found.source, found.asked
    kinds = ", ".join(f"{count:,} × {KINDS[name].title}" for name, count in done["kinds"].items()) or "nothing"
    how = {"mask": "masked", "pseudonym": "put under pseudonyms", "drop": "left out with their rows"}[asked.method]
    what = (
        f"By Assay, from {source}: found and {how}: {kinds}; {done['dropped']:,} of {done['rows']:,} rows left out. "
        f"Looked for: {', '.join(KINDS[name].title for name in asked.kinds)}."
    )
    if asked.profile:
        what += f" Kinds chosen by the profile {asked.profile}."
    before = str(source.provenance.get("privacy_tools") or "").strip()
    link = {"id": str(source.pk), "name": str(source), "file_sha256": source.file_sha256}
    return {
        **source.provenance,
        "derived_from_versions": [link],
        "privacy_tools": f"{before}\n{what}".strip(),
    }


def _refuse(lease: Lease, found: Redaction, message: str) -> Redaction:
    return _end(lease, found, State.REFUSED, "unusable-redaction", message, "user")


def _end(lease: Lease, found: Redaction, state: State, code: str, message: str, fault: str) -> Redaction:
    error = {"code": code, "message": message, "where": str(found), "fault": fault}
    move(found, TRANSITIONS, state, error=error)
    jobs.end(lease, JobState.FAILED, error=error)
    record(PLATFORM, "redaction.failed", subject=found)
    return found


def _held(lease: Lease, redaction_id: UUID) -> Redaction:
    _guard(lease)
    found = Redaction.objects.select_for_update(of=("self",)).select_related("source__dataset__project")
    return found.get(pk=redaction_id)


def _guard(lease: Lease) -> None:
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the redaction; another may hold it.")
