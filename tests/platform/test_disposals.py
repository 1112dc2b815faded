"""What nothing keeps is deleted by a worker and leaves a tombstone; what something keeps is refused, on record."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assay.jobs import housekeeping, work
from governance.delivery.disposals import notices, selectors, services, things, worker
from governance.delivery.disposals.models import Disposal, DisposalItem
from governance.delivery.disposals.rules import Fate, State
from governance.delivery.erasures import services as erasures
from governance.delivery.evidence import membership
from governance.delivery.releases import services as releases
from governance.delivery.releases.models import Release
from governance.documents.dossiers import selectors as dossier_selectors
from governance.documents.dossiers import services as dossiers
from governance.documents.dossiers.models import DossierVersion
from governance.foundation.audit.models import AuditEvent
from governance.foundation.audit.verification import verify
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs import errands
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.materials.datasets import selectors as datasets_read
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion, Import
from governance.oversight.retention import services as retention
from governance.oversight.retention.rules import Basis, Ground, Thing
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.people.notifications.models import Notice
from governance.people.projects.models import Classification
from governance.work.runs import gates
from governance.work.runs import services as runs
from governance.work.runs import worker as run_worker
from governance.work.runs.folders import run_folder
from governance.work.runs.models import Run
from preparation import merkle
from preparation.row_index import entries
from tests import factories
from tests.callers import API, by_token, proof
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db

SHORT = {Thing.FILE: 1, Thing.RUN: 1, Thing.DATA: 1}


def ruled(home: House, **days: int | None) -> None:
    retention.set_rule(actor=home.cleo, project_id=home.project.pk, days=days or SHORT, reason="Storage is not free.")


def aged(record: Any, days: int = 3) -> Any:
    """As if it had been made, and had ended, some days ago."""
    then = timezone.now() - timedelta(days=days)
    ended = {"ended_at": then} if hasattr(record, "ended_at") else {}
    type(record).objects.filter(pk=record.pk).update(created_at=then, **ended)
    record.refresh_from_db()
    return record


def failed_run(home: House, data: DatasetVersion | None = None) -> Run:
    """Its trainer left a checkpoint, and nothing else."""
    run = factories.launched_run(home, data=data)
    lease = factories.lease_on(run, "train")
    folder = run_worker.begin(lease=lease, run_id=run.pk)
    (folder / "out" / "checkpoint-5").mkdir(parents=True)
    (folder / "out" / "checkpoint-5" / "adapter.safetensors").write_bytes(b"weights" * 100)
    return aged(run_worker.finish(lease=lease, run_id=run.pk, exit_code=1, stderr_tail="It fell over."))


def left_file(home: House, tmp_path: Path) -> Import:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"text": 1}\n', encoding="utf-8")
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name="Broken")
    sha256, size = blobs.put_path(path)
    found = Import.objects.create(
        dataset=line, file_name=path.name, file_sha256=sha256, file_bytes=size, licence="MIT", provenance={},
        asked={"container": "auto", "format": "auto", "columns": {}}, state="refused", asked_by_name="Ada Brandt",
    )  # fmt: skip
    return aged(found)


def proposed(home: House, *records: Any, actor: Actor | None = None) -> Disposal:
    return services.propose(
        actor=actor or home.ben, project_id=home.project.pk, ids=[each.pk for each in records], reason="Nobody uses it."
    )


def confirmed(disposal: Disposal, actor: Actor) -> Disposal:
    proof = reauthentication.by_password(
        actor=actor, password=PASSWORD, subject_digest=disposal.content_digest, verdict=Verdict.APPROVE
    )
    return services.confirm(actor=actor, disposal_id=disposal.pk, proof=proof)


def worked(disposal: Disposal) -> Disposal:
    work.do(Job.objects.get(subject_id=disposal.pk, state="queued").pk, worker="test")
    disposal.refresh_from_db()
    return disposal


def only(disposal: Disposal) -> DisposalItem:
    return disposal.items.get()


def frozen(home: House, **answers: str) -> DossierVersion:
    """A dossier about a model that was trained on the data of 77 rows."""
    factories.classification(home, **answers)
    dossier = dossier_selectors.of(factories.finished_run(home).model_version)
    assert dossier is not None
    return dossiers.freeze(actor=home.ada, dossier_id=dossier.pk)


def let_go(home: House, dossier: DossierVersion) -> Release:
    factories.approve(home.cleo, approvals.ask(actor=home.ada, subject=dossier, project_id=home.project.pk))
    release = releases.propose(actor=home.ada, dossier_version_id=dossier.pk)
    factories.approve(home.rita, ApprovalRequest.objects.get(subject_kind="release", subject_id=release.pk))
    return releases.release(actor=home.rita, release_id=release.pk)


def grounds_of(home: House, version: DatasetVersion) -> list[Ground]:
    return things.some(home.project, [version.pk])[version.pk].standing


def test_data_goes_by_two_people_and_a_worker_and_its_tombstone_stays(home: House, tmp_path: Path) -> None:
    ruled(home)
    version = aged(factories.dataset_version(home))
    root, digest = version.rows_root, version.content_digest
    asked = proposed(home, version)
    assert asked.state == State.PROPOSED and blobs.exists(version.file_sha256)
    with pytest.raises(NotAllowed, match="takes an owner, a compliance officer or a data protection officer"):
        confirmed(asked, home.ben)
    done = worked(confirmed(asked, home.cleo))
    item = only(done)
    assert (done.state, item.state, item.is_shared) == (State.DONE, Fate.GONE, False)
    assert not blobs.exists(version.file_sha256)
    version.refresh_from_db()
    assert (version.rows_root, version.content_digest) == (root, digest)
    assert (item.sha256, item.bytes) == (version.file_sha256, version.file_bytes)
    assert item.ran_out.startswith("Retention rule 1 keeps it for 1 day after it was registered")
    with pytest.raises(WrongState, match="was deleted on"):
        version.check_readable()
    told = list(AuditEvent.objects.filter(subject_id=str(version.pk), action__startswith="disposal.").order_by("seq"))
    assert [event.action for event in told] == ["disposal.let-go", "disposal.destroyed"]
    assert json.loads(told[0].body)["facts"]["sha256"] == version.file_sha256
    assert verify(records=True).faults == []
    with pytest.raises(Unusable, match=r"was deleted on .* Register it in another dataset"):
        factories.registered_version(home)
    assert not blobs.exists(version.file_sha256)
    # what is kept of each row stays: another version can still be held against it
    assert blobs.exists(version.index_sha256)
    with pytest.raises(WrongState):
        membership.prove(actor=home.omar, version_id=version.pk, place=0)


def test_nobody_confirms_their_own(home: House) -> None:
    ruled(home)
    asked = proposed(home, aged(factories.dataset_version(home)), actor=home.paula)
    with pytest.raises(NotAllowed, match="You proposed it"):
        confirmed(asked, home.paula)
    with pytest.raises(NotFound):
        services.cancel(actor=home.dev, disposal_id=asked.pk)
    assert services.cancel(actor=home.ada, disposal_id=asked.pk).state == State.CANCELLED


def test_drafts_go_on_one_persons_word_and_a_run_names_every_file(home: House, tmp_path: Path) -> None:
    ruled(home)
    run, sent = failed_run(home), left_file(home, tmp_path)
    done = worked(proposed(home, run, sent, actor=home.ada))
    assert done.state == State.DONE and {item.state for item in done.items.all()} == {Fate.GONE}
    assert not run_folder(run.pk).exists() and not blobs.exists(sent.file_sha256)
    files = done.items.get(subject_id=run.pk).files
    (adapter,) = [one for one in files if one["path"].endswith("adapter.safetensors")]
    assert adapter["bytes"] == 700
    sent.refresh_from_db()
    assert sent.state == "discarded"
    with pytest.raises(WrongState, match="The folder of R-1 was deleted"):
        runs.resume(actor=home.ada, run_id=run.pk)


def test_what_is_not_due_or_held_is_refused_with_ground_and_end(home: House) -> None:
    version = factories.dataset_version(home)
    refused = proposed(home, version)
    assert refused.state == State.REFUSED
    assert only(refused).grounds[0].words == "No rule of the project says how long this is kept, until one does"
    ruled(home, data=30)
    last = timezone.localdate() + timedelta(days=29)
    assert only(proposed(home, version)).grounds[0].until == last
    aged(version, 40)
    day = timezone.localdate() + timedelta(days=100)
    retention.place(
        actor=home.paula, project_id=home.project.pk, basis=Basis.LEGAL_HOLD, ground="The claim of 3 May.", until=day
    )
    item = only(proposed(home, version))
    assert selectors.kept_by(home.project.holds.get()) == [item]
    (ground,) = item.grounds
    assert (ground.basis, ground.until) == (Basis.LEGAL_HOLD, day) and "The claim of 3 May." in ground.says
    entry = AuditEvent.objects.filter(action="disposal.kept").latest("seq")
    assert entry.subject_id == str(version.pk)
    facts = json.loads(entry.body)["facts"]
    assert (facts["basis"], facts["until"]) == ("legal-hold", day.isoformat())


def test_a_hold_that_comes_between_keeps_it_and_the_rest_goes(home: House) -> None:
    ruled(home)
    one, other = aged(factories.dataset_version(home)), aged(factories.dataset_version(home, rows=9))
    asked = confirmed(proposed(home, one, other), home.cleo)
    retention.place(
        actor=home.cleo, project_id=home.project.pk, basis=Basis.STATUTORY, ground="Section 147 AO",
        until=date(2032, 1, 1), dataset_id=one.dataset_id,
    )  # fmt: skip
    done = worked(asked)
    assert done.state == State.DONE
    fates = dict(done.items.values_list("subject_id", "state"))
    assert fates[one.pk] == Fate.KEPT and blobs.exists(one.file_sha256)
    kept = done.items.get(subject_id=one.pk).grounds[0]
    assert (kept.basis, kept.until) == (Basis.STATUTORY, date(2032, 1, 1))
    assert fates[other.pk] == Fate.KEPT  # of the same dataset


def test_the_documentation_of_a_high_risk_model_keeps_its_data_for_ten_years_from_the_release(home: House) -> None:
    high_risk = {"annex-iii": "yes"}
    dossier = frozen(home, **high_risk)
    ruled(home)
    version = aged(factories.dataset_version(home))
    Run.objects.update(ended_at=timezone.now() - timedelta(days=9))
    waits = [one for one in grounds_of(home, version) if one.ref]
    assert [(one.ref, one.until, one.ends) for one in waits] == [
        ("Article 18(1)", None, "10 years from the release, which has not happened")
    ]
    release = let_go(home, dossier)
    Release.objects.filter(pk=release.pk).update(released_at=datetime(2026, 2, 28, 12, tzinfo=UTC))
    Classification.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    releases.withdraw(actor=home.rita, release_id=release.pk, reason="A better one came.")
    # a milder answer afterwards ends nothing that began
    factories.classification(home, **{"annex-iii": "no"})
    (ground,) = only(proposed(home, version)).grounds
    assert (ground.basis, ground.ref, ground.until) == (Basis.NEEDED, "Article 18(1)", date(2036, 2, 28))
    assert blobs.exists(version.file_sha256)
    ((model, (own,)),) = selectors.documents(home.omar, home.project)
    assert (model, own.basis, own.until) == (dossier.dossier.model_version, Basis.STATUTORY, date(2036, 2, 28))


def test_what_a_dossier_rests_on_is_kept_while_its_model_may_be_let_go_or_is(home: House) -> None:
    dossier = frozen(home)
    ruled(home)
    version = aged(factories.dataset_version(home))
    Run.objects.update(ended_at=timezone.now() - timedelta(days=9))
    (ground,) = grounds_of(home, version)
    assert "is frozen: it may still be released" in ground.says and ground.until is None
    given_up = releases.propose(actor=home.ada, dossier_version_id=dossier.pk)
    (ground,) = grounds_of(home, version)
    assert ground.words == f"{given_up} is proposed, until it is released or withdrawn"
    releases.withdraw(actor=home.rita, release_id=given_up.pk, reason="Not this one.")
    assert grounds_of(home, version) == []
    release = let_go(home, dossier)
    (ground,) = grounds_of(home, version)
    assert (ground.basis, ground.until, ground.id) == (Basis.NEEDED, None, str(release.pk))
    assert ground.words == f"{release} is in force, until it is withdrawn"
    releases.withdraw(actor=home.rita, release_id=release.pk, reason="A better one came.")
    assert grounds_of(home, version) == []


def test_a_worker_that_was_killed_is_followed_up_and_nothing_is_done_twice(
    home: House, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    ruled(home)
    first, version = failed_run(home), aged(factories.dataset_version(home, rows=9))
    asked = confirmed(proposed(home, first, version), home.cleo)
    lease = factories.lease_on(asked, "disposal")
    (one, other) = worker.begin(lease)
    worker.dispose(lease, one)
    assert worker.let_go(lease, other, [])
    # here it is killed: on record as gone, while the bytes still lie there
    assert blobs.exists(version.file_sha256)
    jobs.hand_back(lease, attempt_counts=True)
    assert worked(asked).state == State.DONE
    assert not blobs.exists(version.file_sha256)
    told = AuditEvent.objects.filter(action="disposal.destroyed").values_list("subject_id", flat=True)
    assert sorted(told) == sorted([str(first.pk), str(version.pk)])
    worker.destroy(other)  # and once more
    assert AuditEvent.objects.filter(action="disposal.destroyed").count() == 2


def test_what_a_job_that_was_given_up_left_is_deleted_by_housekeeping(home: House) -> None:
    ruled(home)
    asked = proposed(home, run := failed_run(home), actor=home.ada)
    lease = factories.lease_on(asked, "disposal")
    assert worker.let_go(lease, worker.begin(lease)[0], [])
    errands.fail(lease, "The disk is away.")
    housekeeping.destroy()
    assert not run_folder(run.pk).exists() and only(asked).state == Fate.GONE


def test_bytes_that_another_version_has_stay_and_so_do_its_copies(home: House, tmp_path: Path) -> None:
    ruled(home)
    version = aged(factories.dataset_version(home))
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name="The same again")
    with blobs.as_local_file(version.file_sha256, "rows.jsonl") as path:
        twin = datasets.register_version(
            actor=home.ada, dataset_id=line.pk, path=path, file_name="rows.jsonl", licence="MIT",
            provenance=factories.PROVENANCE,
        )  # fmt: skip
    done = worked(confirmed(proposed(home, version), home.cleo))
    assert only(done).is_shared and blobs.exists(twin.file_sha256)
    version.refresh_from_db()
    assert not version.has_file and twin.has_file


def test_copies_of_the_rows_go_with_the_file(home: House) -> None:
    ruled(home)
    version = factories.dataset_version(home)
    run = failed_run(home, data=version)
    aged(version)
    held_out = run_folder(run.pk) / "out" / "validation.jsonl"
    (row,) = datasets_read.rows_at(version, [3]).values()
    held_out.write_text(json.dumps({"row_sha256": row.digest()}) + "\n", encoding="utf-8")
    copy = next((run_folder(run.pk) / "data").iterdir())
    item = only(worked(confirmed(proposed(home, version), home.cleo)))
    assert item.copies == 2 and not copy.exists() and held_out.read_text(encoding="utf-8") == ""
    assert (run_folder(run.pk) / "out" / "checkpoint-5").is_dir()


def test_nothing_trains_on_a_file_that_is_gone(home: House) -> None:
    ruled(home)
    version = aged(factories.dataset_version(home, rows=9))
    draft = runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=factories.base_model(home).pk, data=[version.pk],
        training={}, evaluation_plan_id=factories.evaluation_plan(home).pk,
    )  # fmt: skip
    aged(draft)
    worked(confirmed(proposed(home, version), home.cleo))
    with pytest.raises(WrongState, match="was deleted on"):
        runs.submit(actor=home.ada, run_id=draft.pk)
    assert [one.what for one in gates.shut(gates.for_run(draft)) if one.what.startswith("The file of")]


def test_a_plan_that_waits_keeps_its_data_and_one_list_at_a_time(home: House) -> None:
    ruled(home)
    version = aged(factories.dataset_version(home))
    proposed(home, version)
    with pytest.raises(Unusable, match="stands on Disposal 1 already"):
        proposed(home, version)
    factories.launched_run(home, data=version)
    assert any("is to be trained on it" in one.says for one in grounds_of(home, version))


def test_a_persons_row_is_erased_from_what_is_left_of_a_file_that_is_gone(home: House) -> None:
    ruled(home)
    version = aged(factories.dataset_version(home, rows=9))
    worked(confirmed(proposed(home, version), home.cleo))
    shown = reauthentication.by_password(
        actor=home.paula, password=PASSWORD, subject_digest=version.content_digest, verdict=Verdict.APPROVE,
        choice={"rows": [4]},
    )  # fmt: skip
    erasure = erasures.ask(
        actor=home.paula, version_id=version.pk, rows=[4], case_number="2026-17", reason="Art. 17.", proof=shown
    )
    factories.approve(home.ben, ApprovalRequest.objects.get(subject_kind="erasure", subject_id=erasure.pk))
    work.do(Job.objects.get(subject_id=erasure.pk, state="queued").pk, worker="test")
    housekeeping.destroy()
    before, after = version.index_sha256, DatasetVersion.objects.get(pk=version.pk).index_sha256
    assert not blobs.exists(before)
    with blobs.opened(after) as file:
        index = file.read()
    assert [entry.is_erased for entry in entries(index)] == [place == 3 for place in range(9)]
    assert merkle.root_of(b"".join(entry.leaf for entry in entries(index))).hex() == version.rows_root
    erasure.refresh_from_db()
    assert (erasure.state, [one["row"] for one in erasure.tombstones]) == ("done", [4])
    assert [one["what"] for one in erasure.destroyed] == ["salts"]


def test_people_are_told_of_what_is_due_once_and_nothing_goes_by_itself(home: House) -> None:
    run = failed_run(home)
    assert notices.tell_what_is_due() == 0  # no rule, nothing is due
    ruled(home)
    assert (notices.tell_what_is_due(), notices.tell_what_is_due()) == (1, 1)
    told = Notice.objects.filter(kind="due")
    assert {notice.person.username for notice in told} >= {"ada", "ben", "paula"}
    assert len(told) == len({notice.person_id for notice in told})
    assert told[0].text == f"1 thing is due to be deleted in {home.project}: look under Retention."
    assert run_folder(run.pk).exists()


def test_the_pages(home: House, client: Client) -> None:
    run, version = failed_run(home), aged(factories.dataset_version(home, rows=9))
    place = f"/projects/{home.project.pk}/retention/"
    client.login(username="vera", password=PASSWORD)
    assert "No rule says how long things are kept" in client.get(place).content.decode()
    client.login(username="cleo", password=PASSWORD)
    given = {"days_unfinished_runs": "1", "days_data": "1", "reason": "Storage is short."}
    assert client.post(f"{place}rule/", {**given, "days_data": "0"}).status_code == 422
    assert client.post(f"{place}rule/", given).status_code == 302
    client.login(username="ben", password=PASSWORD)
    shown = client.get(place).content.decode()
    assert f'value="{run.pk}"' in shown and f'value="{version.pk}"' in shown
    assert client.post(place, {"things": [str(version.pk)], "reason": " "}).status_code == 422
    made = client.post(place, {"things": [str(version.pk)], "reason": "Unused."})
    assert made.status_code == 302
    assert "You proposed it" not in client.get(made["Location"]).content.decode()  # who cannot confirm sees no form
    client.login(username="cleo", password=PASSWORD)
    assert client.post(f"{made['Location']}confirm/", {"password": "wrong"}).status_code == 422
    assert client.post(f"{made['Location']}confirm/", {"password": PASSWORD}).status_code == 302
    worked(Disposal.objects.get())
    page = client.get(f"/dataset-versions/{version.pk}/").content.decode()
    assert "Deleted: the bytes are gone" in page and "confirmed by Cleo Haas" in page
    client.login(username="ada", password=PASSWORD)
    works = ("scan", "redact", "measure", "erase", "split", "synthesise", "annotate", "file")
    for tab in ("overview", "quality", "persons"):
        page = client.get(f"/dataset-versions/{version.pk}/?tab={tab}").content.decode()
        assert [work for work in works if f"/dataset-versions/{version.pk}/{work}/" in page] == []
        assert "Ask for approval" not in page
    form = client.get(f"/projects/{home.project.pk}/runs/new/")
    assert form.status_code == 200 and str(version.pk) not in form.content.decode()
    assert "R-1" in client.get(place).content.decode()


def test_over_rest(home: House) -> None:
    version = aged(factories.dataset_version(home, rows=9))
    ben, cleo = by_token(home.ben), by_token(home.cleo)
    body = {"project": str(home.project.pk), "days": {"data": 1}, "reason": "Storage is short."}
    assert cleo.post(f"{API}/retention-rules/", {**body, "days": {"model": 1}}).status_code == 422
    assert cleo.post(f"{API}/retention-rules/", body).json()["days"] == {
        "unregistered-files": None, "unfinished-runs": None, "data": 1,
    }  # fmt: skip
    (kept,) = ben.get(f"{API}/disposals/kept/{home.project.pk}/").json()
    assert (kept["id"], kept["due"], kept["grounds"]) == (str(version.pk), True, [])
    hold = {"project": str(home.project.pk), "basis": "needed", "ground": "So."}
    assert cleo.post(f"{API}/holds/", hold).status_code == 422
    assert cleo.post(f"{API}/holds/", {**hold, "basis": "legal-hold"}).status_code == 201
    asked = {"project": str(home.project.pk), "things": [str(version.pk)], "reason": "Unused."}
    refused = ben.post(f"{API}/disposals/", asked).json()
    assert refused["state"] == "refused"
    assert refused["items"][0]["grounds"][0]["basis"] == "legal-hold"
    assert refused["items"][0]["grounds"][0]["ends"] == "until it is lifted"
    held = home.project.holds.get()
    assert cleo.post(f"{API}/holds/{held.pk}/lift/", {"reason": "Settled."}).status_code == 200
    made = ben.post(f"{API}/disposals/", asked).json()
    shown = proof(cleo, made["sha256"]).json()["proof"]
    assert ben.post(f"{API}/disposals/{made['id']}/confirm/", {"proof": shown}).status_code == 403
    assert cleo.post(f"{API}/disposals/{made['id']}/confirm/", {"proof": shown}).json()["state"] == "queued"
    worked(Disposal.objects.get(pk=made["id"]))
    done = ben.get(f"{API}/disposals/{made['id']}/").json()
    assert (done["state"], done["items"][0]["state"], done["items"][0]["sha256"]) == (
        "done", "gone", version.file_sha256,
    )  # fmt: skip
    assert ben.post(f"{API}/disposals/", {**asked, "things": [str(version.pk)]}).status_code == 404
