"""Questions about deployments: what is in use where, and what must not be any more."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.deployments import gates
from governance.delivery.deployments.models import Deployment
from governance.delivery.deployments.rules import TO_STOP, State
from governance.delivery.releases import gates as release_gates
from governance.delivery.releases import selectors as releases
from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State as ReleaseState
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.people.approvals.subjects import Fact
from governance.people.policies.kinds import Touch
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.runs.gates import Light

DEPLOY = "deploy a model"
END = "take a model out of use"
WITH = ("project__organisation", "release__model_version", "release__dossier_version", "release__evaluation")


def visible_to(actor: Actor) -> QuerySet[Deployment]:
    return Deployment.objects.filter(projects.within(actor)).select_related(*WITH)


def visible(actor: Actor, deployment_id: UUID) -> Deployment:
    return one_of(visible_to(actor), deployment_id)


def touched(deployment_ids: Collection[UUID]) -> dict[UUID, list[Touch]]:
    """Who made the data of the runs behind these deployments."""
    behind = dict(Deployment.objects.filter(pk__in=deployment_ids).values_list("pk", "release"))
    made = releases.touched(set(behind.values()))
    return {pk: made[release] for pk, release in behind.items()}


def states(deployments: Iterable[Deployment]) -> dict[UUID, str]:
    """How each stands today: one in use whose release lets nothing go any more is to be stopped."""
    found = list(deployments)
    stand = releases.states({each.release_id: each.release for each in found if each.state == State.IN_USE}.values())
    return {
        each.pk: TO_STOP if stand.get(each.release_id, "released") != "released" else str(State(each.state).value)
        for each in found
    }


def why_stop(deployment: Deployment) -> str:
    """Why one in use must be stopped, in a sentence; "" where its release stands."""
    gate = release_gates.in_force(deployment.release)
    return gate.says if deployment.state == State.IN_USE and gate.light == Light.RED else ""


def why_not_plan(release: Release) -> str:
    """Why nothing is deployed under a release, or ""."""
    return f"{release} was withdrawn; nothing is deployed under it." if release.state == ReleaseState.WITHDRAWN else ""


def why_not_revise(deployment: Deployment) -> str:
    """Why a deployment stays as it is described, or ""."""
    if deployment.state == State.PLANNED:
        return ""
    return f"{deployment} is not a plan any more: end it, and plan another."


def summary(deployment: Deployment, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: which model for what, where and by whom, and what else stands in the way."""
    release = deployment.release
    yield Fact("Model", str(release.model_version), f"composed digest {release.model_version.digest}")
    yield Fact("Released for", release.purpose)
    if release.accepted_findings:
        yield Fact("Knowingly accepted", "; ".join(release.accepted_findings), warns=True)
    yield Fact("Where it runs", deployment.place)
    yield Fact("Who uses it", deployment.users)
    yield Fact("Deployer", deployment.deployer)
    yield Fact("Watched over by", deployment.overseers)
    if deployment.notes:
        yield Fact("Notes", deployment.notes)
    yield Fact("Described by", deployment.written_by)
    others = [gate for gate in gates.for_deployment(deployment) if gate.id != str(deployment.pk)]
    shut = [gate for gate in others if gate.light == Light.RED]
    says = f"{len(others) - len(shut)} of {len(others)} others open"
    yield Fact("Gates", says, "; ".join(gate.says for gate in shut), warns=bool(shut))
