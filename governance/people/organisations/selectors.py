"""Questions about organisations."""

from uuid import UUID

from django.db.models import Q, QuerySet

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed
from governance.foundation.core.records import one_of
from governance.people.organisations import rules, sight
from governance.people.organisations.models import Membership, Organisation
from governance.people.organisations.rules import Belonging


def visible_to(actor: Actor) -> QuerySet[Organisation]:
    """Those to which `actor` belongs, and those that are laid open to them as a whole."""
    belongs = Membership.objects.filter(user_id=actor.lookup_id).values("organisation")
    return Organisation.objects.filter(Q(pk__in=belongs) | sight.organisations(actor, "pk"))


def visible(actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, or NotFound as if it did not exist. The platform itself sees all."""
    seen = visible_to(actor) if actor.is_person else Organisation.objects.all()
    return one_of(seen, organisation_id)


def may(actor: Actor, organisation_id: UUID, act: str) -> bool:
    """Whether a page should offer `act` at all; the service asks again."""
    return where(actor, act).filter(pk=organisation_id).exists()


def where(actor: Actor, act: str) -> QuerySet[Organisation]:
    """Organisations for which `actor` may start `act`."""
    held = Membership.objects.filter(user_id=actor.lookup_id)
    if Belonging.MEMBER not in rules.MAY[act]:
        held = held.filter(is_administrator=True)
    return Organisation.objects.filter(pk__in=held.values("organisation"))


def require(actor: Actor, organisation_id: UUID, act: str) -> Organisation:
    """The organisation, if `actor` may do `act` for it. Raises NotFound (not theirs to see) or NotAllowed."""
    organisation = visible(actor, organisation_id)
    if actor.is_person and not may(actor, organisation_id, act):
        raise NotAllowed(f"To {act} takes {rules.takes(act)} of {organisation}; you are not one.", about=organisation)
    return organisation
