"""A large or packed file is read by a worker: sent by page and API, followed, refused, read in another way, let go."""

import gzip
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from assay.jobs import importing, work
from assay.jobs.supervise import Limits
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.errors import NotAllowed, Unusable, WrongState
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.materials.datasets import selectors, services
from governance.materials.datasets.models import Dataset, DatasetVersion, Import
from governance.materials.datasets.rules import State
from governance.people.policies.kinds import Act, Touch
from preparation import row_index
from preparation.reading import Reading
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db

PAIRS = [{"question": f"Question {n}?", "reply": f"Answer {n}."} for n in range(40)]


@pytest.fixture
def line(home: House) -> Dataset:
    return services.create(actor=home.ada, project_id=home.project.pk, name="Support desk")


def packed(folder: Path, rows: list[dict[str, str]], name: str = "rows.jsonl.gz") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), mtime=0))
    return path


def sent(home: House, line: Dataset, path: Path, **changed: Any) -> Import:
    given = {"licence": "CC0-1.0", "provenance": factories.PROVENANCE, "actor": home.ada} | changed
    made = services.enter(dataset_id=line.pk, path=path, file_name=path.name, **given)
    assert isinstance(made, Import)
    return made


def job_of(found: Import) -> Job:
    return Job.objects.filter(subject_id=found.pk).latest("created_at")


def worked(found: Import) -> Import:
    """What a worker leaves behind."""
    work.do(job_of(found).pk, worker="light@here")
    found.refresh_from_db()
    return found


def test_a_packed_file_becomes_a_version_when_a_worker_has_read_it(home: House, line: Dataset, tmp_path: Path) -> None:
    path = packed(tmp_path, PAIRS)
    columns = {"prompt": "question", "completion": "reply"}
    found = sent(home, line, path, reading=Reading(format="prompt-completion", columns=columns))
    assert not DatasetVersion.objects.exists()
    worked(found)
    version = DatasetVersion.objects.get()
    assert (found.state, found.version) == (State.REGISTERED, version)
    assert (version.container, version.format, version.columns) == ("jsonl", "prompt-completion", columns)
    assert (version.rows, version.file_name, version.registered_by_name) == (40, "rows.jsonl.gz", home.ada.name)
    assert version.touched_by() == [Touch(home.ada.user_id, Act.MADE, "registered this data")]
    assert job_of(found).state == JobState.SUCCEEDED
    assert [row.messages[1].content for row in selectors.rows_for(home.ben, version, 2, 38)] == [
        "Answer 38.",
        "Answer 39.",
    ]
    actions = AuditEvent.objects.filter(action__in=["import.asked", "dataset-version.registered"])
    assert sorted(actions.values_list("action", flat=True)) == ["dataset-version.registered", "import.asked"]


def test_the_root_is_that_of_the_rows_and_their_salts(home: House, line: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "é", "completion": "b"}\n' * 2 + '{"prompt": "c", "completion": "d"}\n')
    made = services.enter(
        actor=home.ada, dataset_id=line.pk, path=path, file_name="rows.jsonl", licence="MIT",
        provenance=factories.PROVENANCE,
    )  # fmt: skip
    assert isinstance(made, DatasetVersion)
    with blobs.opened(made.index_sha256) as kept:
        first, second, third = row_index.entries(kept.read())
    assert first.salt != second.salt  # two equal rows do not show as two equal leaves
    assert first.content == second.content != third.content
    rows = ['[["user","é",false],["assistant","b",true]]'] * 2 + ['[["user","c",false],["assistant","d",true]]']
    salts = (first.salt, second.salt, third.salt)
    leaves = [hashlib.sha256(b"\0" + salt + row.encode()).digest() for salt, row in zip(salts, rows, strict=True)]
    left = hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest()
    assert made.rows_root == hashlib.sha256(b"\1" + left + leaves[2]).hexdigest()


