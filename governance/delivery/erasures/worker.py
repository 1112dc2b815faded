"""The worker's side of an erasure: the rest of the rows becomes a version, and what is left of the erased ones goes.

First everything is written down, in one transaction; then the bytes are destroyed. A worker that is lost between the
two is followed up by housekeeping (`destroy_what_waits`).
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.delivery.erasures.models import Erasure
from governance.delivery.erasures.rules import State
from governance.delivery.lineage import services as lineage
from governance.delivery.lineage.models import Withdrawal
from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Unusable, WrongState
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.annotations import services as annotations
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets import services as registering
from governance.materials.datasets.models import DatasetVersion
from governance.oversight.retention import selectors as retention
from governance.work.runs import copies
from governance.work.runs.models import Run
from preparation import erasing
from preparation.examination import Examination
from preparation.row_index import entries

# A version and those of which rows were erased before it; each with where the rows stand in it.
Line = list[tuple[DatasetVersion, list[int]]]
ROWS_ERASED = "By Assay, from {source}: rows were erased."


def begin(lease: Lease, folder: Path) -> tuple[Erasure, Path]:
    """The erasure and its version's file, laid into `folder`. Raises LeaseLost, and WrongState where a hold was placed
    meanwhile."""
    erasure = errands.begun(lease, Erasure)
    _refuse_held(erasure)
    return erasure, blobs.copy_to(erasure.version.readable, folder / "file")


def has_file(lease: Lease) -> bool:
    """Whether there is a file to write again; of a version that was disposed of only its index is left. Raises
    LeaseLost."""
    return errands.begun(lease, Erasure).version.disposed_at is None


@transaction.atomic
def finish(lease: Lease, *, examination: Examination, rows: Path, index: Path, digests: set[str]) -> Erasure:
    """Put on record what is erased, with everything that follows; the bytes go when this is committed.

    `digests` are those of the erased rows. Raises LeaseLost, WrongState, and what withdrawing raises.
    """
    erasure, version, known, withdrawal = _withdrawn(lease)
    successor = _rest(erasure, version, known, examination, rows, index, Actor.of(erasure.asked_by))
    line = list(_line(version, erasure.places))
    waiting = [version.file_sha256, *_erase_from_indexes(line)]
    DatasetVersion.objects.filter(pk=version.pk).update(rows_erased_at=timezone.now(), successor=successor)
    return _done(lease, erasure, known, withdrawal, _copies(line, withdrawal, digests), waiting, successor)


@transaction.atomic
def finish_without_file(lease: Lease) -> Erasure:
    """The same where the file was deleted before, and every copy with it: what goes is what is kept of each row beside
    it. Raises LeaseLost, WrongState, and what withdrawing raises."""
    erasure, version, known, withdrawal = _withdrawn(lease)
    _refuse_held(erasure)
    line = list(_line(version, erasure.places))
    waiting = _erase_from_indexes(line)
    return _done(lease, erasure, known, withdrawal, _copies(line, withdrawal, set()), waiting, None)


def _refuse_held(erasure: Erasure) -> None:
    if hold := retention.before_erasure(erasure.version.dataset):
        raise WrongState(f"{hold} was placed meanwhile and goes before it; nothing was erased.")


def _withdrawn(lease: Lease) -> tuple[Erasure, DatasetVersion, bytes, Withdrawal]:
    """The erasure and its version, locked, the index as it is, and the withdrawal of the rows, made now."""
    erasure = errands.held(lease, Erasure)
    version = DatasetVersion.objects.select_for_update(of=("self",)).select_related("dataset__project").get(
        pk=erasure.version_id
    )  # fmt: skip
    with blobs.opened(version.index_sha256) as file:
        known = file.read()
    withdrawal = lineage.withdraw(
        actor=Actor.of(erasure.asked_by), version_id=version.pk, rows=erasure.rows, reason=erasure.reason,
        case_number=erasure.case_number, is_final=True,
    )  # fmt: skip
    return erasure, version, known, withdrawal


def _done(
    lease: Lease,
    erasure: Erasure,
    known: bytes,
    withdrawal: Withdrawal,
    destroyed: list[dict[str, Any]],
    waiting: list[str],
    successor: DatasetVersion | None,
) -> Erasure:
    errands.finish(
        lease, erasure, State.DONE, withdrawal=withdrawal, destroyed=destroyed, waiting=waiting,
        tombstones=[{"row": place + 1, "leaf": leaf} for place, leaf in erasing.tombstones(known, erasure.places)],
    )  # fmt: skip
    facts = {
        "content": erasure.content_digest,
        "rows": len(erasure.rows),
        "successor": successor.pk if successor else None,
        "destroyed": destroyed,
    }
    record(PLATFORM, "erasure.done", subject=erasure, facts=facts)
    transaction.on_commit(lambda: destroy(erasure.pk))
    return erasure


@transaction.atomic
def destroy(erasure_id: UUID) -> None:
    """Let go of the bytes that an erasure waits to destroy, unless a version that was not erased likewise has them."""
    erasure = Erasure.objects.select_for_update(of=("self",)).select_related("version__dataset__project").get(
        pk=erasure_id
    )  # fmt: skip
    if erasure.state != State.DONE or erasure.destroyed_at is not None:
        return
    gone = 0
    for sha256 in erasure.waiting:
        if blobs.let_go(sha256, _is_named):
            gone += sha256 == erasure.version.file_sha256
    if erasure.version.disposed_at is None:
        erasure.destroyed = [{"what": "file", "count": gone}, *erasure.destroyed]
    erasure.waiting, erasure.destroyed_at = [], timezone.now()
    erasure.save(update_fields=["destroyed", "waiting", "destroyed_at"])
    record(PLATFORM, "erasure.destroyed", subject=erasure, facts={"destroyed": erasure.destroyed})


def _is_named(sha256: str) -> bool:
    return datasets.is_used(sha256) or DatasetVersion.objects.filter(index_sha256=sha256).exists()


def destroy_what_waits() -> list[UUID]:
    """Follow up what a lost worker left; returns the erasures."""
    left = list(Erasure.objects.filter(state=State.DONE, destroyed_at=None).values_list("pk", flat=True))
    for erasure_id in left:
        destroy(erasure_id)
    return left


def _rest(
    erasure: Erasure,
    version: DatasetVersion,
    known: bytes,
    examination: Examination,
    rows: Path,
    index: Path,
    by: Actor,
) -> DatasetVersion | None:
    """The version of the rows that are left; None where none is."""
    if len(erasure.rows) == version.rows:
        return None
    made = index.read_bytes()
    if not examination.sound or not erasing.checked(known, erasure.places, made):
        raise WrongState("The rows that are left could not be written as they were; nothing was erased.")
    sha256, size = blobs.put_path(rows)
    index_sha256, _ = blobs.put_bytes(made)
    said = registering.Statement(version.licence, _provenance(version), version.licence_told)
    try:
        with transaction.atomic():
            return registering.keep(
                PLATFORM, version.dataset, said, examination,
                file=(version.file_name, sha256, size), index_sha256=index_sha256,
                registered_by=(by.user_id, by.name),
            )  # fmt: skip
    except Unusable:  # somebody registered just these rows already
        return version.dataset.versions.get(file_sha256=sha256, licence=version.licence, **asdict(version.reading))


def _provenance(version: DatasetVersion) -> dict[str, Any]:
    """The version's record; that rows were erased, and nothing of what they said."""
    before = str(version.provenance.get("privacy_tools") or "").strip()
    return {
        **version.provenance,
        "derived_from_versions": [{"id": str(version.pk), "name": str(version), "file_sha256": version.file_sha256}],
        "privacy_tools": f"{before}\n{ROWS_ERASED.format(source=version)}".strip(),
    }


