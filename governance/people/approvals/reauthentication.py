"""Showing anew who one is. Each method gives a single-use proof bound to person, subject digest and verdict.

A token of the API can ask for a proof only with the password beside it: a token alone never signs.
"""

import hashlib
import secrets

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, NotAllowed, Unusable, WrongState
from governance.people.approvals.models import Reauthentication
from governance.people.approvals.rules import PROOF_LIFETIME, WRONG_TRIES, WRONG_TRIES_WITHIN, Verdict


def by_password(*, actor: Actor, password: str, subject_digest: str, verdict: Verdict) -> str:
    """A proof for `verdict` on `subject_digest`. Raises Unusable for a wrong password, WrongState after too many."""
    user = get_user_model().objects.filter(pk=actor.lookup_id, is_active=True).first()
    if user is None:
        raise NotAllowed("Only a person can sign.")
    secret = secrets.token_urlsafe(32)
    succeeded = user.check_password(password)
    # Its own transaction: a failed try must stay on record although the decision rolls back. The person's row is
    # locked, so that many tries at once are counted one after another.
    with transaction.atomic():
        get_user_model().objects.select_for_update().get(pk=user.pk)
        tries = Reauthentication.objects.filter(
            user=user, succeeded=False, created_at__gt=timezone.now() - WRONG_TRIES_WITHIN
        ).count()
        if tries >= WRONG_TRIES:
            raise WrongState("Too many wrong passwords; wait a quarter of an hour, then try again.")
        row = Reauthentication.objects.create(
            user=user,
            subject_digest=subject_digest,
            verdict=Verdict(verdict).value,
            method="password",
            succeeded=succeeded,
            secret_sha256=_hash(secret) if succeeded else "",
        )
        if not succeeded:
            record(actor, "reauthentication.failed", facts={"subject": subject_digest, "try": tries + 1})
    if not succeeded:
        raise Unusable([Fault("password", "That is not your password; nothing was signed.", "Try again.")])
    return f"{row.pk}.{secret}"


def consume(*, proof: str, actor: Actor, subject_digest: str, verdict: Verdict) -> str:
    """Use `proof` up, in the caller's transaction; returns its method. Raises NotAllowed when it is another
    person's, for another digest or verdict, stale, or used."""
    pk, _, secret = proof.partition(".")
    now = timezone.now()
    fitting = Reauthentication.objects.filter(
        user_id=actor.lookup_id,
        subject_digest=subject_digest,
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
    return row.method


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
