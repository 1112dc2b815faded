"""The worker's side of a task over a large file: it draws the rows."""

from pathlib import Path

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.errors import Unusable
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.annotations.models import AnnotationTask
from governance.materials.annotations.rules import State
from governance.materials.annotations.services import drawing, keep_rows, second
from preparation.drawing import Draw, Sampled
from preparation.pairing import Other


def begin(*, lease: Lease, folder: Path) -> tuple[AnnotationTask, Path, Draw, Other | None]:
    """The task, its version's file, what is drawn from it, and whose rows are second answers; the files lie in
    `folder`. Raises LeaseLost."""
    task = errands.begun(lease, AnnotationTask)
    path = blobs.copy_to(task.version.readable, folder / "file")
    return task, path, drawing(task), second(task, folder / "other")


@transaction.atomic
def finish(*, lease: Lease, sampled: Sampled) -> AnnotationTask:
    """Open the task with what was drawn, and end the job. Raises LeaseLost."""
    task = errands.held(lease, AnnotationTask)
    try:
        kept = keep_rows(task, sampled)
    except Unusable as unusable:
        errands.refuse(lease, task, State.REFUSED, "unusable-rows", str(unusable.faults[0]))
        return task
    errands.finish(lease, task, State.OPEN, **kept)
    record(PLATFORM, "annotation-task.opened", subject=task, facts={"rows": task.rows})
    return task


@transaction.atomic
def refuse(*, lease: Lease, message: str) -> None:
    """Say what in the rows stands in the way. Raises LeaseLost."""
    errands.refuse(lease, errands.held(lease, AnnotationTask), State.REFUSED, "unusable-rows", message)
