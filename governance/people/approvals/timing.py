"""What time does to requests: reminders, escalation, the end of approvals and of what nobody can decide on any more.
The platform's housekeeping calls it; each step may be done twice, or by two at once, and happens once."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM
from governance.people.approvals import selectors, subjects
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State
from governance.people.approvals.services import expire, void


def keep_time(now: datetime | None = None) -> int:
    """Remind of what waits, escalate what is late, end approvals whose time is over. Returns how many were touched."""
    now = now or timezone.now()
    requests = ApprovalRequest.objects
    waiting = requests.filter(state=State.OPEN)
    over = requests.filter(state__in=[State.GRANTED, State.SUSPENDED], expires_at__lte=now)
    return (
        _each(waiting.filter(remind_at__lte=now), lambda request: _remind(request, now))
        + _each(waiting.filter(due_at__lt=now, escalated_at=None), lambda request: _escalate(request, now))
        + _each(over, expire)
    )


def end_what_is_over() -> int:
    """Close the requests on which nobody can decide any more: what they are about changed, or was taken back, without
    anybody's act that closed them. Whoever asked is told, and no decider is kept waiting. Returns how many."""
    found = 0
    for request in list(ApprovalRequest.objects.filter(state=State.OPEN)):
        if _why_over(request):
            found += _each(ApprovalRequest.objects.filter(pk=request.pk, state=State.OPEN), _end)
    return found


def _why_over(request: ApprovalRequest) -> tuple[str, str] | None:
    """Why it is over, and the digest of its subject as it is now; None where it is not, or what it is about is gone."""
    subject = subjects.load_all(request.subject_kind, [request.subject_id]).get(request.subject_id)
    because = selectors.why_over(request, subject) if subject is not None else None
    return (because, subject.content_digest) if subject is not None and because else None


def _end(request: ApprovalRequest) -> None:
    if over := _why_over(request):
        because, now = over
        void(PLATFORM, request, now, because)


def _each(due: QuerySet[ApprovalRequest], act: Callable[[ApprovalRequest], None]) -> int:
    """`act` on each in a transaction of its own, if it is due still once its row is locked."""
    done = 0
    for pk in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            request = due.select_for_update().filter(pk=pk).first()
            if request is not None:
                act(request)
                done += 1
    return done


def _remind(request: ApprovalRequest, now: datetime) -> None:
    days = request.terms.remind_after_days
    request.remind_at = None if days is None else now + timedelta(days=days)
    request.save(update_fields=["remind_at"])
    facts = {"asked_at": request.created_at, "due_at": request.due_at}
    record(PLATFORM, "approval.reminded", subject=request, facts=facts)


def _escalate(request: ApprovalRequest, now: datetime) -> None:
    """Late: on record, and told to the role that the policy names, if it names one."""
    request.escalated_at = now
    request.save(update_fields=["escalated_at"])
    facts = {"due_at": request.due_at, "to": request.terms.escalate_to}
    record(PLATFORM, "approval.escalated", subject=request, facts=facts)