def test_findings_are_kept_and_the_file_is_read_in_another_way(home: House, line: Dataset, tmp_path: Path) -> None:
    found = worked(sent(home, line, packed(tmp_path, PAIRS)))
    assert found.state == State.REFUSED
    assert found.error is not None and found.found is not None
    assert (found.error["fault"], found.found["findings_total"]) == ("user", 1)
    assert "question, reply" in found.found["faults"][0]["message"]
    assert job_of(found).state == JobState.FAILED
    assert blobs.exists(found.file_sha256)
    with pytest.raises(Unusable, match="no field"):
        services.read_again(actor=home.ada, import_id=found.pk, reading=Reading(format="chat", columns={"x": "y"}))
    columns = {"prompt": "question", "completion": "reply"}
    services.read_again(
        actor=home.ada, import_id=found.pk, reading=Reading(format="prompt-completion", columns=columns)
    )
    found.refresh_from_db()
    assert worked(found).state == State.REGISTERED


def test_a_discarded_file_is_gone_unless_a_version_has_it(home: House, line: Dataset, tmp_path: Path) -> None:
    found = worked(sent(home, line, packed(tmp_path, PAIRS)))
    twin = worked(sent(home, line, packed(tmp_path, PAIRS), reading=Reading(format="table")))
    assert twin.state == State.REGISTERED
    services.discard(actor=home.ada, import_id=found.pk)
    assert selectors.is_used(found.file_sha256)
    with pytest.raises(WrongState):
        services.discard(actor=home.ada, import_id=twin.pk)


def test_bytes_that_are_registered_again_before_they_are_removed_stay(
    home: House, line: Dataset, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    path = packed(tmp_path, PAIRS)
    found = worked(sent(home, line, path))
    with django_capture_on_commit_callbacks() as after:
        services.discard(actor=home.ada, import_id=found.pk)
    twin = worked(sent(home, line, path, reading=Reading(format="table")))  # between the discarding and the removal
    for removal in after:
        removal()
    assert twin.state == State.REGISTERED and blobs.exists(twin.version.file_sha256)


def test_no_version_names_bytes_that_were_let_go_of_meanwhile(
    home: House, line: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "refuse_erased", lambda dataset, sha256: blobs.remove(sha256))
    with pytest.raises(WrongState, match="once more"):
        small(home, line, tmp_path)
    with pytest.raises(WrongState, match="once more"):
        sent(home, line, packed(tmp_path, PAIRS))
    assert not DatasetVersion.objects.exists() and not Import.objects.exists()


def test_a_second_registration_that_is_refused_leaves_no_file(home: House, line: Dataset, tmp_path: Path) -> None:
    first = small(home, line, tmp_path)
    kept = files()
    with pytest.raises(Unusable, match="these very bytes"):
        small(home, line, tmp_path)
    assert files() == kept and blobs.exists(first.index_sha256) and blobs.exists(first.file_sha256)


def small(home: House, line: Dataset, folder: Path) -> DatasetVersion:
    path = folder / "small.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n')
    return services.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="MIT",
        provenance=factories.PROVENANCE,
    )  # fmt: skip


def files() -> set[str]:
    return {path.name for path in Path(default_storage.path("")).rglob("*") if path.is_file()}


