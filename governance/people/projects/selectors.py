"""Questions about projects: who sees which, with which roles."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed
from governance.foundation.core.listed import listed
from governance.foundation.core.records import one_of
from governance.law.licences import rules as licences
from governance.people.organisations import sight
from governance.people.organisations.models import Organisation
from governance.people.organisations.rules import licence_facts
from governance.people.projects import rules
from governance.people.projects.models import Classification, Member, Project
from governance.people.projects.rules import Role


@dataclass(frozen=True)
class Right:
    """One act of the table of rights: which roles may start it, and who of the project's people that is."""

    part: str
    act: str
    roles: frozenset[Role]
    people: tuple[str, ...]
    administrators_too: bool
    mine: bool


def visible_to(actor: Actor) -> QuerySet[Project]:
    """Projects in which `actor` has a role, all of an organisation that `actor` administers, and those that are laid
    open to them; the platform itself sees all."""
    if not actor.is_person:
        return Project.objects.select_related("organisation")
    seen = Q(pk__in=ids_joined(actor)) | sight.projects(actor, "pk")
    return Project.objects.filter(seen).select_related("organisation")


def seen(actor: Actor) -> list[Project]:
    """All of `visible_to`: every page names them."""
    return actor.once(_seen)


def _seen(actor: Actor) -> list[Project]:
    return list(visible_to(actor))


def within(actor: Actor, project: str = "project", at: str = "created_at") -> Q:
    """Which records `actor` sees, by the way `project` from a record to its project: all of the projects that are
    theirs; of those that are laid open to them, what was made (`at`) in the time that is looked at."""
    if not actor.is_person:
        return Q(**{f"{project}__isnull": False})
    return Q(**{f"{project}__in": ids_joined(actor)}) | sight.records(actor, project, at)


def joined(actor: Actor) -> QuerySet[Project]:
    """The projects that are `actor`'s by a role, or because they administer the organisation."""
    return Project.objects.filter(pk__in=ids_joined(actor))


def ids_joined(actor: Actor) -> Any:
    """The ids of `joined`, for `…__in`. Who acts gets a question, so that the condition holds when it is used."""
    if actor.reads:
        return listed(actor.once(_held).keys() | actor.once(_administered))
    member = Member.objects.filter(user_id=actor.lookup_id).values("project")
    return Project.objects.filter(Q(pk__in=member) | _of_administered(actor)).order_by().values("pk")


def _held(actor: Actor, among: Q | None = None) -> dict[UUID, frozenset[Role]]:
    """The roles that `actor` was given, by project."""
    found: dict[UUID, frozenset[Role]] = {}
    given = Member.objects.filter(among or Q(), user_id=actor.lookup_id).order_by()
    for pk, role in given.values_list("project_id", "role"):
        found[pk] = found.get(pk, frozenset()) | {Role(role)}
    return found


def _administered(actor: Actor) -> frozenset[UUID]:
    return frozenset(Project.objects.filter(_of_administered(actor)).order_by().values_list("pk", flat=True))


def _of_administered(actor: Actor) -> Q:
    return Q(organisation__in=_administers(actor).values("pk"))


def visible(actor: Actor, project_id: UUID) -> Project:
    """The project, or NotFound as if it did not exist."""
    return one_of(visible_to(actor), project_id)


def roles(actor: Actor, project_id: UUID) -> frozenset[Role]:
    """The roles that `actor` has in a project; whoever it is laid open to reads as an auditor does."""
    if actor.reads:
        return roles_everywhere(actor).get(project_id, frozenset())
    held = _held(actor, Q(project=project_id)).get(project_id, frozenset())
    laid_open = Project.objects.filter(sight.projects(actor, "pk"), pk=project_id).exists()
    return held | {Role.AUDITOR} if laid_open else held


def roles_everywhere(actor: Actor) -> dict[UUID, frozenset[Role]]:
    """`roles` in each project in which `actor` has any, by its id."""
    return actor.once(_roles)


def _roles(actor: Actor) -> dict[UUID, frozenset[Role]]:
    held = actor.once(_held)
    laid_open = Project.objects.filter(sight.projects(actor, "pk")).order_by().values_list("pk", flat=True)
    return held | {pk: held.get(pk, frozenset()) | {Role.AUDITOR} for pk in laid_open}


