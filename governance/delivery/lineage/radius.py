"""What a withdrawal reaches: every record that rests on a dataset version, or on some of its rows.

Versions that share rows are told by their indexes (preparation.row_index). That is quick for versions that lie near:
of the same dataset, of the same bytes, or derived from one another. The others of the organisation are looked
through by a worker (`worker.look`), because their indexes may come to gigabytes.
"""

from collections.abc import Collection, Iterable, Iterator
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
from preparation.differences import contents, same_rows


@dataclass(frozen=True)
class Reached:
    """One record, and in words how the withdrawal reaches it. `is_barred`: it holds all that was withdrawn, or one of
    the very rows. `places`: where in it, where single rows were withdrawn; empty where that cannot be told."""

    record: Record
    how: str
    is_barred: bool = False
    places: tuple[int, ...] = ()


def of(version: DatasetVersion, rows: Collection[int] | None, *, everywhere: bool) -> list[Reached]:
    """Everything in the organisation that rests on `version`, or on these of its rows (by number, from 1), the data
    first. Without `everywhere`, versions that lie apart are not looked through."""
    found = graph.load(_projects(version))
    others = [other for other in _versions(found) if other.pk != version.pk]
    if not everywhere:
        derived = {record.pk for record, _ in found.downstream([version.pk], lambda edge: _derives(found, edge))}
        others = [other for other in others if is_near(version, other) or other.pk in derived]
    how = "withdrawn" if rows is None else "holds what was withdrawn"
    own = Reached(version, how, is_barred=True, places=tuple(row - 1 for row in rows or ()))
    return with_what_came_of_it(found, [own, *holders(version, rows, others)], version, rows)


def is_near(version: DatasetVersion, other: DatasetVersion) -> bool:
    return other.dataset_id == version.dataset_id or other.file_sha256 == version.file_sha256


def holders(
    version: DatasetVersion, rows: Collection[int] | None, others: Iterable[DatasetVersion]
) -> Iterator[Reached]:
    """Those of `others` that hold `version`, or these of its rows, or some of it."""
    places = None if rows is None else [row - 1 for row in rows]
    wanted = None
    if version.index_sha256:
        with blobs.opened(version.index_sha256) as index:
            wanted = contents(index, places)
    for other in others:
        if rows is None and other.file_sha256 == version.file_sha256:
            yield Reached(other, f"the same bytes as {version}", is_barred=True)
        elif wanted is None or not other.index_sha256:
            if is_near(version, other):
                yield Reached(other, f"may hold it: {other} or {version} has no index of its rows")
        else:
            with blobs.opened(other.index_sha256) as index:
                shared = same_rows(wanted, index)
            if shared.places:
                every = shared.distinct == len(wanted)
                counted = "1 row" if len(shared.places) == 1 else f"{len(shared.places):,} rows"
                yield Reached(
                    other,
                    f"holds {counted} of what was withdrawn",
                    is_barred=rows is not None or every,
                    places=() if rows is None else tuple(shared.places),
                )


def with_what_came_of_it(
    found: Graph, starts: list[Reached], version: DatasetVersion, rows: Collection[int] | None
) -> list[Reached]:
    """`starts`, versions that were derived from `version` and are none of them, and all that came of either."""
    known = {start.record.pk for start in starts}
    if version.pk in known:
        for record, _ in found.downstream([version.pk], lambda edge: _derives(found, edge)):
            if record.pk not in known:
                known.add(record.pk)
                why = "" if rows is None else "; a row that was rewritten cannot be told from others"
                starts.append(Reached(record, f"derived from {version}{why}"))
    missed = _runs_on_other_parts(starts) if rows is not None else set()
    walked = found.downstream(known, lambda edge: (edge.source, edge.target) not in missed)
    reached = [Reached(record, f"{edge.words} {found.records[edge.source]}") for record, edge in walked]
    order = {pk: place for place, pk in enumerate(found.records)}
    return [*starts, *sorted(reached, key=lambda each: (each.record.kind, order[each.record.pk]))]


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


def _runs_on_other_parts(starts: Iterable[Reached]) -> set[tuple[UUID, UUID]]:
    """(version, run) where the run takes parts of a split that none of the rows belongs to."""
    places = {start.record.pk: start.places for start in starts}
    links = RunData.objects.filter(dataset_version__in=list(places), split__isnull=False).select_related("split")
    missed: set[tuple[UUID, UUID]] = set()
    taken: set[tuple[UUID, UUID]] = set()
    for link in links:
        rows = places[link.dataset_version_id]
        pair = (link.dataset_version_id, link.run_id)
        (taken if not rows or _touches(link.split, link.parts, rows) else missed).add(pair)
    return missed - taken


def _touches(split: Split | None, parts: Iterable[str], places: Iterable[int]) -> bool:
    if split is None:
        return True
    wanted = set(split.places(parts).values())
    with blobs.opened(split.assignment_sha256) as file:
        of_row = file.read()
    return any(of_row[place] in wanted for place in places)


def _derives(found: Graph, edge: Edge) -> bool:
    return isinstance(found.records[edge.source], DatasetVersion) and isinstance(
        found.records[edge.target], DatasetVersion
    )


def _versions(found: Graph) -> list[DatasetVersion]:
    return [record for record in found.records.values() if isinstance(record, DatasetVersion)]


def _projects(version: DatasetVersion) -> QuerySet[Project]:
    return Project.objects.filter(organisation=version.dataset.project.organisation_id)
