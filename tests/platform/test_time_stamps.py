"""Heads are time stamped by an authority that the operator names, or they say why not yet."""

import base64
import dataclasses
import hashlib
import json
import random
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client

from assay import doctor
from assay.jobs import stamping
from assay.settings import env
from governance.delivery.evidence import services as evidence
from governance.delivery.evidence import verify as offline
from governance.documents.dossiers import services as dossiers
from governance.foundation.audit import extracts, heads, services, stamps
from governance.foundation.audit.models import AuditEvent, TimeStamp, TrailKey, TreeHead
from governance.foundation.audit.verification import verify
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from tests import factories
from tests.authority import Authority, openssl
from tests.people import PASSWORD, house
from tests.tampering import guards_lifted

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with Authority(tmp_path_factory.mktemp("authority") / "ours").serving() as authority:
        yield authority


@pytest.fixture
def authority(served: Authority, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An honest one, named by the operator."""
    settings.ASSAY_TIMESTAMP_URL = served.url
    settings.ASSAY_TIMESTAMP_CERTIFICATES = str(served.certificates)
    monkeypatch.setattr(served, "twist", lambda query, own: own.reply(query))
    monkeypatch.setattr(served, "status", 200)
    cache.clear()
    return served


def signed(count: int = 1) -> TreeHead:
    for number in range(count):
        with transaction.atomic():
            services.record(PLATFORM, "test.done", facts={"n": number})
    head = heads.sign()
    assert head is not None
    return head


def stamped() -> tuple[TreeHead, TimeStamp]:
    head, stamp = signed(), stamping.stamp_when_due()
    assert stamp is not None, stamps.trouble()
    return head, stamp


def test_without_an_authority_nobody_is_asked(trail_key: TrailKey, served: Authority) -> None:
    before = served.asked
    signed()
    assert stamping.stamp_when_due() is None and stamps.waiting() is None
    assert served.asked == before
    assert doctor.time_stamps().state == doctor.State.NOTE


def test_the_newest_head_is_stamped_once_and_openssl_agrees(
    trail_key: TrailKey, authority: Authority, settings: Any, tmp_path: Path
) -> None:
    head, stamp = stamped()
    assert (stamp.head, stamp.authority) == (head, "Linden Time")
    assert stamping.stamp_when_due() is None
    (tmp_path / "checkpoint.txt").write_text(head.checkpoint, encoding="utf-8")
    (tmp_path / "checkpoint.tsr").write_bytes(stamp.response)
    checked = ("ts", "-verify", "-data", "checkpoint.txt", "-in", "checkpoint.tsr", "-CAfile")
    assert "Verification: OK" in openssl(*checked, str(authority.certificates), at=tmp_path)
    report = verify()
    assert (report.faults, report.stamps, report.stamps_unchecked) == ([], 1, 0)
    lines = [json.loads(line) for line in Path(settings.ASSAY_TRAIL_HEADS).read_text().splitlines()]
    assert lines[-1] == {
        "size": head.size, "stamped": stamp.at.isoformat(), "sha256": hashlib.sha256(stamp.response).hexdigest()
    }  # fmt: skip
    later = signed()  # the file's last line is no head; signing goes on all the same
    assert [one.size for one in heads.in_file()] == [head.size, later.size]
    assert stamps.waiting() == later and heads.over(head.size) == head and heads.over(later.size) == later


def test_what_is_taken_out_carries_the_stamp_and_the_offline_verifier_says_what_it_did_not_check(
    trail_key: TrailKey, authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stamp = stamped()[1]
    extract = extracts.of(list(AuditEvent.objects.all()))
    file = tmp_path / "audit.json"
    file.write_text(json.dumps(extract))
    assert base64.b64decode(extract["timestamp"]) == stamp.response
    assert offline.main([str(file), "--json", "--unpack", str(tmp_path / "out")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"name": "time stamp", "result": "holds", "detail": "it is for the signed head"} in (
        told["integrity"]["checks"]
    )
    (said,) = [check for check in told["freshness"]["checks"] if check["name"] == "time stamp"]
    assert said["result"] == "not checked"
    assert said["detail"].startswith(f"{stamp.at:%Y-%m-%d %H:%M:%S} UTC, if its signature holds")
    named = said["detail"].partition("openssl ")[2].replace("CERTIFICATES", str(authority.certificates))
    assert "Verification: OK" in openssl(*named.split(), at=tmp_path / "out")

    other = signed()
    forged = extracts.of(list(AuditEvent.objects.all()))
    assert forged["checkpoint"] == other.checkpoint and "timestamp" not in forged
    file.write_text(json.dumps(forged | {"timestamp": extract["timestamp"]}))
    assert offline.main([str(file)]) == 1
    assert "the time stamp is not for this head" in capsys.readouterr().out


def test_a_bundle_carries_the_newest_stamped_head_that_covers_its_stretch_of_the_trail(
    trail_key: TrailKey, authority: Authority, tmp_path: Path
) -> None:
    home = house()
    run = factories.finished_run(home)
    frozen = dossiers.freeze(actor=home.ada, dossier_id=run.model_version.dossier.pk)
    for is_stamped in (False, True):
        file = tmp_path / f"{is_stamped}.zip"
        if is_stamped:
            stamped()
        made = evidence.export(actor=home.cleo, dossier_version_id=frozen.pk)
        blobs.copy_to(made.file_sha256, file)
        checks = offline.verify(file).checks
        found = [(check.area, check.result) for check in checks if check.name == "time stamp"]
        assert found == ([("integrity", "holds"), ("freshness", "not checked")] if is_stamped else [])
        assert [check.result for check in checks if check.name == "signed head"] == ["holds"]


@pytest.mark.parametrize("cut", [0, 1, 9, 60, 200, -1])
def test_a_stamp_that_is_cut_off_is_not_sound_and_ends_in_no_traceback(
    trail_key: TrailKey, authority: Authority, tmp_path: Path, cut: int
) -> None:
    stamped()
    extract = extracts.of(list(AuditEvent.objects.all()))
    whole = base64.b64decode(extract["timestamp"])
    file = tmp_path / "audit.json"
    file.write_text(json.dumps(extract | {"timestamp": base64.b64encode(whole[:cut]).decode()}))
    assert offline.verify(file).exit_status == 1


def other_query(query: bytes, authority: Authority) -> bytes:
    """About another text, with another nonce."""
    return authority.reply(stamps.request_for("another text").as_bytes())


def replayed(query: bytes, authority: Authority) -> bytes:
    """About the same text, asked for before: the nonce is not ours."""
    (head,) = heads.in_file()
    return authority.reply(stamps.request_for(head.note).as_bytes())


@pytest.mark.parametrize(
    ("twist", "why"),
    [
        (other_query, "the time stamp is for something else"),
        (replayed, "Nonce mismatch"),
        (lambda query, own: b"<html>It works!</html>", "the answer is none of a time-stamping authority"),
        (lambda query, own: b"", "the answer is none of a time-stamping authority"),
        (lambda query, own: own.reply(query)[:-40], "the answer is none of a time-stamping authority"),
        (lambda query, own: own.reply(b"no question"), "the authority refuses (status 2)"),
        (lambda query, own: bytes(stamping.LARGEST + 1), "the authority sends more than 65,536 bytes"),
        (lambda query, own: None, "the authority's answer takes longer than 0.3 s"),
    ],
)  # fmt: skip
def test_no_answer_is_kept_that_is_not_ours_to_rely_on(
    trail_key: TrailKey, authority: Authority, monkeypatch: pytest.MonkeyPatch,
    twist: Callable[[bytes, Authority], bytes | None], why: str,
) -> None:  # fmt: skip
    signed()
    monkeypatch.setattr(authority, "twist", twist)
    if "longer" in why:
        monkeypatch.setattr(stamping, "SECONDS", 0.3)
    assert stamping.stamp_when_due() is None
    trouble = stamps.trouble()
    assert trouble is not None and why in trouble.why
    assert not TimeStamp.objects.exists()


@pytest.mark.parametrize(("status", "why"), [(500, "answers 500"), (302, "answers 302"), (404, "answers 404")])
def test_a_server_that_fails_or_sends_elsewhere_is_not_followed(
    trail_key: TrailKey, authority: Authority, monkeypatch: pytest.MonkeyPatch, status: int, why: str
) -> None:
    signed()
    monkeypatch.setattr(authority, "status", status)
    before = authority.asked
    assert stamping.stamp_when_due() is None
    assert authority.asked == before + 1
    trouble = stamps.trouble()
    assert trouble is not None and why in trouble.why


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ({"name": "Stranger"}, "the time stamp does not hold"),
        ({"days": (-30, -1)}, "the time stamp does not hold"),
        ({"may_stamp": False}, "the time stamp does not hold: certificate verify error"),
    ],
)
def test_who_is_not_trusted_whose_days_are_over_or_who_may_not_stamp_is_refused(
    trail_key: TrailKey, authority: Authority, settings: Any, tmp_path: Path, kind: dict[str, Any], why: str
) -> None:
    signed()
    with Authority(tmp_path / "other", **kind).serving() as other:
        settings.ASSAY_TIMESTAMP_URL = other.url
        if "name" not in kind:
            settings.ASSAY_TIMESTAMP_CERTIFICATES = str(other.certificates)
        assert stamping.stamp_when_due() is None
        trouble = stamps.trouble()
        assert trouble is not None and why in trouble.why
        assert doctor.time_stamps().state == doctor.State.WRONG


def test_an_authority_that_is_away_is_asked_again_after_a_wait_that_grows(
    trail_key: TrailKey, authority: Authority, settings: Any
) -> None:
    head = signed()
    settings.ASSAY_TIMESTAMP_URL = "http://127.0.0.1:9/"
    assert stamping.stamp_when_due() is None
    settings.ASSAY_TIMESTAMP_URL = authority.url
    assert stamping.stamp_when_due() is None  # not yet
    first = stamps.trouble()
    assert first is not None and "the authority does not answer" in first.why
    stamps.put_off(first.why)
    second = stamps.trouble()
    assert second is not None and (first.wait, second.wait) == (60, 120)
    cache.set(stamps.TROUBLE, dataclasses.replace(second, wait=0))
    assert stamping.stamp_when_due() is not None
    assert stamps.trouble() is None and stamps.of(head) is not None


def test_the_page_and_the_api_say_which_heads_are_stamped_by_whom_and_which_wait(
    trail_key: TrailKey, authority: Authority, settings: Any, client: Client
) -> None:
    house()
    assert client.login(username="omar", password=PASSWORD)
    first, stamp = stamped()
    page = client.get("/audit/integrity/").content.decode()
    assert "by Linden Time" in page and "waiting" not in page
    answer = client.get(f"/audit/integrity/heads/{first.size}/timestamp/")
    assert (answer.content, answer["Content-Type"]) == (bytes(stamp.response), "application/timestamp-reply")

    second = signed()
    stamps.put_off("the authority does not answer: it is night")
    page = client.get("/audit/integrity/").content.decode()
    assert "waiting" in page and "it is night" in page
    assert client.get(f"/audit/integrity/heads/{second.size}/timestamp/").status_code == 404
    listed = client.get("/api/v1/audit-heads/").json()["results"]
    told = {each["size"]: each["timestamp"] for each in listed}
    assert told[second.size] is None
    assert told[first.size]["by"] == "Linden Time"
    assert base64.b64decode(told[first.size]["response"]) == stamp.response
    assert client.get(f"/api/v1/audit-heads/{second.size}/").json()["timestamp"] is None
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("audit", "head", "--json", stdout=out)
    assert json.loads(out.getvalue())["signed"]["timestamp"] is None


def test_what_was_changed_of_a_stamp_is_named_and_the_database_refuses_it(
    trail_key: TrailKey, authority: Authority, settings: Any
) -> None:
    head, stamp = stamped()
    for act in (TimeStamp.objects.all().delete, lambda: TimeStamp.objects.update(authority="Somebody")):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    other = authority.reply(stamps.request_for("another text").as_bytes())
    again = authority.reply(stamps.request_for(head.checkpoint).as_bytes())
    what = f"the time stamp of the head at entry {head.size}"
    for changes, fault in (
        ({"authority": "Somebody"}, f"{what} says something else than the answer that was kept"),
        ({"at": stamp.at.replace(year=2001)}, f"{what} says something else than the answer that was kept"),
        ({"response": other}, f"{what} is for something else"),
        ({"response": b"nothing"}, f"{what} is not one: the answer is none"),
        (
            {"response": again, "at": stamps.read(again).at},
            f"{what} is not the one that the file of heads tells of",
        ),
        (None, f"{what}, which the file of heads tells of, is missing"),
    ):
        with guards_lifted(), transaction.atomic():
            if changes is None:
                TimeStamp.objects.all().delete()
            else:
                TimeStamp.objects.update(**changes)
            assert [each for each in verify().faults if each.startswith(fault)], (changes, verify().faults)
            TimeStamp.objects.all().delete()
            stamp.save(force_insert=True)
    assert verify().faults == []
    settings.ASSAY_TIMESTAMP_CERTIFICATES = ""
    unchecked = verify()
    assert (unchecked.faults, unchecked.stamps, unchecked.stamps_unchecked) == ([], 0, 1)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_whatever_stands_in_its_place_is_named_and_ends_no_verification(
    trail_key: TrailKey, authority: Authority
) -> None:
    _, stamp = stamped()
    roots, dice = stamps.trusted(), random.Random(7)  # noqa: S311 - the same mutations at each run, no secret
    honest, unchanged = bytes(stamp.response), 0
    for _ in range(300):
        forged = bytearray(honest)
        for _ in range(dice.randint(1, 3)):
            forged[dice.randrange(len(forged))] ^= dice.randint(1, 255)
        stamp.response = bytes(forged[: dice.choice([len(forged), dice.randrange(len(forged))])])
        unchanged += stamps.objection(stamp, roots) is None
    assert unchanged < 40  # what is under no signature: the root that is sent along, the answer's own words
    stamp.response = honest
    assert stamps.objection(stamp, roots) is None


def test_the_doctor_says_how_long_the_certificates_are_good(
    trail_key: TrailKey, authority: Authority, settings: Any, tmp_path: Path
) -> None:
    assert doctor.time_stamps().state == doctor.State.WELL
    with Authority(tmp_path / "soon", days=(-1, 9)).serving() as soon:
        settings.ASSAY_TIMESTAMP_URL, settings.ASSAY_TIMESTAMP_CERTIFICATES = soon.url, str(soon.certificates)
        found = doctor.time_stamps()
    assert found.state == doctor.State.NOTE and "a certificate ends on" in found.says


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://a.example/", "a.example", "http://"])
def test_an_authority_is_found_by_http_or_https_alone(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TIMESTAMP_URL", address)
    with pytest.raises(ImproperlyConfigured, match="begins with http"):
        env.web_address("ASSAY_TIMESTAMP_URL")
