"""What open engagements lay open to their auditors: asked anew with each question, kept nowhere."""

from typing import Any

from django.db.models import DateTimeField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.people.engagements.models import Engagement
from governance.people.engagements.rules import State
from governance.people.projects.models import Project


def open_to(actor: Actor) -> QuerySet[Engagement]:
    """Engagements that lay their scope open to `actor` today: `rules.lays_open` as a query."""
    today = timezone.localdate()
    return Engagement.objects.filter(
        auditors=actor.lookup_id, state=State.OPEN, access_from__lte=today, access_until__gte=today
    )


class OpenEngagements:
    """The sight that engagements give (`organisations.sight`)."""

    def organisations(self, actor: Actor) -> QuerySet[Any]:
        return open_to(actor).filter(whole_organisation=True).order_by().values("organisation")

    def projects(self, actor: Actor) -> QuerySet[Any]:
        named = open_to(actor).order_by().values("projects")
        whole = open_to(actor).filter(whole_organisation=True).order_by().values("organisation")
        return Project.objects.filter(Q(pk__in=named) | Q(organisation__in=whole)).order_by().values("pk")

    def records(self, actor: Actor, project: str, at: str) -> Q:
        made = TruncDate(ExpressionWrapper(OuterRef(at), output_field=DateTimeField()))
        return Q(
            Exists(
                open_to(actor)
                .filter(
                    Q(projects=OuterRef(project)) | Q(whole_organisation=True, organisation__projects=OuterRef(project))
                )
                .filter(Q(period_from=None) | Q(period_from__lte=made))
                .filter(Q(period_until=None) | Q(period_until__gte=made))
            )
        )
