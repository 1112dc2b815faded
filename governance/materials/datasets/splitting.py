"""Splits of a version: made at once or by a worker, whose side stands below."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Fault, Unusable
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import selectors
from governance.materials.datasets.models import DatasetVersion, Split
from governance.materials.datasets.rules import SplitState
from governance.people.projects import selectors as projects
from preparation import splits
from preparation.findings import Refused

ACT = "register data"


def split(*, actor: Actor, version_id: UUID, asked: splits.Split) -> Split:
    """Say of every row of a version which part it belongs to: at once where reading takes a second or two, else by a
    worker, and then the split is queued.

    Raises NotFound, NotAllowed, and Unusable for what cannot be done. What a worker finds wrong stands in the split.
    """
    version = selectors.version_visible(actor, version_id)
    projects.require(actor, version.project_id, ACT)
    version.check_readable()
    _check(version, asked)
    taken = Unusable([_made_already(version)])
    if not selectors.is_read_at_once(version):
        with transaction.atomic():
            return errands.ask(actor, _numbered(version, asked), facts={"options": asked.to_json()}, otherwise=taken)
    try:
        with blobs.as_local_file(version.readable, "rows") as path:
            made = splits.assign_file(path, version.reading, asked, name=version.file_name)
    except Refused as refused:
        raise Unusable([_fault_of(refused)]) from None
    _check_count(version, len(made.of_row))
    sha256, _ = blobs.put_bytes(made.of_row)
    with transaction.atomic():
        found = _numbered(
            version, asked, state=SplitState.READY, parts=made.counts_json(), assignment_sha256=sha256,
            ended_at=timezone.now(),
        )  # fmt: skip
        errands.enter(actor, found, otherwise=taken)
        record(actor, "dataset-split.made", subject=found, facts=_facts(found))
    return found


@transaction.atomic
def again(*, actor: Actor, split_id: UUID) -> Split:
    """Have a worker try once more. Raises NotAllowed, NotFound, WrongState, Unusable where there is its like now."""
    found = _own(actor, split_id)
    taken = Unusable([_made_already(found.version)])
    return errands.ask_again(actor, found, facts={"options": found.options}, otherwise=taken)


def cancel(*, actor: Actor, split_id: UUID) -> Split:
    """End the making of a split. Raises NotAllowed, NotFound, WrongState."""
    return errands.cancel(actor, Split, split_id, _own)


def begin(*, lease: Lease, folder: Path) -> tuple[Split, Path]:
    """The split and its version's file, laid into `folder`. Raises LeaseLost."""
    found = errands.begun(lease, Split)
    return found, blobs.copy_to(found.version.readable, folder / "file")


@transaction.atomic
def finish(*, lease: Lease, parts: list[dict[str, Any]], assignment: Path) -> Split:
    """Keep what was made, and end the job. Raises LeaseLost, Unusable."""
    found = errands.held(lease, Split)
    _check_count(found.version, assignment.stat().st_size)
    sha256, _ = blobs.put_path(assignment)
    errands.finish(lease, found, SplitState.READY, parts=parts, assignment_sha256=sha256)
    record(PLATFORM, "dataset-split.made", subject=found, facts=_facts(found))
    return found


@transaction.atomic
def refuse(*, lease: Lease, refused: Refused) -> None:
    """Say what in the rows or in the options stands in the way. Raises LeaseLost."""
    found = errands.held(lease, Split)
    errands.refuse(lease, found, SplitState.FAILED, "unusable-split", f"{refused.message} {refused.cure}")


def _numbered(version: DatasetVersion, asked: splits.Split, **made: Any) -> Split:
    """A new split with the next number, in the caller's transaction and not kept yet."""
    DatasetVersion.objects.select_for_update().get(pk=version.pk)  # numbers are given one at a time
    last = Split.objects.filter(version=version).aggregate(Max("number"))["number__max"] or 0
    return Split(version=version, number=last + 1, options=asked.to_json(), **made)


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


def _fault_of(refused: Refused) -> Fault:
    return Fault(refused.field or "method", refused.message, refused.cure)


def _made_already(version: DatasetVersion) -> Fault:
    return Fault("method", f"{version} has this very split already.", "Use that one, or change a setting.")


def _facts(found: Split) -> dict[str, Any]:
    return {"options": found.options, "parts": found.parts, "content": found.content_digest}


def _own(actor: Actor, split_id: UUID) -> Split:
    found = selectors.visible_split(actor, split_id)
    projects.require(actor, found.project_id, ACT)
    return found
