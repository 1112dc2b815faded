"""Questions about policies: which governs where, and whom it would need."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Count, Q, QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, NotFound, Unusable
from governance.foundation.core.records import one_of
from governance.people.organisations import selectors as organisations
from governance.people.organisations.models import Membership, Organisation
from governance.people.policies import editions, rules
from governance.people.policies.kinds import KINDS
from governance.people.policies.models import Policy
from governance.people.policies.rules import Scope, State, Terms
from governance.people.projects import selectors as projects
from governance.people.projects.models import Classification, Member, Project
from governance.people.projects.rules import Role

SET = "set approval policies"  # in a project, and for a whole organisation


@dataclass(frozen=True)
class Governing:
    """What governs one kind of subject in one project: a published policy, or the default edition."""

    policy: Policy | None
    terms: Terms
    digest: str

    @property
    def name(self) -> str:
        return f"{self.policy}, {self.policy.place}" if self.policy else f"default edition {editions.default().id}"


def told_apart(then: Policy | None, now: Policy | None) -> tuple[str, str]:
    """Two policies in one sentence; None is what ships with Assay. Numbers count where a policy holds: of two that hold
    in different places it says where."""
    if then is None and now is None:
        return "an earlier default policy", "the default policy"
    apart = then is not None and now is not None and then.place != now.place
    return _named(then, where=apart), _named(now, where=apart)


def _named(policy: Policy | None, *, where: bool) -> str:
    if policy is None:
        return "the default policy"
    return f"policy {policy.number} of {policy.place}" if where else f"policy {policy.number}"


def governing(project_id: UUID, subject_kind: str) -> Governing:
    return governing_all([project_id], subject_kind)[project_id]


def asks_for(subject_kind: str, project_id: UUID) -> bool:
    """Whether anybody is asked about such a subject in a project: not of each kind without a policy for it."""
    return not KINDS[subject_kind].by_policy_alone or governing(project_id, subject_kind).policy is not None


def governing_all(project_ids: Collection[UUID], subject_kind: str) -> dict[UUID, Governing]:
    """`governing` in each project, by its id: one query where nothing was published, three at most where it was."""
    published = list(
        Policy.objects.filter(
            Q(project=None) | Q(project__in=project_ids),
            organisation__in=Project.objects.filter(pk__in=project_ids).values("organisation"),
            subject_kind=subject_kind,
            state=State.PUBLISHED,
        ).select_related("project", "organisation")
    )
    if not published:
        return dict.fromkeys(project_ids, _default(subject_kind))
    classes = _risk_classes(project_ids) if any(policy.risk_class for policy in published) else {}
    houses = dict(Project.objects.filter(pk__in=project_ids).values_list("pk", "organisation"))
    found = {}
    for pk in project_ids:
        own = [policy for policy in published if policy.organisation_id == houses[pk]]
        scopes = [Scope(policy.project_id, policy.risk_class) for policy in own]
        index = rules.governing(scopes, pk, classes.get(pk, ""))
        found[pk] = _default(subject_kind) if index is None else _of(own[index])
    return found


def _of(policy: Policy) -> Governing:
    return Governing(policy, policy.terms, policy.content_digest)


def _default(subject_kind: str) -> Governing:
    edition = editions.default()
    terms = edition.terms[subject_kind]
    return Governing(None, terms, editions.digest_of(edition.id, subject_kind, terms))


def _risk_classes(project_ids: Collection[UUID]) -> dict[UUID, str]:
    """The class of each project that was classified, by its newest classification."""
    rows = Classification.objects.filter(project__in=list(project_ids)).order_by("created_at")
    return {project: outcome.get("risk_class", "") for project, outcome in rows.values_list("project", "outcome")}


def visible_to(actor: Actor) -> QuerySet[Policy]:
    """Those of the projects that `actor` sees, those under which requests that they see were decided, and those that
    hold in a whole organisation there."""
    seen = projects.visible_to(actor)
    of_organisation = Q(project=None) & (
        Q(organisation__in=seen.values("organisation")) | Q(organisation__in=organisations.visible_to(actor))
    )
    governed = Policy.objects.filter(projects.within(actor, "requests__project", "requests__created_at")).order_by()
    found = projects.within(actor) | of_organisation | Q(pk__in=governed.values("pk"))
    return Policy.objects.filter(found).select_related("project", "organisation")


def counted(actor: Actor) -> QuerySet[Policy]:
    """`visible_to`, each with `used`: how many requests were asked under it."""
    return visible_to(actor).annotate(used=Count("requests")).order_by("subject_kind", "-created_at")


def visible(actor: Actor, policy_id: UUID) -> Policy:
    return one_of(visible_to(actor), policy_id)


def may_set(actor: Actor, organisation_id: UUID, project_id: UUID | None) -> bool:
    """Whether `actor` may write, publish and retire policies there."""
    if project_id is None:
        return organisations.may(actor, organisation_id, SET)
    return projects.may(actor, project_id, SET)


def require(actor: Actor, organisation_id: UUID | None, project_id: UUID | None) -> Organisation:
    """The organisation of a project or of the whole, if `actor` may set policies there. Raises NotFound, NotAllowed."""
    if project_id is not None:
        return projects.require(actor, project_id, SET).organisation
    if organisation_id is None:
        raise NotFound("organisation")
    return organisations.require(actor, organisation_id, SET)


def nameable(organisation_id: UUID | None, project_id: UUID | None) -> list[tuple[int, str]]:
    """(id, name) of those whom a step can name there: members of the project, or of the organisation."""
    found = get_user_model().objects.filter(is_active=True)
    if project_id is not None:
        found = found.filter(project_roles__project=project_id)
    else:
        found = found.filter(memberships__organisation=organisation_id)
    return [(user.pk, Actor.of(user).name) for user in found.distinct().order_by("username")]


def with_names(terms: Terms) -> Terms:
    """These terms with whom they name called as their accounts are: the name is what people read, the id who decides.
    Raises Unusable for an id that is nobody's."""
    wanted = {person.id for step in terms.steps for person in step.people}
    names = {user.pk: Actor.of(user).name for user in get_user_model().objects.filter(pk__in=wanted)}
    if unknown := wanted - names.keys():
        said = f"There is no account {', '.join(map(str, sorted(unknown)))}."
        raise Unusable([Fault("steps", said, "Name somebody who has one.")])
    steps = (
        replace(step, people=tuple(dict.fromkeys(rules.Person(one.id, names[one.id]) for one in step.people)))
        for step in terms.steps
    )
    return replace(terms, steps=tuple(steps))


