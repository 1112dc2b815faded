"""What people are told of deployments: whoever described one, and whoever let its model go."""

from collections.abc import Iterable

from governance.delivery.deployments.models import Deployment
from governance.delivery.deployments.rules import State
from governance.delivery.releases.models import Release
from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell


def register() -> None:
    tell("deployment.begun", Telling(Kind.DECIDED, _whose, lambda one, by, _: f"{by} took into use: {one.name}."))
    tell("deployment.ended", Telling(Kind.DECIDED, _whose, lambda one, by, _: f"{by} took out of use: {one.name}."))
    tell("release.withdrawn", Telling(Kind.SUSPENDED, _who_uses, _to_stop))


def _whose(deployment: Deployment, facts: Facts) -> Iterable[int | None]:
    return [deployment.release.proposed_by_id, *_keepers(deployment)]


def _keepers(deployment: Deployment) -> list[int | None]:
    return [deployment.begun_by_id, *(author["user"] for author in deployment.authors)]


def _who_uses(release: Release, facts: Facts) -> Iterable[int | None]:
    """Whoever has it in use: a person is told of the release once, whatever they deployed."""
    return [person for each in _in_use(release) for person in _keepers(each)]


def _to_stop(release: Release, by: str, _: Facts) -> str:
    names = ", ".join(each.name for each in _in_use(release))
    return f"{by} withdrew the release of {release.model_version}, which is in use: {names}. Take it out of use."


def _in_use(release: Release) -> list[Deployment]:
    return list(release.deployments.filter(state=State.IN_USE.value).order_by("name"))
