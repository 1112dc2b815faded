"""Questions about organisations."""

from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.records import one_of
from governance.people.organisations.models import Membership, Organisation


def visible_to(actor: Actor) -> QuerySet[Organisation]:
    return Organisation.objects.filter(memberships__user_id=actor.lookup_id)


def visible(actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, or NotFound as if it did not exist. The platform itself sees all."""
    seen = visible_to(actor) if actor.is_person else Organisation.objects.all()
    return one_of(seen, organisation_id)


def is_administrator(actor: Actor, organisation_id: UUID) -> bool:
    return Membership.objects.filter(
        organisation_id=organisation_id, user_id=actor.lookup_id, is_administrator=True
    ).exists()
