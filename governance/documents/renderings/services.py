"""Asking for a file of a frozen document, the worker's side of making it, and handing documents out."""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.db import transaction

from governance.documents.renderings import selectors
from governance.documents.renderings.documents import DOCUMENTS, Document
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import MEDIA_TYPES, TRANSITIONS, Format, State
from governance.foundation.audit import services as audit
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.canonical import digest, plain
from governance.foundation.core.errors import NotFound, WrongState
from governance.foundation.core.moves import move
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.foundation.jobs.services import Lease, LeaseLost
from governance.people.projects import selectors as projects

TASK = "render"


@dataclass(frozen=True)
class Taken:
    """A file of a document on its way out of the house, opened for reading."""

    file: BinaryIO
    name: str
    media_type: str


@transaction.atomic
def ask(*, actor: Actor, kind: str, document_id: UUID, file_format: Format = Format.PDF) -> Rendering:
    """Queue a file of a frozen document with the signatures as they stand now; the one that exists or is under way
    is given back instead. Raises NotFound, NotAllowed, WrongState."""
    document, record = _exportable(actor, kind, document_id)
    content, seal = document.content(record), plain(document.seal(record))
    found = selectors.of(kind, content["sha256"], file_format, seal)
    if found is None:
        found = Rendering.objects.create(
            **_owner(document, record),
            document_kind=kind,
            document_id=record.pk,
            document_sha256=content["sha256"],
            document=content,
            seal=seal,
            seal_sha256=digest(seal),
            format=file_format,
            file_name=document.name(record, file_format),
        )
    elif found.state == State.FAILED:
        move(found, TRANSITIONS, State.QUEUED, error=None)
    else:
        return found
    jobs.ask(actor=actor, task=TASK, subject=found)
    return found


def take(*, actor: Actor, kind: str, document_id: UUID, form: str) -> Taken:
    """A document as a file; that it was taken goes on record before the first byte leaves.

    Raises NotFound (no such document or form), NotAllowed, and WrongState where a worker has not made the file.
    """
    actor = actor.acting()
    document, record = _exportable(actor, kind, document_id)
    if form in document.as_it_is:
        data = document.as_it_is[form](record)
        sha256 = hashlib.sha256(data).hexdigest()
        return _handed_out(actor, record, form, BytesIO(data), document.name(record, form), sha256)
    if form not in document.printed:
        raise NotFound("form of this document")
    made = selectors.current(kind, record, Format(form))
    if made is None:
        raise WrongState("Nobody has asked for this file since the document was last signed; ask for it first.")
    return _made(actor, record, made)


def take_rendering(*, actor: Actor, rendering_id: UUID) -> Taken:
    """The file of a rendering, recorded as `take` does. Raises NotFound, NotAllowed, WrongState."""
    actor = actor.acting()
    rendering = selectors.visible(actor, rendering_id)
    _, record = _exportable(actor, rendering.document_kind, rendering.document_id)
    return _made(actor, record, rendering)


@transaction.atomic
def retry(*, actor: Actor, rendering_id: UUID) -> Rendering:
    """Make a file that failed once more. Raises NotAllowed, and WrongState unless it failed."""
    rendering = selectors.visible(actor, rendering_id)
    _exportable(actor, rendering.document_kind, rendering.document_id)
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
    audit.record(PLATFORM, "rendering.made", subject=rendering, facts={"file_sha256": sha256, "renderer": renderer})
    return rendering


@transaction.atomic
def fail(*, lease: Lease, rendering_id: UUID, message: str) -> Rendering:
    """Say why there is no file. Raises LeaseLost."""
    rendering = _held(lease, rendering_id)
    error = {"code": "not-rendered", "message": message, "where": "renderer", "fault": "platform"}
    move(rendering, TRANSITIONS, State.FAILED, error=error)
    jobs.end(lease, JobState.FAILED, error=error)
    audit.record(PLATFORM, "rendering.failed", subject=rendering)
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


def _exportable(actor: Actor, kind: str, document_id: UUID) -> tuple[Document, Any]:
    """How documents of this kind are given out, and the record, if `actor` may export it."""
    if kind not in DOCUMENTS:
        raise NotFound("document")
    document = DOCUMENTS[kind]
    record = document.find(actor, document_id)
    if document.seen is None:
        projects.require(actor, record.project_id, "export evidence")
    return document, record


def _owner(document: Document, record: Any) -> dict[str, UUID]:
    if document.seen is None:
        return {"project_id": record.project_id}
    return {"organisation_id": record.organisation_id}


def _made(actor: Actor, record: Any, rendering: Rendering) -> Taken:
    if rendering.state != State.READY:
        raise WrongState(f"This file is {rendering.state}; there is nothing to send.")
    opened = blobs.opened(rendering.file_sha256)
    return _handed_out(actor, record, rendering.format, opened, rendering.file_name, rendering.file_sha256)


def _handed_out(actor: Actor, record: Any, form: str, file: BinaryIO, name: str, sha256: str) -> Taken:
    action = f"{record.kind.replace('_', '-')}.exported"
    audit.record_alone(actor, action, subject=record, facts={"format": form, "file_sha256": sha256})
    return Taken(file, name, MEDIA_TYPES[form])
