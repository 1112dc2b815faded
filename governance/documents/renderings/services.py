"""Asking for a file of a frozen document, and the worker's side of making it."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from governance.documents.renderings import selectors
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import TRANSITIONS, Format, State
from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.canonical import digest, plain
from governance.foundation.core.moves import move
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.foundation.jobs.services import Lease, LeaseLost
from governance.people.projects import selectors as projects

TASK = "render"


@transaction.atomic
def ask(
    *,
    actor: Actor,
    project_id: UUID,
    document_kind: str,
    document_id: UUID,
    document_sha256: str,
    document: dict[str, Any],
    file_name: str,
    file_format: Format = Format.PDF,
    seal: dict[str, Any] | None = None,
) -> Rendering:
    """Queue a file of a frozen document; the one that exists or is under way is given back instead.

    `seal` holds what is printed beside the document: `{"signatures": [...]}`. Another seal is another file.
    """
    seal = plain(seal or {})
    found = selectors.of(document_kind, document_sha256, file_format, seal)
    if found is not None and found.state != State.FAILED:
        return found
    if found is not None:
        move(found, TRANSITIONS, State.QUEUED, error=None)
        jobs.ask(actor=actor, task=TASK, subject=found)
        return found
    rendering = Rendering.objects.create(
        project_id=project_id,
        document_kind=document_kind,
        document_id=document_id,
        document_sha256=document_sha256,
        document=document,
        seal=seal,
        seal_sha256=digest(seal),
        format=file_format,
        file_name=file_name,
    )
    jobs.ask(actor=actor, task=TASK, subject=rendering)
    return rendering


@transaction.atomic
def retry(*, actor: Actor, rendering_id: UUID) -> Rendering:
    """Make a file that failed once more. Raises NotAllowed, and WrongState unless it failed."""
    rendering = selectors.visible(actor, rendering_id)
    projects.require(actor, rendering.project_id, "export evidence")
    move(rendering, TRANSITIONS, State.QUEUED, error=None)
    jobs.ask(actor=actor, task=TASK, subject=rendering)
    return rendering


def begin(*, lease: Lease, rendering_id: UUID) -> Rendering:
    """The rendering to make."""
    return Rendering.objects.get(pk=rendering_id)


@transaction.atomic
def finish(*, lease: Lease, rendering_id: UUID, file: Path, renderer: str) -> Rendering:
    """Keep the file under its digest. Raises LeaseLost."""
    rendering = _held(lease, rendering_id)
    sha256, size = blobs.put_path(file)
    move(rendering, TRANSITIONS, State.READY, file_sha256=sha256, file_bytes=size, renderer=renderer)
    jobs.end(lease, JobState.SUCCEEDED)
    record(PLATFORM, "rendering.made", subject=rendering, facts={"file_sha256": sha256, "renderer": renderer})
    return rendering


@transaction.atomic
def fail(*, lease: Lease, rendering_id: UUID, message: str) -> Rendering:
    """Say why there is no file. Raises LeaseLost."""
    rendering = _held(lease, rendering_id)
    error = {"code": "not-rendered", "message": message, "where": "renderer", "fault": "platform"}
    move(rendering, TRANSITIONS, State.FAILED, error=error)
    jobs.end(lease, JobState.FAILED, error=error)
    record(PLATFORM, "rendering.failed", subject=rendering)
    return rendering


def follow_abandoned_job(sender: type[Job], job: Job, **_: Any) -> None:
    """A job that ended without its worker's word takes its rendering along."""
    if job.subject_kind == Rendering.kind:
        rendering = Rendering.objects.select_for_update().get(pk=job.subject_id)
        move(rendering, TRANSITIONS, State.FAILED, error=job.error)


def _held(lease: Lease, rendering_id: UUID) -> Rendering:
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the rendering; another may hold it.")
    return Rendering.objects.select_for_update().get(pk=rendering_id)
