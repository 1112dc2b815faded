"""What people do with evaluations. The worker's side is `worker`."""

from uuid import UUID

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import WrongState
from governance.foundation.core.moves import move
from governance.foundation.jobs import services as jobs
from governance.people.projects import selectors as projects
from governance.work.evaluations import selectors
from governance.work.evaluations.models import Evaluation
from governance.work.evaluations.rules import TRANSITIONS, State
from governance.work.model_versions.models import ModelVersion

TASK = "evaluate"


def ask(*, model_version: ModelVersion) -> Evaluation:
    """Queue the evaluation of a new model version under the plan of its run, in the caller's transaction."""
    plan = model_version.run.evaluation_plan
    if plan is None:
        raise ValueError(f"{model_version.run} was launched without an evaluation plan")
    evaluation = Evaluation.objects.create(project_id=model_version.project_id, model_version=model_version, plan=plan)
    jobs.ask(actor=PLATFORM, task=TASK, subject=evaluation)
    record(PLATFORM, "evaluation.asked", subject=evaluation, facts={"plan": plan.content_digest})
    return evaluation


@transaction.atomic
def retry(*, actor: Actor, evaluation_id: UUID) -> Evaluation:
    """Run a failed or cancelled evaluation again, under the same locked plan. Raises NotAllowed, WrongState."""
    evaluation = selectors.visible(actor, evaluation_id)
    projects.require(actor, evaluation.project_id, "launch a run")
    if why := selectors.why_not_again(evaluation):
        raise WrongState(f"{why} What {evaluation} would measure on its rows can no longer be measured.")
    move(evaluation, TRANSITIONS, State.QUEUED, error=None, ended_at=None)
    jobs.ask(actor=actor, task=TASK, subject=evaluation)
    record(actor, "evaluation.retried", subject=evaluation)
    return evaluation


@transaction.atomic
def cancel(*, actor: Actor, evaluation_id: UUID) -> Evaluation:
    """End a waiting or running evaluation. What it would have measured stays not measured.

    Raises NotAllowed, and WrongState for one that has ended.
    """
    evaluation = selectors.visible(actor, evaluation_id)
    projects.require(actor, evaluation.project_id, "cancel a run")
    if jobs.cancel(subject=evaluation, task=TASK) is None:
        raise WrongState(f"{evaluation} has ended already.")
    evaluation.refresh_from_db()
    record(actor, "evaluation.cancelled", subject=evaluation)
    return evaluation
