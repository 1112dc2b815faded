"""Showing anew who one is. Each method gives a single-use proof bound to person, subject digest and verdict; and
to what is chosen, where the subject does not show it (which rows, which of two licences, who keeps access).

A token of the API can ask for a proof only with something beside it that the person alone has: a token alone never
signs. How a method is checked is its checker's business: the password's is here; those that need a device are
registered by the platform when it starts, so that nothing here knows of browsers or of the network.
"""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.errors import NotAllowed, Unusable, WrongState
from governance.people.approvals.methods import SIGNS, SPOKEN, WRONG, Method
from governance.people.approvals.models import Reauthentication
from governance.people.approvals.rules import PROOF_LIFETIME, WRONG_TRIES, WRONG_TRIES_WITHIN, Verdict


@dataclass(frozen=True)
class Purpose:
    """What a proof is good for: one verdict on one digest."""

    subject_digest: str
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.verdict}:{self.subject_digest}"


def bound(subject_digest: str, choice: Mapping[str, Any] | None) -> str:
    """What a proof is bound to: the subject as it is, and what is chosen about it, where there is a choice."""
    return digest({"subject": subject_digest, "choice": choice}) if choice else subject_digest


class Checker(Protocol):
    """How one method is checked. What it accepts once it must not accept again, where the method has such a thing."""

    def has(self, user: Any) -> bool:
        """Whether `user` can show themselves in this way at all."""

    def check(self, user: Any, shown: str, purpose: Purpose) -> bool:
        """Whether `shown` is `user`'s, for this purpose."""


class _Password:
    def has(self, user: Any) -> bool:
        return bool(user.has_usable_password())

    def check(self, user: Any, shown: str, purpose: Purpose) -> bool:
        return bool(user.check_password(shown))


_checkers: dict[Method, Checker] = {Method.PASSWORD: _Password()}


def register(method: Method, checker: Checker) -> None:
    """Say how `method` is checked. Raises ValueError for one that is known already."""
    if method in _checkers:
        raise ValueError(f"How {method} is checked is registered already.")
    _checkers[method] = checker


def methods(actor: Actor) -> list[Method]:
    """The ways in which `actor` can show who they are, the strongest first."""
    user = get_user_model().objects.filter(pk=actor.lookup_id, is_active=True).first()
    return [] if user is None else [each for each in Method if each in _checkers and _checkers[each].has(user)]


def by_password(*, password: str, **given: Any) -> str:
    """`prove` by the method that everybody has."""
    return prove(method=Method.PASSWORD, shown=password, **given)


def prove(
    *,
    actor: Actor,
    method: Method,
    shown: str,
    subject_digest: str,
    verdict: Verdict,
    choice: Mapping[str, Any] | None = None,
) -> str:
    """A proof for `verdict` on `subject_digest`, and for `choice` where something is chosen.

    Raises Unusable for what is wrong, WrongState after too many tries.
    """
    subject_digest = bound(subject_digest, choice)
    user = get_user_model().objects.filter(pk=actor.lookup_id, is_active=True).first()
    if user is None:
        raise NotAllowed("Only a person can sign.")
    _refuse_after_too_many(user)  # before anything is used up by looking at it
    secret = secrets.token_urlsafe(32)
    checker = _checkers[method]
    succeeded = checker.has(user) and checker.check(user, shown, Purpose(subject_digest, Verdict(verdict)))
    # Its own transaction: a failed try must stay on record although the decision rolls back. The person's row is
    # locked, so that many tries at once are counted one after another, whatever the method.
    with transaction.atomic():
        get_user_model().objects.select_for_update().get(pk=user.pk)
        tries = _refuse_after_too_many(user)
        row = Reauthentication.objects.create(
            user=user,
            subject_digest=subject_digest,
            verdict=Verdict(verdict).value,
            method=method.value,
            succeeded=succeeded,
            secret_sha256=_hash(secret) if succeeded else "",
        )
        if not succeeded:
            facts = {"subject": subject_digest, "method": method.value, "try": tries + 1}
            record(actor, "reauthentication.failed", facts=facts)
    if not succeeded:
        raise Unusable([WRONG[method]])
    return f"{row.pk}.{secret}"


def consume(
    *,
    proof: str,
    actor: Actor,
    subject_digest: str,
    verdict: Verdict,
    accepts: Collection[Method] = SIGNS,
    choice: Mapping[str, Any] | None = None,
) -> str:
    """Use `proof` up, in the caller's transaction; returns its method. Raises NotAllowed when it is another
    person's, for another digest, verdict or choice, stale, used, or of a method that is not enough here."""
    pk, _, secret = proof.partition(".")
    now = timezone.now()
    fitting = Reauthentication.objects.filter(
        user_id=actor.lookup_id,
        subject_digest=bound(subject_digest, choice),
        verdict=Verdict(verdict).value,
        succeeded=True,
        secret_sha256=_hash(secret),
        consumed_at=None,
        created_at__gt=now - PROOF_LIFETIME,
    )
    row = next((candidate for candidate in fitting if str(candidate.pk) == pk), None)
    if row is None or not fitting.filter(pk=row.pk).update(consumed_at=now):
        raise NotAllowed(
            "Show again that it is you: the proof is missing, used, older than two minutes, or for something else."
        )
    if row.method not in accepts:
        enough = " or ".join(f"a {SPOKEN[each]}" for each in Method if each in accepts)
        raise NotAllowed(f"A {SPOKEN[Method(row.method)]} is not enough here; it takes {enough}.")
    return row.method


def _refuse_after_too_many(user: Any) -> int:
    """How many tries went wrong lately; raises WrongState where there were too many."""
    since: datetime = timezone.now() - WRONG_TRIES_WITHIN
    tries = Reauthentication.objects.filter(user=user, succeeded=False, created_at__gt=since).count()
    if tries >= WRONG_TRIES:
        raise WrongState("Too many wrong passwords or codes; wait a quarter of an hour, then try again.")
    return tries


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
