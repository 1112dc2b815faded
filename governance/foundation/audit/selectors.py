"""Questions to the trail."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Min, Q, QuerySet

from governance.foundation.audit import rules
from governance.foundation.audit.models import AuditEvent, Identity
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import Record


def trail(
    *,
    projects: Iterable[UUID],
    organisations: Iterable[UUID] = (),
    action: str = "",
    text: str = "",
    actor: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEvent]:
    """Entries within the given projects and organisations, newest first: of acts that begin with `action`, by whom the
    pseudonym `actor` stands for, from `since` to before `until`, and about what `text` names."""
    events = AuditEvent.objects.filter(
        Q(project__in=list(projects)) | Q(project=None, organisation__in=list(organisations))
    ).select_related("personal")
    if action:
        events = events.filter(action__startswith=action)
    if actor:
        events = events.filter(actor=actor)
    if since:
        events = events.filter(at__gte=since)
    if until:
        events = events.filter(at__lt=until)
    if text:
        events = events.filter(Q(body__icontains=text) | Q(subject_id__startswith=text))
    return events


def history(subject: Record, *parts: Record) -> QuerySet[AuditEvent]:
    """Everything that was done to `subject`, or to these parts of it, newest first."""
    about = Q(subject_kind=subject.kind, subject_id=str(subject.pk))
    for part in parts:
        about |= Q(subject_kind=part.kind, subject_id=str(part.pk))
    return AuditEvent.objects.filter(about).select_related("personal")


def newest_about(since: Mapping[tuple[str, str], int], *, seen: Q) -> dict[tuple[str, str], AuditEvent]:
    """The last entry about each of these subjects ((kind, id) pairs) that stands after the number given with it; `seen`
    says which entries may be told.

    The numbers are found in the index of subjects alone, whatever the length of the trail.
    """
    if not since:
        return {}
    kinds, ids = {kind for kind, _ in since}, {pk for _, pk in since}
    after = AuditEvent.objects.filter(subject_kind__in=kinds, subject_id__in=ids, seq__gt=min(since.values()))
    last = after.order_by().values_list("subject_kind", "subject_id").annotate(last=Max("seq"))
    wanted = {seq: (kind, pk) for kind, pk, seq in last if seq > since.get((kind, pk), seq)}
    events = AuditEvent.objects.filter(seen, pk__in=wanted).select_related("personal")
    return {wanted[event.seq]: event for event in events}


def names(events: Iterable[AuditEvent]) -> dict[UUID, str]:
    """The names behind the pseudonyms of `events`, as far as they are still known."""
    wanted = {event.actor for event in events if event.actor}
    return dict(Identity.objects.filter(pseudonym__in=wanted).values_list("pseudonym", "name"))


def pseudonym(actor: Actor) -> UUID | None:
    """By which the trail knows a person; None for who never acted, and for the platform."""
    return Identity.objects.filter(user_id=actor.lookup_id).values_list("pseudonym", flat=True).first()


def people(users: Iterable[int]) -> list[Identity]:
    """The pseudonyms of these accounts, by name, as far as they have acted.

    Whoever may stand behind an entry is asked of the rolls: the trail is too long to be read for it.
    """
    return list(Identity.objects.filter(user__in=users).order_by("name"))


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
