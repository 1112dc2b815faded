"""Questions to the trail."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Min, Q, QuerySet

from governance.foundation.audit import rules
from governance.foundation.audit.models import AuditEvent, Identity
from governance.foundation.core.records import Record


@dataclass(frozen=True)
class ChainReport:
    """What a walk over the chain found. `faults` is empty when every entry is in place and unchanged."""

    entries: int
    head: str
    last_at: datetime | None
    faults: list[str]

    @property
    def sound(self) -> bool:
        return not self.faults


def verify(first: int = 1, limit_faults: int = 20) -> ChainReport:
    """Recompute the chain from the bodies, entry by entry, and name what does not fit."""
    faults: list[str] = []
    expected, last_at = first, None
    before = AuditEvent.objects.filter(seq=first - 1).values_list("hash", flat=True).first()
    previous = before or rules.GENESIS
    events = AuditEvent.objects.filter(seq__gte=first).order_by("seq").select_related("personal")
    count = 0
    for event in events.iterator(chunk_size=2000):
        count += 1
        faults += [f"entry {event.seq:,}: {fault}" for fault in _faults(event, expected, previous)]
        if len(faults) >= limit_faults:
            break
        expected, previous, last_at = event.seq + 1, event.hash, event.at
    return ChainReport(entries=count, head=previous, last_at=last_at, faults=faults)


def _faults(event: AuditEvent, expected: int, previous: str) -> Iterable[str]:
    if event.seq != expected:
        yield f"expected number {expected:,}; entries are missing or were renumbered"
    if event.previous_hash != previous:
        yield "does not follow from the entry before it"
    if rules.chain_hash(event.previous_hash, event.body) != event.hash:
        yield "its text was changed after it was written"
        return
    body = json.loads(event.body)
    columns = {
        "seq": event.seq,
        "actor": str(event.actor) if event.actor else None,
        "action": event.action,
        "project": str(event.project) if event.project else None,
        "organisation": str(event.organisation) if event.organisation else None,
    }
    for name, value in columns.items():
        if body[name] != value:
            yield f"its column {name} says something else than its text"
    detail = getattr(event, "personal", None)
    if detail and rules.commitment(bytes(detail.salt), json.loads(detail.text)) != body["personal"]:
        yield "its personal detail was changed after it was written"


def trail(
    *, projects: Iterable[UUID], organisations: Iterable[UUID] = (), action: str = "", text: str = ""
) -> QuerySet[AuditEvent]:
    """Entries within the given projects and organisations, newest first."""
    events = AuditEvent.objects.filter(
        Q(project__in=list(projects)) | Q(project=None, organisation__in=list(organisations))
    ).select_related("personal")
    if action:
        events = events.filter(action__startswith=action)
    if text:
        events = events.filter(Q(body__icontains=text) | Q(subject_id__startswith=text))
    return events


def history(subject: Record) -> QuerySet[AuditEvent]:
    """Everything that was done to `subject`, newest first."""
    return AuditEvent.objects.filter(subject_kind=subject.kind, subject_id=str(subject.pk)).select_related("personal")


def names(events: Iterable[AuditEvent]) -> dict[UUID, str]:
    """The names behind the pseudonyms of `events`, as far as they are still known."""
    wanted = {event.actor for event in events if event.actor}
    return dict(Identity.objects.filter(pseudonym__in=wanted).values_list("pseudonym", "name"))


def head() -> dict[str, Any] | None:
    """Number and hash of the newest entry: where the chain ends now."""
    newest = AuditEvent.objects.order_by("-seq").first()
    return {"seq": newest.seq, "hash": newest.hash} if newest else None


def segment(subjects: Iterable[tuple[str, str]], *, project: UUID) -> list[dict[str, Any]]:
    """The stretch of the chain from the first to the last entry about `subjects` ((kind, id) pairs), as it
    is put into an evidence bundle: whole, so that it can be recomputed link by link.

    What belongs to another project is given by its leaf hash alone, so that nothing crosses.
    """
    wanted = Q(pk__in=[])
    for kind, pk in subjects:
        wanted |= Q(subject_kind=kind, subject_id=pk)
    ends = AuditEvent.objects.filter(wanted).aggregate(first=Min("seq"), last=Max("seq"))
    if ends["first"] is None:
        return []
    stretch = AuditEvent.objects.filter(seq__range=(ends["first"], ends["last"])).order_by("seq")
    return [_link(event, open_to=project) for event in stretch.iterator()]


def _link(event: AuditEvent, *, open_to: UUID) -> dict[str, Any]:
    told = {"body": event.body} if event.project == open_to else {"leaf": rules.leaf_hash(event.body)}
    return {"seq": event.seq, **told, "prev": event.previous_hash, "hash": event.hash}
