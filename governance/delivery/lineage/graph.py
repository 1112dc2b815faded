"""What came from what, as records and arrows between them: from data and base model over runs and models to what was
written about them and let go."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.deployments import selectors as deployments
from governance.delivery.releases.models import Release
from governance.documents.dossiers.models import DossierVersion
from governance.documents.model_cards.models import ModelCard
from governance.foundation.core.records import Record
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import provenance
from governance.materials.datasets.models import DatasetVersion
from governance.materials.syntheses.models import Synthesis
from governance.people.projects.models import Project
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.evaluations.models import Evaluation
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.models import Run, RunData


class Edge(NamedTuple):
    """`target` came from `source`; `words` say how, as in “trained on”, and the name of the source follows them."""

    source: UUID
    target: UUID
    words: str


@dataclass(frozen=True)
class Graph:
    """Records by their id, and the arrows between them. It has no circle: nothing is its own origin."""

    records: dict[UUID, Record]
    edges: list[Edge]

    @cached_property
    def _from(self) -> dict[UUID, list[Edge]]:
        return _by(self.edges, lambda edge: edge.source)

    @cached_property
    def _to(self) -> dict[UUID, list[Edge]]:
        return _by(self.edges, lambda edge: edge.target)

    def downstream(
        self, starts: Iterable[UUID], follow: Callable[[Edge], bool] = lambda edge: True
    ) -> Iterator[tuple[Record, Edge]]:
        """What came of `starts`, each once with the arrow that first leads to it, the nearest first."""
        yield from self._walk(starts, lambda pk: self._from[pk], lambda edge: edge.target, follow)

    def upstream(self, starts: Iterable[UUID]) -> Iterator[tuple[Record, Edge]]:
        """What `starts` came from, in the same way."""
        yield from self._walk(starts, lambda pk: self._to[pk], lambda edge: edge.source, lambda edge: True)

    def around(self, record: Record) -> "Graph":
        """`record` with all that it came from and all that came of it."""
        reached = [*self.upstream([record.pk]), *self.downstream([record.pk])]
        records = {record.pk: record, **{found.pk: found for found, _ in reached}}
        return Graph(records, [edge for edge in self.edges if edge.source in records and edge.target in records])

    def newest(self, count: int) -> "Graph":
        """The records that were made last, with the arrows between them."""
        kept = sorted(self.records.values(), key=lambda record: record.created_at, reverse=True)[:count]
        records = {record.pk: record for record in kept}
        return Graph(records, [edge for edge in self.edges if edge.source in records and edge.target in records])

    def _walk(
        self,
        starts: Iterable[UUID],
        edges: Callable[[UUID], list[Edge]],
        end: Callable[[Edge], UUID],
        follow: Callable[[Edge], bool],
    ) -> Iterator[tuple[Record, Edge]]:
        waiting = list(starts)
        seen = set(waiting)
        for pk in waiting:
            for edge in edges(pk):
                reached = end(edge)
                if reached not in seen and follow(edge):
                    seen.add(reached)
                    waiting.append(reached)
                    yield self.records[reached], edge


def load(projects: QuerySet[Project]) -> Graph:
    """Everything of these projects, in one query for each noun. Columns that hold whole documents stay in the
    database until somebody asks for them."""
    versions = list(DatasetVersion.objects.filter(dataset__project__in=projects).select_related("dataset__project"))
    runs = list(Run.objects.filter(project__in=projects).select_related("project", "base_model").defer("manifest"))
    models = _of(ModelVersion, projects, "project", "run")
    records: list[Record] = [*versions, *runs, *models]
    records += BaseModel.objects.filter(runs__in=runs).distinct()
    records += EvaluationPlan.objects.filter(runs__in=runs).distinct()
    records += BaseModel.objects.filter(syntheses__version__in=versions).distinct()
    edges = [*_derivations(versions), *_written(versions, models), *_trained(runs)]
    edges += _synthesised(versions)
    edges += [Edge(run.base_model_id, run.pk, "tunes") for run in runs]
    edges += [Edge(run.evaluation_plan_id, run.pk, "measured by") for run in runs if run.evaluation_plan_id]
    edges += [Edge(model.run_id, model.pk, "made by") for model in models]
    for each in _of(Evaluation, projects, "project", "model_version").defer("report"):
        records.append(each)
        edges.append(Edge(each.model_version_id, each.pk, "measures"))
    for card in _of(ModelCard, projects, "project", "model_version").defer("document"):
        records.append(card)
        edges.append(Edge(card.model_version_id, card.pk, "describes"))
    for dossier in _of(DossierVersion, projects, "project", "dossier__model_version").defer("document"):
        records.append(dossier)
        edges.append(Edge(dossier.dossier.model_version_id, dossier.pk, "documents"))
    for release in _of(Release, projects, "project", "model_version"):
        records.append(release)
        edges.append(Edge(release.model_version_id, release.pk, "lets go"))
    for deployment in deployments.of(projects):
        records.append(deployment)
        edges.append(Edge(deployment.release_id, deployment.pk, "uses"))
    by_id = {record.pk: record for record in records}
    return Graph(by_id, [edge for edge in edges if edge.source in by_id])


def _of(model: type[Any], projects: QuerySet[Project], *follows: str) -> QuerySet[Any]:
    found: QuerySet[Any] = model.objects.filter(project__in=projects).select_related(*follows)
    return found


def _derivations(versions: list[DatasetVersion]) -> Iterator[Edge]:
    for version in versions:
        for source in provenance.linked_ids(version.provenance):
            yield Edge(source, version.pk, "derived from")


def _written(versions: list[DatasetVersion], models: Iterable[ModelVersion]) -> Iterator[Edge]:
    """Rows that a model of these projects wrote; of several with that name each may have been it."""
    named: dict[str, list[ModelVersion]] = defaultdict(list)
    for model in models:
        named[str(model)].append(model)
    for version in versions:
        for name in provenance.writers(version.provenance):
            for writer in named.get(name, ()):
                if writer.created_at < version.created_at:  # a later one of that name is another
                    yield Edge(writer.pk, version.pk, "written by")


def _synthesised(versions: list[DatasetVersion]) -> Iterator[Edge]:
    """Rows that a base model wrote here."""
    written = Synthesis.objects.filter(version__in=versions).values_list("base_model_id", "version_id")
    yield from (Edge(writer, version, "written by") for writer, version in written if version is not None)


def _trained(runs: list[Run]) -> Iterator[Edge]:
    for link in RunData.objects.filter(run__in=runs):
        words = "trained on" if link.role == RunData.Use.TRAIN else "validated on"
        yield Edge(link.dataset_version_id, link.run_id, words)


def _by(edges: list[Edge], key: Callable[[Edge], UUID]) -> dict[UUID, list[Edge]]:
    found: dict[UUID, list[Edge]] = defaultdict(list)
    for edge in edges:
        found[key(edge)].append(edge)
    return found
