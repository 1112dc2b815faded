"""What people are told of requests and decisions."""

from collections.abc import Iterable
from typing import Any

from governance.foundation.core.events import acted
from governance.people.approvals import selectors as approvals
from governance.people.approvals.models import ApprovalRequest, Decision
from governance.people.approvals.rules import State, Verdict
from governance.people.notifications import services
from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell

DID = {Verdict.APPROVE: "approved", Verdict.CHANGES: "changes were asked for", Verdict.REJECT: "rejected"}


def register() -> None:
    tell("approval.asked", Telling(Kind.ASKED, _deciders, _asked))
    tell("approval.decided", Telling(Kind.DECIDED, _asker_of_decided, _decided, about=_request))
    tell("approval.voided", Telling(Kind.DECIDED, _asker, _voided))
    tell("approval.suspended", Telling(Kind.SUSPENDED, _asker_and_signers, _suspended))
    tell("approval.reinstated", Telling(Kind.SUSPENDED, _asker_and_signers, _reinstated))
    acted.connect(settle_what_is_over, dispatch_uid="notifications.about_approvals")


def settle_what_is_over(sender: Any, action: str, subject: Any, **_: Any) -> None:
    """A request that is closed asks nobody any more."""
    request = subject.request if isinstance(subject, Decision) else subject
    if action.startswith("approval.") and isinstance(request, ApprovalRequest) and request.state != State.OPEN:
        services.settle(kind=Kind.ASKED, subject_id=request.pk)


def _deciders(request: ApprovalRequest, _: Facts) -> Iterable[int]:
    return [person.lookup_id for person in approvals.deciders([request])[request.pk]]


def _asker(request: ApprovalRequest, _: Facts) -> Iterable[int | None]:
    return [request.requested_by_id]


def _asker_of_decided(decision: Decision, _: Facts) -> Iterable[int | None]:
    return [decision.request.requested_by_id]


def _asker_and_signers(request: ApprovalRequest, _: Facts) -> Iterable[int | None]:
    return [request.requested_by_id, *request.decisions.values_list("by", flat=True)]


def _request(decision: Decision) -> ApprovalRequest:
    return decision.request


def _asked(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: {by} asks you to decide."


def _decided(decision: Decision, by: str, _: Facts) -> str:
    more = " It takes another decision." if decision.request.state == State.OPEN else ""
    return f"{_titled(decision.request)}: {DID[Verdict(decision.verdict)]} by {by}.{more}"


def _voided(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: changed by {by}, so what was asked or approved of it holds no more."


def _suspended(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: its approval is suspended, because {by} withdrew what it rests on."


def _reinstated(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: its approval has its force again, because {by} took back a withdrawal."


def _titled(request: ApprovalRequest) -> str:
    name = str(request)
    return name[:1].upper() + name[1:]
