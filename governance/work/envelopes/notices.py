"""What people are told of change envelopes: what passed under one, its end, and the day on which it ends."""

from collections.abc import Iterable
from datetime import date

from governance.foundation.core.actor import Actor
from governance.people.approvals import selectors as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.notifications import deadlines
from governance.people.notifications.deadlines import Deadline
from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell
from governance.work.envelopes import selectors
from governance.work.envelopes.models import Envelope, Passage


def register() -> None:
    tell("envelope.passed", Telling(Kind.DECIDED, _who_would_have_decided, _passed, about=_request))
    tell("envelope.revoked", Telling(Kind.SUSPENDED, _whose, _revoked))
    deadlines.register(ends)


def ends(actor: Actor, first: date, last: date) -> Iterable[Deadline]:
    """The last days of the envelopes that were approved."""
    found = list(selectors.visible_to(actor).filter(revoked_at=None, expires_on__range=(first, last)))
    answers = approvals.standings(found)
    for envelope in found:
        if answers[envelope.pk].granted:
            people = {decision.by_id for decision in answers[envelope.pk].decisions} | {envelope.written_by_id}
            yield Deadline(
                on=envelope.expires_on,
                what=f"The {envelope} ends",
                about=envelope,
                people=frozenset(person for person in people if person is not None),
                ground=envelope.reason,
            )


def _who_would_have_decided(passage: Passage, _: Facts) -> Iterable[int | None]:
    request = passage.request
    return [request.requested_by_id, *(person.lookup_id for person in approvals.deciders([request])[request.pk])]


def _whose(envelope: Envelope, _: Facts) -> Iterable[int | None]:
    signed = approvals.standing(envelope).decisions
    return [envelope.written_by_id, *(decision.by_id for decision in signed)]


def _request(passage: Passage) -> ApprovalRequest:
    return passage.request


def _passed(passage: Passage, by: str, _: Facts) -> str:
    name = str(passage.request)
    return f"{name[:1].upper()}{name[1:]}: passed under {passage.envelope}, without a decision of its own."


def _revoked(envelope: Envelope, by: str, _: Facts) -> str:
    return f"{by} revoked the {envelope}: nothing passes under it any more."
