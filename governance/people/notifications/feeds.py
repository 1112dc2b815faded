"""A person's calendar: the secret address at which a calendar program reads it, without signing in."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.people.notifications import deadlines
from governance.people.notifications.deadlines import Deadline
from governance.people.notifications.models import Feed

BACK, AHEAD = timedelta(days=30), timedelta(days=400)


@transaction.atomic
def make(*, actor: Actor) -> str:
    """A new secret for `actor`'s calendar; one from before opens nothing any more. Only its hash is kept."""
    token = secrets.token_urlsafe(32)
    values = {"token_sha256": _sha256(token), "created_at": timezone.now()}
    _, made = Feed.objects.update_or_create(person_id=actor.person_id, defaults=values)
    if made:
        record(actor, "calendar.opened")
    else:
        record(actor, "calendar.renewed")
    return token


@transaction.atomic
def close(*, actor: Actor) -> None:
    """Have the calendar read by nobody any more. Raises NotFound where there is none."""
    ended, _ = Feed.objects.filter(person_id=actor.lookup_id).delete()
    if not ended:
        raise NotFound("calendar")
    record(actor, "calendar.closed")


def read(token: str) -> tuple[Actor, list[Deadline]]:
    """Whose calendar `token` opens, and what has its day. Raises NotFound."""
    feed = Feed.objects.filter(token_sha256=_sha256(token), person__is_active=True).first()
    if feed is None:
        raise NotFound("calendar")
    actor, today = Actor.of(get_user_model().objects.get(pk=feed.person_id)), timezone.localdate()
    return actor, deadlines.visible_to(actor, today - BACK, today + AHEAD)


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
