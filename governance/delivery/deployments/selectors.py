"""Questions about deployments: what is in use where, and what must not be any more."""

from collections.abc import Collection, Iterable
from functools import reduce
from operator import or_
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
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.selectors import standings
from governance.people.approvals.subjects import Fact
from governance.people.policies import selectors as policies
from governance.people.policies.kinds import Touch
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.runs.gates import Light

DEPLOY = "deploy a model"
END = "take a model out of use"
WITH = (
    "project__organisation", "release__project", "release__model_version", "release__dossier_version",
    "release__evaluation__model_version", "release__evaluation__plan",
)  # fmt: skip
# Whole documents, which stay in the database until somebody asks for them.
WHOLE = ("release__dossier_version__document", "release__evaluation__report")


def visible_to(actor: Actor) -> QuerySet[Deployment]:
    """Also what was only begun or ended in the time that is laid open to an auditor."""
    moments = [projects.within(actor, at=at) for at in ("created_at", "begun_at", "ended_at")]
    return told(Deployment.objects.filter(reduce(or_, moments)))


def of(places: QuerySet[Project]) -> QuerySet[Deployment]:
    """Those of these projects."""
    return told(Deployment.objects.filter(project__in=places))


def told(found: QuerySet[Deployment]) -> QuerySet[Deployment]:
    """With what their state and their content rest on, so that many are told of in as many queries as one."""
    return found.select_related(*WITH).defer(*WHOLE)


def visible(actor: Actor, deployment_id: UUID) -> Deployment:
    return one_of(visible_to(actor), deployment_id)


def touched(deployment_ids: Collection[UUID]) -> dict[UUID, list[Touch]]:
    """Who made the data of the runs behind these deployments."""
    behind = dict(Deployment.objects.filter(pk__in=deployment_ids).values_list("pk", "release"))
    made = releases.touched(set(behind.values()))
    return {pk: made[release] for pk, release in behind.items()}


def states(deployments: Iterable[Deployment]) -> dict[UUID, str]:
    """How each stands today: one in use that may not be used any more is to be stopped."""
    found = list(deployments)
    stopped = why_stop(found)
    return {each.pk: TO_STOP if each.pk in stopped else str(State(each.state).value) for each in found}


def why_stop(deployments: Iterable[Deployment]) -> dict[UUID, str]:
    """Why those in use must be taken out of it, in a sentence each; without those that may go on. As many queries for
    many as for one."""
    used = [each for each in deployments if each.state == State.IN_USE]
    if not used:
        return {}
    let_go = standings({each.release_id: each.release for each in used}.values())
    own, decided = standings(used), _decided(used)
    governing = policies.governing_all({each.project_id for each in used}, Deployment.kind)
    classes = projects.classifications({each.project_id for each in used})
    found = {}
    for each in used:
        gates = [release_gates.in_force(each.release, let_go[each.release_id]), release_gates.purpose(each.release)]
        blocked = each.project_id in classes and classes[each.project_id].outcome.get("blocked_reason")
        says = [gate.says for gate in gates if gate.light == Light.RED]
        says += [str(blocked)] if blocked else []
        if governing[each.project_id].policy and each.pk in decided and not own[each.pk].granted:
            says.append(f"Its approval does not stand: {own[each.pk].why}")
        if says:
            found[each.pk] = "; ".join(one.rstrip(".") for one in says)
    return found


def _decided(deployments: Iterable[Deployment]) -> set[UUID]:
    """Those that somebody decided on: what was never asked about does not fall with a policy that came later."""
    asked = ApprovalRequest.objects.filter(subject_kind=Deployment.kind, subject_id__in=[one.pk for one in deployments])
    return set(asked.filter(decisions__isnull=False).values_list("subject_id", flat=True))


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
