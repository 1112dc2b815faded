"""Letters: what is written of notices, and how each goes out once or is given up.

A process takes a letter before it sends it. A mail server that did not take it is tried again; of a process that was
lost in between nobody knows whether the letter went out, so that one never goes again.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.moves import move
from governance.people.notifications import rules, selectors
from governance.people.notifications.models import Letter, Notice, Preferences
from governance.people.notifications.rules import DIGEST_HOUR, Channel, LetterState


def write(now: datetime) -> list[Letter]:
    """Letters for all that waits to be told: one for each notice that goes at once, and the digests whose hour came."""
    since = now - rules.MAILED_WITHIN
    made: list[Letter] = []
    with transaction.atomic():
        waiting = _waiting(since).filter(channel=Channel.AT_ONCE)
        for notice in waiting:
            made.append(_letter(notice.person_id, [notice], now))
    for person in (
        _waiting(since, lock=False).filter(channel=Channel.DIGEST).values_list("person", flat=True).distinct()
    ):
        made += _digest(person, since, now)
    return made


def due(now: datetime) -> list[UUID]:
    """The letters that are to be tried now, the oldest first; what a lost process left is settled before."""
    Letter.objects.filter(state=LetterState.SENDING, claimed_at__lt=now - rules.LOST_AFTER).update(
        state=LetterState.UNKNOWN, error="The process that sent it was lost; it is not sent again."
    )
    waiting = Letter.objects.filter(state=LetterState.QUEUED, next_try_at__lte=now)
    return list(waiting.order_by("created_at").values_list("pk", flat=True)[:100])


def claim(letter_id: UUID, now: datetime) -> Letter | None:
    """The letter, for this process alone; None where another took it."""
    taken = Letter.objects.filter(pk=letter_id, state=LetterState.QUEUED).update(
        state=LetterState.SENDING, claimed_at=now, tries=F("tries") + 1
    )
    return Letter.objects.select_related("person").get(pk=letter_id) if taken else None


def contents(letter: Letter) -> list[Notice]:
    """What the letter tells, as far as its person may still see it and did not see it yet."""
    told = selectors.visible_to(Actor.of(letter.person))
    return list(told.filter(letter=letter, seen_at=None))


def dropped(letter: Letter) -> None:
    """Nothing is left in it to tell."""
    _end(letter, LetterState.DROPPED)


def sent(letter: Letter) -> None:
    """The mail server took it."""
    _end(letter, LetterState.SENT, sent_at=timezone.now(), error="")


def not_taken(letter: Letter, why: str, *, again: bool) -> None:
    """The mail server did not take it. Tried again later where `again`, and as long as that has a point."""
    at = rules.next_try(letter.tries, timezone.now()) if again else None
    if at is None:
        _end(letter, LetterState.FAILED, error=why[:300])
    else:
        _end(letter, LetterState.QUEUED, error=why[:300], next_try_at=at)


def _end(letter: Letter, state: LetterState, **also: Any) -> None:
    """Raises WrongState where the letter was given up meanwhile, as one of a lost process."""
    move(letter, rules.TRANSITIONS, state, **also)


def _waiting(since: datetime, *, lock: bool = True) -> QuerySet[Notice]:
    """Notices of which no letter tells, and that were not seen on the page meanwhile."""
    found = Notice.objects.filter(letter=None, seen_at=None, created_at__gt=since)
    return found.select_for_update(skip_locked=True) if lock else found


def _letter(person_id: int, notices: Iterable[Notice], now: datetime, *, is_digest: bool = False) -> Letter:
    letter = Letter.objects.create(person_id=person_id, is_digest=is_digest, next_try_at=now)
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(letter=letter)
    return letter


@transaction.atomic
def _digest(person_id: int, since: datetime, now: datetime) -> list[Letter]:
    """The person's digest, if its hour came since the last one."""
    chosen = Preferences.objects.filter(person=person_id).first()
    hour = rules.digest_time(timezone.localtime(now), chosen.digest_hour if chosen else DIGEST_HOUR)
    waiting = _waiting(since).filter(person=person_id, channel=Channel.DIGEST, created_at__lte=hour)
    notices = list(waiting)
    return [_letter(person_id, notices, now, is_digest=True)] if notices else []
