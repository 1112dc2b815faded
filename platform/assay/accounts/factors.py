"""A person's second factors: an authenticator app, security keys, and codes for the day when those are lost.

Every change takes a proof that it is the person: by a second factor where there is one, else by the password.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.contrib.auth import get_user_model
from django.db import transaction

from assay.accounts import keys, methods
from assay.accounts.models import User
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.errors import Fault, NotAllowed, NotFound, Unusable, WrongState
from governance.people.approvals import reauthentication
from governance.people.approvals.methods import SECOND_OR_RECOVERY, Method
from governance.people.approvals.rules import Verdict
from governance.people.organisations.models import Membership
from governance.people.organisations.selectors import may

ACT = "reset a lost second factor"
Type = Authenticator.Type
SPOKEN = {Type.TOTP: "authenticator app", Type.WEBAUTHN: "security key", Type.RECOVERY_CODES: "recovery codes"}


@dataclass
class Factors:
    """What a person has: at most one app, any number of keys, how many recovery codes are unused."""

    app: Authenticator | None = None
    keys: list[Authenticator] = field(default_factory=list)
    codes_left: int = 0

    @property
    def any(self) -> bool:
        return self.app is not None or bool(self.keys)


def of(user_id: int) -> Factors:
    found = Factors()
    for each in Authenticator.objects.filter(user_id=user_id).order_by("created_at"):
        if each.type == Type.TOTP:
            found.app = each
        elif each.type == Type.WEBAUTHN:
            found.keys.append(each)
        else:
            found.codes_left = len(RecoveryCodes(each).get_unused_codes())
    return found


def has_second(user_id: int) -> bool:
    return bool(with_second([user_id]))


def with_second(user_ids: Collection[int]) -> set[int]:
    """Those of these people who have a second factor."""
    found = Authenticator.objects.filter(user_id__in=user_ids).exclude(type=Type.RECOVERY_CODES)
    return set(found.values_list("user_id", flat=True))


class Change(StrEnum):
    """What a proof is for: one that was made to add a key removes none."""

    ADD_APP = "add an app"
    ADD_KEY = "add a key"
    REMOVE = "remove a factor"
    RENEW_CODES = "renew the codes"
    RESET = "reset a person's factors"


def account_digest(user_id: int, change: Change, of: int | None = None) -> str:
    """What a proof for one change is bound to: who signs, what is done, and to which factor or which person's."""
    return digest({"account": user_id, "change": change.value, "of": of})


def accepted(user_id: int) -> Collection[Method]:
    """What a change of the account takes: whoever has a second factor shows it, or a code kept for its loss."""
    return SECOND_OR_RECOVERY if has_second(user_id) else {Method.PASSWORD}


@transaction.atomic
def add_app(*, actor: Actor, secret: str, code: str, proof: str) -> list[str]:
    """An authenticator app that showed it knows `secret`. Returns recovery codes where these are the first.

    Raises NotAllowed (no proof), Unusable (the code does not fit), WrongState (there is one).
    """
    user = _proved(actor, proof, Change.ADD_APP)
    if Authenticator.objects.filter(user=user, type=Type.TOTP).exists():
        raise WrongState("You have an authenticator app already; remove it before you set up another.")
    step = methods.step_of(secret, code)
    if step is None:
        raise Unusable([Fault("new_code", "The code does not fit this secret.", "Is the clock of your device right?")])
    app = TOTP.activate(user, secret).instance
    app.data["step"] = step  # the code that set it up signs nothing
    app.save(update_fields=["data"])
    record(actor, "factor.added", facts={"factor": SPOKEN[Type.TOTP]})
    return _first_codes(user)


@transaction.atomic
def add_key(*, actor: Actor, name: str, credential: str, proof: str) -> list[str]:
    """A security key that answered our challenge. Returns recovery codes where these are the first.

    Raises NotAllowed (no proof), Unusable.
    """
    user = _proved(actor, proof, Change.ADD_KEY)
    kept = keys.registered(user, credential)
    if kept is None:
        raise Unusable([Fault("new_key", "The security key did not answer, or it took too long.", "Press it again.")])
    WebAuthn.add(user, name.strip()[:60] or "Security key", kept)
    record(actor, "factor.added", facts={"factor": SPOKEN[Type.WEBAUTHN]})
    return _first_codes(user)


