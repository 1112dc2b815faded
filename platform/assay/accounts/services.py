"""Accounts, passwords, and API tokens: hashed, expiring, shown once."""

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from knox.models import AuthToken

from assay.accounts.models import User
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.errors import Fault, Faults, NotFound, Unusable
from governance.people.approvals import reauthentication
from governance.people.approvals.rules import Verdict


@transaction.atomic
def create_account(*, actor: Actor, username: str, name: str, password: str, email: str = "") -> User:
    """An account that can sign in. Raises Unusable for a name that is taken or a password that is too weak."""
    people = get_user_model().objects
    first, _, last = name.strip().partition(" ")
    user = get_user_model()(username=username, first_name=first, last_name=last, email=email)
    faults = Faults()
    if not first:
        faults.add("name", "An account needs the person's name.", "It stands under what they sign.")
    if people.filter(username=username).exists():
        faults.add("username", f"“{username}” is taken.", "Choose another.")
    try:
        validate_password(password, user)
    except ValidationError as error:
        for message in error.messages:
            faults.add("password", message)
    faults.raise_if_any()
    user.set_password(password)
    user.save()
    record(actor, "account.created", personal={"for": username})
    return user


def address_of(actor: Actor) -> str:
    """Where `actor`'s letters go; "" for nowhere."""
    return str(get_user_model().objects.values_list("email", flat=True).get(pk=actor.person_id))


@transaction.atomic
def change_address(*, actor: Actor, email: str) -> None:
    """Have `actor`'s letters go to another address, or to none."""
    user = get_user_model().objects.get(pk=actor.person_id)
    user.email = email
    user.save(update_fields=["email"])
    record(actor, "account.address-changed", personal={"email": email} if email else None)


@transaction.atomic
def change_password(*, actor: Actor, user: User, password: str) -> int:
    """Give `actor`'s own account, of which `user` is at hand, another password. That ends every token of the person;
    returns how many there were."""
    user.set_password(password)
    user.save(update_fields=["password"])
    ended, _ = AuthToken.objects.filter(user_id=actor.person_id).delete()
    record(actor, "account.password-changed", facts={"tokens_ended": ended})
    return int(ended)


def show_password(*, actor: Actor, shown: str) -> None:
    """Before a password is changed the old one is shown, as at a signature: an open session is no place to guess at it.
    Wrong tries are counted with those at signatures. Raises Unusable for a wrong one, WrongState after too many."""
    whose = digest({"password": actor.person_id})
    proof = reauthentication.by_password(actor=actor, password=shown, subject_digest=whose, verdict=Verdict.APPROVE)
    with transaction.atomic():
        reauthentication.consume(proof=proof, actor=actor, subject_digest=whose, verdict=Verdict.APPROVE)


@transaction.atomic
def create_token(*, actor: Actor, username: str | None = None) -> str:
    """A new token for `actor`, or for `username` when the operator asks on the command line.

    Returns the token; only its hash is kept. Raises Unusable for an unknown account.
    """
    people = get_user_model().objects.filter(is_active=True)
    user = people.filter(username=username).first() if username else people.filter(pk=actor.lookup_id).first()
    if user is None:
        raise Unusable([Fault("username", f"There is no account “{username}”.", "See the list of members.")])
    _, token = AuthToken.objects.create(user=user)
    record(actor, "token.created", personal={"for": user.get_username()})
    return str(token)


@transaction.atomic
def revoke_token(*, actor: Actor, digest: str) -> None:
    """Revoke one of `actor`'s own tokens. Raises NotFound."""
    deleted, _ = AuthToken.objects.filter(user_id=actor.lookup_id, digest=digest).delete()
    if not deleted:
        raise NotFound("token")
    record(actor, "token.revoked")
