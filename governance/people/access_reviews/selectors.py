"""Questions about access: who has which, when each was last looked through, and what is due."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from governance.foundation.audit.models import AuditEvent, Identity
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.records import one_of
from governance.people.access_reviews import rules
from governance.people.access_reviews.models import AccessReview
from governance.people.access_reviews.rules import CAN, Held, Verdict, Way
from governance.people.approvals import selectors as approvals
from governance.people.engagements import selectors as engagements
from governance.people.organisations import selectors as organisations
from governance.people.organisations import sight
from governance.people.organisations.models import Membership, Organisation
from governance.people.organisations.rules import Belonging
from governance.people.organisations.sight import Reader
from governance.people.projects import selectors as projects
from governance.people.projects.models import Member, Project
from governance.people.projects.rules import Role

REVIEW, SEE = "review access", "see access reviews"

# What else opens a door for people, as the shell knows it (API tokens): user id -> words.
Keys = Callable[[Collection[int]], Mapping[int, list[str]]]
_keys: list[Keys] = []


@dataclass(frozen=True)
class Row:
    """One way in of one person, with what a reviewer looks at."""

    id: UUID
    user_id: int
    username: str
    name: str
    role: str
    since: datetime  # it is on record
    last_sign_in: datetime | None
    last_act: datetime | None  # in this project, or this organisation
    keys: tuple[str, ...]
    way: Way
    through: str  # whose role it is, which engagement, which organisation; "" for a role of their own
    begins: date | None  # the first day and the last, of what is for some days; it may not have begun
    until: date | None
    audit: UUID | None  # the engagement
    can: tuple[Verdict, ...]  # what the reviewer can decide of it

    @property
    def held(self) -> Held:
        return Held(str(self.id), self.user_id, self.name, self.role, self.way, self.can)


@dataclass(frozen=True)
class _Access:
    """One way in, as its own room has it."""

    id: UUID
    user: Any
    role: str
    since: datetime
    way: Way = Way.ROLE
    through: str = ""
    begins: date | None = None
    until: date | None = None
    audit: UUID | None = None


@dataclass(frozen=True)
class Due:
    """When a place that somebody reviews is to be looked through next."""

    place: Project | Organisation
    last: AccessReview | None
    on: date
    state: str


def tell_keys(keys: Keys) -> None:
    """Have reviewers told of `keys` too."""
    if keys not in _keys:
        _keys.append(keys)


def visible_to(actor: Actor) -> QuerySet[AccessReview]:
    """Of projects in which `actor` may see them, and of organisations that they review or that are laid open whole."""
    whole = Q(organisation__in=organisations.where(actor, REVIEW).order_by().values("pk"))
    audited = sight.organisations(actor, "organisation")
    inside = projects.within(actor) & Q(project__in=projects.where(actor, SEE).order_by().values("pk"))
    seen = inside | (Q(project=None) & (whole | audited))
    return AccessReview.objects.filter(seen).select_related("organisation", "project")


def visible(actor: Actor, review_id: UUID) -> AccessReview:
    return one_of(visible_to(actor), review_id)


def of_project(reviewer: Actor, project: Project) -> list[Row]:
    """Everybody with access to it, a row for each way in: roles, the organisation's administrators, roles on loan, and
    whoever audits it; what is lent or laid open from a later day on is looked at before it begins."""
    members = Member.objects.filter(project=project).select_related("user")
    held = Membership.objects.filter(organisation=project.organisation_id, is_administrator=True).select_related("user")
    of_it = str(project.organisation)
    found = [_Access(each.pk, each.user, each.role, each.created_at) for each in members]
    found += [
        _Access(each.pk, each.user, Belonging.ADMINISTRATOR, each.created_at, Way.ADMINISTRATOR, of_it) for each in held
    ]
    found += [
        _Access(
            each.pk, each.taker, each.role, each.created_at, Way.LOAN, each.lender_name, each.starts_on, each.ends_on
        )
        for each in approvals.lent([project.pk]).select_related("taker")
    ]
    found += map(_audits, sight.readers(project.organisation_id, project.pk))
    return _rows(reviewer, found, project=project.pk)


def of_organisation(reviewer: Actor, organisation: Organisation) -> list[Row]:
    """Everybody who belongs to it, and whoever audits it as a whole."""
    found = [
        _Access(
            each.pk, each.user, Belonging.ADMINISTRATOR if each.is_administrator else Belonging.MEMBER, each.created_at
        )
        for each in Membership.objects.filter(organisation=organisation).select_related("user")
    ]  # fmt: skip
    found += map(_audits, sight.readers(organisation.pk))
    return _rows(reviewer, found, organisation=organisation.pk)


def _audits(reader: Reader) -> _Access:
    """An engagement may have several auditors, and each is a row."""
    pk, since = uuid5(reader.through.pk, str(reader.user.pk)), reader.through.created_at
    named = str(reader.through)
    return _Access(pk, reader.user, Role.AUDITOR, since, Way.AUDIT, named, reader.first, reader.last, reader.through.pk)


def roles_of(place: Project | Organisation) -> list[str]:
    return [role.value for role in (Role if isinstance(place, Project) else Belonging)]


def rows_of(reviewer: Actor, place: Project | Organisation) -> list[Row]:
    """As `reviewer` goes through them."""
    return of_project(reviewer, place) if isinstance(place, Project) else of_organisation(reviewer, place)


def shown_sha256(rows: Iterable[Row]) -> str:
    """What a reviewer signs over: people, roles and ways in, through whom or what, and for which days; not when they
    last came, which changes while one reads."""
    told = {str(row.id): [row.user_id, row.role, row.way.value, row.through, row.begins, row.until] for row in rows}
    return digest(told)


def due(actor: Actor) -> list[Due]:
    """Every place that `actor` reviews, what is due first."""
    places: list[Project | Organisation] = [*organisations.where(actor, REVIEW), *projects.where(actor, REVIEW)]
    last: dict[UUID, AccessReview] = {}
    for review in AccessReview.objects.order_by("created_at").filter(
        Q(project__in=[place for place in places if isinstance(place, Project)])
        | Q(project=None, organisation__in=[place for place in places if isinstance(place, Organisation)])
    ):
        last[review.project_id or review.organisation_id] = review
    return sorted((_due(place, last.get(place.pk)) for place in places), key=lambda one: one.on)


def _due(place: Project | Organisation, last: AccessReview | None) -> Due:
    on = rules.due_on(last.day if last else None, timezone.localtime(place.created_at).date())
    return Due(place, last, on, rules.standing(on, timezone.localdate()))


def _last_acts(user_ids: list[int], **where: UUID) -> dict[int, datetime]:
    people: dict[Any, Any] = dict(Identity.objects.filter(user__in=user_ids).values_list("pseudonym", "user_id"))
    newest = AuditEvent.objects.filter(actor__in=people, **where).order_by().values("actor").annotate(at=Max("at"))
    return {people[row["actor"]]: row["at"] for row in newest}


def _rows(reviewer: Actor, found: list[_Access], **where: UUID) -> list[Row]:
    people = [each.user.pk for each in found]
    acts, told = _last_acts(people, **where), [keys(people) for keys in _keys]
    audits = {each.audit for each in found if each.audit}
    held = set(engagements.held_by(reviewer).filter(pk__in=audits).values_list("pk", flat=True)) if audits else set()
    return [
        Row(
            each.id, each.user.pk, each.user.get_username(), each.user.get_full_name() or each.user.get_username(),
            str(each.role), each.since, each.user.last_login, acts.get(each.user.pk),
            tuple(words for keys in told for words in keys.get(each.user.pk, ())),
            each.way, each.through, each.begins, each.until, each.audit,
            CAN[each.way] if each.audit is None or each.audit in held else (Verdict.KEEP,),
        )
        for each in found
    ]  # fmt: skip
