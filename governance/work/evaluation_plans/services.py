"""Mutations of evaluation plans. Locked once a run that names them is submitted: thresholds come first
(AI Act, Article 9(8): metrics and thresholds defined beforehand)."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluation import spec as evaluation
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Unusable, WrongState
from governance.people.projects import selectors as projects
from governance.work.evaluation_plans import selectors
from governance.work.evaluation_plans.models import EvaluationPlan

# Tasks that score the trainer's own held-out rows; the worker fills in where those lie.
ON_VALIDATION_ROWS = frozenset({"validation-loss", "exact-match"})


@transaction.atomic
def write(
    *,
    actor: Actor,
    project_id: UUID,
    name: str,
    tasks: list[dict[str, Any]],
    thresholds: list[dict[str, Any]],
    rationale: str = "",
    seed: int = 0,
) -> EvaluationPlan:
    """Write a new plan. Raises NotAllowed, Unusable."""
    project = projects.require(actor, project_id, "write an evaluation plan")
    if EvaluationPlan.objects.filter(project=project, name=name.strip()).exists():
        raise Unusable([Fault("name", f"{project} has a plan “{name}” already.", "Choose another name.")])
    plan = EvaluationPlan(project=project, created_by_id=actor.user_id, created_by_name=actor.name)
    _fill(plan, name, tasks, thresholds, rationale, seed)
    plan.save()
    record(actor, "evaluation-plan.written", subject=plan, facts={"content": plan.content_digest})
    return plan


@transaction.atomic
def revise(*, actor: Actor, plan_id: UUID, **changes: Any) -> EvaluationPlan:
    """Change an open plan. Raises NotAllowed, WrongState (locked), Unusable."""
    plan = selectors.visible(actor, plan_id)
    projects.require(actor, plan.project_id, "write an evaluation plan")
    plan = EvaluationPlan.objects.select_for_update().get(pk=plan.pk)
    if plan.locked_at:
        raise WrongState(f"{plan} is locked: a run was submitted under it. Copy it to change it.")
    current = {"name": plan.name, "tasks": plan.tasks, "thresholds": plan.thresholds}
    current |= {"rationale": plan.rationale, "seed": plan.seed}
    _fill(plan, **(current | changes))
    # Whoever wrote the thresholds last answers for them, and is barred from approving runs under them.
    plan.created_by_id, plan.created_by_name = actor.user_id, actor.name
    plan.save()
    record(actor, "evaluation-plan.revised", subject=plan, facts={"content": plan.content_digest})
    return plan


def lock(*, actor: Actor, plan: EvaluationPlan) -> None:
    """Lock the plan, in the caller's transaction; locking a locked plan changes nothing."""
    if EvaluationPlan.objects.filter(pk=plan.pk, locked_at=None).update(locked_at=timezone.now()):
        plan.refresh_from_db()
        record(actor, "evaluation-plan.locked", subject=plan, facts={"content": plan.content_digest})


def _fill(
    plan: EvaluationPlan,
    name: str,
    tasks: list[dict[str, Any]],
    thresholds: list[dict[str, Any]],
    rationale: str,
    seed: int,
) -> None:
    plan.name, plan.tasks, plan.thresholds = name.strip(), tasks, thresholds
    plan.rationale, plan.seed = rationale, seed
    if not plan.name:
        raise Unusable([Fault("name", "A plan needs a name.")])
    try:
        evaluation.parse(
            {
                "schema": evaluation.SCHEMA,
                "models": [{"name": "base", "path": "."}, {"name": "candidate", "path": "."}],
                "tasks": tasks,
                "thresholds": thresholds,
                "seed": seed,
            },
            "plan",
        )
    except evaluation.Invalid as error:
        raise Unusable([Fault(error.where.removeprefix("plan."), error.message)]) from None
