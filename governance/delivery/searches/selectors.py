"""Questions about searches. That a person is looked for is not everybody's business: who may see a search is told of
it, nobody else."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from governance.delivery.searches.models import Part, Search
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.materials.datasets.models import WITH_FILE, DatasetVersion, Import
from governance.materials.datasets.rules import State as ImportState
from governance.materials.redactions.models import PseudonymMap
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project

ACT, SEE = "search for a person", "see searches for persons"


def visible_to(actor: Actor) -> QuerySet[Search]:
    return Search.objects.filter(projects.within(actor), project__in=projects.where(actor, SEE)).select_related(
        "project__organisation"
    )


def visible(actor: Actor, search_id: UUID) -> Search:
    return one_of(visible_to(actor), search_id)


def of_project(actor: Actor, project_id: UUID) -> QuerySet[Search]:
    """The searches that were asked for in a project. Raises NotFound, NotAllowed."""
    projects.require(actor, project_id, SEE)
    return visible_to(actor).filter(project=project_id)


def in_reach(actor: Actor, project: Project, *, everywhere: bool) -> QuerySet[DatasetVersion]:
    """The versions that a search goes through: the project's, or those of every project of its organisation in which
    `actor` may search."""
    reach = projects.where(actor, ACT).filter(organisation=project.organisation_id)
    own = reach if everywhere else reach.filter(pk=project.pk)
    versions = DatasetVersion.objects.filter(WITH_FILE, dataset__project__in=own)
    return versions.select_related("dataset__project")


def not_searched(actor: Actor, search: Search) -> list[tuple[str, int]]:
    """(what, how many): where else text of people may lie in the projects that the search went through, and `actor`
    may search."""
    seen = projects.where(actor, ACT).filter(datasets__versions__searched__search=search)
    imports = Import.objects.filter(dataset__project__in=seen, version=None).exclude(state=ImportState.DISCARDED)
    maps = PseudonymMap.objects.filter(redaction__source__dataset__project__in=seen, erased_at=None)
    counts = [("files that were sent and not registered", imports.distinct().count())]
    counts.append(("maps of pseudonyms", maps.distinct().count()))
    return [(what, count) for what, count in counts if count]


def parts_seen(actor: Actor, search: Search) -> tuple[list[Part], int]:
    """(the versions that it went through, as far as `actor` sees them; how many others there are). The rows themselves
    are named to those alone who may search there."""
    every = list(search.parts.select_related("version__dataset__project"))
    seen = set(projects.where(actor, SEE).values_list("pk", flat=True))
    may = set(projects.where(actor, ACT).values_list("pk", flat=True))
    shown = [part for part in every if part.version.project_id in seen]
    for part in shown:
        if part.version.project_id not in may:
            part.hits = []
    return shown, len(every) - len(shown)


def rows_found(parts: Iterable[Part]) -> int:
    return sum(part.rows_hit for part in parts)
