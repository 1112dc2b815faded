"""Questions about renderings."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from governance.documents.renderings.documents import DOCUMENTS
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import Format
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.records import one_of
from governance.people.projects import selectors as projects


def visible_to(actor: Actor) -> QuerySet[Rendering]:
    """Those of documents of `actor`'s projects, and of each document of an organisation that they see."""
    seen = projects.within(actor)
    for kind, document in DOCUMENTS.items():
        if document.seen is not None:
            seen |= Q(project=None, document_kind=kind, document_id__in=document.seen(actor).order_by().values("pk"))
    return Rendering.objects.filter(seen).select_related("project")


def visible(actor: Actor, rendering_id: UUID) -> Rendering:
    return one_of(visible_to(actor), rendering_id)


def current(document_kind: str, record: Any, file_format: Format = Format.PDF) -> Rendering | None:
    """The file of a frozen document that prints its signatures as they stand now, in whatever state."""
    document = DOCUMENTS[document_kind]
    return of(document_kind, document.content(record)["sha256"], file_format, document.seal(record))


def of(
    document_kind: str, document_sha256: str, file_format: Format = Format.PDF, seal: dict[str, Any] | None = None
) -> Rendering | None:
    """The newest rendering of a frozen document in one format, in whatever state; with `seal`, the one that
    prints exactly these signatures."""
    found = Rendering.objects.filter(document_kind=document_kind, document_sha256=document_sha256, format=file_format)
    if seal is not None:
        found = found.filter(seal_sha256=digest(seal))
    return found.first()
