"""Splits of a version: made at once or by a worker, whose side stands below; every write of it repeats the token."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Fault, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.rules import State as JobState
from governance.foundation.jobs.services import Lease, LeaseLost
from governance.materials.datasets import rules, selectors
from governance.materials.datasets.models import DatasetVersion, Split
from governance.materials.datasets.rules import SPLIT_TRANSITIONS, SplitState
from governance.people.projects import selectors as projects
from preparation import containers, splits
from preparation.findings import Refused

TASK = "split"
ACT = "register data"


def split(*, actor: Actor, version_id: UUID, asked: splits.Split) -> Split:
    """Say of every row of a version which part it belongs to: at once where reading takes a second or two, else by a
    worker, and then the split is queued.

    Raises NotFound, NotAllowed, and Unusable for what cannot be done. What a worker finds wrong stands in the split.
    """
    version = selectors.version_visible(actor, version_id)
    projects.require(actor, version.project_id, ACT)
    _check(version, asked)
    if not rules.read_at_once(version.file_bytes, packed=_is_packed(version)):
        return _ask(actor, version, asked)
    try:
        with blobs.as_local_file(version.file_sha256, "rows") as path:
            made = splits.assign_file(path, version.reading, asked, name=version.file_name)
    except Refused as refused:
        raise Unusable([_fault_of(refused)]) from None
    _check_count(version, len(made.of_row))
    sha256, _ = blobs.put_bytes(made.of_row)
    with transaction.atomic():
        found = _entered(
            actor, version, asked, state=SplitState.READY, parts=made.counts_json(), assignment_sha256=sha256
        )
        record(actor, "dataset-split.made", subject=found, facts=_facts(found))
    return found


@transaction.atomic
def again(*, actor: Actor, split_id: UUID) -> Split:
    """Have a worker try once more. Raises NotAllowed, NotFound, WrongState, Unusable where there is its like now."""
    found = _own(actor, split_id)
    try:
        with transaction.atomic():
            move(found, SPLIT_TRANSITIONS, SplitState.QUEUED, error=None)
    except IntegrityError:
        raise Unusable([_made_already(found.version)]) from None
    jobs.ask(actor=actor, task=TASK, subject=found)
    record(actor, "dataset-split.asked", subject=found, facts={"options": found.options})
    return found


@transaction.atomic
def cancel(*, actor: Actor, split_id: UUID) -> Split:
    """End the making of a split. Raises NotAllowed, NotFound, WrongState."""
    jobs.hold(subject_id=split_id, task=TASK)
    found = _own(actor, split_id)
    if jobs.cancel(subject=found, task=TASK) is None:
        raise WrongState(f"{found} is not being made.")
    found.refresh_from_db()
    record(actor, "dataset-split.cancelled", subject=found)
    return found


def begin(*, lease: Lease, split_id: UUID, folder: Path) -> tuple[Split, Path]:
    """The split and its version's file, laid into `folder`. Raises LeaseLost."""
    _guard(lease)
    found = Split.objects.select_related("version").get(pk=split_id)
    return found, blobs.copy_to(found.version.file_sha256, folder / "file")


@transaction.atomic
def finish(*, lease: Lease, split_id: UUID, parts: list[dict[str, Any]], assignment: Path) -> Split:
    """Keep what was made, and end the job. Raises LeaseLost, Unusable."""
    found = _held(lease, split_id)
    _check_count(found.version, assignment.stat().st_size)
    sha256, _ = blobs.put_path(assignment)
    move(found, SPLIT_TRANSITIONS, SplitState.READY, parts=parts, assignment_sha256=sha256)
    jobs.end(lease, JobState.SUCCEEDED)
    record(PLATFORM, "dataset-split.made", subject=found, facts=_facts(found))
    return found


@transaction.atomic
def refuse(*, lease: Lease, split_id: UUID, refused: Refused) -> Split:
    """Say what in the rows or in the options stands in the way. Raises LeaseLost."""
    message = f"{refused.message} {refused.cure}"
    return _failed(lease, split_id, {"code": "unusable-split", "message": message, "fault": "user"})


