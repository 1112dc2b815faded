"""What has a day: the deadline of a request, the end of a waiver or a hold. A noun registers where its own are found;
the home page, the calendar and the notices read them all here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.records import Record
from governance.people.notifications import services
from governance.people.notifications.rules import NEAR, Kind


@dataclass(frozen=True)
class Deadline:
    """A day on which something ends or is due, the record behind it, and whom it is brought to mind."""

    on: date
    what: str  # "Waiver of non-commercial for tickets ends"
    about: Record  # of a project, or an audit
    people: frozenset[int] = field(default_factory=frozenset, compare=False)
    ground: str = ""  # what sets the day

    @property
    def project_id(self) -> UUID | None:
        """None: a day of an audit over several projects."""
        return getattr(self.about, "project_id", None)

    @property
    def key(self) -> str:
        """The same for the same day of the same thing, whenever it is asked for."""
        return digest([self.about.kind, self.about.pk, self.on, self.what])


def whom(question: Callable[[], Iterable[int | None]]) -> frozenset[int]:
    """The people of a deadline, worked out when they are told: no page names them."""
    told: Any = SimpleLazyObject(lambda: frozenset(person for person in question() if person is not None))
    return told  # type: ignore[no-any-return]


# Those that an actor sees, with their day from the first date to the second, in as many queries for many as for one.
Source = Callable[[Actor, date, date], Iterable[Deadline]]
_sources: list[Source] = []


def register(source: Source) -> None:
    if source not in _sources:
        _sources.append(source)


def visible_to(actor: Actor, first: date, last: date) -> list[Deadline]:
    """Those that `actor` sees, in the order of their days."""
    found = [deadline for source in _sources for deadline in source(actor, first, last)]
    return sorted(found, key=lambda deadline: (deadline.on, deadline.what))


def tell_what_is_near() -> None:
    """Give a notice of each deadline that came near, and one when it is at hand; done again, it does nothing."""
    today = timezone.localdate()
    for deadline in visible_to(PLATFORM, today, today + max(NEAR)):
        span = min(span for span in NEAR if deadline.on <= today + span)
        services.give(
            kind=Kind.DUE,
            about=deadline.about,
            people=deadline.people,
            text=f"{deadline.what} on {deadline.on:%d %b %Y}.",
            act=digest([deadline.key, span.days]),
        )


def soon(actor: Actor, within: timedelta) -> list[Deadline]:
    """What has its day from today on, within the time."""
    today = timezone.localdate()
    return visible_to(actor, today, today + within)
