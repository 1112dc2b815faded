"""Write an envelope, revoke it, let pass what lies inside one. Its signature is its approval: `approvals` decides."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.canonical import plain
from governance.foundation.core.errors import Fault, Faults, Unusable, WrongState
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.passing import Passed
from governance.people.approvals.selectors import standing
from governance.people.approvals.subjects import Approvable
from governance.people.projects import selectors as projects
from governance.people.projects.services import hold
from governance.work.envelopes import candidates, rules, selectors
from governance.work.envelopes.candidates import Asked
from governance.work.envelopes.models import Envelope, Passage
from governance.work.envelopes.rules import Bounds, Measured, Plan, State
from governance.work.evaluations import selectors as evaluations
from governance.work.runs import selectors as runs
from governance.work.runs.models import Run

WRITE, REVOKE = "write a change envelope", "revoke a change envelope"


@transaction.atomic
def write(*, actor: Actor, run_id: UUID, bounds: Bounds, expires_on: date, reason: str) -> Envelope:
    """Write down how far retrains of a run may go, and ask for approval of that.

    Raises NotAllowed, NotFound, WrongState (no reference to lean on), and Unusable, also where something of the
    reference itself is not known: a retrain could then not be held against it.
    """
    run = runs.visible(actor, run_id)
    project = projects.require(actor, run.project_id, WRITE)
    hold(project.pk)
    if why := selectors.why_no_reference(run):
        raise WrongState(why)
    versions = candidates.versions_of(run)
    plan = candidates.plan_of(Asked.of(run), project, versions)
    measured = _measured(run) if bounds.releases else None
    _check(bounds, plan, measured, expires_on, reason)
    last = Envelope.objects.filter(project=project).aggregate(Max("number"))["number__max"] or 0
    envelope = Envelope.objects.create(
        project=project,
        number=last + 1,
        reference=run,
        reference_digest=run.content_digest,
        bounds_content=plain(bounds),
        plan_content=plan.stored(),
        measured_content=measured.stored() if measured else None,
        reason=reason.strip(),
        expires_on=expires_on,
        written_by_id=actor.user_id,
        written_by_name=actor.name,
    )
    facts = {"sha256": envelope.content_digest, "reference": run.pk, "bounds": bounds, "expires_on": expires_on}
    record(actor, "envelope.written", subject=envelope, facts=plain(facts), personal={"reason": envelope.reason})
    approvals.ask(actor=actor, subject=envelope, project_id=project.pk)
    return envelope


@transaction.atomic
def revoke(*, actor: Actor, envelope_id: UUID, reason: str) -> Envelope:
    """End an envelope before its day: nothing passes under it any more, and what passed stands.

    Raises NotAllowed, NotFound, WrongState, Unusable.
    """
    envelope = selectors.visible(actor, envelope_id)
    projects.require(actor, envelope.project_id, REVOKE)
    hold(envelope.project_id)
    envelope = Envelope.objects.select_for_update(of=("self",)).select_related("reference").get(pk=envelope_id)
    if selectors.states([envelope])[envelope.pk] not in (State.ASKED, State.IN_FORCE, State.SUSPENDED):
        raise WrongState("Nothing passes under this change envelope as it stands; there is nothing to revoke.")
    if not reason.strip():
        raise Unusable([Fault("reason", "Say why it is revoked.", "One sentence is enough.")])
    approvals.void_open(actor=actor, subject=envelope, project_id=envelope.project_id)
    envelope.revoked_at = timezone.now()
    envelope.revoked_by_id, envelope.revoked_by_name = actor.user_id, actor.name
    envelope.revoked_because = reason.strip()
    envelope.save()
    record(actor, "envelope.revoked", subject=envelope, personal={"reason": envelope.revoked_because})
    return envelope


class Envelopes:
    """What `approvals` asks of envelopes."""

    def cover(self, request: ApprovalRequest, subject: Approvable) -> Passed | None:
        """Keep that the first envelope that covers `subject` lets it pass. In the transaction that asked, under the
        project's lock: whoever revokes an envelope, or withdraws what it rests on, comes before or after."""
        for one in selectors.held(request, subject):
            if not one.outside:
                return self._pass(request, one)
        return None

    def passed(self, request_ids: Collection[UUID]) -> Mapping[UUID, Passed]:
        return {each.request_id: _told(each) for each in selectors.passages(request_ids)}

    def _pass(self, request: ApprovalRequest, one: selectors.Held) -> Passed:
        envelope, answer = one.envelope, standing(one.envelope)
        passage = Passage.objects.create(
            envelope=envelope,
            envelope_digest=envelope.content_digest,
            request=request,
            approved_by=answer.by,
            approved_at=answer.decisions[-1].created_at,
            checks=[{"what": each.what, "allowed": each.allowed, "found": each.found} for each in one.checks],
        )
        facts = {"envelope": envelope.pk, "sha256": envelope.content_digest, "request": request.pk}
        record(PLATFORM, "envelope.passed", subject=passage, facts=facts)
        return _told(passage)


RANGES = Envelopes()


def _told(passage: Passage) -> Passed:
    envelope = passage.envelope
    return Passed(
        kind=envelope.kind,
        id=envelope.pk,
        name=str(envelope),
        sha256=passage.envelope_digest,
        by=passage.approved_by,
        at=passage.approved_at,
    )


def _measured(run: Run) -> Measured:
    """What was measured on the reference's model. Raises Unusable where nothing was."""
    model = getattr(run, "model_version", None)
    evaluation = evaluations.latest(model) if model else None
    if evaluation is None or evaluation.report is None:
        cure = "Wait for its evaluation, or let no release pass."
        raise Unusable([Fault("most_worse", f"Nothing was measured on the model of {run}.", cure)])
    return candidates.measured_of(evaluation.report, run.project.intended_purpose, ())


def _check(bounds: Bounds, plan: Plan, measured: Measured | None, expires_on: date, reason: str) -> None:
    """Raises Unusable for bounds that are none, and for a reference that is not inside itself."""
    faults, today = Faults(), timezone.localdate()
    for name in ("most_rows_added", "most_percent_added", "most_rows_removed", "most_worse"):
        given: Any = getattr(bounds, name)
        if given is not None and given < 0:
            faults.add(name, "A bound is 0 or above.")
    if not reason.strip():
        faults.add("reason", "Say why these changes need no decision of their own.", "Whoever decides reads this.")
    if expires_on < today:
        faults.add("expires_on", "The last day is over already.", "Choose a day to come.")
    if expires_on > today + rules.LONGEST:
        faults.add("expires_on", f"An envelope holds for {rules.LONGEST.days} days at most.", "Choose an earlier day.")
    checks = rules.of_plan(bounds, plan, plan)
    if measured is not None:
        checks += rules.of_measured(bounds, measured, measured)
    for check in rules.outside(checks) if not faults.found else ():
        cure = "It has to be known, and sound, of the reference before a retrain is held against it."
        faults.add("reference", f"{check.what}: {check.found}.", cure)
    faults.raise_if_any()
