"""A time stamp that somebody slipped in, exchanged or dated is named, and nowhere shown as true."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from assay import doctor
from assay.jobs import stamping
from governance.delivery.evidence import verify as offline
from governance.foundation.audit import extracts, heads, rules, services, stamps
from governance.foundation.audit.models import AuditEvent, TimeStamp, TrailKey, TreeHead
from governance.foundation.audit.stamps import NotStamped
from governance.foundation.audit.verification import verify
from governance.foundation.core.actor import PLATFORM
from tests.authority import Authority, certificate
from tests.people import PASSWORD, house
from tests.platform.test_time_stamps import authority, served, signed, stamped
from tests.tampering import guards_lifted

__all__ = ["authority", "served"]  # fixtures
pytestmark = pytest.mark.django_db


def forged(head: TreeHead, folder: Path) -> TimeStamp:
    """By an authority of one's own making, slipped into the table."""
    answer = Authority(folder, name="DigiCert Timestamp 2026").reply(stamps.request_for(head.checkpoint).as_bytes())
    at = stamps.read(answer).at
    return TimeStamp.objects.create(head=head, at=at, authority="DigiCert Timestamp 2026", response=answer)


def lines(settings: Any) -> list[str]:
    return Path(settings.ASSAY_TRAIL_HEADS).read_text().splitlines(keepends=True)


def test_a_stamp_of_a_self_made_authority_is_a_fault_and_nowhere_passes_for_one(
    trail_key: TrailKey, authority: Authority, settings: Any, client: Client, tmp_path: Path
) -> None:
    house()
    head = signed()
    forged(head, tmp_path / "own")
    certificates, settings.ASSAY_TIMESTAMP_CERTIFICATES = settings.ASSAY_TIMESTAMP_CERTIFICATES, ""
    what = f"the time stamp of the head at entry {head.size}"
    assert verify().faults == [f"{what} is none that the file of heads tells of"]
    assert client.login(username="omar", password=PASSWORD)
    assert "signature not checked here" in client.get("/audit/integrity/").content.decode()
    address = f"/api/v1/audit-heads/{head.size}/"
    assert client.get(address).json()["timestamp"]["signature"] == "not checked"
    assert "timestamp" in extracts.of(list(AuditEvent.objects.all()))  # where nothing is known, its reader checks it

    settings.ASSAY_TIMESTAMP_CERTIFICATES = certificates
    (fault,) = verify().faults
    assert fault.startswith(f"{what} is not one: the time stamp does not hold")
    assert "it does not hold" in client.get("/audit/integrity/").content.decode()
    assert client.get(address).json()["timestamp"]["signature"] == "does not hold"
    assert "timestamp" not in extracts.of(list(AuditEvent.objects.all()))
    assert stamps.tell_what_was_lost() and len(list(heads.stamps_in_file())) == 0


def test_what_holds_is_shown_so(trail_key: TrailKey, authority: Authority, client: Client) -> None:
    house()
    head, _ = stamped()
    assert client.login(username="omar", password=PASSWORD)
    page = client.get("/audit/integrity/").content.decode()
    assert "by Linden Time</span>" in page and "not checked here" not in page
    assert client.get(f"/api/v1/audit-heads/{head.size}/").json()["timestamp"]["signature"] == "holds"


def test_a_line_that_was_lost_is_told_again_by_the_scheduler(
    trail_key: TrailKey, authority: Authority, settings: Any
) -> None:
    stamped()
    before = lines(settings)
    Path(settings.ASSAY_TRAIL_HEADS).write_text("".join(before[:-1]))
    assert [fault.endswith("is none that the file of heads tells of") for fault in verify().faults] == [True]
    assert stamps.tell_what_was_lost() and stamps.tell_what_was_lost()
    assert (lines(settings), verify().faults) == (before, [])


