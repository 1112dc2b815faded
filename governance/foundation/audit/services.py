"""Append one entry. Called last in each mutation's transaction: the chain lock is then held shortly."""

import secrets
import uuid
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.utils import timezone

from governance.foundation.audit import rules, sealing
from governance.foundation.audit.models import AuditEvent, Identity, PersonalDetail
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import canonical
from governance.foundation.core.events import acted
from governance.foundation.core.records import Record

CHAIN_LOCK = 0x41737361  # "Assa": the advisory lock that puts writers in a row on PostgreSQL
TABLE, FIELDS = AuditEvent._meta.db_table, AuditEvent._meta.concrete_fields
# Straight by the cursor: putting such a statement together takes the ORM longer than the database to carry it out.
END = f"SELECT seq, hash FROM {TABLE} ORDER BY seq DESC LIMIT 1"  # noqa: S608 (our own names, as below)
APPEND = (
    f"INSERT INTO {TABLE} ({', '.join(str(field.column) for field in FIELDS)})"  # noqa: S608
    f" VALUES ({', '.join('%s' for _ in FIELDS)})"
)
NAMES = [field.attname for field in FIELDS]
# What a database spells in its own way; texts and numbers go as they are.
ADAPTED = {field.attname: field for field in FIELDS if isinstance(field, models.UUIDField | models.DateTimeField)}


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
    that can be committed without its change would be worth nothing, and for who reads: what they may do was asked
    before.
    """
    if actor.reads:
        raise RuntimeError(f"The audit entry {action!r} would tell of an act of somebody who only reads.")
    if not connection.in_atomic_block:
        raise RuntimeError(f"The audit entry {action!r} was written outside a transaction.")
    # Before the chain's lock: whoever tells people of it holds nobody up.
    acted.send(sender=type(subject), actor=actor, action=action, subject=subject, facts=facts or {})
    pseudonym = _pseudonym(actor)
    records = sealing.take()
    salt = secrets.token_bytes(32) if personal else b""
    said: dict[str, Any] = {
        "format": AuditEvent.FORMAT,
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
    event = _appended(said)
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


def _appended(said: dict[str, Any]) -> AuditEvent:
    """The next entry of the chain, with what is `said` in it."""
    own = connections[DEFAULT_DB_ALIAS]  # itself: by `connection` every attribute is looked for in this thread's store
    with own.cursor() as cursor:
        # SQLite needs no lock: its transactions begin IMMEDIATE and are alone from the start.
        if own.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
        cursor.execute(END)
        last, previous = cursor.fetchone() or (0, rules.GENESIS)
        seq, at = last + 1, timezone.now()
        body = canonical({**said, "seq": seq, "at": at}).decode()
        subject = said["subject"] or {"kind": "", "id": ""}
        columns = {
            "seq": seq,
            "at": at,
            "actor": said["actor"],
            "action": said["action"],
            "subject_kind": subject["kind"],
            "subject_id": str(subject["id"]),
            "organisation": said["organisation"],
            "project": said["project"],
            "body": body,
            "previous_hash": previous,
            "hash": rules.chain_hash(previous, body),
        }
        stored = {name: field.get_db_prep_save(columns[name], own) for name, field in ADAPTED.items()}
        written = {**columns, **stored}
        cursor.execute(APPEND, [written[name] for name in NAMES])
    return AuditEvent.from_db(own.alias, NAMES, [columns[name] for name in NAMES])
