"""Mutations of evaluation plans. Locked once a run that names them is submitted: thresholds come first
(AI Act, Article 9(8): metrics and thresholds defined beforehand)."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluation import spec as evaluation
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Unusable, WrongState
from governance.people.approvals import services as approvals
from governance.people.projects import selectors as projects
from governance.work.evaluation_plans import measures, rules, selectors
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.evaluation_plans.standard import standard_plan

__all__ = ["copy", "lock", "revise", "standard_plan", "write"]


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
    plan = EvaluationPlan(project=project)
    _fill(plan, name, tasks, thresholds, rationale, seed)
    _keep(plan, actor)
    record(actor, "evaluation-plan.written", subject=plan, facts={"content": plan.content_digest})
    return plan


@transaction.atomic
def revise(*, actor: Actor, plan_id: UUID, **changes: Any) -> EvaluationPlan:
    """Change an open plan; an approval of it is void. Raises NotAllowed, WrongState (locked), Unusable."""
    plan = selectors.visible(actor, plan_id)
    projects.require(actor, plan.project_id, "write an evaluation plan")
    plan = EvaluationPlan.objects.select_for_update().get(pk=plan.pk)
    if plan.locked_at:
        raise WrongState(f"{plan} is locked: a run was submitted under it. Copy it to change it.")
    current = {"name": plan.name, "tasks": without_pins(plan.tasks), "thresholds": plan.thresholds}
    current |= {"rationale": plan.rationale, "seed": plan.seed}
    _fill(plan, **(current | changes))
    _keep(plan, actor)
    approvals.void_changed(actor=actor, subject=plan, project_id=plan.project_id)
    record(actor, "evaluation-plan.revised", subject=plan, facts={"content": plan.content_digest})
    return plan


@transaction.atomic
def copy(*, actor: Actor, plan_id: UUID) -> EvaluationPlan:
    """An open plan with the same tasks and thresholds, in the same project. Raises NotAllowed, NotFound.

    The suites are not pinned again before the copy is locked itself; who wrote the original wrote the copy too.
    """
    plan = selectors.visible(actor, plan_id)
    project = projects.require(actor, plan.project_id, "write an evaluation plan")
    made = EvaluationPlan(project=project, authors=list(plan.authors))
    _fill(made, _free_name(plan), without_pins(plan.tasks), plan.thresholds, plan.rationale, plan.seed)
    _keep(made, actor)
    record(actor, "evaluation-plan.copied", subject=made, facts={"from": plan.pk, "content": made.content_digest})
    return made


def lock(*, actor: Actor, plan: EvaluationPlan) -> None:
    """Lock the plan, in the caller's transaction, and pin its suites by digest; a locked plan is left as it is.

    From now on another edition of a suite is another measurement: it would be reported as "not measured".
    """
    pinned = [_pinned(task) for task in plan.tasks]
    if EvaluationPlan.objects.filter(pk=plan.pk, locked_at=None).update(tasks=pinned, locked_at=timezone.now()):
        plan.refresh_from_db()
        record(actor, "evaluation-plan.locked", subject=plan, facts={"content": plan.content_digest})


def pin(actor: Actor, plan: EvaluationPlan) -> None:
    """Pin the suites of an open plan, in the transaction that asks for its approval: locking changes nothing then."""
    pinned = [_pinned(task) for task in plan.tasks]
    if plan.locked_at is None and pinned != plan.tasks:
        plan.tasks = pinned
        plan.save(update_fields=["tasks"])
        record(actor, "evaluation-plan.pinned", subject=plan, facts={"content": plan.content_digest})


def without_pins(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As somebody would write them anew: which edition of a suite is meant is said when the plan is asked about, or
    locked."""
    return [{key: value for key, value in task.items() if key != "sha256"} for task in tasks]


def _pinned(task: dict[str, Any]) -> dict[str, Any]:
    measure = measures.known().get(task["name"])
    return {**task, "sha256": measure.suite.sha256} if measure and measure.suite else task


def _free_name(plan: EvaluationPlan) -> str:
    """“Support, copy”, “Support, copy 2”, ...: the first that the project does not have."""
    taken = set(EvaluationPlan.objects.filter(project_id=plan.project_id).values_list("name", flat=True))
    stem, number = f"{plan.name[:100]}, copy", 1
    while (name := stem if number == 1 else f"{stem} {number}") in taken:
        number += 1
    return name


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
    found = list(_name_faults(plan))
    try:
        spec = evaluation.parse(
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
        found.append(Fault(error.where.removeprefix("plan."), error.message))
    else:
        found += rules.faults(spec, measures.known())
    if found:
        raise Unusable(found)


def _keep(plan: EvaluationPlan, actor: Actor) -> None:
    """Save the plan under its author's name; a name that somebody took meanwhile is refused like any other."""
    plan.add_author(actor.user_id, actor.name)
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError:
        raise Unusable([_taken(plan)]) from None


def _name_faults(plan: EvaluationPlan) -> Iterator[Fault]:
    if not plan.name:
        yield Fault("name", "A plan needs a name.")
    same_name = EvaluationPlan.objects.filter(project_id=plan.project_id, name=plan.name)
    if same_name.exclude(pk=plan.pk).exists():
        yield _taken(plan)


def _taken(plan: EvaluationPlan) -> Fault:
    return Fault("name", f"{plan.project} has a plan “{plan.name}” already.", "Choose another name.")
