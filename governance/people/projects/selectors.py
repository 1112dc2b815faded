"""Questions about projects: who sees which, with which roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Value
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed
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
    seen = Q(pk__in=joined(actor)) | sight.projects(actor, "pk")
    return Project.objects.filter(seen).select_related("organisation")


def within(actor: Actor, project: str = "project", at: str = "created_at") -> Q:
    """Which records `actor` sees, by the way `project` from a record to its project: all of the projects that are
    theirs; of those that are laid open to them, what was made (`at`) in the time that is looked at."""
    if not actor.is_person:
        return Q(**{f"{project}__isnull": False})
    return Q(**{f"{project}__in": joined(actor)}) | sight.records(actor, project, at)


def joined(actor: Actor) -> QuerySet[Project, Any]:
    """Ids of the projects that are `actor`'s by a role, or because they administer the organisation."""
    member = Member.objects.filter(user_id=actor.lookup_id).values("project")
    return Project.objects.filter(Q(pk__in=member) | Q(organisation__in=_administers(actor).values("pk"))).values("pk")


def visible(actor: Actor, project_id: UUID) -> Project:
    """The project, or NotFound as if it did not exist."""
    return one_of(visible_to(actor), project_id)


def roles(actor: Actor, project_id: UUID) -> frozenset[Role]:
    """The roles that `actor` has in a project; whoever it is laid open to reads as an auditor does."""
    return roles_everywhere(actor, Q(pk=project_id)).get(project_id, frozenset())


def roles_everywhere(actor: Actor, among: Q | None = None) -> dict[UUID, frozenset[Role]]:
    """`roles` in each project in which `actor` has any, of those `among`, by its id."""
    chosen = Project.objects.filter(among or Q()).order_by()
    held = Member.objects.filter(project__in=chosen, user_id=actor.lookup_id).order_by()
    reads = chosen.filter(sight.projects(actor, "pk")).annotate(role=Value(Role.AUDITOR.value))
    found: dict[UUID, frozenset[Role]] = {}
    for pk, role in held.values_list("project_id", "role").union(reads.values_list("pk", "role")):
        found[pk] = found.get(pk, frozenset()) | {Role(role)}
    return found


def may(actor: Actor, project_id: UUID, act: str) -> bool:
    """Whether a page should offer `act` at all; the service asks again."""
    return rules.may(roles(actor, project_id), act) or (
        act in rules.ADMINISTRATORS_TOO and _administers(actor).filter(projects=project_id).exists()
    )


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
    roles = [role.value for role in rules.MAY[act]]
    found = Q(pk__in=Member.objects.filter(user_id=actor.lookup_id, role__in=roles).values("project"))
    if Role.AUDITOR in rules.MAY[act]:
        found |= sight.projects(actor, "pk")
    if act in rules.ADMINISTRATORS_TOO:
        found |= Q(organisation__in=_administers(actor).values("pk"))
    return Project.objects.filter(found).select_related("organisation")


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