@transaction.atomic
def fail(*, lease: Lease, split_id: UUID, message: str) -> Split:
    """Say why the rows could not be read through; it is the operator's to mend. Raises LeaseLost."""
    return _failed(lease, split_id, {"code": "split-failed", "message": message, "fault": "platform"})


@transaction.atomic
def stop(*, lease: Lease, split_id: UUID) -> Split:
    """A person asked that it ends, and it has. Raises LeaseLost."""
    found = _held(lease, split_id)
    move(found, SPLIT_TRANSITIONS, SplitState.CANCELLED)
    jobs.end(lease, JobState.CANCELLED)
    record(PLATFORM, "dataset-split.cancelled", subject=found)
    return found


def _ask(actor: Actor, version: DatasetVersion, asked: splits.Split) -> Split:
    with transaction.atomic():
        found = _entered(actor, version, asked, state=SplitState.QUEUED)
        jobs.ask(actor=actor, task=TASK, subject=found)
        record(actor, "dataset-split.asked", subject=found, facts={"options": found.options})
    return found


def _entered(actor: Actor, version: DatasetVersion, asked: splits.Split, **made: Any) -> Split:
    """A new record with the next number. Raises Unusable where the version has been split so already."""
    DatasetVersion.objects.select_for_update().get(pk=version.pk)  # numbers are given one at a time
    last = Split.objects.filter(version=version).aggregate(Max("number"))["number__max"] or 0
    found = Split(
        version=version,
        number=last + 1,
        options=asked.to_json(),
        made_by_id=actor.user_id,
        made_by_name=actor.name,
        **made,
    )
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError:
        raise Unusable([_made_already(version)]) from None
    return found


def _check(version: DatasetVersion, asked: splits.Split) -> None:
    """What can be said before a row is read. Raises Unusable."""
    try:
        asked.check()
    except Refused as refused:
        raise Unusable([_fault_of(refused)]) from None
    known = selectors.columns(version)
    if asked.method in splits.BY_COLUMN and asked.column not in known:
        message = f"{version} has no column {asked.column!r}."
        raise Unusable([Fault("column", message, f"Its columns are: {', '.join(known) or 'not known'}.")])


def _check_count(version: DatasetVersion, rows: int) -> None:
    if rows != version.rows:
        message = f"The file of {version} was read as {rows:,} rows; it was registered with {version.rows:,}."
        raise Unusable([Fault("version", message, "Register the file as a new version, and split that.")])


def _is_packed(version: DatasetVersion) -> bool:
    return bool(version.profile.get("gzipped")) or version.container == containers.PARQUET


def _fault_of(refused: Refused) -> Fault:
    return Fault(refused.field or "method", refused.message, refused.cure)


def _made_already(version: DatasetVersion) -> Fault:
    return Fault("method", f"{version} has this very split already.", "Use that one, or change a setting.")


def _facts(found: Split) -> dict[str, Any]:
    return {"options": found.options, "parts": found.parts, "content": found.content_digest}


def _failed(lease: Lease, split_id: UUID, error: dict[str, Any]) -> Split:
    found = _held(lease, split_id)
    told = {**error, "where": str(found)}
    move(found, SPLIT_TRANSITIONS, SplitState.FAILED, error=told)
    jobs.end(lease, JobState.FAILED, error=told)
    record(PLATFORM, "dataset-split.failed", subject=found)
    return found


def _own(actor: Actor, split_id: UUID) -> Split:
    found = selectors.visible_split(actor, split_id)
    projects.require(actor, found.project_id, ACT)
    return found


def _held(lease: Lease, split_id: UUID) -> Split:
    _guard(lease)
    found = Split.objects.select_for_update(of=("self",)).select_related("version__dataset__project")
    return found.get(pk=split_id)


def _guard(lease: Lease) -> None:
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the split; another may hold it.")
