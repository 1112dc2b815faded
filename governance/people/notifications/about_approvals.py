"""What people are told of requests and decisions."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache, partial
from typing import Any
from uuid import UUID

from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.events import acted
from governance.people.approvals import delegations, subjects
from governance.people.approvals import selectors as approvals
from governance.people.approvals.models import ApprovalRequest, Comment, Decision, Delegation
from governance.people.approvals.rules import State, Verdict
from governance.people.notifications import deadlines, services
from governance.people.notifications.deadlines import Deadline
from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.projects.rules import SPOKEN, Role

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
    tell("approval.commented", Telling(Kind.DECIDED, _asker_of_comment, _commented, about=_request))
    tell("delegation.made", Telling(Kind.ASKED, _taker, _lent, about=_project))
    tell("delegation.ended", Telling(Kind.ASKED, _taker, _lent_no_more, about=_project))
    tell("approval.reinstated", Telling(Kind.SUSPENDED, _asker_and_signers, _reinstated))
    deadlines.register(days)
    acted.connect(settle_what_is_over, dispatch_uid="notifications.about_approvals")


def days(actor: Actor, first: date, last: date) -> Iterable[Deadline]:
    """By when a request is to be decided, and when an approval, or a role on loan, ends."""
    waiting = [
        request
        for request in approvals.open_requests(actor)
        if request.due_at and first <= timezone.localdate(request.due_at) <= last
    ]
    deciders = cache(lambda: approvals.deciders(waiting))
    for request in waiting:
        people = deadlines.whom(partial(_asked_or_asking, request, deciders))
        yield Deadline(timezone.localdate(request.due_at), f"A decision on {request} is due", request, people)
    ending = approvals.visible_to(actor).filter(state=State.GRANTED, expires_at__date__range=(first, last))
    for request in ending.prefetch_related("decisions"):
        signers = [each.by_id for each in request.decisions.all()]
        people = frozenset(person for person in (request.requested_by_id, *signers) if person is not None)
        yield Deadline(timezone.localdate(request.expires_at), f"The approval of {request} ends", request, people)
    for loan in delegations.visible_to(actor).filter(ended_at=None, ends_on__range=(first, last)):
        words = f"{loan.taker_name} decides in {loan.lender_name}'s stead as {SPOKEN[Role(loan.role)]} for the last day"
        yield Deadline(loan.ends_on, words, loan.project, frozenset({loan.lender_id, loan.taker_id}))


def _asked_or_asking(request: ApprovalRequest, deciders: Callable[[], dict[UUID, list[Actor]]]) -> Iterable[int | None]:
    return [request.requested_by_id, *(person.lookup_id for person in deciders()[request.pk])]


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


def _asker_of_comment(said: Comment, _: Facts) -> Iterable[int | None]:
    """Who asked, and who decided or said something there."""
    request = said.request
    spoke = [*request.decisions.values_list("by", flat=True), *request.comments.values_list("by", flat=True)]
    return [request.requested_by_id, *spoke]


def _taker(loan: Delegation, _: Facts) -> Iterable[int | None]:
    return [loan.taker_id]


def _project(loan: Delegation) -> Project:
    return loan.project


def _request(said: Decision | Comment) -> ApprovalRequest:
    return said.request


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


def _voided(request: ApprovalRequest, by: str, facts: Facts) -> str:
    if facts.get("because"):
        subject = subjects.load(request.subject_kind, request.subject_id)
        because = approvals.why_over(request, subject) or ""
        stands = approvals.standing(subject, request.project_id).granted
        cure = "The approval before it stands." if stands else "Ask anew where it is still needed."
        return f"{_titled(request)}: nobody can decide on it any more. {because} {cure}"
    return f"{_titled(request)}: changed by {by}, so what was asked or approved of it holds no more. Ask anew."


def _commented(said: Comment, by: str, _: Facts) -> str:
    return f"{_titled(said.request)}: {by} commented."


def _lent(loan: Delegation, by: str, _: Facts) -> str:
    days = f"from {loan.starts_on:%d %b} to {loan.ends_on:%d %b %Y}"
    return f"{loan.project}: {by} lends you the role of {SPOKEN[Role(loan.role)]} {days}."


def _lent_no_more(loan: Delegation, by: str, _: Facts) -> str:
    return f"{loan.project}: the role of {SPOKEN[Role(loan.role)]} that you had on loan was taken back by {by}."


def _suspended(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: its approval is suspended, because {by} withdrew what it rests on."


def _reinstated(request: ApprovalRequest, by: str, _: Facts) -> str:
    return f"{_titled(request)}: its approval has its force again, because {by} took back a withdrawal."


def _titled(request: ApprovalRequest) -> str:
    name = str(request)
    return name[:1].upper() + name[1:]