def _erase_from_indexes(line: Line) -> list[str]:
    """Leave of the rows their leaves alone, in every version of the line; the blobs of before."""
    old = []
    for one, its in line:
        with blobs.opened(one.index_sha256) as file:
            sha256, _ = blobs.put_bytes(erasing.erased(file.read(), its))
        old.append(one.index_sha256)
        DatasetVersion.objects.filter(pk=one.pk).update(index_sha256=sha256)
    return old


def _line(version: DatasetVersion, places: list[int]) -> Iterator[tuple[DatasetVersion, list[int]]]:
    """The version, and all of which rows were erased before: what the index of each has left are the version's rows."""
    yield version, places
    before = list(version.predecessors.all())
    while before:
        one = before.pop()
        with blobs.opened(one.index_sha256) as file:
            left = [place for place, entry in enumerate(entries(file.read())) if not entry.is_erased]
        yield one, [left[place] for place in places]
        before += one.predecessors.all()


def _copies(line: Line, withdrawal: Withdrawal, digests: set[str]) -> list[dict[str, Any]]:
    """Let go of the copies that our own records keep; what they were."""
    version, places = line[0]
    reached = withdrawal.affected.filter(kind=Run.kind).values_list("object_id", flat=True)
    gone = copies.forget(reached, file_sha256=version.file_sha256, digests=digests)
    shown = sum(annotations.forget(one, its) for one, its in line)
    counts = {
        "salts": len(places),
        "data files in run folders": gone.files,
        "rows held out in run folders": gone.rows,
        "rows shown to annotators": shown,
    }
    return [{"what": what, "count": count} for what, count in counts.items() if count]
