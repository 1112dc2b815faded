"""What holds of an earlier approval when a changed subject is asked about anew: the decisions of those whose parts are
the same as they were, and of nobody else."""

from datetime import timedelta

from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.people.approvals import lines, selectors
from governance.people.approvals.models import ApprovalRequest, Carried, Decision
from governance.people.approvals.rules import State, Verdict, ends_soon, holds_under
from governance.people.policies.kinds import KINDS
from governance.people.policies.rules import Step, barred
from governance.people.policies.selectors import staff

# From what a decision may be carried: what changed, what changes were asked for, and what was approved before in its
# line. Never from what was refused, taken back, suspended or expired: there everybody looks again.
SOURCES = frozenset({State.VOID, State.CHANGES, State.GRANTED})


def carry_over(actor: Actor, request: ApprovalRequest) -> None:
    """Have `request`, just asked, count what was decided on equal parts the last time, in the caller's transaction."""
    last = lines.before(request).first()
    if last is None or last.state_now not in SOURCES or any(each.lifted_at is None for each in last.suspensions.all()):
        return
    digests = KINDS[request.subject_kind].digests(request.subject_content)
    bars = barred(selectors.facts_now(request).touched, request.terms)
    people = staff(request.project_id)
    steps = {step.name: step for step in request.terms.steps}
    now = timezone.now()
    renews = last.state == State.GRANTED and last.subject_digest == request.subject_digest
    if renews and ends_soon(last.terms, last.expires_at, now):
        return  # what was decided then would end as soon
    days = request.terms.expires_after_days
    for decision in last.standing_decisions():
        step = steps.get(decision.step)
        if step is None or not _same_review(step, last, decision, digests):
            continue
        if not holds_under(request.terms, last.terms, reason=decision.reason, opened=decision.opened is not None):
            continue  # its signer met other terms: another end, no reason asked for, nothing kept of what was opened
        if days is not None and decision.created_at + timedelta(days=days) <= now:
            continue  # too old to count by now
        # Whoever touched it since, or lost the role, decides anew or not at all; a loan is for its days alone.
        roles = people.get(decision.by_id, frozenset())
        if decision.stands_for_id is None and decision.by_id not in bars and step.takes(decision.by_id, roles):
            carried = Carried.objects.create(request=request, decision=decision)
            facts = {"request": request.pk, "decision": decision.pk, "step": step.name}
            record(actor, "approval.carried", subject=carried, facts=facts)


def _same_review(step: Step, last: ApprovalRequest, decision: Decision, digests: dict[str, str]) -> bool:
    """Whether `decision` approved, under the same step, exactly what `step` reviews now."""
    reviewed = {code: digests[code] for code in step.parts or digests}
    return (
        decision.verdict == Verdict.APPROVE
        and last.terms.step(decision.step) == step
        and bool(decision.parts)
        and decision.parts == reviewed
    )
