"""Questions about evaluations."""

from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.foundation.jobs import selectors as jobs
from governance.foundation.jobs.models import Job
from governance.materials.datasets import rules as datasets
from governance.people.projects import selectors as projects
from governance.work.evaluation_plans.measures import ON_VALIDATION_ROWS, reads_validation_rows
from governance.work.evaluations.models import Evaluation
from governance.work.evaluations.rules import State
from governance.work.model_versions.models import ModelVersion


def visible_to(actor: Actor) -> QuerySet[Evaluation]:
    return Evaluation.objects.filter(projects.within(actor)).select_related(
        "project", "model_version__run__base_model", "plan"
    )


def visible(actor: Actor, evaluation_id: UUID) -> Evaluation:
    return one_of(visible_to(actor), evaluation_id)


def closed_to(actor: Actor, evaluation: Evaluation) -> frozenset[str]:
    """Tasks whose samples repeat rows of the data, for somebody who may not read those."""
    if datasets.may_read_rows(projects.roles(actor, evaluation.project_id)):
        return frozenset()
    return ON_VALIDATION_ROWS


def latest(model_version: ModelVersion) -> Evaluation | None:
    """The newest evaluation that has a report."""
    return model_version.evaluations.filter(state=State.SUCCEEDED).select_related("plan").first()


def why_not_again(evaluation: Evaluation) -> str | None:
    """Why an evaluation without a report cannot be run again: the rows that its plan measures on are gone."""
    if any(map(reads_validation_rows, evaluation.plan.tasks)):
        return next(filter(None, (data.why_no_file for data in evaluation.model_version.run.data())), None)
    return None


def job(evaluation: Evaluation) -> Job | None:
    return jobs.latest(evaluation, "evaluate")
