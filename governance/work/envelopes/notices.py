"""What people are told of change envelopes: what passed under one and what lies outside, when one has no force any
more, and the day on which it ends. That somebody is asked about one, and the answer, is told as of any request."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.events import acted
from governance.people.approvals import selectors as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State as Request
from governance.people.notifications import deadlines, services
from governance.people.notifications.deadlines import Deadline
from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell
from governance.work.envelopes import selectors
from governance.work.envelopes.models import Envelope, Passage

LOST = frozenset({"approval.suspended", "approval.voided", "approval.expired", "approval.replaced"})


def register() -> None:
    tell("envelope.passed", Telling(Kind.DECIDED, _who_would_have_decided, _passed, about=_request))
    tell("envelope.revoked", Telling(Kind.SUSPENDED, _whose, _revoked))
    tell("approval.asked", Telling(Kind.DECIDED, _whose_is_crossed, _outside))
    acted.connect(tell_what_fell, dispatch_uid="envelopes.notices")
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


def tell_what_fell(sender: Any, actor: Actor, action: str, subject: Any, **_: Any) -> None:
    """Receiver of `acted`: an approval lost its force, and with it every envelope whose reference rests on that."""
    if action not in LOST or not isinstance(subject, ApprovalRequest) or subject.state == Request.OPEN:
        return
    for envelope in selectors.fallen_with(subject):
        services.give(
            kind=Kind.SUSPENDED,
            about=envelope,
            people={person for person in _whose(envelope, {}) if person is not None} - {actor.lookup_id},
            text=f"Nothing passes under the {envelope} for now: {subject} lost its approval.",
            # once, also where one withdrawal takes several approvals of the reference along
            act=digest(["envelope.fallen", envelope.pk, timezone.localdate()]),
        )


def _whose_is_crossed(request: ApprovalRequest, _: Facts) -> Iterable[int | None]:
    """Who wrote an envelope that does not cover what is asked, and who approved it."""
    return [person for held in selectors.crossed(request) for person in _whose(held.envelope, {})]


def _outside(request: ApprovalRequest, by: str, _: Facts) -> str:
    first = selectors.crossed(request)[0]
    crossed = "; ".join(check.what for check in first.outside)
    name = str(request)
    return f"{name[:1].upper()}{name[1:]}: lies outside the {first.envelope} ({crossed}), so people decide on it."


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
