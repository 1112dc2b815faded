"""What came before a request about its subject, or about what came before that in its line, and what came after."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from governance.people.approvals import passing, subjects
from governance.people.approvals.models import ApprovalRequest, Decision
from governance.people.approvals.rules import State, Verdict
from governance.people.approvals.selectors import DECIDED


def changes(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, Any, Any]]:
    """(field, before, now) wherever two contents differ, depth first; lists are compared whole."""
    for key in sorted(before.keys() | after.keys()):
        old, new, name = before.get(key), after.get(key), f"{prefix}{key}"
        if isinstance(old, dict) and isinstance(new, dict):
            yield from changes(old, new, f"{name}.")
        elif old != new:
            yield name, old, new


def last_decided(request: ApprovalRequest) -> ApprovalRequest | None:
    """The request before `request` on which somebody's verdict was reached, about its subject or what came before it in
    its line: what was approved, or what changes were asked for, to show what changed since."""
    asked = list(before(request))
    passed = passing.passed(asked)
    return next((each for each in asked if each.was_granted or each.pk in passed or each.state == State.CHANGES), None)


def said_no(request: ApprovalRequest) -> list[Decision]:
    """Who rejected the very same before, or asked for changes of it: whoever decides now is told."""
    return [
        decision
        for each in before(request).filter(subject_digest=request.subject_digest)
        for decision in each.standing_decisions()
        if decision.verdict in (Verdict.REJECT, Verdict.CHANGES)
    ]


def lost_force(request: ApprovalRequest) -> bool:
    """Whether an approval of its subject is suspended, so that somebody has to look at what became of it."""
    return before(request).filter(subject_id=request.subject_id, state=State.SUSPENDED).exists()


def before(request: ApprovalRequest) -> QuerySet[ApprovalRequest]:
    """Earlier requests about its subject, or about what came before it in its line, the latest first."""
    subject = subjects.load(request.subject_kind, request.subject_id)
    return ApprovalRequest.objects.filter(
        project_id=request.project_id,
        subject_kind=request.subject_kind,
        subject_id__in=subjects.line(subject),
        created_at__lt=request.created_at,
    ).prefetch_related(*DECIDED, "suspensions")


def later(request: ApprovalRequest) -> ApprovalRequest | None:
    """The newest request that asked about its subject anew, or None."""
    same = ApprovalRequest.objects.filter(
        project=request.project_id, subject_kind=request.subject_kind, subject_id=request.subject_id
    )
    return same.filter(created_at__gt=request.created_at).order_by("-created_at").first()
