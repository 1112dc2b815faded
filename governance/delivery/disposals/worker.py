"""The worker's side of a disposal: one thing after the other is asked about once more, put on record as let go, and
then its bytes are deleted.

A worker that is lost between the two leaves a thing that is going: the next one, or housekeeping, goes on with it.
Every step does nothing where it was done before.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.delivery.disposals import things
from governance.delivery.disposals.models import Disposal, DisposalItem
from governance.delivery.disposals.rules import FATES, Fate, State
from governance.delivery.disposals.services import tell_kept
from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.canonical import digest_of_file
from governance.foundation.core.moves import move
from governance.foundation.core.records import of_kind
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.annotations import services as annotations
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets import services as registering
from governance.materials.datasets.models import WITH_FILE, DatasetVersion, Import
from governance.oversight.retention.rules import Basis, Ground, Thing
from governance.people.projects.services import hold
from governance.work.runs import copies
from governance.work.runs.folders import run_folder
from governance.work.runs.models import RunData
from preparation.reading import read_rows
from preparation.rows import Row

GONE_BEFORE = Ground(Basis.NEEDED, "It changed since the list was made and cannot be deleted now", ends="as it is")


def begin(lease: Lease) -> list[UUID]:
    """The things that are left to look at, what was begun first. Raises LeaseLost."""
    items = errands.begun(lease, Disposal).items
    going = items.filter(state=Fate.GOING).values_list("pk", flat=True)
    return [*going, *items.filter(state=Fate.PENDING).values_list("pk", flat=True)]


def dispose(lease: Lease, item_id: UUID) -> None:
    """Delete one thing, unless something keeps it. Raises LeaseLost, OSError."""
    item = DisposalItem.objects.get(pk=item_id)
    listing = _listing(run_folder(item.subject_id)) if item.thing == Thing.RUN and item.state == Fate.PENDING else []
    if item.state == Fate.GOING or let_go(lease, item_id, listing):
        destroy(item_id)


@transaction.atomic
def let_go(lease: Lease, item_id: UUID, files: list[dict[str, Any]]) -> bool:
    """Decide on one thing, under the lock of its project: put on record that it goes, or what keeps it."""
    disposal = errands.held(lease, Disposal)
    hold(disposal.project_id)
    item = DisposalItem.objects.select_for_update().get(pk=item_id)
    found = things.some(disposal.project, [item.subject_id]).get(item.subject_id)
    if found is None:
        move(item, FATES, Fate.KEPT, because=[GONE_BEFORE.as_json()])
        tell_kept(item)
        return False
    if not found.may_go:
        move(item, FATES, Fate.KEPT, because=[one.as_json() for one in found.standing], ran_out="")
        tell_kept(item)
        return False
    move(item, FATES, Fate.GOING, files=files, ran_out=found.ran_out)
    if isinstance(found.record, Import):
        registering.discard(actor=PLATFORM, import_id=found.record.pk)
    else:
        type(found.record).objects.filter(pk=found.record.pk).update(disposed_at=timezone.now())
    facts = {"disposal": disposal.pk, "thing": item.thing, "sha256": item.sha256, "bytes": item.bytes, "files": files}
    record(PLATFORM, "disposal.let-go", subject=found.record, facts={**facts, "rule": found.ran_out})
    return True


def destroy(item_id: UUID) -> None:
    """Delete the bytes of a thing that goes, and say that they are gone. Done again, it does nothing."""
    item = DisposalItem.objects.get(pk=item_id)
    if item.state != Fate.GOING:
        return
    copies_gone, is_shared = _DESTROY[Thing(item.thing)](item)
    with transaction.atomic():
        item = DisposalItem.objects.select_for_update().get(pk=item_id)
        if item.state != Fate.GOING:
            return  # another worker was as far
        move(item, FATES, Fate.GONE, gone_at=timezone.now(), copies=copies_gone, is_shared=is_shared)
        facts = {"disposal": item.disposal_id, "sha256": item.sha256, "copies": copies_gone, "shared": is_shared}
        subject = of_kind(item.subject_kind, item.subject_id)
        record(PLATFORM, "disposal.destroyed", subject=subject, facts=facts)


@transaction.atomic
def finish(lease: Lease) -> Disposal:
    """Nothing is left to look at. Raises LeaseLost."""
    disposal = errands.held(lease, Disposal)
    states = list(disposal.items.values_list("state", flat=True))
    errands.finish(lease, disposal, State.DONE)
    facts = {"gone": states.count(Fate.GONE), "kept": states.count(Fate.KEPT), "content": disposal.content_digest}
    record(PLATFORM, "disposal.done", subject=disposal, facts=facts)
    return disposal


def destroy_what_waits() -> list[UUID]:
    """Follow up what lost workers left of disposals that nobody carries out any more; returns the things."""
    left = DisposalItem.objects.filter(state=Fate.GOING).exclude(disposal__state=State.QUEUED)
    ids = list(left.values_list("pk", flat=True))
    for item_id in ids:
        destroy(item_id)
    return ids


def _destroy_file(item: DisposalItem) -> tuple[int, bool]:
    with transaction.atomic():
        return 0, not blobs.let_go(item.sha256, datasets.is_used)


def _destroy_folder(item: DisposalItem) -> tuple[int, bool]:
    folder = run_folder(item.subject_id)
    if folder.exists():
        shutil.rmtree(folder)
    return 0, False


def _destroy_data(item: DisposalItem) -> tuple[int, bool]:
    """First the copies, which are known by the rows; then the file itself."""
    version = DatasetVersion.objects.select_related("dataset__project").get(pk=item.subject_id)
    gone = 0
    if blobs.exists(version.file_sha256):
        runs = set(RunData.objects.filter(dataset_version=version).values_list("run", flat=True))
        twins = DatasetVersion.objects.filter(WITH_FILE, file_sha256=version.file_sha256)
        runs -= set(RunData.objects.filter(dataset_version__in=twins).values_list("run", flat=True))
        held_out = [run for run in runs if (run_folder(run) / "out" / copies.VALIDATION).is_file()]
        digests = _row_digests(version) if held_out else set()
        forgotten = copies.forget(runs, file_sha256=version.file_sha256, digests=digests)
        gone = forgotten.files + forgotten.rows
    with transaction.atomic():
        gone += annotations.forget(version, range(version.rows))
    return gone, _destroy_file(item)[1]


def _row_digests(version: DatasetVersion) -> set[str]:
    """Of each row of the file, by which copies of it are known. On record the file is gone already: it is read for the
    last time."""
    with blobs.as_local_file(version.file_sha256, version.file_name) as path:
        return {row.digest() for row in read_rows(path, version.reading) if isinstance(row, Row)}


_DESTROY: dict[Thing, Callable[[DisposalItem], tuple[int, bool]]] = {
    Thing.FILE: _destroy_file,
    Thing.RUN: _destroy_folder,
    Thing.DATA: _destroy_data,
}


def _listing(folder: Path) -> list[dict[str, Any]]:
    """Every file of a run's folder, as its tombstone names it."""
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
        with path.open("rb") as handle:
            sha256, size = digest_of_file(handle)
        found.append({"path": str(path.relative_to(folder)), "bytes": size, "sha256": sha256})
    return found
