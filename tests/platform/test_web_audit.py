"""The audit pages: what one may see is found, taken out with its proof, and checked without the platform."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assay.jobs import examining, housekeeping
from assay.jobs.supervise import Interrupted
from governance.delivery.evidence import examining as asking
from governance.delivery.evidence import verify
from governance.delivery.evidence.models import Examination
from governance.foundation.audit import checkpoint, heads, keys, watch
from governance.foundation.audit.models import AuditEvent, Identity, TrailKey, TreeHead, Verification
from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM
from governance.people.projects import services as projects
from tests import callers, factories
from tests.people import PASSWORD, House
from tests.tampering import guards_lifted


@pytest.fixture
def omar(home: House, trail_key: TrailKey) -> Client:
    client = Client()
    assert client.login(username="omar", password=PASSWORD)
    return client


def write(home: House, count: int, **more: Any) -> None:
    for number in range(count):
        with transaction.atomic():
            record(home.ada, "test.done", subject=home.project, facts={"n": number, **more})


def test_the_log_is_leafed_through_from_the_newest_with_the_same_number_of_queries(home: House, omar: Client) -> None:
    address = reverse("audit-list")
    write(home, 60)
    omar.get(address)
    with CaptureQueriesContext(connection) as few:
        omar.get(address)
    write(home, 120)
    with CaptureQueriesContext(connection) as many:
        first = omar.get(address)
    assert len(many) == len(few)
    older = first.context["older"]
    assert older == AuditEvent.objects.count() - 49
    second = omar.get(address, {"before": older})
    told = [row["told"].event.seq for group in second.context["groups"] for row in group]
    assert told[0] == older - 1 and len(told) == 50
    assert omar.get(address, {"before": "1"}).context["groups"] == []


def test_entries_are_found_by_person_act_project_and_day(home: House, omar: Client) -> None:
    write(home, 3)

    def found(**asked: str) -> set[str]:
        page = omar.get(reverse("audit-list"), asked)
        return {row["told"].event.action for group in page.context["groups"] for row in group}

    ada = Identity.objects.get(user_id=home.ada.user_id)
    assert found(person=str(ada.pk)) == {"test.done"}
    assert found(action="organisation.") and all(
        each.startswith("organisation.") for each in found(action="organisation.")
    )
    assert "test.done" in found(project=home.project.slug)
    today = timezone.localdate()
    assert "test.done" in found(since=str(today), until=str(today))
    assert found(until=str(today - timedelta(days=1))) == set() == found(since=str(today + timedelta(days=1)))
    assert found(person="nobody", since="not a day", until="2026-13-45") == found()


def test_what_is_taken_out_is_proved_to_somebody_without_the_platform(
    home: House, omar: Client, trail_key: TrailKey, tmp_path: Path
) -> None:
    write(home, 5)
    assert omar.get(reverse("audit-extract")).status_code == 409  # nothing is signed yet
    heads.sign()
    keys.rotate(actor=PLATFORM)
    heads.sign()
    write(home, 1)
    taken = omar.get(reverse("audit-extract"), {"action": "test."})
    told = taken.json()
    assert (len(told["entries"]), told["younger"]) == (5, 1)
    (tmp_path / "audit.json").write_bytes(taken.content)
    (tmp_path / "verify.py").write_bytes(b"".join(omar.get(reverse("audit-verifier"))))
    public = TrailKey.objects.get(number=2).public_key
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "audit.json", "--json", "--key", public],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert (done.returncode, report["sound"]) == (0, True)
    assert (report["integrity"]["verdict"], report["authorship"]["verdict"]) == ("holds", "holds")

    one = AuditEvent.objects.filter(action="test.done").earliest("seq")
    (tmp_path / "one.json").write_bytes(omar.get(reverse("audit-proof", args=[one.pk])).content)
    assert verify.verify(tmp_path / "one.json", bytes.fromhex(public)).sound


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["entries"][0].update(body=told["entries"][0]["body"].replace("test.done", "test.made")),
        lambda told: told["entries"].pop(1),
        lambda told: told["entries"].append(dict(told["entries"][0])),
        lambda told: told["entries"][0].update(seq=told["entries"][0]["seq"] + 1),
        lambda told: told["around"].pop(),
        lambda told: told["around"].append("ab" * 32),
        lambda told: told["around"].reverse(),
        lambda told: told.update(checkpoint=told["checkpoint"].replace("\n", "\n1", 1)),
        lambda told: told.update(checkpoint=told["checkpoint"].replace("assay/", "assay/x", 1)),
        lambda told: told.update(checkpoint=told["checkpoint"].replace("\nat 2", "\nat 1", 1)),
        lambda told: told.update(checkpoint=told["checkpoint"][:-9] + "AAAAAAA=\n"),
        lambda told: told.update(checkpoint=told["checkpoint"].split("\n\n")[0] + "\n"),
        lambda told: told["keys"].clear(),
        lambda told: told["keys"][0].update(verifier_key=told["keys"][0]["verifier_key"][:-4] + "AAA="),
    ],
)
def test_an_extract_that_was_changed_is_refused(
    home: House, omar: Client, change: Any, tmp_path: Path, trail_key: TrailKey
) -> None:
    write(home, 5)
    heads.sign()
    told = omar.get(reverse("audit-extract"), {"action": "test."}).json()
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(told))
    assert verify.verify(path).sound
    change(told)
    path.write_text(json.dumps(told))
    report = verify.verify(path)
    assert (report.sound, report.unreadable) == (False, None)


@pytest.mark.parametrize(
    ("line", "result", "said"),
    [
        ("", "not checked", "its text gives no time: it is of an older version"),
        ("at 2126-03-01T12:00:00.000000Z\n", "stated", "2126-03-01T12:00:00.000000Z, as the platform says under its"),
        (
            "at 2026-03-01T12:00:00.000000Z\n",
            "stated",
            "2026-03-01T12:00:00.000000Z, as the platform says under its signature; an entry that it covers says",
        ),
        ("at 2126-13-01T12:00:00.000000Z\n", "broken", "the checkpoint gives a time that is none"),
        ("at noon\n", "broken", "the checkpoint gives more than one time, or none in UTC"),
    ],
)
def test_the_offline_verifier_says_what_a_head_says_of_its_time(
    home: House, omar: Client, trail_key: TrailKey, tmp_path: Path, line: str, result: str, said: str
) -> None:
    write(home, 1)
    heads.sign()
    told = omar.get(reverse("audit-extract")).json()
    text = told["checkpoint"].split("\nat ")[0] + "\n"
    told["checkpoint"] = checkpoint.signed(text + line, trail_key.name, keys.current()[1])
    (tmp_path / "audit.json").write_text(json.dumps(told))
    report = verify.verify(tmp_path / "audit.json")
    assert report.sound == (result != "broken")
    assert any(check.result == result and check.detail.startswith(said) for check in report.checks), report.checks


def test_another_key_than_the_one_that_is_kept_is_named(home: House, omar: Client, tmp_path: Path) -> None:
    heads.sign()
    path = tmp_path / "audit.json"
    path.write_bytes(omar.get(reverse("audit-extract")).content)
    assert not verify.verify(path, bytes(32)).sound


def test_the_page_says_what_the_last_verification_found(home: House, omar: Client) -> None:
    address = reverse("audit-integrity")
    assert "Nothing was verified yet" in omar.get(address).content.decode()
    head = heads.sign()
    assert head is not None
    assert housekeeping.watch.examine_when_due().sound
    assert housekeeping.watch.examine_when_due() is None
    text = omar.get(address).content.decode()
    assert f"The trail of {head.size} entries is whole" in text and f"Signed heads hold up to entry {head.size}" in text
    assert f"Audit log verified to entry {head.size}" in text
    assert omar.get(reverse("audit-checkpoint", args=[head.size])).content.decode() == head.checkpoint

    assert "time not signed" not in text

    assert "A clock is or was wrong" not in text
    with guards_lifted():
        AuditEvent.objects.filter(seq=2).update(action="test.forged")
        TreeHead.objects.update(at=head.at + timedelta(days=1))
    watch.examine(actor=PLATFORM)
    text = omar.get(address).content.decode()
    assert "A clock is or was wrong" in text and "which is still to come" in text
    assert "The trail is not whole" in text and "entry 2: its column action says something else than its text" in text
    assert "Audit log verified to entry" not in text
    assert f"the head at entry {head.size} gives another time than the text" in text and "time not signed" in text
    assert Verification.objects.count() == 2


def test_what_housekeeping_cannot_sign_it_says_and_goes_on(
    home: House, trail_key: TrailKey, caplog: pytest.LogCaptureFixture
) -> None:
    housekeeping.sign()
    assert heads.last() is not None
    with guards_lifted():
        heads.newest_first().update(at=timezone.now() - timedelta(days=1))
    projects.describe(actor=home.admin, project_id=home.project.pk, intended_purpose="Another.")
    keys.path().write_text("rubbish")
    housekeeping.sign()
    assert "The audit trail is not signed" in caplog.text


def test_an_administrator_has_everything_verified_and_the_page_says_for_whom(home: House, omar: Client) -> None:
    page, press = reverse("audit-integrity"), reverse("audit-verify")
    assert press not in omar.get(page).content.decode()
    assert omar.post(press).status_code == 403
    admin = Client()
    assert admin.login(username="admin", password=PASSWORD)
    assert press in admin.get(page).content.decode()
    assert admin.post(press).url == page
    assert admin.post(press).status_code == 409  # one at a time
    asked = Examination.objects.get()
    text = admin.get(page).content.decode()
    assert "Verifying the audit trail" in text and press not in text
    told = omar.get(page, headers={"HX-Request": "true"})
    assert "Admin Adler asked for it" in told.content.decode() and "HX-Refresh" not in told.headers

    lease = factories.lease_on(asked, "examination")
    end = AuditEvent.objects.count()
    examining.carry_out(lease, lambda: False)
    asked.refresh_from_db()
    found = asked.verification
    assert (asked.state, found.by_name, found.entries, found.sound) == ("done", "Admin Adler", end, True)
    assert json.loads(AuditEvent.objects.latest("seq").body)["facts"]["faults"] == 0
    assert "HX-Refresh" in omar.get(page, headers={"HX-Request": "true"}).headers
    text = omar.get(page).content.decode()
    assert f"The trail of {end} entries is whole" in text and "for Admin Adler" in text
    assert watch.examine(actor=PLATFORM).sound  # what was asked for is a record like any other


def test_a_worker_that_stops_leaves_the_verification_to_the_next(home: House) -> None:
    lease = factories.lease_on(asking.ask(actor=home.admin), "examination")
    with pytest.raises(Interrupted):
        examining.carry_out(lease, lambda: True)
    assert not Verification.objects.exists()
    examining.fail(lease, "The database does not answer.")
    failed = asking.newest()
    assert failed is not None and failed.state == "failed"


def test_heads_are_taken_over_the_api_as_they_were_signed(home: House, trail_key: TrailKey) -> None:
    first = heads.sign()
    write(home, 1)
    second = heads.sign()
    assert first is not None and second is not None
    dev = callers.by_token(home.dev)
    told = dev.get(f"{callers.API}/audit-heads/", {"page_size": 1}).json()
    assert [head["size"] for head in told["results"]] == [second.size]
    older = dev.get(told["next"]).json()["results"]
    assert [(head["size"], head["key"]) for head in older] == [(first.size, 1)]
    one = dev.get(f"{callers.API}/audit-heads/{first.size}/").json()
    assert one["checkpoint"] == first.checkpoint and one["is_time_signed"] is True
    assert checkpoint.parsed(one["checkpoint"]).root.hex() == one["root"] == first.root
    assert dev.get(f"{callers.API}/audit-heads/{10**30}/").status_code == 404
