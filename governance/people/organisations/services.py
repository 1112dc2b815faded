"""Mutations of organisations and their people."""

from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Unusable
from governance.foundation.core.records import one_of
from governance.law.licences.rules import in_force
from governance.people.organisations import selectors
from governance.people.organisations.models import Membership, Organisation

DETAILS = (
    "name",
    "legal_name",
    "address",
    "contact",
    "seat",
    "authorised_representative",
    "users_band",
    "revenue_band",
)
PEOPLE = ("contact", "authorised_representative")  # of the details: whom one may name there


@transaction.atomic
def create(*, actor: Actor, name: str, seat: str, slug: str = "", **details: str) -> Organisation:
    """Open an organisation with `actor` as its first administrator.

    Only an operator's command calls this; there is no page for it. Raises Unusable when the slug is taken.
    """
    slug = slug or slugify(name)[:50]
    taken = Fault("slug", f"“{slug}” is taken.", "Choose another short name.")
    if Organisation.objects.filter(slug=slug).exists():
        raise Unusable([taken])
    organisation = Organisation(name=name, slug=slug, seat=seat.upper(), **details)
    _check(organisation)
    try:
        with transaction.atomic():
            organisation.save()
    except IntegrityError:  # somebody took it meanwhile
        raise Unusable([taken]) from None
    _told(actor, "organisation.created", organisation)
    if actor.is_person:
        _add(actor, organisation, actor.person_id, administrator=True)
    return organisation


@transaction.atomic
def describe(*, actor: Actor, organisation_id: UUID, **details: str) -> Organisation:
    """Change the organisation's identity, as it will stand in later documents. Frozen ones keep the old."""
    organisation = selectors.require(actor, organisation_id, "describe the organisation")
    for name in DETAILS:
        if name in details:
            setattr(organisation, name, details[name])
    organisation.seat = organisation.seat.upper()
    _check(organisation)
    organisation.save()
    _told(actor, "organisation.described", organisation)
    return organisation


def _told(actor: Actor, action: str, organisation: Organisation) -> None:
    """On record with its identity; who stands for it there can be erased, as people can."""
    content = organisation.content()
    personal = {name: content.pop(name) for name in PEOPLE}
    record(actor, action, subject=organisation, facts=content,
           personal={name: said for name, said in personal.items() if said} or None)  # fmt: skip


@transaction.atomic
def add_member(*, actor: Actor, organisation_id: UUID, username: str, administrator: bool = False) -> Membership:
    """Let an existing account into the organisation. Raises NotAllowed, Unusable."""
    organisation = selectors.require(actor, organisation_id, "let people in")
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        raise Unusable([Fault("username", f"There is no account “{username}”.", "Ask the operator to make one.")])
    return _add(actor, organisation, user.pk, administrator=administrator)


@transaction.atomic
def change_member(*, actor: Actor, membership_id: UUID, administrator: bool) -> Membership:
    """Make a member an administrator, or an administrator a member. Raises NotFound, NotAllowed, Unusable."""
    membership = _locked(actor, membership_id)
    if not administrator:
        _leaves_an_administrator(membership)
    membership.is_administrator = administrator
    membership.save()
    record(actor, "organisation.member-changed", subject=membership, facts={"administrator": administrator})
    return membership


@transaction.atomic
def remove_member(*, actor: Actor, membership_id: UUID) -> None:
    """Let a person go; what they did stays on record. Their roles in projects are taken away before.

    Raises NotFound, NotAllowed, Unusable.
    """
    membership = _locked(actor, membership_id)
    _leaves_an_administrator(membership)
    Membership.objects.filter(pk=membership.pk).delete()
    record(actor, "organisation.member-removed", subject=membership)


def _locked(actor: Actor, membership_id: UUID) -> Membership:
    """The membership, with its organisation locked: two administrators who remove each other would leave none."""
    seen = Membership.objects.filter(organisation__in=selectors.visible_to(actor))
    membership = one_of(seen, membership_id)
    organisation = selectors.require(actor, membership.organisation_id, "let people in")
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    return one_of(seen, membership_id)


def _leaves_an_administrator(membership: Membership) -> None:
    others = Membership.objects.filter(organisation=membership.organisation_id, is_administrator=True)
    if not others.exclude(pk=membership.pk).exists():
        raise Unusable([Fault("role", "An organisation keeps at least one administrator.", "Make another one first.")])


def _add(actor: Actor, organisation: Organisation, user_id: int, *, administrator: bool) -> Membership:
    try:
        with transaction.atomic():
            membership = Membership.objects.create(
                organisation=organisation, user_id=user_id, is_administrator=administrator
            )
    except IntegrityError:
        raise Unusable([Fault("username", "They belong to this organisation already.")]) from None
    record(actor, "organisation.member-added", subject=membership, facts={"administrator": administrator})
    return membership


def _check(organisation: Organisation) -> None:
    if len(organisation.seat) != 2 or not organisation.seat.isalpha():
        raise Unusable(
            [Fault("seat", f"“{organisation.seat}” is not a country code.", "Use two letters, e.g. DE (ISO 3166-1).")]
        )
    for of, field in (("users", "users_band"), ("revenue", "revenue_band")):
        try:
            in_force().ceiling(of, getattr(organisation, field) or None)
        except ValueError as error:
            raise Unusable([Fault(field, str(error), "Choose one of these, or leave it empty.")]) from None
