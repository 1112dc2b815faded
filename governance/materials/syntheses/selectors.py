"""Questions about syntheses: who sees them, which models may write, and what the licences say of the rows to be."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Missing
from governance.foundation.core.records import one_of
from governance.law.licences import rules as licences
from governance.materials.base_models import selectors as base_models
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.syntheses.models import Synthesis
from governance.people.approvals import subjects
from governance.people.approvals.selectors import standing, standings
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from preparation.synthesis import Source


@dataclass(frozen=True)
class Offer:
    """A model that may write rows in a project, and what the rule table says of them."""

    base_model: BaseModel
    verdict: licences.Verdict


def visible_to(actor: Actor) -> QuerySet[Synthesis]:
    return Synthesis.objects.filter(projects.within(actor, "dataset__project")).select_related(
        "dataset__project", "source__dataset", "base_model", "version__dataset"
    )


def visible(actor: Actor, synthesis_id: UUID) -> Synthesis:
    return one_of(visible_to(actor), synthesis_id)


def offers(actor: Actor, project: Project, source: DatasetVersion | None) -> list[Offer]:
    """The base models that are approved in `project`, each with the verdict on what it would write."""
    models = list(base_models.visible_to(actor).filter(organisation=project.organisation_id))
    answers = standings(models, project.pk) if models else {}
    return [Offer(one, licence_verdict(project, one, source)) for one in models if answers[one.pk].granted]


def licence_verdict(
    project: Project, base_model: BaseModel, source: DatasetVersion | None, licence: str = ""
) -> licences.Verdict:
    """What the rule table says of rows that `base_model` writes: the model as their teacher, with the seed, or with
    the licence that is stated for rows from none."""
    inputs = [replace(item, kind="teacher") for item in base_model.licensed()]
    if source is not None:
        inputs += source.licensed()
    elif licence:
        inputs.append(licences.LicensedInput("the new rows", "dataset", licence))
    return projects.licence_verdict(project, inputs)


def missing(project: Project, base_model: BaseModel, source: DatasetVersion | None, licence: str) -> Iterator[Missing]:
    """What keeps `base_model` from writing rows in `project`, one by one, each with its cure."""
    answer = standing(base_model, project.pk)
    if not answer.granted:
        needs = f"{base_model} needs {' and '.join(answer.missing)}"
        yield Missing(needs, answer.why, base_model.kind, str(base_model.pk))
    if source is not None and (veto := subjects.vetoes_of_others(source)):
        yield Missing(veto, "Choose another version as the seed.", source.kind, str(source.pk))
    verdict = licence_verdict(project, base_model, source, licence)
    if verdict.outcome == "rule-against":
        says = f"{verdict.deciding.input}: {verdict.deciding.because}"
        yield Missing(says, "Choose another model or seed.", "project", str(project.pk))


def source_of(version: DatasetVersion) -> Source:
    """What the rows of a version offer to a prompt."""
    return Source(tuple(datasets.columns(version)), version.reading)


def told(verdict: licences.Verdict) -> dict[str, Any]:
    """What is kept of a verdict."""
    return {
        "outcome": verdict.outcome,
        "words": verdict.words,
        "input": verdict.deciding.input,
        "because": verdict.deciding.because,
        "rule": verdict.deciding.rule,
        "purpose": verdict.purpose,
        "rule_set": verdict.rule_set,
    }