def staff(project_id: UUID) -> dict[int, frozenset[Role]]:
    """The members of a project who can sign in, with their roles."""
    found: dict[int, frozenset[Role]] = {}
    members = Member.objects.filter(project_id=project_id, user__is_active=True)
    for user, role in members.values_list("user", "role"):
        found[user] = found.get(user, frozenset()) | {Role(role)}
    return found


def unstaffed(policy: Policy) -> list[tuple[Project, Fault]]:
    """What the people of each project where `policy` could hold could not meet."""
    held = [policy.project] if policy.project else list(Project.objects.filter(organisation=policy.organisation_id))
    return [(project, fault) for project in held for fault in rules.unstaffed(policy.terms, staff(project.pk))]


def strangers(policy: Policy) -> list[Fault]:
    """People whom `policy` names and who do not belong where it holds."""
    named = {person.id: person.name for step in policy.terms.steps for person in step.people}
    if policy.project_id is not None:
        here = set(Member.objects.filter(project=policy.project_id, user__in=named).values_list("user", flat=True))
    else:
        members = Membership.objects.filter(organisation=policy.organisation_id, user__in=named)
        here = set(members.values_list("user", flat=True))
    where = policy.project or policy.organisation
    return [
        Fault("steps", f"{name} is no member of {where}.", "Appoint them, or name somebody else.")
        for pk, name in named.items()
        if pk not in here
    ]
