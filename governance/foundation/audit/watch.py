"""The whole trail and every record are verified once a day, and whenever somebody asks; what was found is kept."""

import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from governance.foundation.audit import sealing, seals, verification
from governance.foundation.audit.checkpoint import Checkpoint
from governance.foundation.audit.models import AuditEvent, Verification
from governance.foundation.audit.services import record
from governance.foundation.core import writes
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import WrongState

ADOPTED = 500  # records that one entry takes in at most
LOOK_CURE = "Look at what it names: assay audit verify --records"
ADOPT_CURE = (
    "Look at what it names: assay audit verify --records. Where an upgrade explains all of it:"
    " assay audit adopt --because TEXT takes the records into the trail as they stand"
)


def examine(*, actor: Actor, kept: Iterable[Checkpoint] = ()) -> verification.Report:
    """Verify everything now and keep what was found. It takes seconds for every hundred thousand entries."""
    return examined(by_name=actor.name, kept=kept)[0]


def examined(
    *, by_name: str, kept: Iterable[Checkpoint] = (), told: Callable[[int], None] = lambda entries: None
) -> tuple[verification.Report, Verification]:
    """The same, with what is kept of it. `told` as for `verify`."""
    began = time.monotonic()
    found = verification.verify(records=True, kept=kept, told=told)
    made = Verification.objects.create(
        at=timezone.now(),
        by_name=by_name,
        seconds=time.monotonic() - began,
        entries=found.entries,
        records=found.records or 0,
        signed_to=found.last_head,
        faults=found.faults,
    )
    return found, made


def examine_when_due() -> verification.Report | None:
    """The same where the last time is long enough ago (ASSAY_VERIFY_HOURS), or before an upgrade: what a migration did
    to records is then said at once."""
    last = latest()
    is_recent = last is not None and timezone.now() - last.at < timedelta(hours=settings.ASSAY_VERIFY_HOURS)
    if last is not None and is_recent and not _was_upgraded_since(last.at):
        return None
    return examine(actor=PLATFORM)


def _was_upgraded_since(moment: datetime) -> bool:
    migrations = MigrationRecorder(connection).migration_qs
    return bool(migrations.filter(applied__gt=moment).exists())


@transaction.atomic
def adopt(*, actor: Actor, because: str) -> int:
    """Take every record that differs from the trail, or that it does not know, into it as it stands; their number.

    For what was changed by a migration, or made before entries sealed records. The entries say why, and name each.
    Raises WrongState for a record that cannot be read: no migration leaves one.
    """
    ledger = sealing.Ledger()
    for seq, text in AuditEvent.objects.order_by("seq").values_list("seq", "body").iterator(chunk_size=ADOPTED):
        ledger.hear(seq, orjson.loads(text))
    _, differing = sealing.compared(ledger, limit=sys.maxsize)
    covered = seals.covered()
    for first in range(0, len(differing), ADOPTED):
        batch = differing[first : first + ADOPTED]
        for name, key in batch:
            seal = covered[name]
            if None in seal.standing([seal.held(key)]).values():
                raise WrongState(f"{seal.noun} {key} cannot be read, so nothing is adopted. Restore or delete its row.")
            writes.note(seal.model, [seal.model._meta.pk.to_python(key)])
        record(actor, "trail.records-adopted", facts={"records": len(batch)}, personal={"reason": because})
    return len(differing)


def cure(faults: Iterable[str]) -> str:
    """What an operator does about what a verification found."""
    return ADOPT_CURE if sealing.concerns_records(faults) else LOOK_CURE


def earlier(count: int = 10) -> list[Verification]:
    """Those before the latest, newest first."""
    return list(Verification.objects.all()[1 : count + 1])


def latest() -> Verification | None:
    return Verification.objects.first()
