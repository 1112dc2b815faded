"""What open engagements lay open to their auditors: asked anew with each question, kept nowhere."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.people.engagements.models import Engagement
from governance.people.engagements.rules import State
from governance.people.organisations.models import Membership
from governance.people.organisations.sight import Reader
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project


def in_force() -> QuerySet[Engagement]:
    """Engagements that lay their scope open today: `rules.lays_open` as a query."""
    today = timezone.localdate()
    return Engagement.objects.filter(state=State.OPEN, access_from__lte=today, access_until__gte=today)


def open_to(actor: Actor) -> QuerySet[Engagement]:
    """Those that lay it open to `actor`."""
    return in_force().filter(auditors=actor.lookup_id)


def is_auditing(actor: Actor) -> bool:
    """Whether anything is laid open to `actor` today; whoever audits nothing is asked for nothing more."""
    return open_to(actor).exists()


class OpenEngagements:
    """The sight that engagements give (`organisations.sight`)."""

    def organisations(self, actor: Actor) -> QuerySet[Any]:
        return open_to(actor).filter(whole_organisation=True).order_by().values("organisation")

    def projects(self, actor: Actor) -> QuerySet[Any]:
        named = open_to(actor).order_by().values("projects")
        whole = open_to(actor).filter(whole_organisation=True).order_by().values("organisation")
        return Project.objects.filter(Q(pk__in=named) | Q(organisation__in=whole)).order_by().values("pk")

    def records(self, actor: Actor, project: str, at: str) -> Q:
        inside = Q(projects=OuterRef(project)) | Q(whole_organisation=True, organisation__projects=OuterRef(project))
        return Q(Exists(_over(open_to(actor).filter(inside), at)))

    def readers(self, organisation_id: UUID, project_id: UUID | None) -> Iterator[Reader]:
        reaches = Q(whole_organisation=True) | (Q(projects=project_id) if project_id else Q(pk__in=[]))
        for found in in_force().filter(reaches, organisation=organisation_id).distinct().prefetch_related("auditors"):
            for user in found.auditors.all():
                yield Reader(user, found, found.access_from, found.access_until)


def entries(actor: Actor) -> Q:
    """Which entries of the trail `actor` sees: those of their projects and organisations, and of what is laid open to
    them those that tell of its period."""
    whole = open_to(actor).filter(whole_organisation=True, organisation=OuterRef("organisation"))
    own = Q(organisation__in=Membership.objects.filter(user_id=actor.lookup_id).values("organisation"))
    return projects.within(actor, "project", "at") | (Q(project=None) & (own | Q(Exists(_over(whole, "at")))))


def _over(found: QuerySet[Engagement], at: str) -> QuerySet[Engagement]:
    """Those whose period has the day on which something was made."""
    day = TruncDate(ExpressionWrapper(OuterRef(at), output_field=DateTimeField()))
    return found.filter(Q(period_from=None) | Q(period_from__lte=day), Q(period_until=None) | Q(period_until__gte=day))
