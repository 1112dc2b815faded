"""Ask for a waiver, revoke it, pick a licence. A waiver's signature is its approval: `approvals` decides it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, NotAllowed, Unusable, WrongState
from governance.law.licences import rules as licences
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.rules import Verdict
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.projects.rules import SPOKEN
from governance.people.waivers import rules, selectors
from governance.people.waivers.models import LicenceChoice, Waiver
from governance.people.waivers.rules import State


@transaction.atomic
def ask(
    *,
    actor: Actor,
    project_id: UUID,
    kind: str,
    subject_id: UUID,
    rule: str,
    purpose: licences.Purpose,
    reason: str,
    expires_on: date,
    about: str | None = None,
    because: str | None = None,
) -> Waiver:
    """Ask the risk owner to accept one finding about one input, for a purpose and a time.

    `about` and `because` as the verdict has them, where a rule says several things of the input.
    Raises NotAllowed, NotFound, WrongState (asked already), and Unusable where there is nothing that can be waived.
    """
    project = projects.require(actor, project_id, "ask for an approval")
    subject = selectors.material(project, kind, subject_id)
    wanted = {"rule": rule, "purpose": purpose, "about": about, "because": because}
    narrowed = {name: value for name, value in wanted.items() if value is not None}
    fitting = [
        each for each in selectors.waivable(project, subject) if narrowed.items() <= asdict(each.waivable).items()
    ]
    if len(fitting) < 2:
        _refuse_second(project, subject.content_digest, asdict(fitting[0].waivable) if fitting else narrowed)
    found = _checked(fitting, reason, expires_on)
    finding = found.waivable
    waiver = Waiver.objects.create(
        project=project,
        subject_kind=kind,
        subject_id=subject_id,
        subject_name=_named(subject, found)[:200],
        subject_digest=subject.content_digest,
        rule=finding.rule,
        rule_set=licences.in_force(timezone.localdate()).version,
        because=finding.because,
        about=finding.about,
        purpose=finding.purpose,
        reason=reason.strip(),
        expires_on=expires_on,
        asked_by_id=actor.user_id,
        asked_by_name=actor.name,
    )
    facts = {"sha256": waiver.subject_digest, "rule": rule, "purpose": purpose, "expires_on": expires_on.isoformat()}
    record(actor, "waiver.asked", subject=waiver, facts=facts, personal={"reason": waiver.reason})
    approvals.ask(actor=actor, subject=waiver, project_id=project_id)
    return waiver


@transaction.atomic
def revoke(*, actor: Actor, waiver_id: UUID, reason: str) -> Waiver:
    """End a waiver before its day: from now on it opens nothing. Raises NotAllowed, NotFound, WrongState, Unusable."""
    waiver = selectors.visible(actor, waiver_id)
    projects.require(actor, waiver.project_id, "revoke a waiver")
    waiver = Waiver.objects.select_for_update().get(pk=waiver_id)
    if selectors.states([waiver])[waiver.pk] not in (State.ASKED, State.IN_FORCE):
        raise WrongState("This waiver opens nothing as it stands; there is nothing to revoke.")
    if not reason.strip():
        raise Unusable([Fault("reason", "Say why it is revoked.", "One sentence is enough.")])
    approvals.void_open(actor=actor, subject=waiver, project_id=waiver.project_id)
    waiver.revoked_at = timezone.now()
    waiver.revoked_by_id = actor.user_id
    waiver.revoked_by_name = actor.name
    waiver.revoked_because = reason.strip()
    waiver.save()
    record(actor, "waiver.revoked", subject=waiver, personal={"reason": waiver.revoked_because})
    return waiver


@transaction.atomic
def choose(
    *, actor: Actor, project_id: UUID, kind: str, subject_id: UUID, chosen: str, reason: str, proof: str
) -> LicenceChoice:
    """Pick one alternative of an input's licence for the project, and sign for it; a later pick replaces it.

    `proof` is for the input's content digest and this pick (`rules.choice`).

    Raises NotAllowed (who, or no proof), NotFound, Unusable.
    """
    project = projects.require(actor, project_id, "pick a licence")
    if actor.user_id is None:
        raise NotAllowed("Only a person can sign.")
    subject = selectors.material(project, kind, subject_id)
    expression, picked = rules.normal(subject.licence), rules.normal(chosen)
    try:
        offered = selectors.alternatives(subject)
    except licences.TooManyAlternatives as many:
        raise Unusable([Fault("chosen", f"{subject} cannot be picked for.", str(many))]) from None
    if picked is None or expression is None or picked not in offered:
        cure = f"On offer: {', '.join(offered)}." if offered else "Its licence offers no choice."
        raise Unusable([Fault("chosen", f"“{chosen}” is no alternative of the licence of {subject}.", cure)])
    if not reason.strip():
        raise Unusable([Fault("reason", "Say why this one.", "One sentence is enough.")])
    method = reauthentication.consume(
        proof=proof, actor=actor, subject_digest=subject.content_digest, verdict=Verdict.APPROVE,
        choice=rules.choice(project.pk, picked),
    )  # fmt: skip
    choice = LicenceChoice.objects.create(
        project=project,
        subject_kind=kind,
        subject_id=subject_id,
        subject_name=str(subject)[:200],
        subject_digest=subject.content_digest,
        reason=reason.strip(),
        expression=expression,
        chosen=picked,
        meaning=rules.MEANING,
        method=method,
        by_id=actor.person_id,
        by_name=actor.name,
        by_roles=sorted(SPOKEN[role] for role in projects.roles(actor, project_id)),
    )
    facts = {"sha256": choice.subject_digest, "expression": expression, "chosen": picked}
    record(actor, "licence.picked", subject=choice, facts=facts, personal={"reason": choice.reason})
    return choice


def _refuse_second(project: Project, digest: str, finding: Mapping[str, str]) -> None:
    """Raises WrongState for what was asked for already, in this edition of the table and in these words."""
    edition = licences.in_force(timezone.localdate()).version
    same = list(
        Waiver.objects.select_for_update().filter(project=project, subject_digest=digest, rule_set=edition, **finding)
    )
    standing = [each for each in selectors.states(same).values() if each in (State.ASKED, State.IN_FORCE)]
    if State.IN_FORCE in standing:
        raise WrongState("A waiver of this finding is in force; revoke it before another one is asked for.")
    if standing:
        raise WrongState("A waiver of this finding waits for a decision already.")


def _named(subject: selectors.Licensed, found: selectors.Finding) -> str:
    """What a decider reads: the input, and what of it the finding is about where that is not the input itself."""
    return found.input if found.input.startswith(str(subject)) else f"{subject}: {found.input}"


def _checked(fitting: Sequence[selectors.Finding], reason: str, expires_on: date) -> selectors.Finding:
    """The finding that a waiver can be asked for. Raises Unusable."""
    faults, today = Faults(), timezone.localdate()
    if not fitting:
        faults.add("rule", "There is no such finding that a waiver could cover.", "A rule against a use is not waived.")
    elif len(fitting) > 1:
        cure = f"Give `about` and `because` of one of: {'; '.join(one.waivable.because for one in fitting)}."
        faults.add("rule", "The rule says several things of this input; each is waived by itself.", cure)
    if not reason.strip():
        faults.add("reason", "Say why the use is right all the same.", "The risk owner decides on this.")
    if expires_on < today:
        faults.add("expires_on", "The last day is over already.", "Choose a day to come.")
    if rules.too_long(expires_on, today):
        faults.add("expires_on", f"A waiver holds for {rules.LONGEST.days} days at most.", "Choose an earlier day.")
    faults.raise_if_any()
    return fitting[0]
