"""The time of a signed head: nobody but who signs moves it, and a clock that was wrong spoils nothing and is told."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings as configured
from django.core.management import call_command
from django.utils import timezone

from assay import doctor
from governance.foundation.audit import checkpoint, clocks, heads
from governance.foundation.audit.models import AuditEvent, TrailKey, TreeHead
from governance.foundation.audit.verification import verify
from tests.governance.test_audit_heads import NOON, head_by_hand, write
from tests.tampering import guards_lifted

pytestmark = pytest.mark.django_db
FAR = datetime(2090, 1, 1, tzinfo=UTC)
AtTime = Callable[[datetime], AbstractContextManager[None]]


@pytest.fixture
def at_time(monkeypatch: pytest.MonkeyPatch) -> AtTime:
    """The clock of the machine, while it stands at some time."""

    class Standing(AbstractContextManager[None]):
        def __init__(self, at: datetime) -> None:
            self.at = at

        def __enter__(self) -> None:
            self.patch = monkeypatch.context()
            self.patch.__enter__().setattr("django.utils.timezone.now", lambda: self.at)

        def __exit__(self, *error: Any) -> None:
            self.patch.__exit__(*error)

    return Standing


def signed() -> TreeHead:
    head = heads.sign()
    assert head is not None
    return head


def moved(note: str, at: datetime) -> str:
    """`note` with another time in its text, its signature as it was."""
    before, _, after = note.partition("\nat ")
    return f"{before}\nat {checkpoint.spelt(at)}{after[after.index(chr(10)) :]}"


def moved_in_the_database(at: datetime) -> None:
    head = TreeHead.objects.all()[0]
    TreeHead.objects.filter(pk=head.pk).update(checkpoint=moved(head.checkpoint, at), at=at)


def signed_with_a_key_of_ones_own(at: datetime) -> None:
    own, head, key = Ed25519PrivateKey.generate(), TreeHead.objects.all()[0], TrailKey.objects.get()
    text = checkpoint.body(key.name, head.size, bytes.fromhex(head.root), at)
    TreeHead.objects.filter(pk=head.pk).update(checkpoint=checkpoint.signed(text, key.name, own), at=at)


def moved_in_the_file(at: datetime) -> None:
    file = Path(configured.ASSAY_TRAIL_HEADS)
    *before, last = file.read_text().splitlines(keepends=True)
    told = json.loads(last)
    told |= {"at": checkpoint.spelt(at), "checkpoint": moved(told["checkpoint"], at)}
    file.write_text("".join(before) + json.dumps(told) + "\n")


def moved_in_a_column_of_entries(at: datetime) -> None:
    AuditEvent.objects.update(at=at)


FORGERIES = [moved_in_the_database, signed_with_a_key_of_ones_own, moved_in_the_file, moved_in_a_column_of_entries]


@pytest.mark.parametrize("ahead", [timedelta(seconds=30), timedelta(days=9000)])
@pytest.mark.parametrize("forgery", FORGERIES)
def test_who_owns_database_and_file_moves_no_time_that_is_signed_then(
    forgery: Callable[[datetime], None], ahead: timedelta, trail_key: TrailKey, settings: Any, at_time: AtTime
) -> None:
    """They forge it, have the platform sign, and put everything back: nothing is left to find but the head."""
    write(3)
    signed()
    write(1)
    file = Path(settings.ASSAY_TRAIL_HEADS)
    before = TreeHead.objects.get(), {each.seq: each.at for each in AuditEvent.objects.all()}, file.read_text()
    now = timezone.now()
    with guards_lifted():
        forgery(now + ahead)
    with at_time(now):
        head = signed()
    assert head.at == now
    with guards_lifted():
        before[0].save(force_update=True)
        for seq, at in before[1].items():
            AuditEvent.objects.filter(seq=seq).update(at=at)
        file.write_text(before[2] + file.read_text().splitlines(keepends=True)[-1])
    report = verify()
    assert (report.faults, report.remarks, report.heads) == ([], [], 2)


def test_a_clock_that_is_a_little_ahead_or_behind_brings_no_head_into_contradiction(
    trail_key: TrailKey, at_time: AtTime
) -> None:
    now = timezone.now()
    with at_time(now + timedelta(seconds=40)):
        write(3)
    with at_time(now):
        first = signed()
    assert first.at == now + timedelta(seconds=40)
    with at_time(now - timedelta(seconds=10)):  # the head before is ahead of it; no entry is
        write(1)
        second = signed()
    assert second.at == first.at
    report = verify()
    assert (report.faults, report.remarks, report.heads) == ([], [], 2)


def test_one_entry_from_far_ahead_spoils_no_head_and_is_told_once(
    trail_key: TrailKey, at_time: AtTime, settings: Any
) -> None:
    write(2)
    with at_time(FAR):
        write(1)
    astray = AuditEvent.objects.count()
    now = timezone.now()
    with at_time(now):
        first = signed()
    assert first.at == now
    said = f"entry {astray} says that it was written at 2090-01-01T00:00:00.000000Z"
    assert clocks.wrong_now() == [f"{said}, which is still to come"]
    write(1)
    assert heads.sign_when_due() is None  # not at every tick
    later = now + timedelta(minutes=settings.ASSAY_HEAD_MINUTES)
    with at_time(later):
        second = heads.sign_when_due()
        report = verify()
    assert second is not None and second.at == later
    assert report.sound and report.heads == 2
    assert report.remarks == [
        f"{said}, later than 2 heads say that they were signed, the first at entry {first.size}",
        f"{said}, which is still to come",
    ]


def test_a_signer_whose_clock_jumped_ahead_signs_the_true_time_as_soon_as_it_is_right(
    trail_key: TrailKey, at_time: AtTime
) -> None:
    write(2)
    with at_time(FAR):
        astray = signed()
    assert astray.at == FAR
    said = f"the head at entry {astray.size} says that it was signed at 2090-01-01T00:00:00.000000Z"
    assert clocks.wrong_now() == [f"{said}, which is still to come"]
    found = doctor.times()
    assert (found.state, found.says) == (doctor.State.NOTE, f"{said}, which is still to come")
    assert "NTP" in found.cure
    write(1)
    now = timezone.now()
    with at_time(now):
        healed = heads.sign_when_due()
    assert healed is not None and healed.at == now
    assert doctor.times().state == doctor.State.WELL
    report = verify()
    assert report.sound and report.heads == 2
    assert report.remarks == [
        f"{said}, later than the head at entry {healed.size} says that it was signed",
        f"{said}, which is still to come",
    ]


def test_a_clock_that_was_minutes_ahead_is_named_until_the_next_head(trail_key: TrailKey, at_time: AtTime) -> None:
    now = timezone.now()
    with at_time(now + timedelta(minutes=4)):
        write(1)
    astray = AuditEvent.objects.latest("seq")
    with at_time(now):
        head = signed()
        assert head.at == now
        (said,) = clocks.wrong_now()
    assert said == (
        f"entry {astray.seq} says that it was written at {checkpoint.spelt(astray.at)},"
        f" later than the head at entry {head.size} says that it was signed"
    )
    with at_time(now + timedelta(minutes=10)):
        write(1)
        signed()
        assert clocks.wrong_now() == []


def test_a_machine_whose_clock_is_far_behind_signs_its_own_time_and_that_is_told(
    trail_key: TrailKey, at_time: AtTime
) -> None:
    write(3)
    with at_time(NOON):
        head = signed()
    assert head.at == NOON
    report = verify()
    assert (report.faults, report.heads) == ([], 1)
    (remark,) = report.remarks
    assert remark.endswith(f"later than the head at entry {head.size} says that it was signed")


def test_a_head_from_before_what_it_covers_is_told_by_the_command_and_no_fault(trail_key: TrailKey) -> None:
    write(3)
    head = head_by_hand(trail_key, "at 2026-03-01T12:00:00.000000Z")
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "verify", stdout=out)
    assert ended.value.code == 0
    last = out.getvalue().splitlines()[-1]
    assert last.startswith("no fault, but a clock was wrong: entry ")
    assert last.endswith(f"later than the head at entry {head.size} says that it was signed")
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("audit", "verify", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert told["sound"] is True and len(told["remarks"]) == 1


def test_many_clocks_that_were_wrong_are_not_all_named(trail_key: TrailKey) -> None:
    known = clocks.Clocks()
    for hour in range(30):
        known.newest_entry = (checkpoint.spelt(NOON + timedelta(hours=hour)), hour)
        known.signed(hour + 1, {NOON - timedelta(hours=1)})
    said = known.remarks()
    assert len(said) == clocks.MOST_NAMED + 1
    assert said[-1] == "and 10 more times that are later than a head's"
