"""The whole trail and every record are verified once a day, and whenever somebody asks; what was found is kept."""

import time
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from governance.foundation.audit import verification
from governance.foundation.audit.checkpoint import Checkpoint
from governance.foundation.audit.models import Verification
from governance.foundation.core.actor import PLATFORM, Actor


def examine(*, actor: Actor, kept: Iterable[Checkpoint] = ()) -> verification.Report:
    """Verify everything now and keep what was found. It takes seconds for every hundred thousand entries."""
    began = time.monotonic()
    found = verification.verify(records=True, kept=kept)
    Verification.objects.create(
        at=timezone.now(),
        by_name=actor.name,
        seconds=time.monotonic() - began,
        entries=found.entries,
        records=found.records or 0,
        signed_to=found.last_head,
        faults=found.faults,
    )
    return found


def examine_when_due() -> verification.Report | None:
    """The same where the last time is long enough ago (ASSAY_VERIFY_HOURS)."""
    last = latest()
    if last is not None and timezone.now() - last.at < timedelta(hours=settings.ASSAY_VERIFY_HOURS):
        return None
    return examine(actor=PLATFORM)


def earlier(count: int = 10) -> list[Verification]:
    """Those before the latest, newest first."""
    return list(Verification.objects.all()[1 : count + 1])


def latest() -> Verification | None:
    return Verification.objects.first()