def may(actor: Actor, project_id: UUID, act: str) -> bool:
    """Whether a page should offer `act` at all; the service asks again."""
    return rules.may(roles(actor, project_id), act) or (
        act in rules.ADMINISTRATORS_TOO and _administers_over(actor, project_id)
    )


def _administers_over(actor: Actor, project_id: UUID) -> bool:
    if actor.reads:
        return project_id in actor.once(_administered)
    return _administers(actor).filter(projects=project_id).exists()


def rights(actor: Actor, project_id: UUID) -> list[Right]:
    """The whole table for one project, in its order: who may do what there. Raises NotFound."""
    project = visible(actor, project_id)
    members = list(project.members.select_related("user"))
    administers = _administers(actor).filter(pk=project.organisation_id).exists()
    own = roles(actor, project_id)

    def of(part: str, act: str, may: frozenset[Role]) -> Right:
        people = dict.fromkeys(
            each.user.get_full_name() or each.user.get_username() for each in members if Role(each.role) in may
        )
        too = act in rules.ADMINISTRATORS_TOO
        return Right(part, act, may, tuple(people), too, rules.may(own, act) or (too and administers))

    return [of(part, act, may) for part, acts in rules.RIGHTS.items() for act, may in acts.items()]


def where(actor: Actor, act: str) -> QuerySet[Project]:
    """Projects in which `actor` may start `act`: what a list's “new” button offers."""
    return Project.objects.filter(pk__in=ids_where(actor, act)).select_related("organisation")


def ids_where(actor: Actor, act: str) -> Any:
    """The ids of `where`, for `…__in`."""
    if actor.reads:
        found = {pk for pk, roles in roles_everywhere(actor).items() if rules.may(roles, act)}
        return listed(found | actor.once(_administered) if act in rules.ADMINISTRATORS_TOO else found)
    roles = [role.value for role in rules.MAY[act]]
    places = Q(pk__in=Member.objects.filter(user_id=actor.lookup_id, role__in=roles).values("project"))
    if Role.AUDITOR in rules.MAY[act]:
        places |= sight.projects(actor, "pk")
    if act in rules.ADMINISTRATORS_TOO:
        places |= _of_administered(actor)
    return Project.objects.filter(places).order_by().values("pk")


def require(actor: Actor, project_id: UUID, act: str) -> Project:
    """The project, if `actor` may do `act` in it. Raises NotFound (not theirs to see) or NotAllowed."""
    project = visible(actor, project_id)
    if actor.is_person and not may(actor, project_id, act):
        raise NotAllowed(f"To {act} in {project} takes {rules.takes(act)}; you are not one there.", about=project)
    return project


def _administers(actor: Actor) -> QuerySet[Organisation]:
    return Organisation.objects.filter(memberships__user_id=actor.lookup_id, memberships__is_administrator=True)


def classification(project_id: UUID) -> Classification | None:
    """The classification that stands today."""
    return Classification.objects.filter(project_id=project_id).first()


def classifications(project_ids: Collection[UUID]) -> dict[UUID, Classification]:
    """The same for several projects, by their id; without those that were never classified."""
    found = Classification.objects.filter(project__in=project_ids).order_by("created_at")
    return {each.project_id: each for each in found}


def licence_verdict(
    project: Project, inputs: Sequence[licences.LicensedInput], purpose: licences.Purpose | None = None
) -> licences.Verdict:
    """What the rule table says today about `inputs` together, for what the project wants to do with them.

    With `purpose` for that one, and as if nothing reached others: what a purpose alone comes to.
    """
    return licences.verdict(
        inputs,
        purpose or project.use,  # type: ignore[arg-type]
        distribution="none" if purpose else project.distribution,  # type: ignore[arg-type]
        research=project.research_only,
        on=timezone.localdate(),
        **licence_facts(project.organisation.content()),
    )


def people_with(project_id: UUID, wanted: set[Role] | frozenset[Role]) -> list[Member]:
    return list(Member.objects.filter(project_id=project_id, role__in=list(wanted)).select_related("user"))
