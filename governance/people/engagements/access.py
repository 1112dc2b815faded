"""What open engagements lay open to their auditors: asked anew with each question, kept nowhere but for one page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.people.engagements.models import Engagement
from governance.people.engagements.rules import Period, State
from governance.people.organisations import selectors as organisations
from governance.people.organisations.sight import Reader
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project


def not_over() -> QuerySet[Engagement]:
    """Engagements that lay their scope open, today or from a later day on."""
    return Engagement.objects.filter(state=State.OPEN, access_until__gte=timezone.localdate())


def in_force() -> QuerySet[Engagement]:
    """Engagements that lay their scope open today: `rules.lays_open` as a query."""
    return not_over().filter(access_from__lte=timezone.localdate())


def open_to(actor: Actor) -> QuerySet[Engagement]:
    """Those that lay it open to `actor`."""
    return in_force().filter(auditors=actor.lookup_id).exclude(taken_out=actor.lookup_id)


def still_in(engagement: Engagement) -> list[Any]:
    """Its auditors without those who were taken out."""
    gone = set(engagement.taken_out.all())
    return [user for user in engagement.auditors.all() if user not in gone]


def is_auditing(actor: Actor) -> bool:
    """Whether anything is laid open to `actor` today; whoever audits nothing is asked for nothing more."""
    return bool(actor.once(_openings))


@dataclass
class _Opening:
    """What engagements of one period lay open: projects that they name, and organisations as a whole."""

    period: Period
    named_by: list[UUID] = field(default_factory=list)
    whole: list[UUID] = field(default_factory=list)

    def projects(self, path: str) -> Q:
        named = Engagement.projects.through.objects.filter(engagement__in=self.named_by).values("project")
        theirs = Project.objects.filter(organisation__in=self.whole).order_by().values("pk")
        return _any(Q(**{f"{path}__in": ids}) for ids, some in ((named, self.named_by), (theirs, self.whole)) if some)

    def organisations(self, path: str) -> Q:
        return Q(**{f"{path}__in": self.whole})

    def days(self, at: str) -> Q:
        """Which records were made in the period."""
        first, last = self.period
        days = {f"{at}__date__gte": first, f"{at}__date__lte": last}
        return Q(**{bound: day for bound, day in days.items() if day is not None})


def _openings(actor: Actor) -> list[_Opening]:
    found: dict[Period, _Opening] = {}
    rows = open_to(actor).order_by().values_list(
        "pk", "whole_organisation", "organisation", "period_from", "period_until"
    )  # fmt: skip
    for pk, is_whole, organisation, *bounds in rows:
        period = (bounds[0], bounds[1])
        opening = found.setdefault(period, _Opening(period))
        opening.named_by.append(pk)
        if is_whole:
            opening.whole.append(organisation)
    return list(found.values())


class OpenEngagements:
    """The sight that engagements give (`organisations.sight`)."""

    def organisations(self, actor: Actor, path: str) -> Q:
        return _any(opening.organisations(path) for opening in actor.once(_openings))

    def projects(self, actor: Actor, path: str) -> Q:
        return _any(opening.projects(path) for opening in actor.once(_openings))

    def records(self, actor: Actor, project: str, at: str) -> Q:
        return _any(opening.projects(project) & opening.days(at) for opening in actor.once(_openings))

    def readers(self, organisation_id: UUID, project_id: UUID | None) -> Iterator[Reader]:
        reaches = Q(whole_organisation=True) | (Q(projects=project_id) if project_id else Q(pk__in=[]))
        for found in (
            not_over()
            .filter(reaches, organisation=organisation_id)
            .distinct()
            .prefetch_related("auditors", "taken_out")
        ):
            for user in still_in(found):
                yield Reader(user, found, found.access_from, found.access_until)


def entries(actor: Actor) -> Q:
    """Which entries of the trail `actor` sees: those of their projects and organisations, and of what is laid open to
    them those that tell of its period."""
    own = Q(organisation__in=organisations.belongs(actor))
    whole = _any(opening.organisations("organisation") & opening.days("at") for opening in actor.once(_openings))
    return projects.within(actor, "project", "at") | (Q(project=None) & (own | whole))


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q(pk__in=[]))
