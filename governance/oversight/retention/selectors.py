"""Questions about holds and rules of retention."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.materials.datasets.models import Dataset
from governance.oversight.retention import rules
from governance.oversight.retention.models import Hold, RetentionRule
from governance.oversight.retention.rules import Basis, Ground
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project


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


def of_project(project: Project) -> list[Hold]:
    """The holds in force in a project, on one dataset or on all."""
    found = project.holds.filter(lifted_at=None).select_related("dataset", "project")
    return [hold for hold in found if is_in_force(hold)]


def ground(hold: Hold) -> Ground:
    ends = "" if hold.until else "until it is lifted"
    return Ground(Basis(hold.basis), f"{hold}: {hold.ground}", hold.until, ends, "", hold.kind, str(hold.pk))


def rules_visible_to(actor: Actor) -> QuerySet[RetentionRule]:
    return RetentionRule.objects.filter(projects.within(actor)).select_related("project")


def one_rule(actor: Actor, rule_id: UUID) -> RetentionRule:
    return one_of(rules_visible_to(actor), rule_id)


def rule(project_id: UUID) -> RetentionRule | None:
    """The rule that stands today."""
    return RetentionRule.objects.filter(project=project_id).first()
