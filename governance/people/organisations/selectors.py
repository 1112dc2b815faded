"""Questions about organisations."""

from uuid import UUID

from django.db.models import QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed
from governance.foundation.core.records import one_of
from governance.people.organisations import rules
from governance.people.organisations.models import Membership, Organisation
from governance.people.organisations.rules import Belonging


def visible_to(actor: Actor) -> QuerySet[Organisation]:
    return Organisation.objects.filter(memberships__user_id=actor.lookup_id)


def visible(actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, or NotFound as if it did not exist. The platform itself sees all."""
    seen = visible_to(actor) if actor.is_person else Organisation.objects.all()
    return one_of(seen, organisation_id)


def may(actor: Actor, organisation_id: UUID, act: str) -> bool:
    """Whether a page should offer `act` at all; the service asks again."""
    held = Membership.objects.filter(organisation_id=organisation_id, user_id=actor.lookup_id)
    belonging = {
        Belonging.ADMINISTRATOR if administers else Belonging.MEMBER
        for administers in held.values_list("is_administrator", flat=True)
    }
    return bool(rules.MAY[act] & belonging)


def require(actor: Actor, organisation_id: UUID, act: str) -> Organisation:
    """The organisation, if `actor` may do `act` for it. Raises NotFound (not theirs to see) or NotAllowed."""
    organisation = visible(actor, organisation_id)
    if actor.is_person and not may(actor, organisation_id, act):
        raise NotAllowed(f"To {act} takes an administrator of {organisation}; you are not one.")
    return organisation
