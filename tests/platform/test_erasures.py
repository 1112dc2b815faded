"""Rows are erased by two people and a worker: the file goes, the old root holds for the rest, what stays is said."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assay.jobs import housekeeping, work
from governance.delivery.erasures import selectors, services, worker
from governance.delivery.erasures.models import Erasure
from governance.delivery.erasures.rules import State
from governance.delivery.evidence import membership, verify
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs.models import Job
from governance.materials.datasets import measuring, splitting
from governance.materials.datasets import selectors as data
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.redactions import services as redactions
from governance.materials.scans import services as scans
from governance.oversight.retention import services as retention
from governance.oversight.retention.rules import Basis
from governance.people.approvals import reauthentication
from governance.people.approvals import selectors as standings
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.work.runs.folders import run_folder
from preparation import splits
from preparation.persons.redaction import Redaction
from preparation.row_index import entries
from tests import factories
from tests.callers import API, by_token, proof
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db

NAME = "Marguerite Lindqvist"
ROWS = [{"prompt": f"Question {n}?", "completion": f"Answer {n}."} for n in range(9)]
ROWS[4] = {"prompt": f"I am {NAME}.", "completion": "Noted."}


def registered(home: House, tmp_path: Path, rows: list[dict[str, str]] = ROWS, **how: Any) -> DatasetVersion:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    line = how.get("line") or home.project.datasets.first()
    line = line or datasets.create(actor=home.ada, project_id=home.project.pk, name="Support desk")
    return datasets.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence=how.get("licence", "CC0-1.0"),
        provenance=factories.PROVENANCE,
    )  # fmt: skip


@pytest.fixture
def version(home: House, tmp_path: Path) -> DatasetVersion:
    return registered(home, tmp_path)


def shown(actor: Actor, version: DatasetVersion, *rows: int) -> str:
    return reauthentication.by_password(
        actor=actor, password=PASSWORD, subject_digest=version.content_digest, verdict=Verdict.APPROVE,
        choice={"rows": list(rows)},
    )  # fmt: skip


def asked(home: House, version: DatasetVersion, *rows: int, actor: Actor | None = None) -> Erasure:
    actor = actor or home.paula
    return services.ask(
        actor=actor, version_id=version.pk, rows=list(rows or (5,)), case_number="2026-17",
        reason="Art. 17(1)(b) GDPR: consent was withdrawn.", proof=shown(actor, version, *(rows or (5,))),
    )  # fmt: skip


def confirmed(home: House, erasure: Erasure) -> Erasure:
    factories.approve(home.ben, ApprovalRequest.objects.get(subject_id=erasure.pk, state="open"))
    erasure.refresh_from_db()
    return erasure


@pytest.fixture
def worked(django_capture_on_commit_callbacks: Any) -> Any:
    def do(erasure: Erasure) -> Erasure:
        with django_capture_on_commit_callbacks(execute=True):
            work.do(Job.objects.filter(subject_id=erasure.pk).latest("created_at").pk, worker="light@here")
        found = Erasure.objects.get(pk=erasure.pk)
        found.version.refresh_from_db()
        return found

    return do


def bytes_of(version: DatasetVersion) -> bytes:
    with blobs.opened(version.file_sha256) as file:
        return file.read()


def checked(proof_of: Any, folder: Path) -> verify.Report:
    path = folder / "membership.json"
    path.write_text(json.dumps(proof_of, ensure_ascii=False), encoding="utf-8")
    return verify.verify(path)


def test_an_erased_row_is_gone_and_the_old_root_verifies_for_the_rest(
    home: House, version: DatasetVersion, worked: Any, tmp_path: Path
) -> None:
    before, root, digest, index = bytes_of(version), version.rows_root, version.content_digest, version.index_sha256
    erasure = worked(confirmed(home, asked(home, version)))
    old, new = erasure.version, erasure.version.successor
    assert erasure.state == State.DONE and erasure.destroyed_at is not None, erasure.error
    # the bytes, the salts, the hashes
    assert not blobs.exists(old.file_sha256) and not blobs.exists(index)
    with blobs.opened(old.index_sha256) as file:
        known = list(entries(file.read()))
    assert [place for place, entry in enumerate(known) if entry.is_erased] == [4]
    assert erasure.tombstones == [{"row": 5, "leaf": known[4].leaf.hex()}]
    # the rest, byte for byte
    assert bytes_of(new) == b"".join(line for line in before.splitlines(keepends=True) if NAME.encode() not in line)
    assert (new.number, new.rows, new.file_name) == (2, 8, version.file_name)
    assert new.provenance["derived_from_versions"][0]["id"] == str(old.pk)
    assert "rows were erased" in new.provenance["privacy_tools"] and NAME not in json.dumps(new.provenance)
    # the old version is the same record, and its root holds
    assert (old.rows_root, old.content_digest) == (root, digest)
    for place in range(9):
        told = membership.prove(actor=home.omar, version_id=old.pk, place=place)
        assert told["record"]["content"]["rows_root"] == root
        report = checked(told, tmp_path)
        assert report.sound, report.as_text()
        assert told["row"].get("erased", False) is (place == 4)
        if place != 4:
            assert told["row"]["content"][0][1] == f"Question {place}?"
    changed = membership.prove(actor=home.omar, version_id=old.pk, place=5)
    changed["row"]["content"][0][1] = "Question 4?"
    assert not checked(changed, tmp_path).sound


def test_rows_are_erased_once_more_from_the_version_that_is_left(
    home: House, version: DatasetVersion, worked: Any, tmp_path: Path
) -> None:
    first = worked(confirmed(home, asked(home, version, 5)))
    second = worked(confirmed(home, asked(home, first.version.successor, 1, 8)))
    third = worked(confirmed(home, asked(home, second.version.successor, 2)))
    last = third.version.successor
    assert last.rows == 5 and third.state == State.DONE
    old = DatasetVersion.objects.get(pk=version.pk)
    gone = []
    for place in range(9):
        told = membership.prove(actor=home.omar, version_id=old.pk, place=place)
        assert checked(told, tmp_path).sound
        if told["row"].get("erased"):
            gone.append(place)
        else:
            assert told["row"]["content"][0][1] == f"Question {place}?"
    assert gone == [0, 2, 4, 8]  # of the first version too, whose index held their salts


def test_whoever_reads_the_file_is_told_in_words(home: House, version: DatasetVersion, worked: Any) -> None:
    scan = version.scans.get()
    worked(confirmed(home, asked(home, version)))
    says = r"Rows of Support desk v1 were erased on .*; its file is gone. Use Support desk v2."
    old = DatasetVersion.objects.get(pk=version.pk)
    for act in (
        lambda: data.sample(old),
        lambda: data.rows_at(old, [0]),
        lambda: datasets.download(actor=home.ada, version_id=old.pk),
        lambda: splitting.split(actor=home.ada, version_id=old.pk, asked=splits.Split("folds")),
        lambda: scans.ask(actor=home.ada, version_id=old.pk),
        lambda: redactions.ask(actor=home.ada, version_id=old.pk, asked=Redaction("mask", ("email",))),
        lambda: measuring.measure(actor=home.ada, version_id=old.pk, options=measuring.Options()),
        lambda: scans.ask(actor=home.ada, version_id=old.pk),
        lambda: redactions.ask(actor=home.ada, version_id=old.pk, asked=Redaction("mask", ("email",))),
        lambda: measuring.measure(actor=home.ada, version_id=old.pk, options=measuring.Options()),
        lambda: asked(home, old, 1),
    ):
        with pytest.raises(WrongState, match=says):
            act()
    work.do(Job.objects.get(subject_id=scan.pk).pk, worker="light@here")
    scan.refresh_from_db()
    assert scan.state == "failed" and "were erased" in scan.error["message"]
    assert data.changes(old.successor, old).kept == 8
    client = Client()
    assert client.login(username="ada", password=PASSWORD)
    page = client.get(f"/dataset-versions/{old.pk}/")
    assert page.status_code == 200 and "Rows were erased" in page.content.decode()
    assert client.get(f"/dataset-versions/{old.pk}/rows/").status_code == 409
    assert client.get(f"/dataset-versions/{old.pk}/file/").status_code == 409
    assert client.get(f"/dataset-versions/{old.successor_id}/changes/?since={old.pk}").status_code == 200
    for tab in ("evidence", "quality", "persons", "approvals", "lineage", "history"):
        assert client.get(f"/dataset-versions/{old.pk}/?tab={tab}").status_code == 200
    run = by_token(home.ada).post(
        f"{API}/runs/preview/", {"project": str(home.project.pk), "data": [str(old.pk)]}, format="json"
    )
    assert run.status_code < 500


def test_it_takes_two_people(home: House, version: DatasetVersion, worked: Any) -> None:
    for actor in (home.ada, home.ben, home.cleo, home.omar, home.vera, home.admin):
        with pytest.raises(NotAllowed, match="data protection officer"):
            asked(home, version, actor=actor)
    with pytest.raises(NotFound):
        asked(home, version, actor=home.dev)
    for other in ("none.none", shown(home.paula, version, 6)):
        with pytest.raises(NotAllowed, match="Show again"):
            services.ask(
                actor=home.paula, version_id=version.pk, rows=[5], case_number="1", reason="Art. 17.", proof=other
            )
    erasure = asked(home, version)
    assert erasure.state == State.ASKED and not Job.objects.filter(subject_id=erasure.pk).exists()
    request = ApprovalRequest.objects.get(subject_id=erasure.pk)
    told = " ".join(f"{fact.label} {fact.says} {fact.detail}" for fact in selectors.summary(erasure, home.project))
    assert "row 5 of Support desk v1" in told and "not made to forget" in told
    with pytest.raises(NotAllowed):
        factories.approve(home.paula, request)
    with pytest.raises(WrongState, match="being erased already"):
        asked(home, version, 1)
    approvals.decide(
        actor=home.ben, request_id=request.pk, verdict=Verdict.REJECT, reason="Another person's row.",
        proof=reauthentication.by_password(
            actor=home.ben, password=PASSWORD, subject_digest=request.subject_digest, verdict=Verdict.REJECT
        ),
    )  # fmt: skip
    erasure.refresh_from_db()
    assert erasure.state == State.REFUSED and blobs.exists(version.file_sha256)
    with pytest.raises(Unusable) as refused:
        services.ask(actor=home.paula, version_id=version.pk, rows=[10], case_number=" ", reason="", proof="")
    assert {fault.field for fault in refused.value.faults} == {"rows", "case_number", "reason"}
    ended = services.cancel(actor=home.paula, erasure_id=asked(home, version).pk)
    assert ended.state == State.CANCELLED
    assert not ApprovalRequest.objects.filter(state="open").exists()
    queued = confirmed(home, asked(home, version))
    assert services.cancel(actor=home.paula, erasure_id=queued.pk).state == State.CANCELLED
    assert blobs.exists(version.file_sha256)


@pytest.mark.parametrize("basis", [Basis.LEGAL_HOLD, Basis.STATUTORY])
def test_what_must_be_kept_goes_before_an_erasure_and_that_is_on_record(
    home: House, version: DatasetVersion, worked: Any, basis: Basis
) -> None:
    until = timezone.localdate() + timedelta(days=30)
    hold = retention.place(
        actor=home.cleo, project_id=home.project.pk, basis=basis, ground="§ 147 AO", until=until,
        dataset_id=version.dataset_id,
    )  # fmt: skip
    erasure = asked(home, version)
    assert (erasure.state, erasure.hold) == (State.HELD, hold)
    event = AuditEvent.objects.get(action="erasure.held")
    assert json.loads(event.body)["facts"]["until"] == until.isoformat()
    with pytest.raises(WrongState, match=r"goes before an erasure, until .*§ 147 AO"):
        services.again(actor=home.paula, erasure_id=erasure.pk)
    retention.lift(actor=home.paula, hold_id=hold.pk, reason="The claim is settled.")
    taken = services.again(actor=home.paula, erasure_id=erasure.pk)
    assert taken.state == State.ASKED
    assert worked(confirmed(home, taken)).state == State.DONE


def test_a_hold_that_comes_late_is_in_time_and_a_project_rule_is_none(
    home: House, version: DatasetVersion, worked: Any
) -> None:
    own = {"actor": home.cleo, "project_id": home.project.pk, "ground": "So we keep it."}
    retention.place(basis=Basis.PROJECT_RULE, **own)
    erasure = asked(home, version)
    assert erasure.state == State.ASKED
    hold = retention.place(basis=Basis.LEGAL_HOLD, **own)
    assert confirmed(home, erasure).state == State.HELD
    retention.lift(actor=home.cleo, hold_id=hold.pk, reason="Over.")
    erasure = services.again(actor=home.paula, erasure_id=erasure.pk)  # what was confirmed stays confirmed
    assert erasure.state == State.QUEUED
    late = retention.place(basis=Basis.LEGAL_HOLD, **own)
    failed = worked(erasure)
    assert failed.state == State.FAILED and "was placed meanwhile" in failed.error["message"]
    assert blobs.exists(version.file_sha256)
    assert services.again(actor=home.paula, erasure_id=erasure.pk).state == State.HELD
    retention.lift(actor=home.cleo, hold_id=late.pk, reason="Over.")
    services.again(actor=home.paula, erasure_id=erasure.pk)
    assert worked(erasure).state == State.DONE


def test_bytes_that_another_version_has_stay_until_that_is_erased_likewise(
    home: House, version: DatasetVersion, worked: Any, tmp_path: Path
) -> None:
    twin = registered(home, tmp_path, licence="MIT")
    first = worked(confirmed(home, asked(home, version)))
    assert blobs.exists(version.file_sha256) and first.destroyed[0] == {"what": "file", "count": 0}
    (left,) = selectors.remaining(home.paula, first)
    assert (left.what, left.id) == (str(twin), str(twin.pk)) and "same bytes" in left.why
    second = worked(confirmed(home, asked(home, twin)))
    assert not blobs.exists(version.file_sha256) and second.destroyed[0] == {"what": "file", "count": 1}
    assert selectors.remaining(home.paula, Erasure.objects.get(pk=first.pk)) == []
    with pytest.raises(Unusable, match="Rows of these very bytes were erased"):
        registered(home, tmp_path, licence="Apache-2.0")
    assert not blobs.exists(version.file_sha256)


def test_other_versions_with_the_row_are_named_and_who_took_a_copy(
    home: House, version: DatasetVersion, worked: Any, tmp_path: Path
) -> None:
    later = registered(home, tmp_path, [*ROWS, {"prompt": "New?", "completion": "Yes."}])
    datasets.download(actor=home.omar, version_id=version.pk).close()
    membership.prove(actor=home.omar, version_id=version.pk, place=4)
    membership.prove(actor=home.omar, version_id=version.pk, place=3)
    erasure = worked(confirmed(home, asked(home, version)))
    assert [(one.what, one.why) for one in selectors.remaining(home.paula, erasure)] == [
        (str(later), "holds some of the same rows")
    ]
    assert [(one.by, one.what) for one in selectors.copies(erasure)] == [
        (home.omar.name, "the file"), (home.omar.name, "the proof of a row")
    ]  # fmt: skip


def test_all_rows_can_be_erased(home: House, version: DatasetVersion, worked: Any, tmp_path: Path) -> None:
    erasure = worked(confirmed(home, asked(home, version, *range(1, 10))))
    assert erasure.state == State.DONE and erasure.version.successor is None
    assert not blobs.exists(version.file_sha256)
    assert checked(membership.prove(actor=home.omar, version_id=version.pk, place=3), tmp_path).sound
    with pytest.raises(WrongState, match="No row of it is left"):
        data.sample(erasure.version)


def test_what_trained_on_the_rows_is_listed_and_loses_its_approval(home: House, worked: Any) -> None:
    run = factories.finished_run(home)
    version = run.data()[0]
    folder = run_folder(run.pk)
    copy = folder / "data" / f"0-{version.file_sha256[:12]}.jsonl"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(bytes_of(version))
    digests = [row.digest() for row in data.sample(version, 3)]
    held_out = folder / "out" / "validation.jsonl"
    held_out.parent.mkdir(parents=True, exist_ok=True)
    held_out.write_text("".join(json.dumps({"row": n, "row_sha256": one}) + "\n" for n, one in enumerate(digests)))
    assert standings.standing(version).granted
    erasure = worked(confirmed(home, asked(home, version, 2)))
    assert erasure.state == State.DONE, erasure.error
    listed = set(erasure.withdrawal.affected.values_list("kind", flat=True))
    assert {"dataset_version", "run", "model_version"} <= listed
    assert not standings.standing(DatasetVersion.objects.get(pk=version.pk)).granted
    assert not copy.exists()
    assert [json.loads(line)["row"] for line in held_out.read_text().splitlines()] == [0, 2]
    assert {"what": "rows held out in run folders", "count": 1} in erasure.destroyed
    assert erasure.withdrawal.is_final


def test_what_a_lost_worker_left_is_destroyed_by_housekeeping(
    home: House, version: DatasetVersion, django_capture_on_commit_callbacks: Any
) -> None:
    erasure = confirmed(home, asked(home, version))
    with django_capture_on_commit_callbacks(execute=False):
        work.do(Job.objects.get(subject_id=erasure.pk).pk, worker="light@here")
    assert blobs.exists(version.file_sha256)
    assert worker.destroy_what_waits() == [erasure.pk]
    assert not blobs.exists(version.file_sha256)
    housekeeping.destroy()
    assert AuditEvent.objects.filter(action="erasure.destroyed").count() == 1


def test_nothing_of_the_person_is_in_the_trail(home: House, version: DatasetVersion, worked: Any) -> None:
    worked(confirmed(home, asked(home, version)))
    bodies = "".join(event.body for event in AuditEvent.objects.all())
    assert NAME not in bodies and "2026-17" not in bodies and "consent was withdrawn" not in bodies


def test_over_rest(home: House, version: DatasetVersion, worked: Any) -> None:
    client = by_token(home.paula)
    signed = proof(client, version.content_digest, rows=[5]).json()["proof"]
    body = {"version": str(version.pk), "rows": [5], "case_number": "2026-17", "reason": "Art. 17.", "proof": signed}
    answer = client.post(f"{API}/erasures/", body, format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["state"] == "waiting"
    worked(confirmed(home, Erasure.objects.get()))
    done = client.get(f"{API}/erasures/{answer.json()['id']}/").json()
    assert done["state"] == "done" and done["tombstones"][0]["row"] == 5
    assert done["successor"] == str(DatasetVersion.objects.get(number=2).pk)
    assert client.post(f"{API}/erasures/{done['id']}/cancel/").status_code == 409
    assert client.post(f"{API}/erasures/{done['id']}/again/").status_code == 409
    hold = {"project": str(home.project.pk), "basis": "legal-hold", "ground": "A claim."}
    placed = client.post(f"{API}/holds/", hold, format="json")
    assert placed.status_code == 201 and placed.json()["in_force"]
    assert by_token(home.ada).post(f"{API}/holds/", hold, format="json").status_code == 403
    lifted = client.post(f"{API}/holds/{placed.json()['id']}/lift/", {"reason": "Settled."}, format="json")
    assert lifted.status_code == 200 and not lifted.json()["in_force"]


def test_the_pages(home: House, version: DatasetVersion, worked: Any) -> None:
    client = Client()
    assert client.login(username="paula", password=PASSWORD)
    address = f"/dataset-versions/{version.pk}/erase/"
    assert "\n5</textarea>" in client.get(f"{address}?rows=5").content.decode()
    form = {"rows": "5", "case_number": "2026-17", "reason": "Art. 17.", "password": "wrong"}
    assert client.post(address, form).status_code == 422
    answer = client.post(address, form | {"password": PASSWORD})
    erasure = Erasure.objects.get()
    assert answer["Location"] == f"/erasures/{erasure.pk}/"
    assert "second person" in client.get(answer["Location"]).content.decode()
    worked(confirmed(home, erasure))
    page = client.get(answer["Location"]).content.decode()
    assert erasure.version.dataset.name in page and "not made to forget" in page
    assert Erasure.objects.get().tombstones[0]["leaf"][:12] in page
    holds = f"/projects/{home.project.pk}/holds/"
    assert client.post(holds, {"basis": "statutory-retention", "ground": "§ 147 AO"}).status_code == 422
    assert client.post(holds, {"basis": "legal-hold", "ground": "A claim."}).status_code == 302
    assert "A claim." in client.get(holds).content.decode()


def test_no_page_of_an_erased_version_offers_work_on_rows_that_are_gone(
    home: House, version: DatasetVersion, worked: Any
) -> None:
    works = {"scan", "redact", "measure", "erase", "split", "synthesise", "annotate"}

    def offered(of: DatasetVersion) -> set[str]:
        found = set()
        for username in ("ada", "paula"):
            client = Client()
            assert client.login(username=username, password=PASSWORD)
            for tab in ("overview", "quality", "persons"):
                page = client.get(f"/dataset-versions/{of.pk}/?tab={tab}").content.decode()
                found |= {work for work in works if f"/dataset-versions/{of.pk}/{work}/" in page}
        return found

    assert offered(version) == works - {"scan"}  # one is under way
    worked(confirmed(home, asked(home, version)))
    assert offered(version) == set()
    assert offered(DatasetVersion.objects.get(number=2)) >= works - {"scan"}


def test_who_confirms_it_can_read_the_rows(home: House, version: DatasetVersion) -> None:
    erasure = asked(home, version)
    client = Client()
    assert client.login(username="ben", password=PASSWORD)
    shown = client.get(f"/erasures/{erasure.pk}/").content.decode()
    for row in erasure.rows:
        assert f'href="/dataset-versions/{version.pk}/rows/?start={row - 1}"' in shown