def test_a_line_that_comes_a_moment_after_its_stamp_is_no_fault(
    trail_key: TrailKey, authority: Authority, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamped()
    before = lines(settings)
    Path(settings.ASSAY_TRAIL_HEADS).write_text("".join(before[:-1]))
    monkeypatch.setattr("time.sleep", lambda seconds: Path(settings.ASSAY_TRAIL_HEADS).write_text("".join(before)))
    report = verify()
    assert (report.faults, report.stamps) == ([], 1)


def test_a_second_line_does_not_take_the_place_of_the_first(
    trail_key: TrailKey, authority: Authority, settings: Any
) -> None:
    head, stamp = stamped()
    again = authority.reply(stamps.request_for(head.checkpoint).as_bytes())
    digest = rules.digest_of(again)
    heads.append({"size": head.size, "stamped": stamp.at.isoformat(), "sha256": digest})
    with guards_lifted():
        TimeStamp.objects.update(response=again, at=stamps.read(again).at)
    (fault,) = verify().faults
    assert fault.endswith("is told of in the file of heads more than once, and not alike")


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_time_that_is_not_now_is_not_kept(
    trail_key: TrailKey, authority: Authority, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    signed()
    now = timezone.now() + timedelta(hours=hours)
    with monkeypatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: now)
        assert stamping.stamp_when_due() is None
    trouble = stamps.trouble()
    assert trouble is not None and "which is not now: is the clock right" in trouble.why
    assert not TimeStamp.objects.exists()


def test_a_stamp_is_not_older_than_its_head(trail_key: TrailKey, authority: Authority) -> None:
    head, stamp = stamped()
    later = TreeHead(size=head.size, at=head.at + timedelta(hours=1), checkpoint=head.checkpoint)
    request = stamps.request_for(head.checkpoint)
    with pytest.raises(NotStamped, match="before its head was signed"):
        stamps.keep(later, request, authority.reply(request.as_bytes()))
    with guards_lifted():
        TreeHead.objects.update(at=later.at)
    moved, untimely = verify().faults
    assert moved.startswith(f"the head at entry {head.size} gives another time than the text that was signed")
    assert untimely.endswith(f"says {stamp.at:%Y-%m-%d %H:%M} UTC, before its head was signed")


@pytest.mark.parametrize(
    ("here", "entry", "moved"),
    [
        (timedelta(minutes=4), timedelta(seconds=50), timedelta(seconds=50)),
        (timedelta(), timedelta(days=3650), timedelta()),
    ],
    ids=["the authority is minutes behind", "an entry is from years ahead"],
)
def test_clocks_that_differ_keep_no_stamp_from_a_head(
    trail_key: TrailKey,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    here: timedelta,
    entry: timedelta,
    moved: timedelta,
) -> None:
    now = timezone.now() + here
    with monkeypatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: now + entry)
        with transaction.atomic():
            services.record(PLATFORM, "test.done", facts={})
        patch.setattr("django.utils.timezone.now", lambda: now)
        head, stamp = heads.sign(), stamping.stamp_when_due()
    assert head is not None and head.at == now + moved
    assert stamp is not None, stamps.trouble()
    assert (verify().faults, verify().stamps) == ([], 1)
    (tmp_path / "audit.json").write_text(json.dumps(extracts.of(list(AuditEvent.objects.all()))))
    report = offline.verify(tmp_path / "audit.json")
    assert report.sound
    (told,) = [check for check in report.checks if check.name == "time of the head"]
    assert told.result == "stated" and ("a clock was wrong" in told.detail) == (moved != entry)


def test_certificates_that_are_set_but_cannot_be_read_are_a_fault(
    trail_key: TrailKey, authority: Authority, settings: Any, tmp_path: Path
) -> None:
    stamped()
    for name in (tmp_path / "gone.pem", tmp_path):
        settings.ASSAY_TIMESTAMP_CERTIFICATES = str(name)
        (fault,) = verify().faults
        assert fault.startswith(f"no time stamp is checked: the certificates in {name} cannot be read")
    settings.ASSAY_TIMESTAMP_CERTIFICATES = ""
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "verify", stdout=out)
    assert (
        ended.value.code == 0 and "no signature was checked: ASSAY_TIMESTAMP_CERTIFICATES is not set" in out.getvalue()
    )


def test_a_stamp_is_held_against_the_authorities_that_it_can_lead_to(
    trail_key: TrailKey, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the many in the operator's file one decides; where it does not vouch for a stamp, all of them are asked."""
    _, stamp = stamped()
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    others = [certificate(f"Other {n}", key, None, key, (-400, 400), is_root=True) for n, key in enumerate(keys)]
    namesake = certificate("Linden Time Root", keys[0], None, keys[0], (-400, 400), is_root=True)
    own = stamps.trusted()
    looked_at: list[int] = []
    builder = stamps.VerifierBuilder

    def noted(*, roots: list[Any], nonce: int | None) -> Any:
        looked_at.append(len(roots))
        return builder(roots=roots, nonce=nonce)

    monkeypatch.setattr(stamps, "VerifierBuilder", noted)
    assert stamps.objection(stamp, [*others, *own]) is None
    assert looked_at == [1]
    assert "does not hold" in str(stamps.objection(stamp, [*others, namesake]))
    assert looked_at == [1, 1, 4]
    assert "does not hold" in str(stamps.objection(stamp, others))
    assert looked_at == [1, 1, 4, 3]


def test_a_certificate_that_ended_and_stays_in_the_file_worries_nobody(
    trail_key: TrailKey, authority: Authority, settings: Any, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    old = certificate("Linden Time Root", key, None, key, (-400, -1), is_root=True)
    both = tmp_path / "both.pem"
    both.write_bytes(old.public_bytes(Encoding.PEM) + authority.certificates.read_bytes())
    settings.ASSAY_TIMESTAMP_CERTIFICATES = str(both)
    found = doctor.time_stamps()
    assert found.state == doctor.State.WELL, found
    assert json.dumps(found.says).count(f"{timezone.now() + timedelta(days=365):%Y-%m-%d}") == 1