@transaction.atomic
def remove(*, actor: Actor, factor_id: int, proof: str) -> None:
    """Take one of `actor`'s own factors away; with the last one the recovery codes go. Raises NotAllowed, NotFound."""
    factor = own(actor, factor_id)
    user = _proved(actor, proof, Change.REMOVE, factor_id)
    factor.delete()
    if not has_second(user.pk):
        Authenticator.objects.filter(user=user).delete()
    record(actor, "factor.removed", facts={"factor": SPOKEN[Type(factor.type)]})


@transaction.atomic
def renew_codes(*, actor: Actor, proof: str) -> list[str]:
    """Ten new recovery codes instead of the old. Raises NotAllowed, WrongState (nothing to recover)."""
    user = _proved(actor, proof, Change.RENEW_CODES)
    if not has_second(user.pk):
        raise WrongState("Recovery codes stand in for a second factor; set one up first.")
    Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).delete()
    return _first_codes(user)


@transaction.atomic
def reset(*, actor: Actor, user_id: int, proof: str = "") -> None:
    """Take all factors of somebody who lost theirs; their password stays. The operator may, and who administers every
    organisation that the person is in: an account that somebody merely let in is not theirs to open.

    Raises NotFound, NotAllowed (who, or no proof), WrongState (they have none).
    """
    user = colleague(actor, user_id) if actor.is_person else get_user_model().objects.get(pk=user_id)
    if why := why_not_reset(actor, user):
        raise NotAllowed(why)
    if actor.is_person:
        _proved(actor, proof, Change.RESET, user_id)
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise WrongState(f"{Actor.of(user).name} has no second factor.")
    record(actor, "factor.reset", personal={"for": user.get_username()})


def colleague(actor: Actor, user_id: int) -> User:
    """Somebody who is in an organisation with `actor`. Raises NotFound."""
    ours = Membership.objects.filter(user_id=actor.lookup_id).values("organisation")
    shared = Membership.objects.filter(user_id=user_id, organisation__in=ours).select_related("user").first()
    if shared is None:
        raise NotFound("person")
    return shared.user


def why_not_reset(actor: Actor, user: User) -> str | None:
    """Why `actor` may not take this person's factors, in a sentence, or None."""
    if not actor.is_person:
        return None
    if user.pk == actor.user_id:
        return "Your own second factor is removed on your account's page."
    theirs = Membership.objects.filter(user=user).values_list("organisation_id", flat=True)
    answered_for = [may(actor, pk, ACT) for pk in theirs]
    if not any(answered_for):
        return f"To {ACT} takes an administrator of their organisation; you are not one."
    if not all(answered_for):
        return "They belong to an organisation that you do not administer; the operator can do this by command."
    return None


def own(actor: Actor, factor_id: int) -> Authenticator:
    """One of `actor`'s own app and keys. Raises NotFound."""
    mine = Authenticator.objects.filter(user_id=actor.lookup_id).exclude(type=Type.RECOVERY_CODES)
    factor = mine.filter(pk=factor_id).first()
    if factor is None:
        raise NotFound("second factor")
    return factor


def _proved(actor: Actor, proof: str, change: Change, of: int | None = None) -> User:
    """The person's row, locked, after the proof for this change is used up."""
    user = get_user_model().objects.select_for_update().get(pk=actor.person_id)
    reauthentication.consume(
        proof=proof,
        actor=actor,
        subject_digest=account_digest(user.pk, change, of),
        verdict=Verdict.APPROVE,
        accepts=accepted(user.pk),
    )
    return user


def _first_codes(user: User) -> list[str]:
    """Recovery codes, shown to the person now and never again; none where the person has some."""
    if Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).exists():
        return []
    codes = RecoveryCodes.activate(user)
    record(Actor.of(user), "factor.codes-made")
    return list(codes.generate_codes())
