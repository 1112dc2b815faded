"""Append one entry. Called last in each mutation's transaction: the chain lock is then held shortly."""

import secrets
import uuid
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from governance.foundation.audit import rules, sealing
from governance.foundation.audit.models import AuditEvent, Identity, PersonalDetail
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import canonical
from governance.foundation.core.events import acted
from governance.foundation.core.records import Record

CHAIN_LOCK = 0x41737361  # "Assa": the advisory lock that puts writers in a row on PostgreSQL


def record(
    actor: Actor,
    action: str,
    *,
    subject: Record | None = None,
    facts: dict[str, Any] | None = None,
    personal: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append what `actor` did to `subject`, in the caller's transaction.

    `facts` go into the hashed body and must hold nothing that may have to be erased; `personal` (reasons,
    names) is kept apart and only committed to. Raises RuntimeError outside a transaction, because an entry
    that can be committed without its change would be worth nothing.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"The audit entry {action!r} was written outside a transaction.")
    # Before the chain's lock: whoever tells people of it holds nobody up.
    acted.send(sender=type(subject), actor=actor, action=action, subject=subject, facts=facts or {})
    pseudonym = _pseudonym(actor)
    records = sealing.take()
    salt = secrets.token_bytes(32)
    _take_chain_lock()
    last = AuditEvent.objects.order_by("-seq").values_list("seq", "hash").first() or (0, rules.GENESIS)
    body: dict[str, Any] = {
        "format": AuditEvent.FORMAT,
        "seq": last[0] + 1,
        "at": timezone.now(),
        "actor": pseudonym,
        "action": action,
        "subject": {"kind": subject.kind, "id": subject.pk} if subject is not None else None,
        "organisation": getattr(subject, "organisation_id", None),
        "project": getattr(subject, "project_id", None),
        "record": subject.record_digest if subject is not None else None,
        "records": records,
        "facts": facts or {},
        "personal": rules.commitment(salt, personal) if personal else None,
    }
    text = canonical(body).decode()
    event = AuditEvent.objects.create(
        seq=body["seq"],
        at=body["at"],
        actor=pseudonym,
        action=action,
        subject_kind=subject.kind if subject is not None else "",
        subject_id=str(subject.pk) if subject is not None else "",
        organisation=body["organisation"],
        project=body["project"],
        body=text,
        previous_hash=last[1],
        hash=rules.chain_hash(last[1], text),
    )
    if personal:
        PersonalDetail.objects.create(event=event, salt=salt, text=canonical(personal).decode())
    return event


@transaction.atomic
def record_alone(
    actor: Actor,
    action: str,
    *,
    subject: Record | None = None,
    facts: dict[str, Any],
    personal: dict[str, Any] | None = None,
) -> AuditEvent:
    """For what has no change of its own to go with: a refused act, a document that was read."""
    return record(actor, action, subject=subject, facts=facts, personal=personal)


def _pseudonym(actor: Actor) -> uuid.UUID | None:
    if not actor.is_person:
        return None
    identity, _ = Identity.objects.get_or_create(user_id=actor.person_id, defaults={"name": actor.name})
    return identity.pseudonym


def _take_chain_lock() -> None:
    # SQLite needs none: its transactions begin IMMEDIATE and are alone from the start.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
