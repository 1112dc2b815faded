"""Every version is scanned for personal data: by a real worker's steps, on the record, told where it matters."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from assay.jobs import work
from governance.documents.sources.gathering import sources_of
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.scans import selectors, services
from governance.materials.scans.models import Scan, SpecialCategories
from governance.materials.scans.rules import Holds, State
from governance.people.approvals import subjects
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db

MAIL, CARD, KEY = "ada.lovelace@bank.example", "4111 1111 1111 1111", "AKIAIOSFODNN7EXAMPLE"
ROWS = [
    {"prompt": f"My mail is {MAIL}", "completion": "Noted.", "internal_note": f"card {CARD}"},
    {"prompt": "What is a rate?", "completion": "A price.", "internal_note": ""},
    {"prompt": f"Again {MAIL} and {KEY}", "completion": "Change it.", "internal_note": ""},
]  # fmt: skip


@pytest.fixture
def version(home: House, tmp_path: Path) -> DatasetVersion:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name="Support desk")
    return datasets.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC0-1.0",
        provenance=factories.PROVENANCE,
    )  # fmt: skip


def worked(scan: Scan) -> Scan:
    work.do(Job.objects.filter(subject_id=scan.pk).latest("created_at").pk, worker="light@here")
    scan.refresh_from_db()
    return scan


@pytest.fixture
def scan(version: DatasetVersion) -> Scan:
    return worked(version.scans.get())


def told(home: House, version: DatasetVersion) -> dict[str, subjects.Fact]:
    return {fact.label: fact for fact in subjects.summary(version, home.project)}


def page(home: House, who: str, address: str) -> str:
    client = Client()
    assert client.login(username=who, password=PASSWORD)
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_registering_asks_for_a_scan_and_a_worker_counts_what_is_in_every_column(
    home: House, version: DatasetVersion
) -> None:
    scan = version.scans.get()
    assert (scan.state, scan.asked_by_name) == (State.QUEUED, home.ada.name)
    worked(scan)
    assert scan.state == State.DONE and scan.version_sha256 == version.content_digest
    kinds = {one["kind"]: one for one in scan.found["kinds"]}
    assert {name: (one["count"], one["rows"]) for name, one in kinds.items()} == {
        "email": (2, 2), "card": (1, 1), "aws-key": (1, 1)
    }  # fmt: skip
    assert kinds["card"]["fields"] == {"internal_note": 1}
    assert scan.found["rows"] == 3 and scan.found["rows_with"] == 2
    actions = AuditEvent.objects.filter(action__startswith="scan.").values_list("action", flat=True)
    assert sorted(actions) == ["scan.asked", "scan.done"]


def test_no_value_is_in_the_record_or_the_trail(scan: Scan) -> None:
    kept = json.dumps([scan.found, scan.samples]) + "".join(event.body for event in AuditEvent.objects.all())
    for value in (MAIL, "lovelace", CARD, "1111", KEY, "IOSFODNN"):
        assert value not in kept


def test_the_content_digest_changes_with_what_was_found_and_not_with_samples(scan: Scan) -> None:
    before = scan.content_digest
    scan.samples = {}
    assert scan.content_digest == before
    scan.found = scan.found | {"rows_with": 0}
    assert scan.content_digest != before


def test_deciders_are_warned_of_what_was_found_and_of_what_nobody_looked_for(
    home: House, version: DatasetVersion
) -> None:
    before = told(home, version)
    assert before["Personal data found"].warns and "A worker is looking" in before["Personal data found"].says
    assert before["Special categories"].warns
    worked(version.scans.get())
    services.answer(actor=home.paula, version_id=version.pk, holds=Holds.NO, reason="Read all three rows.")
    after = told(home, version)
    assert after["Personal data found"].says == "2 × E-mail address, 1 × Payment card; in 2 of 3 rows"
    assert "names of persons" in after["Personal data found"].detail
    assert after["Secrets found"].warns and after["Secrets found"].says == "1 × AWS access key"
    assert not after["Special categories"].warns
    assert after["Special categories"].says == f"no, says {home.paula.name}"


def test_a_scan_by_hand_waits_its_turn_and_the_newest_counts(home: House, version: DatasetVersion) -> None:
    with pytest.raises(WrongState, match="being scanned already"):
        services.ask(actor=home.paula, version_id=version.pk)
    first = worked(version.scans.get())
    second = services.ask(actor=home.paula, version_id=version.pk)
    assert selectors.latest_done(version) == first and selectors.latest(version) == second
    worked(second)
    assert selectors.latest_done(version) == second
    assert second.content_digest == first.content_digest  # the same rows say the same


def test_who_may_ask_and_who_may_answer(home: House, scan: Scan) -> None:
    version = scan.version
    for actor in (home.rita, home.omar, home.vera, home.cleo):
        with pytest.raises(NotAllowed):
            services.ask(actor=actor, version_id=version.pk)
    for actor in (home.ada, home.rita, home.vera):
        with pytest.raises(NotAllowed):
            services.answer(actor=actor, version_id=version.pk, holds=Holds.NO, reason="None.")
    with pytest.raises(NotFound):
        services.ask(actor=home.dev, version_id=version.pk)
    with pytest.raises(Unusable, match="needs its reason"):
        services.answer(actor=home.ben, version_id=version.pk, holds=Holds.YES, reason="  ")
    assert not SpecialCategories.objects.exists()


def test_a_cancelled_scan_says_so_and_another_can_follow(home: House, version: DatasetVersion) -> None:
    scan = services.cancel(actor=home.ben, scan_id=version.scans.get().pk)
    assert scan.state == State.CANCELLED and selectors.latest_done(version) is None
    with pytest.raises(WrongState, match="not under way"):
        services.cancel(actor=home.ben, scan_id=scan.pk)
    assert services.again(actor=home.ben, scan_id=scan.pk).state == State.QUEUED


def test_a_model_that_is_not_there_fails_the_scan_with_the_cure(version: DatasetVersion, settings: Any) -> None:
    settings.ASSAY_NAMES_MODEL = "/nowhere/at/all"
    scan = worked(version.scans.get())
    assert scan.state == State.FAILED and "no meta.json. Name the folder" in scan.error["message"]
    assert Job.objects.get(subject_id=scan.pk).state == JobState.FAILED


def test_a_worker_that_lost_its_lease_writes_nothing(version: DatasetVersion) -> None:
    from governance.materials.scans import worker

    scan = version.scans.get()
    job = Job.objects.get(subject_id=scan.pk)
    lease = jobs.claim(job_id=job.pk, worker="light@here")
    assert lease is not None
    Job.objects.filter(pk=job.pk).update(token=lease.token + 1)
    with pytest.raises(jobs.LeaseLost):
        worker.finish(lease=lease, found={"kinds": []})
    scan.refresh_from_db()
    assert scan.state == State.QUEUED


def test_the_tab_shows_counts_to_all_and_masked_samples_to_those_who_may_read_rows(home: House, scan: Scan) -> None:
    address = f"/dataset-versions/{scan.version_id}/?tab=persons"
    masked = "xxx.xxxxxxxx@xxxx.xxxxxxx"
    steward, viewer = page(home, "ben", address), page(home, "vera", address)
    assert masked in steward and masked not in viewer
    for shown in (steward, viewer):
        assert "E-mail address" in shown and "names of persons" in shown and "do not rely on" in shown
        assert "Nobody has answered yet" in shown and MAIL not in shown


def test_the_question_is_answered_on_the_page_with_name_and_time(home: House, scan: Scan) -> None:
    client = Client()
    client.login(username="paula", password=PASSWORD)
    address = f"/dataset-versions/{scan.version_id}/special-categories/"
    assert client.post(address, {"holds": "yes", "reason": ""}).status_code == 422
    assert client.post(address, {"holds": "yes", "reason": "Health; explicit consent, 9(2)(a)."}).status_code == 302
    shown = page(home, "vera", f"/dataset-versions/{scan.version_id}/?tab=persons")
    assert "The rows hold some." in shown and "explicit consent, 9(2)(a)" in shown and home.paula.name in shown


def test_the_interface_asks_answers_and_keeps_samples_from_viewers(home: House, scan: Scan) -> None:
    body = by_token(home.ben).get(f"{API}/scans/{scan.pk}/").json()
    assert body["state"] == "done" and body["samples"]["email"] == ["xxx.xxxxxxxx@xxxx.xxxxxxx"]
    assert by_token(home.vera).get(f"{API}/scans/{scan.pk}/").json()["samples"] is None
    asked = by_token(home.paula).post(f"{API}/scans/", {"version": str(scan.version_id)}, format="json")
    assert asked.status_code == 202 and asked.json()["state"] == "queued"
    said = by_token(home.paula).post(
        f"{API}/special-categories/", {"version": str(scan.version_id), "holds": "no", "reason": "Read."}, format="json"
    )
    assert said.status_code == 201 and said.json()["by_name"] == home.paula.name


def test_documents_say_what_was_found_and_what_was_not_looked_for(home: House) -> None:
    from governance.documents.sources import personal

    run = factories.finished_run(home)
    version, made = run.data()[0], run.model_version
    before = sources_of(made)
    assert before.scans == () and personal.not_scanned(before.datasets, before.scans).meets is False
    worked(version.scans.get())
    services.answer(actor=home.ben, version_id=version.pk, holds=Holds.UNSURE, reason="Only sampled.")
    after = sources_of(made)
    (source,) = after.scans
    assert source.sha256 == version.scans.get().content_digest
    said = personal.scanned(source)
    assert said.source == "measured" and "Not looked for: " in said.text and "names of persons" in said.text
    assert personal.not_scanned(after.datasets, after.scans) is None
    assert personal.special(after.special_categories[0]).source == "declared"
