"""Questions about evaluation plans."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.people.approvals.subjects import Fact
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.evaluation_plans.rules import LIMITS


def visible_to(actor: Actor) -> QuerySet[EvaluationPlan]:
    return EvaluationPlan.objects.filter(projects.within(actor)).select_related("project")


def visible(actor: Actor, plan_id: UUID) -> EvaluationPlan:
    return one_of(visible_to(actor), plan_id)


def summary(plan: EvaluationPlan, project: Project) -> Iterable[Fact]:
    """What a decider needs to know: what is measured, what it is held to, and why that is right for the purpose."""
    for task in plan.tasks:
        yield Fact("Measured", task["name"], f"at most {task['limit']:,} items" if task.get("limit") else "every item")
    for limit in plan.thresholds:
        bounds = "; ".join(f"{LIMITS[kind]} {limit[kind]:g}" for kind in LIMITS if limit.get(kind) is not None)
        of = f", {limit['group']}" if limit.get("group") else ""
        yield Fact("Limit", f"{limit['task']}: {limit['metric']}{of}", bounds)
    if not plan.thresholds:
        yield Fact("Limit", "none", "The gate only asks whether everything was measured.", warns=True)
    yield Fact("Reason", plan.rationale or "none is written down", warns=not plan.rationale)
    yield Fact("Written by", plan.content()["written_by"])
