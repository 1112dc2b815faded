"""Telling people, and what they do with what they are told."""

from collections.abc import Collection
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.foundation.audit import selectors as audit
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Faults
from governance.foundation.core.records import Record
from governance.people.notifications import selectors
from governance.people.notifications.models import Look, Notice, Preferences
from governance.people.notifications.rules import Channel, Kind


def give(*, kind: Kind, about: Record, people: Collection[int], text: str, act: str) -> None:
    """Tell each of `people` who may see what it is about, once for an act: `act` is its digest.

    Called in the transaction of the act. Whether a letter goes out is settled here; it is written after.
    """
    seers = [
        user
        for user in get_user_model().objects.filter(pk__in=people, is_active=True)
        if selectors.sees(Actor.of(user), about)
    ]
    chosen = {each.person_id: each for each in Preferences.objects.filter(person__in=seers)}
    Notice.objects.bulk_create(
        [
            Notice(
                person=user,
                project_id=getattr(about, "project_id", None),
                kind=kind,
                subject_kind=about.kind,
                subject_id=about.pk,
                text=text[:500],
                act=act,
                channel=chosen.get(user.pk, Preferences()).channel(kind) if user.email else Channel.PAGE,
            )
            for user in seers
        ],
        ignore_conflicts=True,
    )


def settle(*, kind: Kind, subject_id: UUID) -> None:
    """Count as seen, by everybody, what asked for something that is over."""
    Notice.objects.filter(kind=kind, subject_id=subject_id, seen_at=None).update(seen_at=timezone.now())


@transaction.atomic
def look(*, actor: Actor, kind: str, subject_id: UUID) -> None:
    """`actor` has the record's page before them: what they were told of it is seen."""
    if actor.user_id is None:
        return
    now = timezone.now()
    newest = audit.head()
    Look.objects.bulk_create(
        [
            Look(
                person_id=actor.user_id,
                subject_kind=kind,
                subject_id=subject_id,
                seq=newest["seq"] if newest else 0,
                at=now,
            )
        ],
        update_conflicts=True,
        unique_fields=["person", "subject_id"],
        update_fields=["seq", "at"],
    )
    Notice.objects.filter(person_id=actor.user_id, subject_id=subject_id, seen_at=None).update(seen_at=now)


@transaction.atomic
def mark_seen(*, actor: Actor, notice_id: UUID) -> Notice:
    """Raises NotFound for a notice of somebody else."""
    notice = selectors.visible(actor, notice_id)
    if notice.seen_at is None:
        notice.seen_at = timezone.now()
        notice.save(update_fields=["seen_at"])
    return notice


@transaction.atomic
def mark_all_seen(*, actor: Actor, project_id: UUID | None = None) -> int:
    """All of `actor`'s notices, or those of one project. Returns how many were new to them."""
    found = selectors.visible_to(actor).filter(seen_at=None)
    if project_id is not None:
        found = found.filter(project=project_id)
    return found.update(seen_at=timezone.now())


@transaction.atomic
def choose(*, actor: Actor, channels: dict[str, str], digest_hour: int) -> Preferences:
    """By which way `actor` is told of what; a kind that is not named keeps its way. Raises Unusable."""
    faults = Faults()
    for kind, channel in channels.items():
        if kind not in set(Kind):
            faults.add("channels", f"There is no kind of notice “{kind}”.", f"Known: {', '.join(Kind)}.")
        elif channel not in set(Channel):
            faults.add(kind, f"“{channel}” is no way to be told.", f"Known: {', '.join(Channel)}.")
    if not 0 <= digest_hour <= 23:
        faults.add("digest_hour", "A day has the hours 0 to 23.", "Choose one of them.")
    faults.raise_if_any()
    chosen, _ = Preferences.objects.select_for_update().get_or_create(person_id=actor.person_id)
    chosen.channels = {**chosen.channels, **channels}
    chosen.digest_hour = digest_hour
    chosen.save()
    record(actor, "notifications.chosen", facts={"channels": chosen.channels, "digest_hour": digest_hour})
    return chosen
