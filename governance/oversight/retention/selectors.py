"""Questions about holds."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.materials.datasets.models import Dataset
from governance.oversight.retention import rules
from governance.oversight.retention.models import Hold
from governance.oversight.retention.rules import Basis
from governance.people.projects import selectors as projects


def visible_to(actor: Actor) -> QuerySet[Hold]:
    return Hold.objects.filter(projects.within(actor)).select_related("project", "dataset")


def visible(actor: Actor, hold_id: UUID) -> Hold:
    return one_of(visible_to(actor), hold_id)


def on(dataset: Dataset) -> list[Hold]:
    """The holds on a dataset that are in force, its project's too; what goes before everything else first."""
    found = Hold.objects.filter(Q(dataset=dataset) | Q(project=dataset.project_id, dataset=None))
    by_facts = list(found.select_related("dataset", "project"))
    order = rules.ordered([hold.held for hold in by_facts], timezone.localdate())
    standing = [hold for hold in by_facts if hold.held in order]
    return sorted(standing, key=lambda hold: order.index(hold.held))


def before_erasure(dataset: Dataset) -> Hold | None:
    """The hold on a dataset that keeps its rows from being erased; of several the one that weighs most."""
    return next((hold for hold in on(dataset) if rules.goes_before(Basis(hold.basis))), None)


def is_in_force(hold: Hold) -> bool:
    return rules.in_force(hold.held, timezone.localdate())
