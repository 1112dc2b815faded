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
from governance.people.projects import selectors as projects

DID = {
    Verdict.APPROVE: "approved",
    Verdict.CHANGES: "changes were asked for",
    Verdict.REJECT: "rejected",
    Verdict.ABSTAIN: "no side was taken",
}


def register() -> None:
    tell("approval.asked", Telling(Kind.ASKED, _deciders, _asked))
    tell("approval.decided", Telling(Kind.DECIDED, _asker_of_decided, _decided, about=_request))
    tell("approval.decided", Telling(Kind.ASKED, _next_deciders, _next, about=_request))
    tell("approval.reminded", Telling(Kind.ASKED, _deciders, _reminded))
    tell("approval.escalated", Telling(Kind.DUE, _escalated_to, _late))
    tell("approval.expired", Telling(Kind.DUE, _asker, _expired))
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


def _next_deciders(decision: Decision, _: Facts) -> Iterable[int]:
    """Whose turn has come by this decision; nobody where it closed the request."""
    request = ApprovalRequest.objects.get(pk=decision.request_id)
    return _deciders(request, _) if request.state == State.OPEN and decision.verdict == Verdict.APPROVE else []


def _escalated_to(request: ApprovalRequest, _: Facts) -> Iterable[int]:
    role = request.terms.escalate_to
    return [member.user_id for member in projects.people_with(request.project_id, {role})] if role else []


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


def _next(decision: Decision, by: str, _: Facts) -> str:
    return f"{_titled(decision.request)}: {by} approved, and it is your turn to decide."


def _reminded(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: still waits for you to decide."


def _late(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: is late; nobody decided on it in time."


def _expired(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: its approval ended with its time. Ask anew where it is still needed."


def _voided(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: changed by {by}, so what was asked or approved of it holds no more."


def _suspended(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: its approval is suspended, because {by} withdrew what it rests on."


def _reinstated(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: its approval has its force again, because {by} took back a withdrawal."


def _titled(request: ApprovalRequest) -> str:
    name = str(request)
    return name[:1].upper() + name[1:]
