"""What a withdrawal reaches: every record that rests on a dataset version, or on some of its rows."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.lineage import graph
from governance.delivery.lineage.graph import Edge, Graph
from governance.foundation.core import blobs
from governance.foundation.core.records import Record
from governance.materials.datasets.models import DatasetVersion, Split
from governance.people.projects.models import Project
from governance.work.runs.models import RunData
from preparation.differences import same_rows


@dataclass(frozen=True)
class Reached:
    """One record, and in words how the withdrawal reaches it. `is_barred`: it holds the very rows."""

    record: Record
    how: str
    is_barred: bool = False


def of_version(version: DatasetVersion) -> list[Reached]:
    """Everything in the organisation that rests on `version` or on the same bytes, the nearest first."""
    found = graph.load(_projects(version))
    starts = [Reached(version, "withdrawn", is_barred=True)]
    for other in _versions(found):
        if other.file_sha256 == version.file_sha256 and other.pk != version.pk:
            starts.append(Reached(other, f"the same bytes as {version}", is_barred=True))
    return [*starts, *_downstream(found, starts)]


def of_rows(version: DatasetVersion, rows: Collection[int]) -> list[Reached]:
    """Everything in the organisation that rests on these rows of `version`, by their numbers from 1: versions that
    hold them, and runs that trained on a part with one of them."""
    found = graph.load(_projects(version))
    holding: dict[UUID, list[int]] = {version.pk: [row - 1 for row in rows]}
    starts = [Reached(version, "holds what was withdrawn", is_barred=True)]
    derived = {record.pk for record, _ in found.downstream([version.pk], follow=lambda edge: _derives(found, edge))}
    for other in _versions(found):
        if other.pk == version.pk:
            continue
        is_near = other.pk in derived or other.dataset_id == version.dataset_id
        if not is_near and other.file_sha256 != version.file_sha256:
            continue
        start, places = _held(version, holding[version.pk], other, is_derived=other.pk in derived)
        if start is not None:
            starts.append(start)
            holding[other.pk] = places
    missed = _runs_on_other_parts(holding)
    reached = _downstream(found, starts, skipped=missed, derives=False)
    return [*starts, *reached]


def _held(
    version: DatasetVersion, places: list[int], other: DatasetVersion, *, is_derived: bool
) -> tuple[Reached | None, list[int]]:
    """Whether `other` holds the rows at `places` of `version`, and where; by the indexes of both."""
    if not (version.index_sha256 and other.index_sha256):
        return Reached(other, f"may hold it: {other} or {version} has no index of its rows"), []
    with blobs.opened(version.index_sha256) as own, blobs.opened(other.index_sha256) as its:
        shared = same_rows(own.read(), places, its.read())
    if shared:
        rows = "1 of the rows" if len(shared) == 1 else f"{len(shared):,} of the rows"
        return Reached(other, f"holds {rows}", is_barred=True), shared
    if is_derived:
        return Reached(other, f"derived from {version}; a row that was rewritten cannot be told from others"), []
    return None, []


def _runs_on_other_parts(holding: dict[UUID, list[int]]) -> set[tuple[UUID, UUID]]:
    """(version, run) where the run takes parts of a split that none of the rows belongs to."""
    links = RunData.objects.filter(dataset_version__in=list(holding), split__isnull=False).select_related("split")
    missed: set[tuple[UUID, UUID]] = set()
    taken: set[tuple[UUID, UUID]] = set()
    for link in links:
        places = holding[link.dataset_version_id]
        pair = (link.dataset_version_id, link.run_id)
        (taken if not places or _touches(link.split, link.parts, places) else missed).add(pair)
    return missed - taken


def _touches(split: Split | None, parts: Iterable[str], places: list[int]) -> bool:
    if split is None:
        return True
    wanted = set(split.places(parts).values())
    with blobs.opened(split.assignment_sha256) as file:
        of_row = file.read()
    return any(of_row[place] in wanted for place in places)


def _downstream(
    found: Graph, starts: list[Reached], *, skipped: Collection[tuple[UUID, UUID]] = (), derives: bool = True
) -> list[Reached]:
    """What came of `starts`; with `derives` off, versions derived from one are left to whoever looked at their rows."""
    known = {start.record.pk for start in starts}

    def follow(edge: Edge) -> bool:
        if edge.source in known and _derives(found, edge) and not derives:
            return False
        return (edge.source, edge.target) not in skipped

    reached = [
        Reached(record, f"{edge.words} {found.records[edge.source]}")
        for record, edge in found.downstream(known, follow)
    ]
    order = {record.pk: place for place, record in enumerate(found.records.values())}
    return sorted(reached, key=lambda each: (each.record.kind, order[each.record.pk]))


def within(reached: Iterable[Reached], project: Project) -> tuple[list[Reached], list[Reached]]:
    """(what lies in `project`, what lies elsewhere)."""
    inside: list[Reached] = []
    outside: list[Reached] = []
    for each in reached:
        (inside if project_of(each.record) == project.pk else outside).append(each)
    # what another project holds is its own people's to decide about
    return inside, [replace(each, is_barred=False) for each in outside]


def project_of(record: Record) -> UUID:
    """What a withdrawal reaches always lies in a project."""
    pk: UUID = record.project_id  # type: ignore[attr-defined]
    return pk


def _derives(found: Graph, edge: Edge) -> bool:
    return isinstance(found.records[edge.source], DatasetVersion) and isinstance(
        found.records[edge.target], DatasetVersion
    )


def _versions(found: Graph) -> list[DatasetVersion]:
    return [record for record in found.records.values() if isinstance(record, DatasetVersion)]


def _projects(version: DatasetVersion) -> QuerySet[Project]:
    return Project.objects.filter(organisation=version.dataset.project.organisation_id)
