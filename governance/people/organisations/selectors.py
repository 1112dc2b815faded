"""Questions about organisations."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed
from governance.foundation.core.listed import listed
from governance.foundation.core.records import one_of
from governance.people.organisations import rules, sight
from governance.people.organisations.models import Membership, Organisation
from governance.people.organisations.rules import Belonging


def visible_to(actor: Actor) -> QuerySet[Organisation]:
    """Those to which `actor` belongs, and those that are laid open to them as a whole."""
    return Organisation.objects.filter(Q(pk__in=belongs(actor)) | sight.organisations(actor, "pk"))


def belongs(actor: Actor) -> Any:
    """The ids of those to which `actor` belongs, for `…__in`."""
    if actor.reads:
        return listed(actor.once(_memberships))
    return Membership.objects.filter(user_id=actor.lookup_id).order_by().values("organisation")


def _memberships(actor: Actor) -> dict[UUID, bool]:
    """To which `actor` belongs, and whether as an administrator."""
    held = Membership.objects.filter(user_id=actor.lookup_id).order_by()
    return dict(held.values_list("organisation_id", "is_administrator"))


def visible(actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, or NotFound as if it did not exist. The platform itself sees all."""
    seen = visible_to(actor) if actor.is_person else Organisation.objects.all()
    return one_of(seen, organisation_id)


def may(actor: Actor, organisation_id: UUID, act: str) -> bool:
    """Whether a page should offer `act` at all; the service asks again."""
    return where(actor, act).filter(pk=organisation_id).exists()


def where(actor: Actor, act: str) -> QuerySet[Organisation]:
    """Organisations for which `actor` may start `act`."""
    return Organisation.objects.filter(pk__in=ids_where(actor, act))


def ids_where(actor: Actor, act: str) -> Any:
    """The ids of `where`, for `…__in`."""
    members_too = Belonging.MEMBER in rules.MAY[act]
    if actor.reads:
        return listed(pk for pk, administers in actor.once(_memberships).items() if members_too or administers)
    held = Membership.objects.filter(user_id=actor.lookup_id)
    if not members_too:
        held = held.filter(is_administrator=True)
    return held.order_by().values("organisation")


def require(actor: Actor, organisation_id: UUID, act: str) -> Organisation:
    """The organisation, if `actor` may do `act` for it. Raises NotFound (not theirs to see) or NotAllowed."""
    organisation = visible(actor, organisation_id)
    if actor.is_person and not may(actor, organisation_id, act):
        raise NotAllowed(f"To {act} takes {rules.takes(act)} of {organisation}; you are not one.", about=organisation)
    return organisation
