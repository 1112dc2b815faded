"""What people are told of deployments: whoever described one or took it into use, and whoever let its model go."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from governance.delivery.deployments import selectors
from governance.delivery.deployments.models import Deployment
from governance.delivery.deployments.rules import State
from governance.delivery.releases.models import Release
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.events import acted
from governance.people.approvals.models import ApprovalRequest
from governance.people.notifications import services
from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell
from governance.work.envelopes.notices import LOST


def register() -> None:
    tell("deployment.begun", Telling(Kind.DECIDED, _whose, lambda one, by, _: f"{by} took into use: {one.name}."))
    tell("deployment.ended", Telling(Kind.DECIDED, _whose, lambda one, by, _: f"{by} took out of use: {one.name}."))
    acted.connect(tell_what_must_stop, dispatch_uid="deployments.notices")


def tell_what_must_stop(sender: Any, actor: Actor, action: str, subject: Any, **_: Any) -> None:
    """Receiver of `acted`: a release was withdrawn or lost its approval, or a deployment lost its own."""
    for deployment in _affected(action, subject):
        if says := selectors.why_stop([deployment]).get(deployment.pk):
            services.give(
                kind=Kind.SUSPENDED,
                about=deployment,
                people={person for person in _keepers(deployment) if person is not None} - {actor.lookup_id},
                text=f"Take out of use: {deployment.name}. {says}.",
                # once, also where one withdrawal takes several approvals along
                act=digest(["deployment.to-stop", deployment.pk, timezone.localdate()]),
            )


def _affected(action: str, subject: Any) -> Iterable[Deployment]:
    """Asked of every act that goes on record: no query is even put together for most of them."""
    if action == "release.withdrawn" and isinstance(subject, Release):
        return _used(release=subject)
    if action in LOST and isinstance(subject, ApprovalRequest):
        if subject.subject_kind == Release.kind:
            return _used(release=subject.subject_id)
        if subject.subject_kind == Deployment.kind:
            return _used(pk=subject.subject_id)
    return ()


def _used(**of: Any) -> Iterable[Deployment]:
    return selectors.told(Deployment.objects.filter(state=State.IN_USE.value, **of))


def _whose(deployment: Deployment, facts: Facts) -> Iterable[int | None]:
    return [deployment.release.proposed_by_id, *_keepers(deployment)]


def _keepers(deployment: Deployment) -> list[int | None]:
    return [deployment.begun_by_id, *(author["user"] for author in deployment.authors)]
