"""Ask, decide, withdraw. The check and the act are one transaction under the request's row lock."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.dispatch import Signal
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.canonical import plain
from governance.foundation.core.errors import Fault, NotAllowed, NotFound, StaleSubject, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.foundation.core.records import Record
from governance.people.approvals import passing, reauthentication, rules, selectors, subjects
from governance.people.approvals.models import ApprovalRequest, Decision, Suspension
from governance.people.approvals.rules import TRANSITIONS, State, Verdict
from governance.people.policies import selectors as policies
from governance.people.policies.kinds import KINDS
from governance.people.policies.rules import Step
from governance.people.projects import selectors as projects
from governance.people.projects.rules import SPOKEN
from governance.people.projects.services import hold

# Sent in the transaction of what closed a request, a decision or a range approved beforehand; receivers get `request`.
closed = Signal()


@transaction.atomic
def ask(*, actor: Actor, subject: subjects.Approvable, project_id: UUID, note: str = "") -> ApprovalRequest:
    """Ask the deciders about `subject` as it is now. Earlier approvals of another content become void.

    Raises NotAllowed (role), NotFound (another project's), WrongState (asked already, or not to be asked about now).
    """
    project = projects.require(actor, project_id, "ask for an approval")
    if subject.kind not in KINDS:
        raise NotFound("subject")
    if not subjects.belongs_to(subject, project_id):
        raise NotFound(KINDS[subject.kind].noun)
    hold(project_id)
    if veto := selectors.why_not_ask(subject, project_id):
        raise WrongState(veto)
    digest = subject.content_digest
    earlier = ApprovalRequest.objects.select_for_update().filter(
        project=project, subject_kind=subject.kind, subject_id=subject.pk
    )
    for old in earlier.filter(state__in=[State.GRANTED, State.SUSPENDED, State.OPEN]).exclude(subject_digest=digest):
        _void(actor, old, digest)
    if earlier.filter(subject_digest=digest, state=State.GRANTED).exists():
        raise WrongState(f"This {KINDS[subject.kind].noun} is approved already, as it is now.")
    governing = policies.governing(project_id, subject.kind)
    try:
        with transaction.atomic():
            request = ApprovalRequest.objects.create(
                project=project,
                policy=governing.policy,
                policy_digest=governing.digest,
                terms_content=governing.terms.content(),
                subject_kind=subject.kind,
                subject_id=subject.pk,
                subject_name=str(subject)[:200],
                subject_digest=digest,
                subject_content=plain(subject.content()),
                note=note,
                requested_by_id=actor.user_id,
                requested_by_name=actor.name,
            )
    except IntegrityError:
        raise WrongState(f"This {KINDS[subject.kind].noun} waits for a decision already.") from None
    record(
        actor,
        "approval.asked",
        subject=request,
        facts={"kind": subject.kind, "id": subject.pk, "sha256": digest, "policy": governing.digest},
        personal={"note": note} if note else None,
    )
    _pass_if_covered(request, subject)
    return request


def _pass_if_covered(request: ApprovalRequest, subject: subjects.Approvable) -> None:
    """Grant it at once where a range that was approved beforehand covers it."""
    under = passing.cover(request, subject)
    if under is None:
        return
    move(request, TRANSITIONS, State.GRANTED, closed_at=timezone.now())
    facts = {"kind": under.kind, "id": under.id, "sha256": under.sha256}
    record(PLATFORM, "approval.passed", subject=request, facts={"under": facts})
    closed.send(sender=ApprovalRequest, request=request)


@transaction.atomic
def decide(*, actor: Actor, request_id: UUID, verdict: Verdict, reason: str, proof: str, step: str = "") -> Decision:
    """Record `actor`'s verdict on what the request's digest names, in `step` or the first that is open to them.

    Raises NotAllowed (who, or no proof), WrongState (when), StaleSubject (it changed since it was asked about).
    """
    hold(selectors.visible(actor, request_id).project_id)
    request = ApprovalRequest.objects.select_for_update().select_related("project").get(pk=request_id)
    subject = subjects.load(request.subject_kind, request.subject_id)
    verdict = Verdict(verdict)
    if why := selectors.objection(actor, request):
        raise NotAllowed(why.text)
    if request.state != State.OPEN:
        raise WrongState("This request is closed; nothing was decided.")
    if veto := selectors.why_not_ask(subject, request.project_id):
        raise WrongState(f"{veto} Nothing was decided.")
    if request.subject_digest != subject.content_digest:
        raise StaleSubject(f"{request} changed after it was asked about. Ask anew; nothing was decided.")
    if lack := rules.verdict_lacks(request.terms, verdict, reason):
        raise Unusable([Fault("reason", lack, "One sentence is enough.")])
    seat = _seat(actor, request, step)
    method = reauthentication.consume(
        proof=proof,
        actor=actor,
        subject_digest=request.subject_digest,
        verdict=verdict,
        accepts=selectors.accepted(request),
    )
    kind = KINDS[request.subject_kind]
    digests = kind.digests(request.subject_content)
    decision = Decision.objects.create(
        request=request,
        verdict=verdict.value,
        meaning=kind.meaning if verdict == Verdict.APPROVE else "",
        reason=reason,
        digest=request.subject_digest,
        step=seat.name,
        parts={code: digests[code] for code in seat.parts or digests},
        method=method,
        by_id=actor.person_id,
        by_name=actor.name,
        by_roles=sorted(SPOKEN[role] for role in projects.roles(actor, request.project_id)),
    )
    after = _advance(request)
    record(
        actor,
        "approval.decided",
        subject=decision,
        facts={
            "request": request.pk, "verdict": verdict.value, "step": seat.name, "sha256": decision.digest,
            "outcome": after.value,
        },
        personal={"reason": reason} if reason else None,
    )  # fmt: skip
    return decision


def _seat(actor: Actor, request: ApprovalRequest, wanted: str) -> Step:
    """The step in which `actor` decides. Raises Unusable for one that is not open to them."""
    open_to = selectors.seats(actor, request)
    named = [step for step in open_to if step.name == wanted] if wanted else open_to
    if not named:
        cure = f"Open to you: {', '.join(step.name for step in open_to)}."
        raise Unusable([Fault("step", f"You cannot decide in “{wanted}” now.", cure)])
    return named[0]


def _advance(request: ApprovalRequest) -> State:
    """Close the request where what was decided so far closes it."""
    after = rules.outcome(request.terms, request.votes())
    if after != State.OPEN:
        move(request, TRANSITIONS, after, closed_at=timezone.now())
        closed.send(sender=ApprovalRequest, request=request)
    return after


@transaction.atomic
def void_open(*, actor: Actor, subject: subjects.Approvable, project_id: UUID) -> None:
    """Close what is still asked about `subject`: it is being changed or taken back by `actor`, who may do that."""
    asked = ApprovalRequest.objects.select_for_update().filter(
        project_id=project_id, subject_kind=subject.kind, subject_id=subject.pk, state=State.OPEN
    )
    for request in asked:
        _void(actor, request, subject.content_digest)


def _void(actor: Actor, request: ApprovalRequest, now: str) -> None:
    move(request, TRANSITIONS, State.VOID, closed_at=timezone.now())
    record(actor, "approval.voided", subject=request, facts={"was": request.subject_digest, "now": now})


@transaction.atomic
def withdraw(*, actor: Actor, request_id: UUID) -> ApprovalRequest:
    """Take an open request back; only who asked may. Raises NotAllowed, WrongState."""
    selectors.visible(actor, request_id)
    request = ApprovalRequest.objects.select_for_update().get(pk=request_id)
    if request.requested_by_id != actor.user_id:
        raise NotAllowed("Only who asked can take the request back.")
    move(request, TRANSITIONS, State.WITHDRAWN, closed_at=timezone.now())
    record(actor, "approval.withdrawn", subject=request)
    return request


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
                _void(actor, request, subject.content_digest)
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
