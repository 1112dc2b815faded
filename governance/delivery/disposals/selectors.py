"""Questions about disposals, and about what a project keeps."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from governance.delivery.disposals import rules, things
from governance.delivery.disposals.models import Disposal, DisposalItem
from governance.delivery.disposals.rules import Fate
from governance.delivery.disposals.things import Found
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import Record, one_of
from governance.materials.datasets.models import DatasetVersion, Import
from governance.oversight.retention.models import Hold
from governance.oversight.retention.rules import Ground
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.models import Run

LOOKED_AT = 500  # refusals that are searched for those of one hold


@dataclass(frozen=True)
class Kept:
    """What a project can delete and what keeps it, and which of it waits on a list already."""

    found: list[Found]
    listed: dict[UUID, Disposal]

    @property
    def due(self) -> list[Found]:
        return [each for each in self.found if each.may_go and each.record.pk not in self.listed]

    @property
    def kept(self) -> list[Found]:
        return [each for each in self.found if not each.may_go]

    def schedule(self) -> list[tuple[int | None, int]]:
        """How many things fall free in which year; None: no day is known. Without those that may go now."""
        counts: dict[int | None, int] = {}
        for each in self.kept:
            year = each.free_from.year if each.free_from else None
            counts[year] = counts.get(year, 0) + 1
        return sorted(counts.items(), key=lambda row: row[0] or date.max.year)


def visible_to(actor: Actor) -> QuerySet[Disposal]:
    items = Prefetch("items", queryset=DisposalItem.objects.order_by("position"))
    found = Disposal.objects.filter(projects.within(actor)).select_related("project__organisation", "rule__project")
    return found.prefetch_related(items)


def visible(actor: Actor, disposal_id: UUID) -> Disposal:
    return one_of(visible_to(actor), disposal_id)


def kept(actor: Actor, project: Project) -> Kept:
    """Of a project that `actor` sees; who sees only a time of it sees the things that were made in it."""
    found = things.of_project(project)
    if actor.is_person and not projects.joined(actor).filter(pk=project.pk).exists():
        seen = _seen(actor, project)
        found = [each for each in found if each.record.pk in seen]
    return Kept(found, listed(project))


def documents(actor: Actor, project: Project) -> list[tuple[ModelVersion, list[Ground]]]:
    """The models about which a dossier is frozen, with the periods for which the law has the documentation kept."""
    return things.documents(project, projects.within(actor))


def listed(project: Project) -> dict[UUID, Disposal]:
    """What stands on a list that is not carried out yet, by the id of its record."""
    items = DisposalItem.objects.filter(
        disposal__project=project, disposal__state__in=rules.OPEN, state__in=[Fate.PENDING, Fate.GOING]
    )
    return {item.subject_id: item.disposal for item in items.select_related("disposal")}


def tombstone(record: Record) -> DisposalItem | None:
    """What stays of a record whose bytes were deleted."""
    found = DisposalItem.objects.filter(subject_id=record.pk, state__in=[Fate.GOING, Fate.GONE])
    return found.select_related("disposal__rule").first()


def kept_by(hold: Hold) -> list[DisposalItem]:
    """What this hold kept from being deleted, the newest first."""
    kept = DisposalItem.objects.filter(disposal__project=hold.project_id, state=Fate.KEPT)
    newest = kept.select_related("disposal").order_by("-created_at")[:LOOKED_AT]
    return [item for item in newest if any(ground["id"] == str(hold.pk) for ground in item.because)]


def _seen(actor: Actor, project: Project) -> set[UUID]:
    """The things of a project that `actor` sees."""
    paths = {DatasetVersion: "dataset__project", Run: "project", Import: "dataset__project"}
    return {
        pk
        for model, path in paths.items()
        for pk in model.objects.filter(projects.within(actor, path), **{path: project}).values_list("pk", flat=True)
    }
