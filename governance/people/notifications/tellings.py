"""Who is told of which act, in which words. A noun registers its own when Django starts; each act that goes on record
is then told in its own transaction, to whoever may see it, but never to who did it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.records import Record
from governance.people.notifications import services
from governance.people.notifications.rules import Kind

Facts = Mapping[str, Any]


def itself(subject: Any) -> Any:
    """For acts of which people are told with the very record that they are about."""
    return subject


@dataclass(frozen=True)
class Telling:
    """How one kind of act is told. `about` gives the record that a notice leads to: one of a project, or an audit."""

    kind: Kind
    who: Callable[[Any, Facts], Iterable[int | None]]
    says: Callable[[Any, str, Facts], str]  # the record of the act, who did it, the entry's facts
    about: Callable[[Any], Any] = itself


_tellings: dict[str, list[Telling]] = {}


def register(action: str, telling: Telling) -> None:
    """Have `action`, as the audit trail calls it, told."""
    known = _tellings.setdefault(action, [])
    if telling not in known:
        known.append(telling)


def tell(sender: type[Record], actor: Actor, action: str, subject: Any, facts: Facts, **_: Any) -> None:
    """Receiver of `acted`."""
    for place, telling in enumerate(_tellings.get(action, ())):
        about = telling.about(subject)
        people = {person for person in telling.who(subject, facts) if person is not None} - {actor.lookup_id}
        if people:
            services.give(
                kind=telling.kind,
                about=about,
                people=people,
                text=telling.says(subject, actor.name, facts),
                act=digest([action, place, subject.pk, subject.record_digest, facts]),
            )
