"""Security keys (WebAuthn, level 2): what a browser is told to ask of a key, and whether the answer is a person's own.

allauth.mfa keeps the keys; the ceremonies are python-fido2's. The challenge is kept here and not in the session, for a
signature's must be bound to its digest and verdict and be good once, also for somebody who comes by the API.
"""

import json
import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn, build_user_payload, get_credentials, get_server
from django.db import transaction
from django.utils import timezone
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AuthenticationResponse,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from assay.accounts.models import Challenge, User
from governance.people.approvals.reauthentication import Purpose
from governance.people.approvals.rules import PROOF_LIFETIME

# Asked for where the key can do it (PIN, finger); a key without one is a second factor all the same.
VERIFICATION = UserVerificationRequirement.PREFERRED
REGISTERS = "register"


def ask_for_new(user: User) -> dict[str, Any]:
    """What `navigator.credentials.create` is given."""
    options, _state = get_server().register_begin(
        user=build_user_payload(user),
        credentials=get_credentials(user),
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=VERIFICATION,
        challenge=_new(user, REGISTERS),
    )
    return dict(options)


def ask_for_one(user: User, purpose: Purpose) -> dict[str, Any]:
    """What `navigator.credentials.get` is given, to show `user` for this purpose alone."""
    options, _state = get_server().authenticate_begin(
        credentials=get_credentials(user), user_verification=VERIFICATION, challenge=_new(user, str(purpose))
    )
    return dict(options)


def registered(user: User, answer: str) -> dict[str, Any] | None:
    """The new key's credential as it is kept; None where the answer is not one to a challenge of `user`'s."""
    try:
        credential = json.loads(answer)
        challenge = RegistrationResponse.from_dict(credential).response.client_data.challenge
        if not _used_up(user, REGISTERS, challenge):
            return None
        get_server().register_complete(_state(challenge), credential)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return credential if isinstance(credential, dict) else None


@transaction.atomic
def recognised(user: User, purpose: Purpose, answer: str) -> bool:
    """Whether a key of `user`'s signed a challenge that was made for this purpose and not used before."""
    try:
        credential = json.loads(answer)
        parsed = AuthenticationResponse.from_dict(credential)
        challenge = parsed.response.client_data.challenge
        if not _used_up(user, str(purpose), challenge):
            return False
        known = get_server().authenticate_complete(_state(challenge), get_credentials(user), credential)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    keys = Authenticator.objects.select_for_update().filter(user=user, type=Authenticator.Type.WEBAUTHN)
    key = next(key for key in keys if _credential_id(key) == known.credential_id)
    count, before = parsed.response.authenticator_data.counter, key.data.get("count", 0)
    if (count or before) and count <= before:
        return False  # a key that counts never goes back: this is a copy of it
    key.data["count"] = count
    key.last_used_at = timezone.now()
    key.save(update_fields=["data", "last_used_at"])
    return True


def _credential_id(key: Authenticator) -> bytes | None:
    known = WebAuthn(key).authenticator_data.credential_data
    return known.credential_id if known else None


def _new(user: User, purpose: str) -> bytes:
    """A challenge that is on record; those of this person that nobody can use any more go."""
    Challenge.objects.filter(user=user, created_at__lte=timezone.now() - PROOF_LIFETIME).delete()
    value = secrets.token_bytes(32)
    Challenge.objects.create(user=user, purpose=purpose, value=value.hex())
    return value


def _used_up(user: User, purpose: str, value: bytes) -> bool:
    """Whether there was such a challenge; now there is none."""
    since = timezone.now() - PROOF_LIFETIME
    asked = Challenge.objects.filter(user=user, purpose=purpose, value=value.hex(), created_at__gt=since)
    return asked.delete()[0] == 1


def _state(challenge: bytes) -> dict[str, Any]:
    """What python-fido2 would have kept of the ceremony."""
    return {"challenge": websafe_encode(challenge), "user_verification": VERIFICATION}
