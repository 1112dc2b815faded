"""The days on which holds end."""

from collections.abc import Iterable
from datetime import date

from governance.foundation.core.actor import Actor
from governance.oversight.retention import selectors
from governance.people.notifications.deadlines import Deadline


def ends(actor: Actor, first: date, last: date) -> Iterable[Deadline]:
    for hold in selectors.visible_to(actor).filter(lifted_at=None, until__range=(first, last)):
        if hold.until is not None:
            yield Deadline(
                on=hold.until,
                what=f"{hold} ends",
                about=hold,
                people=frozenset({hold.placed_by_id} if hold.placed_by_id else ()),
                ground=hold.ground,
            )
