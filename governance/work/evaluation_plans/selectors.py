"""Questions about evaluation plans."""

from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.people.projects import selectors as projects
from governance.work.evaluation_plans.models import EvaluationPlan


def visible_to(actor: Actor) -> QuerySet[EvaluationPlan]:
    return EvaluationPlan.objects.filter(projects.within(actor)).select_related("project")


def visible(actor: Actor, plan_id: UUID) -> EvaluationPlan:
    return one_of(visible_to(actor), plan_id)
