"""Ask, decide, withdraw. The check and the act are one transaction under the request's row lock."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.canonical import plain
from governance.foundation.core.errors import Fault, NotAllowed, NotFound, StaleSubject, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.people.approvals import lines, opening, passing, reauthentication, rules, selectors, subjects
from governance.people.approvals.carrying import carry_over
from governance.people.approvals.models import ApprovalRequest, Comment, Decision
from governance.people.approvals.rules import TRANSITIONS, Loan, Seat, State, Verdict
from governance.people.policies import selectors as policies
from governance.people.policies.kinds import KINDS
from governance.people.projects import selectors as projects
from governance.people.projects.rules import SPOKEN
from governance.people.projects.services import hold

LONGEST_COMMENT = 4_000

# Sent in the transaction of what closed a request, a decision or a range approved beforehand; receivers get `request`.
closed = Signal()


@transaction.atomic
def ask(*, actor: Actor, subject: subjects.Approvable, project_id: UUID, note: str = "") -> ApprovalRequest:
    """Ask the deciders about `subject` as it is now. Earlier approvals of another content become void. What is approved
    already is asked about anew where another policy governs by now, or the approval ends soon; it stands meanwhile.

    Raises NotAllowed (role), NotFound (another project's), WrongState (asked already, or not to be asked about now).
    """
    project = projects.require(actor, project_id, "ask for an approval")
    if subject.kind not in KINDS:
        raise NotFound("subject")
    if not subjects.belongs_to(subject, project_id):
        raise NotFound(KINDS[subject.kind].noun)
    hold(project_id)
    if not policies.asks_for(subject.kind, project_id):
        raise WrongState(f"No policy here asks for the approval of {KINDS[subject.kind].noun}s.")
    if veto := selectors.why_not_ask(subject, project_id):
        raise WrongState(veto)
    subjects.fix(actor, subject)
    digest = subject.content_digest
    earlier = ApprovalRequest.objects.select_for_update().filter(
        project=project, subject_kind=subject.kind, subject_id=subject.pk
    )
    _void_others(actor, earlier, digest)
    approved = selectors.approved_as_it_is(earlier, digest)
    if approved is not None and not selectors.may_renew(approved):
        raise WrongState(f"This {KINDS[subject.kind].noun} is approved already, as it is now.")
    governing = policies.governing(project_id, subject.kind)
    now = timezone.now()
    try:
        with transaction.atomic():
            request = ApprovalRequest.objects.create(
                project=project,
                policy=governing.policy,
                policy_digest=governing.digest,
                terms_content=governing.terms.content(),
                due_at=_after(now, governing.terms.deadline_days),
                remind_at=_after(now, governing.terms.remind_after_days),
                created_at=now,
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
    carry_over(actor, request)
    _advance(request)
    record(
        actor,
        "approval.asked",
        subject=request,
        facts={"kind": subject.kind, "id": subject.pk, "sha256": digest, "policy": governing.digest},
        personal={"note": note} if note else None,
    )
    if approved is None:  # what is approved already is renewed by people
        _pass_if_covered(request, subject)
    return request


def _pass_if_covered(request: ApprovalRequest, subject: subjects.Approvable) -> None:
    """Grant it at once where a range that was approved beforehand covers it. Such an approval is as old as the range's.
    Where somebody said no to the very same, or its approval lost its force, people decide."""
    if request.state != State.OPEN or lines.said_no(request) or lines.lost_force(request):
        return
    under = passing.cover(request, subject)
    if under is None:
        return
    expires_at = _after(under.at, request.terms.expires_after_days)
    move(request, TRANSITIONS, State.GRANTED, closed_at=timezone.now(), expires_at=expires_at)
    facts = {"kind": under.kind, "id": under.id, "sha256": under.sha256}
    record(PLATFORM, "approval.passed", subject=request, facts={"under": facts})
    closed.send(sender=ApprovalRequest, request=request)


def _after(when: datetime, days: int | None) -> datetime | None:
    return None if days is None else when + timedelta(days=days)


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
        accepts=selectors.accepted([seat]),
    )
    kind = KINDS[request.subject_kind]
    digests = kind.digests(request.subject_content)
    decision = Decision.objects.create(
        request=request,
        verdict=verdict.value,
        meaning=kind.meaning if verdict == Verdict.APPROVE else "",
        reason=reason,
        digest=request.subject_digest,
        step=seat.step.name,
        parts={code: digests[code] for code in seat.step.parts or digests},
        method=method,
        opened=_opened(actor, request, subject),
        by_id=actor.person_id,
        by_name=actor.name,
        by_roles=sorted(SPOKEN[role] for role in projects.roles(actor, request.project_id)),
        **_lent(seat.loan),
    )
    after = _advance(request)
    record(
        actor,
        "approval.decided",
        subject=decision,
        facts={
            "request": request.pk, "verdict": verdict.value, "step": seat.step.name, "sha256": decision.digest,
            "outcome": after.value,
        },
        personal={"reason": reason} if reason else None,
    )  # fmt: skip
    return decision


def _seat(actor: Actor, request: ApprovalRequest, wanted: str) -> Seat:
    """The step in which `actor` decides. Raises Unusable for one that is not open to them, and for none where several
    take them: which of these is open can change until the decision arrives."""
    taking = selectors.steps_of(actor, request)
    if not wanted and len(taking) > 1:
        said = " or ".join(f"“{name}”" for name in taking)
        raise Unusable([Fault("step", "Say in which step you decide.", f"In {said}.")])
    open_to = selectors.seats(actor, request)
    named = [seat for seat in open_to if seat.step.name == wanted] if wanted else open_to
    if not named:
        cure = f"Open to you: {', '.join(seat.step.name for seat in open_to)}."
        raise Unusable([Fault("step", f"You cannot decide in “{wanted}” now.", cure)])
    return named[0]


def _opened(actor: Actor, request: ApprovalRequest, subject: subjects.Approvable) -> list[dict[str, Any]] | None:
    found = opening.opened(actor, request, subject)
    return None if found is None else plain([each.content() for each in found])


def _lent(loan: Loan | None) -> dict[str, Any]:
    """What a decision says of a role that was lent for it."""
    if loan is None:
        return {}
    return {"delegation_id": loan.id, "stands_for_id": loan.lender, "stands_for_name": loan.lender_name}


def _advance(request: ApprovalRequest) -> State:
    """Close the request where what was decided so far closes it. An approval is as old as its oldest signature."""
    after = rules.outcome(request.terms, request.votes())
    if after != State.OPEN:
        oldest = min(decision.created_at for decision in request.standing_decisions())
        expires_at = _after(oldest, request.terms.expires_after_days) if after == State.GRANTED else None
        move(request, TRANSITIONS, after, closed_at=timezone.now(), expires_at=expires_at)
        _replace_others(request)
        closed.send(sender=ApprovalRequest, request=request)
    return after


def _replace_others(decided: ApprovalRequest) -> None:
    """What was approved before of the very same holds no more, nor comes back where it was suspended: it was decided
    anew, whatever came of that."""
    before = ApprovalRequest.objects.select_for_update().filter(
        project=decided.project_id, subject_kind=decided.subject_kind, subject_id=decided.subject_id,
        subject_digest=decided.subject_digest, state__in=[State.GRANTED, State.SUSPENDED],
    )  # fmt: skip
    for old in before.exclude(pk=decided.pk):
        if old.state_now == State.EXPIRED:
            expire(old)
        else:
            move(old, TRANSITIONS, State.REPLACED)
            record(PLATFORM, "approval.replaced", subject=old, facts={"by": decided.pk})


def expire(request: ApprovalRequest) -> None:
    """Write down, in the caller's transaction, that an approval's time is over; it held nothing since."""
    move(request, TRANSITIONS, State.EXPIRED)
    record(PLATFORM, "approval.expired", subject=request, facts={"at": request.expires_at})


@transaction.atomic
def comment(*, actor: Actor, request_id: UUID, text: str) -> Comment:
    """Say something beside the decision; anybody who sees the request may. Raises NotFound, Unusable."""
    request = selectors.visible(actor, request_id)
    if actor.user_id is None:
        raise NotAllowed("Only a person can comment.")
    if not text.strip() or len(text) > LONGEST_COMMENT:
        raise Unusable([Fault("text", f"A comment has between one and {LONGEST_COMMENT:,} characters.")])
    said = Comment.objects.create(request=request, by_id=actor.user_id, by_name=actor.name, text=text.strip())
    record(actor, "approval.commented", subject=said, facts={"request": request.pk}, personal={"text": said.text})
    return said


@transaction.atomic
def void_open(*, actor: Actor, subject: subjects.Approvable, project_id: UUID) -> None:
    """Close what is still asked about `subject`: it is being changed or taken back by `actor`, who may do that."""
    asked = ApprovalRequest.objects.select_for_update().filter(
        project_id=project_id, subject_kind=subject.kind, subject_id=subject.pk, state=State.OPEN
    )
    for request in asked:
        void(actor, request, subject.content_digest)


@transaction.atomic
def void_changed(*, actor: Actor, subject: subjects.Approvable, project_id: UUID) -> None:
    """Close what is still asked about `subject`, and what was approved of it before `actor`, who may do that, changed
    it: should it be changed back, it is asked about anew, so that nobody's approval stands on their own work."""
    void_open(actor=actor, subject=subject, project_id=project_id)
    asked = ApprovalRequest.objects.select_for_update().filter(
        project_id=project_id, subject_kind=subject.kind, subject_id=subject.pk
    )
    _void_others(actor, asked, subject.content_digest)


def _void_others(actor: Actor, requests: QuerySet[ApprovalRequest], digest: str) -> None:
    """Close those of `requests` that are about another content than `digest`; before that, write down whose time is
    over, because of these nothing is carried over."""
    for old in requests.filter(state__in=[State.GRANTED, State.SUSPENDED], expires_at__lte=timezone.now()):
        expire(old)
    for old in requests.filter(state__in=[State.GRANTED, State.SUSPENDED, State.OPEN]).exclude(subject_digest=digest):
        void(actor, old, digest)


def void(actor: Actor, request: ApprovalRequest, now: str, because: str = "") -> None:
    """Close `request` in the caller's transaction: its subject is no longer what was asked about; `now`: its digest;
    `because`: what was found, where nobody changed it before our eyes. It may name somebody."""
    move(request, TRANSITIONS, State.VOID, closed_at=timezone.now())
    facts = {"was": request.subject_digest, "now": now}
    if because:
        facts["because"] = "vetoed" if now == request.subject_digest else "changed"
    record(actor, "approval.voided", subject=request, facts=facts, personal={"because": because} if because else None)


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
