"""The worker's side of a trace: it looks through the rows of versions that lie apart from what was withdrawn."""

from collections.abc import Callable, Iterator

from django.db import transaction

from governance.delivery.lineage import graph, radius, selectors, services
from governance.delivery.lineage.models import Trace
from governance.delivery.lineage.radius import Reached
from governance.delivery.lineage.rules import TraceState
from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.datasets.models import DatasetVersion
from governance.people.projects.models import Project
from governance.people.projects.services import hold


def look(*, lease: Lease, told: Callable[[int, int], None]) -> list[Reached]:
    """Versions that hold what was withdrawn. `told` is called with how many were looked through, and of how many.
    Raises LeaseLost."""
    withdrawal = errands.begun(lease, Trace).withdrawal
    others = list(selectors.apart(withdrawal).select_related("dataset__project"))

    def counted() -> Iterator[DatasetVersion]:
        for place, other in enumerate(others, start=1):
            yield other
            told(place, len(others))

    return list(radius.holders(withdrawal.version, withdrawal.rows, counted()))


@transaction.atomic
def finish(*, lease: Lease, holding: list[Reached], looked_through: int) -> Trace:
    """Keep what was found and all that came of it, with everything that follows. Raises LeaseLost."""
    trace = errands.begun(lease, Trace)
    hold(trace.project_id)
    trace = errands.held(lease, Trace)
    withdrawal, actor = trace.withdrawal, _asked_by(trace)
    found = 0
    if withdrawal.taken_back_at is None and holding:
        every = graph.load(Project.objects.filter(organisation=withdrawal.project.organisation_id))
        reached = radius.with_what_came_of_it(every, holding, withdrawal.version, withdrawal.rows)
        found = services.follow(actor, withdrawal, reached)
    errands.finish(lease, trace, TraceState.DONE, versions=looked_through, found=found)
    facts = {"versions": looked_through, "found": found, "content": withdrawal.content_digest}
    record(PLATFORM, "trace.done", subject=trace, facts=facts)
    return trace


def _asked_by(trace: Trace) -> Actor:
    """Whoever withdrew it: what follows is their act still."""
    return Actor.of(trace.asked_by) if trace.asked_by is not None else PLATFORM
