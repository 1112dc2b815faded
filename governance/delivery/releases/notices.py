"""What people are told of releases: whoever proposed one, and whoever made the model."""

from collections.abc import Iterable

from governance.delivery.releases.models import Release
from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell
from governance.work.runs import notices as runs


def register() -> None:
    tell("release.released", Telling(Kind.DECIDED, _whose, lambda one, by, _: f"{by} released {one.model_version}."))
    tell("release.withdrawn", Telling(Kind.SUSPENDED, _whose, _withdrawn))


def _whose(release: Release, facts: Facts) -> Iterable[int | None]:
    return [release.proposed_by_id, *runs.makers(release.model_version.run, facts)]


def _withdrawn(release: Release, by: str, _: Facts) -> str:
    return f"{by} withdrew the release of {release.model_version}: it may not be used any more."
