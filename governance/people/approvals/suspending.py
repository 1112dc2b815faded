"""What happens to approvals when something that others rest on is withdrawn, and when that is taken back."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.moves import move
from governance.foundation.core.records import Record
from governance.people.approvals import selectors, subjects
from governance.people.approvals.models import ApprovalRequest, Suspension
from governance.people.approvals.rules import TRANSITIONS, State
from governance.people.approvals.services import void
from governance.people.policies.kinds import KINDS


def suspend_what_was_affected(
    sender: type[Record],
    actor: Actor,
    cause: Record,
    because: str,
    affected: Mapping[str, Iterable[UUID]],
    **_: Any,
) -> dict[tuple[str, UUID], str]:
    """Take the force from every approval of what rests on something withdrawn. A request that nobody can decide any
    more is closed; one that waits for a decision stays, and its decider is told."""
    done: dict[tuple[str, UUID], str] = {}
    for kind in affected.keys() & KINDS.keys():
        requests = ApprovalRequest.objects.select_for_update().filter(
            subject_kind=kind, subject_id__in=list(affected[kind])
        )
        for request in requests.filter(state__in=[State.GRANTED, State.SUSPENDED]):
            Suspension.objects.create(
                request=request, cause_kind=cause.kind, cause_id=cause.pk, because=because, by_name=actor.name
            )
            if request.state == State.GRANTED:
                move(request, TRANSITIONS, State.SUSPENDED)
            record(actor, "approval.suspended", subject=request, facts={"cause": cause.pk})
            done[kind, request.subject_id] = "approval suspended"
        for request in requests.filter(state=State.OPEN):
            subject = subjects.load(kind, request.subject_id)
            if selectors.why_not_ask(subject, request.project_id):
                void(actor, request, subject.content_digest)
                done.setdefault((kind, request.subject_id), "request closed")
    return done


def lift_what_it_suspended(sender: type[Record], actor: Actor, cause: Record, **_: Any) -> None:
    """Give an approval its force again, where nothing else suspends it."""
    for suspension in Suspension.objects.filter(cause_id=cause.pk, lifted_at=None).select_related("request"):
        request = ApprovalRequest.objects.select_for_update().get(pk=suspension.request_id)
        Suspension.objects.filter(pk=suspension.pk).update(lifted_at=timezone.now(), lifted_by_name=actor.name)
        if request.state == State.SUSPENDED and not request.suspensions.filter(lifted_at=None).exists():
            move(request, TRANSITIONS, State.GRANTED)
            record(actor, "approval.reinstated", subject=request, facts={"cause": cause.pk})
