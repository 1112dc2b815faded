"""What is held against an envelope, read from the records: dataset versions and run plans here; upper floors register
theirs when Django starts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from governance.foundation.core.canonical import plain
from governance.foundation.core.errors import WrongState
from governance.foundation.core.records import Record
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.scans import selectors as scans
from governance.materials.scans.models import Scan
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.waivers import selectors as waivers
from governance.people.waivers.rules import normal
from governance.work.envelopes import rules
from governance.work.envelopes.models import Envelope
from governance.work.envelopes.rules import Check, Data, Figure, Measured, Plan
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.runs.models import Run, RunData

# Every bound with what was found of a subject, or None where the envelope is not about it at all.
Reader = Callable[[Envelope, Any], "list[Check] | None"]
_readers: dict[str, Reader] = {}


def register(model: type[Record], reader: Reader) -> None:
    """Let subjects of this noun pass under envelopes that cover them."""
    _readers[model.kind] = reader


def kinds() -> frozenset[str]:
    return frozenset(_readers)


def checks(envelope: Envelope, subject: Any) -> list[Check] | None:
    reader = _readers.get(subject.kind)
    return reader(envelope, subject) if reader else None


def version(envelope: Envelope, subject: DatasetVersion) -> list[Check] | None:
    """A version of a dataset that the reference used, other than the one it used."""
    known = {data.dataset: data for data in envelope.plan.data}.get(str(subject.dataset_id))
    if known is None or known.sha256 == subject.content_digest:
        return None
    candidate = data_of(subject, _used(envelope).get(known.dataset), envelope.project)
    now = project_of(envelope.project)
    return [*rules.of_project(envelope.plan, now), *rules.of_data(envelope.bounds, known, candidate)]


def run(envelope: Envelope, subject: Run) -> list[Check]:
    return plan(envelope, Asked.of(subject))


@dataclass(frozen=True)
class Asked:
    """A run plan, saved or still being typed."""

    base_model: BaseModel
    links: Sequence[RunData]
    evaluation_plan: EvaluationPlan | None
    training: Mapping[str, Any]
    budget: Mapping[str, float | None]

    @classmethod
    def of(cls, run: Run) -> Self:
        return cls(run.base_model, run.links(), run.evaluation_plan, run.training, run.budget)


def plan(envelope: Envelope, asked: Asked) -> list[Check]:
    found = plan_of(asked, envelope.project, _used(envelope))
    return rules.of_plan(envelope.bounds, envelope.plan, found)


def plan_of(asked: Asked, project: Project, since: Mapping[str, DatasetVersion]) -> Plan:
    """`asked` as the rules see it; `since`: by dataset, the versions that rows are counted against."""
    versions = dict.fromkeys(link.dataset_version for link in asked.links)
    return Plan(
        base_model=asked.base_model.content_digest,
        base_model_name=str(asked.base_model),
        training=asked.training,
        evaluation_plan=asked.evaluation_plan.content_digest if asked.evaluation_plan else None,
        evaluation_plan_name=str(asked.evaluation_plan or ""),
        budget=asked.budget,
        uses=tuple(_use(link) for link in asked.links),
        data=tuple(data_of(each, since.get(str(each.dataset_id)), project) for each in versions),
        project=project_of(project),
    )


def project_of(project: Project) -> dict[str, str]:
    """What it is for, where its models go and of which risk class it is, by the name of each."""
    classified = projects.classification(project.pk)
    return {
        "intended purpose": project.intended_purpose or "none stated",
        "use": str(project.get_use_display()),
        "distribution": str(project.get_distribution_display()),
        "risk class": classified.outcome.get("risk_class", "") if classified else "not classified",
    }


def data_of(subject: DatasetVersion, since: DatasetVersion | None, project: Project) -> Data:
    added, removed = _moved(subject, since)
    scan, said = scans.latest_done(subject), scans.answer(subject)
    return Data(
        dataset=str(subject.dataset_id),
        name=str(subject),
        sha256=subject.content_digest,
        rows=subject.rows,
        added=added,
        removed=removed,
        licence=normal(subject.licence) or subject.licence,
        outcome=waivers.verdict(project, [subject]).outcome,
        provenance=plain(subject.provenance),
        personal=_found(scan),
        looked_for=tuple(sorted(scan.told["looked_for"])) if scan else (),
        special=str(said.holds) if said else None,
    )


def _found(scan: Scan | None) -> tuple[str, ...] | None:
    """The kinds in it, where every row could be read."""
    if scan is None or scan.told["rows_unread"]:
        return None
    return tuple(sorted(one["kind"] for one in scan.told["kinds"]))


def _moved(subject: DatasetVersion, since: DatasetVersion | None) -> tuple[int | None, int | None]:
    """How many rows came and went; a changed row did both. None where that cannot be told."""
    if since is None:
        return None, None
    if since.pk == subject.pk:
        return 0, 0
    try:
        found = datasets.changes(subject, since)
    except WrongState:  # registered before rows were indexed
        return None, None
    return len(found.added) + len(found.changed), len(found.removed) + len(found.changed)


def _use(link: RunData) -> dict[str, Any]:
    split = link.split
    return {
        "dataset": str(link.dataset_version.dataset_id),
        "role": str(link.role),
        "split": split.options if split else None,
        "parts": list(link.parts) if split else [],
    }


def _used(envelope: Envelope) -> dict[str, DatasetVersion]:
    return versions_of(envelope.reference)


def versions_of(reference: Run) -> dict[str, DatasetVersion]:
    """The reference's versions, by their dataset."""
    return {str(each.dataset_id): each for each in reference.data()}


def twice(versions: Iterable[DatasetVersion]) -> DatasetVersion | None:
    """One of two versions of the same dataset, of which nobody could say which one a retrain replaces."""
    seen: set[UUID] = set()
    for each in versions:
        if each.dataset_id in seen:
            return each
        seen.add(each.dataset_id)
    return None


def measured_of(report: Mapping[str, Any], purpose: str, accepted: Sequence[str]) -> Measured:
    """What a release rests on, from an evaluation's report: the figures of the tuned model that the plan limits."""
    candidate = next(model["name"] for model in report["models"] if model["role"] == "candidate")
    figures = {}
    for limit in report["thresholds"]:
        task = next(each for each in report["tasks"] if each["name"] == limit["task"])
        for metric in task["metrics"]:
            if (metric["name"], metric["group"], metric["model"]) == (limit["metric"], limit["group"], candidate):
                group = f", {metric['group']}" if metric["group"] else ""
                name = f"{limit['task']}: {metric['name']}{group}"
                better = metric["better"]
                figures[name] = Figure(name, metric["value"], None if better is None else better == "lower")
    return Measured(
        purpose=purpose,
        limits_kept=bool(report["gate"]["open"]) and all(each["outcome"] == "passed" for each in report["thresholds"]),
        accepted=tuple(accepted),
        figures=tuple(figures.values()),
    )
