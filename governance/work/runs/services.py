"""What people do with runs: prepare, submit, launch, cancel, take up again. The worker's side is `worker`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, GateClosed, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.foundation.core.records import Record
from governance.foundation.jobs import services as jobs
from governance.materials.base_models.models import BaseModel
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.selectors import standing
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.projects.services import hold
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.evaluation_plans.services import lock
from governance.work.runs import gates, selectors
from governance.work.runs.estimates import estimate
from governance.work.runs.inputs import Parts, links_of, one
from governance.work.runs.models import Run, RunData
from governance.work.runs.rules import EDITABLE, TRANSITIONS, UNDER_WAY, State
from governance.work.runs.specs import settings_of

TASK = "train"
# The worker holds a run to its minutes, the trainer to its energy, where it can be measured: else it does not begin.
BUDGET = {"max_minutes", "max_kwh"}


@transaction.atomic
def prepare(
    *,
    actor: Actor,
    project_id: UUID,
    base_model_id: UUID,
    data: Sequence[UUID],
    training: dict[str, Any],
    validation_data: Sequence[UUID] = (),
    splits: Sequence[Parts] = (),
    evaluation_plan_id: UUID | None = None,
    budget: dict[str, Any] | None = None,
    title: str = "",
) -> Run:
    """Write down a run plan as a draft. Raises NotAllowed, NotFound, Unusable."""
    project = projects.require(actor, project_id, "prepare a run")
    Project.objects.select_for_update().get(pk=project.pk)  # run numbers are given one at a time
    last = Run.objects.filter(project=project).aggregate(Max("number"))["number__max"] or 0
    run = Run(project=project, number=last + 1, created_by_id=actor.user_id, created_by_name=actor.name)
    run.add_author(actor.user_id, actor.name, "prepared the run plan")
    links = links_of(project, data, splits, validation_data)
    _fill(run, project, base_model_id, links, evaluation_plan_id, training, budget or {}, title)
    record(actor, "run.prepared", subject=run, facts={"content": run.content_digest})
    return run


@transaction.atomic
def revise(
    *,
    actor: Actor,
    run_id: UUID,
    base_model_id: UUID,
    data: Sequence[UUID],
    training: dict[str, Any],
    validation_data: Sequence[UUID] = (),
    splits: Sequence[Parts] = (),
    evaluation_plan_id: UUID | None = None,
    budget: dict[str, Any] | None = None,
    title: str = "",
) -> Run:
    """Change a draft; a submitted plan is taken back to a draft first, and loses its approval by that change.

    What is still asked about it becomes void: nobody signs a plan that is being rewritten. So does what was approved of
    another plan than it is now, even if it is one day what it was.
    """
    run = _locked(actor, run_id, "prepare a run")
    if run.state == State.SUBMITTED:
        move(run, TRANSITIONS, State.DRAFT, submitted_at=None)
    if run.state not in EDITABLE:
        raise WrongState(f"{run} was launched; its plan is fixed. Prepare another run.")
    run.add_author(actor.user_id, actor.name, "revised the run plan")
    links = links_of(run.project, data, splits, validation_data)
    _fill(run, run.project, base_model_id, links, evaluation_plan_id, training, budget or {}, title)
    approvals.void_changed(actor=actor, subject=run, project_id=run.project_id)
    record(actor, "run.revised", subject=run, facts={"content": run.content_digest})
    return run


def submit(*, actor: Actor, run_id: UUID, note: str = "") -> ApprovalRequest:
    """Fix the plan, lock its evaluation plan, and ask for approval. Raises GateClosed without an evaluation
    plan or with a licence that stands in the way: nobody is asked to sign what can never start.

    A plan that is approved as it stands is not asked about anew: the request that granted it is given back.
    """
    # Seconds of reading rows: before the transaction, so that nobody waits for a lock meanwhile.
    foreseen = estimate(selectors.visible(actor, run_id))
    with transaction.atomic():
        return _submit(actor, run_id, note, foreseen)


def _submit(actor: Actor, run_id: UUID, note: str, foreseen: dict[str, Any]) -> ApprovalRequest:
    run = _locked(actor, run_id, "prepare a run")
    if run.evaluation_plan is None:
        raise GateClosed(f"{run} cannot be submitted", gates.shut([gates.evaluation_plan(run)]))
    verdict = gates.licence_verdict(run.project, run.base_model, run.data())
    licence = [
        g for g in gates.for_plan(run.project, run.base_model, run.data()) if g.key in ("licence", "classification")
    ]
    if missing := gates.shut(licence):
        raise GateClosed(f"{run} cannot be submitted", missing)
    run.add_author(actor.user_id, actor.name, "submitted the run plan")
    move(
        run,
        TRANSITIONS,
        State.SUBMITTED,
        authors=run.authors,
        submitted_by_id=actor.user_id,
        submitted_at=timezone.now(),
        licence_verdict=verdict.as_dict(),
        estimate=foreseen,
    )
    lock(actor=actor, plan=run.evaluation_plan)
    record(actor, "run.submitted", subject=run, facts={"content": run.content_digest, "licence": verdict.outcome})
    answer = standing(run)
    if answer.granted and answer.request is not None:
        return answer.request
    return approvals.ask(actor=actor, subject=run, project_id=run.project_id, note=note)


@transaction.atomic
def launch(*, actor: Actor, run_id: UUID) -> Run:
    """Queue the run, if every gate is open at this moment. Raises GateClosed with what is missing."""
    hold(selectors.visible(actor, run_id).project_id)
    run = _locked(actor, run_id, "launch a run")
    if run.state != State.SUBMITTED:
        raise WrongState(f"{run} is {run.state}; only a submitted run can be launched.")
    if missing := gates.shut(gates.for_run(run)):
        raise GateClosed(f"{run} cannot start", missing)
    move(
        run, TRANSITIONS, State.QUEUED,
        launched_by_id=actor.user_id, launched_by_name=actor.name, launched_at=timezone.now(),
    )  # fmt: skip
    jobs.ask(actor=actor, task=TASK, subject=run)
    record(actor, "run.launched", subject=run, facts={"content": run.content_digest})
    return run


@transaction.atomic
def cancel(*, actor: Actor, run_id: UUID) -> Run:
    """End a run: at once when nothing runs yet, else within seconds, with a checkpoint."""
    jobs.hold(subject_id=run_id, task=TASK)
    run = _locked(actor, run_id, "cancel a run")
    if run.state in (State.DRAFT, State.SUBMITTED):
        move(run, TRANSITIONS, State.CANCELLED, ended_at=timezone.now())
        approvals.void_open(actor=actor, subject=run, project_id=run.project_id)
    elif run.state in UNDER_WAY:
        jobs.cancel(subject=run, task=TASK)
        run.refresh_from_db()
    else:
        raise WrongState(f"{run} has ended already.")
    record(actor, "run.cancelled", subject=run, facts={"state": run.state})
    return run


def end_what_was_affected(
    sender: type[Record], actor: Actor, cause: Record, affected: Mapping[str, Iterable[UUID]], **_: Any
) -> dict[tuple[str, UUID], str]:
    """End what still trains on something withdrawn: nobody has to remember to."""
    done: dict[tuple[str, UUID], str] = {}
    for pk in sorted(affected.get(Run.kind, ())):
        jobs.hold(subject_id=pk, task=TASK)
        run = Run.objects.select_for_update().filter(pk=pk, state__in=UNDER_WAY).first()
        if run is not None:
            jobs.cancel(subject=run, task=TASK)
            run.refresh_from_db()
            record(actor, "run.cancelled", subject=run, facts={"state": run.state, "cause": cause.pk})
            done[Run.kind, pk] = "cancelled"
    return done


@transaction.atomic
def resume(*, actor: Actor, run_id: UUID) -> Run:
    """Take a failed or cancelled run up again from its last checkpoint, under the same gates as a launch."""
    hold(selectors.visible(actor, run_id).project_id)
    run = _locked(actor, run_id, "launch a run")
    if run.state not in (State.FAILED, State.CANCELLED) or run.launched_at is None:
        raise WrongState(
            f"{run} is {run.state}; only a launched run that failed or was cancelled can be taken up again."
        )
    if run.disposed_at is not None:
        raise WrongState(f"The folder of {run} was deleted on {run.disposed_at:%d %B %Y}; prepare another run.")
    if missing := gates.shut(gates.for_run(run)):
        raise GateClosed(f"{run} cannot start", missing)
    run.add_author(actor.user_id, actor.name, "took the run up again")
    move(
        run, TRANSITIONS, State.QUEUED,
        authors=run.authors, ended_at=None, error=None, manifest=None, manifest_sha256="",
    )  # fmt: skip
    jobs.ask(actor=actor, task=TASK, subject=run)
    record(actor, "run.resumed", subject=run, facts={"content": run.content_digest})
    return run


def _locked(actor: Actor, run_id: UUID, act: str) -> Run:
    run = selectors.visible(actor, run_id)
    projects.require(actor, run.project_id, act)
    return (
        Run.objects.select_for_update(of=("self",))
        .select_related("project__organisation", "base_model", "evaluation_plan")
        .get(pk=run.pk)
    )


def _fill(
    run: Run,
    project: Project,
    base_model_id: UUID,
    links: list[RunData],
    evaluation_plan_id: UUID | None,
    training: dict[str, Any],
    budget: dict[str, Any],
    title: str,
) -> None:
    run.base_model = one(BaseModel.objects.filter(organisation=project.organisation), base_model_id, "base model")
    plans = EvaluationPlan.objects.filter(project=project)
    run.evaluation_plan = one(plans, evaluation_plan_id, "evaluation plan") if evaluation_plan_id else None
    if unknown := set(budget) - BUDGET:
        raise Unusable([Fault(f"budget.{name}", "A budget has no such limit.") for name in sorted(unknown)])
    if none := [name for name, limit in budget.items() if limit is not None and not limit > 0]:
        raise Unusable([Fault(f"budget.{name}", "A limit is above 0.", "Leave it out for no limit.") for name in none])
    run.training = settings_of(training, own_validation=any(link.role == RunData.Use.VALIDATION for link in links))
    run.budget, run.title = budget, title.strip()
    run.estimate = run.licence_verdict = None
    run.save()
    run.data_links.all().delete()
    for link in links:
        link.run = run
    RunData.objects.bulk_create(links)
