"""What people are told of waivers, and the day on which each ends."""

from collections.abc import Iterable
from datetime import date

from governance.foundation.core.actor import Actor
from governance.people.approvals import selectors as approvals
from governance.people.notifications import deadlines
from governance.people.notifications.deadlines import Deadline
from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell
from governance.people.waivers import selectors as waivers
from governance.people.waivers.models import Waiver


def register() -> None:
    tell("waiver.revoked", Telling(Kind.SUSPENDED, _asker, _revoked))
    deadlines.register(ends)


def ends(actor: Actor, first: date, last: date) -> Iterable[Deadline]:
    """The last days of the waivers that hold."""
    found = waivers.visible_to(actor).filter(revoked_at=None, expires_on__range=(first, last))
    answers = approvals.standings(found)
    for waiver in found:
        answer = answers[waiver.pk]
        if answer.granted:
            signers = {decision.by_id for decision in answer.decisions}
            yield Deadline(
                on=waiver.expires_on,
                what=f"The {waiver} ends",
                about=waiver,
                people=frozenset(signers | ({waiver.asked_by_id} if waiver.asked_by_id else set())),
                ground=waiver.because,
            )


def _asker(waiver: Waiver, _: Facts) -> Iterable[int | None]:
    return [waiver.asked_by_id]


def _revoked(waiver: Waiver, by: str, _: Facts) -> str:
    return f"{by} revoked the {waiver}: it opens nothing any more."
