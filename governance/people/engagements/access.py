"""What open engagements lay open to their auditors: asked anew with each question, kept nowhere."""

from typing import Any

from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.people.engagements.models import Engagement
from governance.people.engagements.rules import State
from governance.people.organisations.models import Membership
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project


def open_to(actor: Actor) -> QuerySet[Engagement]:
    """Engagements that lay their scope open to `actor` today: `rules.lays_open` as a query."""
    today = timezone.localdate()
    return Engagement.objects.filter(
        auditors=actor.lookup_id, state=State.OPEN, access_from__lte=today, access_until__gte=today
    )


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
