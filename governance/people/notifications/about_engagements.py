"""What people are told of audits: each side of what the other asked, answered or found, and the days that are set."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from governance.foundation.audit.models import Identity
from governance.foundation.core.actor import Actor
from governance.people.engagements import access
from governance.people.engagements import selectors as engagements
from governance.people.engagements.models import Answer, Engagement, Finding, Request
from governance.people.engagements.rules import Asked, Found, State
from governance.people.notifications import deadlines
from governance.people.notifications.deadlines import Deadline
from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell


def register() -> None:
    tell("engagement.opened", Telling(Kind.AUDIT, _auditors, lambda one, by, _: f"Audit {one}: opened to you by {by}."))
    tell("engagement.closed", Telling(Kind.AUDIT, _auditors, lambda one, by, _: f"Audit {one}: closed by {by}."))
    tell("engagement.auditor-taken-out", Telling(Kind.AUDIT, _taken_out, _says_to_them))
    tell("engagement.auditor-taken-out", Telling(Kind.AUDIT, _holders, _says_who))
    for action, who, says in PARTS:
        tell(action, Telling(Kind.AUDIT, who, says, about=_engagement))
    deadlines.register(days)


def days(actor: Actor, first: date, last: date) -> Iterable[Deadline]:
    """The last day of access, and those by which an answer or a response is due."""
    span = (first, last)
    running = engagements.visible_to(actor) if actor.is_person else Engagement.objects.all()
    for one in running.filter(state=State.OPEN, access_until__range=span).prefetch_related("auditors", "taken_out"):
        people = frozenset(user.pk for user in access.still_in(one))
        yield Deadline(one.access_until, f"Access to the audit {one} ends", one, people)
    requests = engagements.requests_visible_to(actor) if actor.is_person else Request.objects.all()
    for request in requests.filter(state=Asked.WAITING, due__range=span).select_related("engagement"):
        if request.due is not None:
            people = deadlines.whom(partial(_who_may_answer, request, {}))
            yield Deadline(request.due, f"An answer to {request} is due", request.engagement, people)
    findings = engagements.findings_visible_to(actor) if actor.is_person else Finding.objects.all()
    for finding in findings.filter(state=Found.IN_HAND, due__range=span).select_related("engagement"):
        if finding.due is not None:
            people = frozenset({finding.owner_id} if finding.owner_id else ())
            yield Deadline(finding.due, f"What was promised about {finding} is due", finding.engagement, people)


def _engagement(part: Any) -> Engagement:
    whole: Engagement = (part.request if isinstance(part, Answer) else part).engagement
    return whole


def _auditors(part: Any, _: Facts) -> Iterable[int]:
    engagement = part if isinstance(part, Engagement) else _engagement(part)
    return [user.pk for user in access.still_in(engagement)]


def _taken_out(_: Engagement, facts: Facts) -> Iterable[int | None]:
    return Identity.objects.filter(pseudonym=facts["auditor"]).values_list("user", flat=True)


def _holders(engagement: Engagement, _: Facts) -> Iterable[int]:
    return [user.pk for user in _people(engagement) if engagements.holds(Actor.of(user), engagement)]


def _who_may_answer(part: Request | Finding, _: Facts) -> Iterable[int]:
    """Whoever of the projects and organisation of the scope may answer it."""
    return [user.pk for user in _people(part.engagement) if engagements.may_answer(Actor.of(user), part)]


def _people(engagement: Engagement) -> QuerySet[Any]:
    scope = Q(project_roles__project__in=engagements.scope(engagement))
    administers = Q(memberships__organisation=engagement.organisation_id, memberships__is_administrator=True)
    return get_user_model().objects.filter(scope | administers, is_active=True).distinct()


def _who_answered(said: Answer, _: Facts) -> Iterable[int | None]:
    return said.request.answers.filter(sends_back=False).values_list("by", flat=True)


def _owner(finding: Finding, _: Facts) -> Iterable[int | None]:
    return [finding.owner_id]


def _says(words: str) -> Any:
    """`words` with the audit, the part's number and who did it."""

    def says(part: Any, by: str, _: Facts) -> str:
        number = (part.request if isinstance(part, Answer) else part).number
        return words.format(audit=f"Audit {_engagement(part)}", number=number, by=by)

    return says


def _says_who(engagement: Engagement, by: str, facts: Facts) -> str:
    name = Identity.objects.filter(pseudonym=facts["auditor"]).values_list("name", flat=True).first()
    return f"Audit {engagement}: {by} took {name or 'an auditor'} out of it."


def _says_to_them(engagement: Engagement, by: str, _: Facts) -> str:
    return f"Audit {engagement}: {by} ended your part in it; nothing is open to you by it any more."


PARTS = (
    ("audit-request.asked", _who_may_answer, _says("{audit}: {by} asks to be shown something (request {number}).")),
    ("audit-request.answered", _auditors, _says("{audit}: {by} answered request {number}.")),
    ("audit-request.sent-back", _who_answered, _says("{audit}: {by} sent back the answer to request {number}.")),
    ("audit-finding.raised", _who_may_answer, _says("{audit}: {by} raised finding {number}.")),
    ("audit-finding.answered", _auditors, _says("{audit}: {by} responded to finding {number}.")),
    ("audit-finding.answered", _owner, _says("{audit}: {by} says that you see to finding {number}.")),
    ("audit-finding.closed", _owner, _says("{audit}: {by} closed finding {number}.")),
)