def test_the_bytes_of_a_discarded_file_are_removed(
    home: House, line: Dataset, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    found = worked(sent(home, line, packed(tmp_path, PAIRS)))
    with django_capture_on_commit_callbacks(execute=True):
        services.discard(actor=home.ada, import_id=found.pk)
    assert not blobs.exists(found.file_sha256)
    found.refresh_from_db()
    assert found.state == State.DISCARDED
    with pytest.raises(WrongState):
        services.read_again(actor=home.ada, import_id=found.pk)


def test_the_same_version_twice_is_refused(home: House, line: Dataset, tmp_path: Path) -> None:
    path, reading = packed(tmp_path, PAIRS), Reading(format="table")
    worked(sent(home, line, path, reading=reading))
    again = worked(sent(home, line, path, reading=reading))
    assert again.state == State.REFUSED
    assert again.error is not None
    assert "these very bytes" in again.error["message"]


def test_a_waiting_import_is_cancelled_and_taken_up_again(home: House, line: Dataset, tmp_path: Path) -> None:
    found = sent(home, line, packed(tmp_path, PAIRS), reading=Reading(format="table"))
    services.cancel(actor=home.ada, import_id=found.pk)
    found.refresh_from_db()
    assert (found.state, job_of(found).state) == (State.CANCELLED, JobState.CANCELLED)
    with pytest.raises(WrongState, match="not being read"):
        services.cancel(actor=home.ada, import_id=found.pk)
    services.read_again(actor=home.ada, import_id=found.pk)
    found.refresh_from_db()
    assert worked(found).state == State.REGISTERED


def test_a_reader_that_takes_too_much_memory_is_ended_and_says_so(
    home: House, line: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(importing.PROCESS, limits=Limits(address_space=20 * 1024**2))
    monkeypatch.setitem(work.TASKS, "import", small)
    found = worked(sent(home, line, packed(tmp_path, PAIRS)))
    assert found.state == State.FAILED
    assert found.error is not None and found.error["fault"] == "platform"
    assert found.error["message"]


def test_only_who_may_register_sends_reads_again_and_discards(home: House, line: Dataset, tmp_path: Path) -> None:
    path = packed(tmp_path, PAIRS)
    with pytest.raises(NotAllowed):
        sent(home, line, path, actor=home.rita)
    found = worked(sent(home, line, path))
    for act in (services.read_again, services.cancel, services.discard):
        with pytest.raises(NotAllowed):
            act(actor=home.omar, import_id=found.pk)


def test_a_lost_worker_takes_the_import_along(home: House, line: Dataset, tmp_path: Path) -> None:
    found = sent(home, line, packed(tmp_path, PAIRS))
    job = job_of(found)
    Job.objects.filter(pk=job.pk).update(max_attempts=1)
    lease = jobs.claim(job_id=job.pk, worker="light@here")
    assert lease is not None
    Job.objects.filter(pk=job.pk).update(lease_until=job.created_at)
    jobs.reap()
    found.refresh_from_db()
    assert found.state == State.FAILED
    assert found.error is not None and found.error["code"] == "worker-lost"


def test_the_page_follows_the_reading_and_offers_another(home: House, line: Dataset, tmp_path: Path) -> None:
    ada = Client()
    assert ada.login(username="ada", password=PASSWORD)
    with packed(tmp_path, PAIRS).open("rb") as file:
        answer = ada.post(
            f"/datasets/{line.pk}/versions/new/", {"file": file, "licence": "CC0-1.0", **factories.PROVENANCE}
        )
    found = Import.objects.get()
    assert answer["Location"] == f"/imports/{found.pk}/"
    waiting = ada.get(answer["Location"]).content.decode()
    assert "Waits for a worker" in waiting
    assert "hx-trigger" in waiting
    assert "rows.jsonl.gz" in ada.get(f"/datasets/{line.pk}/").content.decode()
    worked(found)
    part = ada.get(answer["Location"], headers={"HX-Request": "true"})
    assert part["HX-Refresh"] == "true"
    refused = ada.get(answer["Location"]).content.decode()
    for words in ("1 finding is in the way", "question, reply", "Read it in another way"):
        assert words in refused
    part = ada.get(answer["Location"], {"format": "alpaca"}, headers={"HX-Request": "true"}).content.decode()
    assert 'name="from_instruction"' in part and '<option value="reply">' in part
    wrong = ada.post(answer["Location"], {"format": "prompt-completion", "from_prompt": "question"})
    assert wrong.status_code == 422
    assert "pick the column that holds it" in wrong.content.decode()
    ada.post(answer["Location"], {"format": "prompt-completion", "from_prompt": "question", "from_completion": "reply"})
    worked(found)
    version = DatasetVersion.objects.get()
    assert ada.get(answer["Location"])["Location"] == f"/dataset-versions/{version.pk}/"


def test_the_api_answers_202_and_the_import_ends_with_the_version(home: House, line: Dataset, tmp_path: Path) -> None:
    ada = by_token(home.ada)
    with packed(tmp_path, [{"prompt": "a", "completion": "b"}]).open("rb") as file:
        body = {"file": file, "licence": "CC0-1.0", "provenance": json.dumps(factories.PROVENANCE)}
        answer = ada.post(f"{API}/datasets/{line.pk}/versions/", body, format="multipart")
    assert answer.status_code == 202, answer.content
    assert answer["Retry-After"]
    found = Import.objects.get()
    assert answer["Location"].endswith(f"/imports/{found.pk}/")
    worked(found)
    told = ada.get(answer["Location"]).json()
    assert (told["state"], told["version"]) == ("registered", str(DatasetVersion.objects.get().pk))
