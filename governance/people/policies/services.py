"""Write, publish and retire policies. Whoever is asked already stays asked under the policy of that day."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.law.regulation import rules as regulation
from governance.people.organisations.models import Organisation
from governance.people.policies import rules, selectors
from governance.people.policies.kinds import KINDS
from governance.people.policies.models import Policy
from governance.people.policies.rules import TRANSITIONS, State

# Uses up, in the transaction of the act, the proof that its person gave for a digest; says by which method they did.
Signed = Callable[[str], str]


@transaction.atomic
def draft(
    *,
    actor: Actor,
    subject_kind: str,
    terms: Mapping[str, Any],
    organisation_id: UUID | None = None,
    project_id: UUID | None = None,
    risk_class: str = "",
) -> Policy:
    """Write the next edition for a project, or for a whole organisation; nothing is asked under it before it is
    published.

    Raises NotFound, NotAllowed, Unusable.
    """
    organisation = selectors.require(actor, organisation_id, project_id)
    if subject_kind not in KINDS:
        raise Unusable([Fault("subject_kind", f"Known are: {', '.join(KINDS)}.")])
    if risk_class and risk_class not in regulation.latest().risk_classes:
        raise Unusable([Fault("risk_class", f"Known are: {', '.join(regulation.latest().risk_classes)}.")])
    # One draft at a time: its number follows the last of its scope.
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    scope = {"organisation": organisation, "project_id": project_id, "risk_class": risk_class}
    last = Policy.objects.filter(**scope, subject_kind=subject_kind).order_by("-number").first()
    policy = Policy.objects.create(
        **scope,
        subject_kind=subject_kind,
        number=last.number + 1 if last else 1,
        terms_content=selectors.with_names(rules.parse(subject_kind, terms)).content(),
        written_by_id=actor.user_id,
        written_by_name=actor.name,
    )
    record(actor, "policy.drafted", subject=policy, facts={"sha256": policy.content_digest})
    return policy


@transaction.atomic
def revise(*, actor: Actor, policy_id: UUID, terms: Mapping[str, Any]) -> Policy:
    """Rewrite a draft. Raises NotFound, NotAllowed, WrongState, Unusable."""
    policy = _locked(actor, policy_id)
    if policy.state != State.DRAFT:
        raise WrongState(f"{policy} is {policy.state} and never changes; write the next edition.")
    policy.terms_content = selectors.with_names(rules.parse(policy.subject_kind, terms)).content()
    policy.written_by_id, policy.written_by_name = actor.user_id, actor.name
    policy.save(update_fields=["terms_content", "written_by", "written_by_name"])
    policy.__dict__.pop("terms", None)
    record(actor, "policy.revised", subject=policy, facts={"sha256": policy.content_digest})
    return policy


@transaction.atomic
def discard(*, actor: Actor, policy_id: UUID) -> None:
    """Throw a draft away. Raises NotFound, NotAllowed, WrongState."""
    policy = _locked(actor, policy_id)
    if policy.state != State.DRAFT:
        raise WrongState(f"{policy} is {policy.state} and is kept; retire it to end it.")
    facts = {"sha256": policy.content_digest}
    Policy.objects.filter(pk=policy.pk).delete()
    record(actor, "policy.discarded", subject=policy, facts=facts)


@transaction.atomic
def publish(*, actor: Actor, policy_id: UUID, signed: Signed) -> Policy:
    """Have it govern from now on what is asked; the edition before it in its scope is retired. People come here by
    `approvals.publishing`, which knows how a signature is given.

    Raises NotFound, NotAllowed, WrongState, and Unusable where its steps are not sound, or where those who would have
    to decide in its project are not there.
    """
    policy = _locked(actor, policy_id)
    if policy.state != State.DRAFT:
        raise WrongState(f"{policy} is {policy.state} already; write the next edition.")
    faults = rules.unsound(policy.subject_kind, policy.terms) + selectors.strangers(policy)
    if policy.project_id is not None:
        faults += rules.unstaffed(policy.terms, selectors.staff(policy.project_id))
    if faults:
        raise Unusable(list({str(fault): fault for fault in faults}.values()))
    before = Policy.objects.select_for_update().filter(
        organisation=policy.organisation_id,
        project=policy.project_id,
        risk_class=policy.risk_class,
        subject_kind=policy.subject_kind,
        state=State.PUBLISHED,
    )
    for old in before.exclude(pk=policy.pk):
        _retire(actor, old, {"by": policy.pk})
    method = signed(policy.content_digest)
    move(
        policy, TRANSITIONS, State.PUBLISHED,
        published_by_name=actor.name, published_at=timezone.now(), published_by_method=method,
    )  # fmt: skip
    record(actor, "policy.published", subject=policy, facts={"sha256": policy.content_digest, "method": method})
    return policy


@transaction.atomic
def retire(*, actor: Actor, policy_id: UUID) -> Policy:
    """End it without another: what is wider governs again, the default edition last.

    Raises NotFound, NotAllowed, WrongState.
    """
    policy = _locked(actor, policy_id)
    _retire(actor, policy, {})
    return policy


def _retire(actor: Actor, policy: Policy, facts: dict[str, Any]) -> None:
    move(policy, TRANSITIONS, State.RETIRED, retired_by_name=actor.name, retired_at=timezone.now())
    record(actor, "policy.retired", subject=policy, facts=facts)


def _locked(actor: Actor, policy_id: UUID) -> Policy:
    policy = selectors.visible(actor, policy_id)
    selectors.require(actor, policy.organisation_id, policy.project_id)
    # The organisation first: two editions of one scope are published one after the other.
    Organisation.objects.select_for_update(no_key=True).get(pk=policy.organisation_id)
    rows = Policy.objects.select_for_update(of=("self",)).select_related("project", "organisation")
    found: Policy = rows.get(pk=policy.pk)
    return found
