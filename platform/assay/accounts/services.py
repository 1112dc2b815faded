"""API tokens: hashed, expiring, shown once."""

from django.contrib.auth import get_user_model
from django.db import transaction
from knox.models import AuthToken

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, NotFound, Unusable


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
