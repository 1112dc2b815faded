"""Plan a deployment, describe it anew, take it into use, take it out. What lets it into use is asked in the act."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.delivery.deployments import gates, selectors
from governance.delivery.deployments.models import Deployment
from governance.delivery.deployments.rules import TRANSITIONS, State
from governance.delivery.deployments.selectors import DEPLOY, END
from governance.delivery.releases import gates as release_gates
from governance.delivery.releases import selectors as releases
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, GateClosed, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.people.approvals import services as approvals
from governance.people.projects import selectors as projects
from governance.people.projects.services import hold

# What is said of each, where nothing is.
ASKED = {
    "name": "Give it the name that people know it by.",
    "place": "Say where it runs: a system, a cluster, an address.",
    "users": "Say who works with it, and whom its answers reach.",
    "deployer": "Name the organisation under whose authority it is used.",
    "overseers": "Name who watches over it and can stop it.",
}


@transaction.atomic
def plan(*, actor: Actor, release_id: UUID, **described: str) -> Deployment:
    """Plan to use the model of a release that is proposed or in force. `described`: name, place, users, deployer,
    overseers, notes. Nothing is asked for: whoever plans it asks for its approval where a policy wants one.

    Raises NotFound, NotAllowed, WrongState (the release was withdrawn), Unusable.
    """
    release = releases.visible(actor, release_id)
    project = projects.require(actor, release.project_id, DEPLOY)
    if why := selectors.why_not_plan(release):
        raise WrongState(why)
    planned = Deployment(project=project, release=release)
    _keep(actor, planned, described)
    record(actor, "deployment.planned", subject=planned, facts={"content": planned.content_digest})
    return planned


@transaction.atomic
def revise(*, actor: Actor, deployment_id: UUID, **described: str) -> Deployment:
    """Describe a planned deployment anew; an approval of it is void where that changes it.

    Raises NotFound, NotAllowed, WrongState (not planned any more), Unusable.
    """
    found = selectors.visible(actor, deployment_id)
    projects.require(actor, found.project_id, DEPLOY)
    found = _locked(deployment_id)
    if why := selectors.why_not_revise(found):
        raise WrongState(why)
    before = found.content_digest
    _keep(actor, found, {name: getattr(found, name) for name in (*ASKED, "notes")} | described)
    if found.content_digest != before:
        approvals.void_changed(actor=actor, subject=found, project_id=found.project_id)
    record(actor, "deployment.revised", subject=found, facts={"content": found.content_digest})
    return found


@transaction.atomic
def begin(*, actor: Actor, deployment_id: UUID) -> Deployment:
    """Take the model into use, if every gate is open at this moment. Raises NotFound, NotAllowed, GateClosed,
    WrongState."""
    found = selectors.visible(actor, deployment_id)
    projects.require(actor, found.project_id, DEPLOY)
    hold(found.project_id)
    found = _locked(deployment_id)
    if found.state == State.PLANNED and (missing := release_gates.shut(gates.for_deployment(found))):
        raise GateClosed(f"{found} cannot be taken into use", missing)
    move(
        found, TRANSITIONS, State.IN_USE,
        begun_by_id=actor.user_id, begun_by_name=actor.name, begun_at=timezone.now(),
    )  # fmt: skip
    facts = {"model": found.release.model_version.digest, "release": found.release.content_digest}
    record(actor, "deployment.begun", subject=found, facts=facts)
    return found


@transaction.atomic
def end(*, actor: Actor, deployment_id: UUID, reason: str) -> Deployment:
    """Take the model out of use there, or give up the plan. Never waits for a gate.

    Raises NotFound, NotAllowed, WrongState (over already), Unusable (no reason).
    """
    found = selectors.visible(actor, deployment_id)
    projects.require(actor, found.project_id, END)
    if not reason.strip():
        raise Unusable([Fault("reason", "Say why, for whoever used it.", "One sentence is enough.")])
    found = _locked(deployment_id)
    to = State.CANCELLED if found.state == State.PLANNED else State.ENDED
    move(
        found, TRANSITIONS, to,
        ended_by_name=actor.name, ended_at=timezone.now(), ended_because=reason.strip(),
    )  # fmt: skip
    approvals.void_open(actor=actor, subject=found, project_id=found.project_id)
    act = "deployment.given-up" if to == State.CANCELLED else "deployment.ended"
    record(actor, act, subject=found, personal={"reason": found.ended_because})
    return found


def _keep(actor: Actor, deployment: Deployment, described: Mapping[str, Any]) -> None:
    """Save it as described, under its author's name. Raises Unusable."""
    faults = Faults()
    for name in (*ASKED, "notes"):
        said = str(described.get(name, "")).strip()
        if not said and name in ASKED:
            faults.add(name, "This is missing.", ASKED[name])
        setattr(deployment, name, said)
    faults.raise_if_any()
    deployment.add_author(actor.user_id, actor.name)
    try:
        with transaction.atomic():
            deployment.save()
    except IntegrityError:
        says = f"{deployment.project} has a deployment “{deployment.name}” already."
        raise Unusable([Fault("name", says, "Choose another name, or end that one first.")]) from None


def _locked(deployment_id: UUID) -> Deployment:
    """With its release, so that neither changes before the act is done."""
    return (
        Deployment.objects.select_for_update(of=("self", "release"))
        .select_related(*selectors.WITH, "release__model_version__run__base_model", "release__project__organisation")
        .get(pk=deployment_id)
    )
