"""Questions about evaluation plans."""

from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.people.projects import selectors as projects
from governance.work.evaluation_plans.models import EvaluationPlan


def visible_to(actor: Actor) -> QuerySet[EvaluationPlan]:
    return EvaluationPlan.objects.filter(project__in=projects.visible_to(actor)).select_related("project")


def visible(actor: Actor, plan_id: UUID) -> EvaluationPlan:
    try:
        return visible_to(actor).get(pk=plan_id)
    except EvaluationPlan.DoesNotExist:
        raise NotFound("evaluation plan") from None
