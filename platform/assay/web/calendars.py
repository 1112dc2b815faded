"""Deadlines as a calendar (iCalendar, RFC 5545): a whole day for each, with a link to its record."""

from collections.abc import Iterable
from datetime import UTC, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from assay.web import addresses
from governance.foundation.core.actor import Actor
from governance.people.notifications.deadlines import Deadline

# How often a program is asked to read it again (RFC 7986, 5.7).
AGAIN_AFTER = timedelta(hours=6)


def of(actor: Actor, deadlines: Iterable[Deadline]) -> bytes:
    """The same bytes for the same deadlines."""
    calendar = Calendar()
    calendar.add("prodid", "-//Assay//Deadlines//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    name = _("Assay: %(name)s") % {"name": actor.first_name}
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", AGAIN_AFTER, parameters={"VALUE": "DURATION"})
    for deadline in deadlines:
        calendar.add_component(_event(deadline))
    return bytes(calendar.to_ical())


def _event(deadline: Deadline) -> Event:
    event = Event()
    event.add("uid", f"{deadline.key}@assay")
    # When the day was set, not when it was read: the same calendar has the same bytes.
    event.add("dtstamp", deadline.about.created_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", deadline.on)
    event.add("dtend", deadline.on + timedelta(days=1))
    event.add("summary", deadline.what)
    if deadline.ground:
        event.add("description", deadline.ground)
    if page := addresses.of(deadline.about.kind, deadline.about.pk):
        event.add("url", settings.ASSAY_URL + page)
    event.add("transp", "TRANSPARENT")  # it takes nobody's time
    return event
