"""Splits of a version: made at once or by a worker, by page and API; by whom, and what is told when it cannot be."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from assay.jobs import work
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.materials.datasets import rules, services, splitting
from governance.materials.datasets.models import DatasetVersion, Split
from governance.materials.datasets.rules import SplitState
from preparation import splits
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db

LINES = [
    {
        "prompt": f"Question {n}?", "completion": f"Answer {n}.", "customer": f"c{n % 20}",
        "part": "dev" if n % 5 else "test",
    }
    for n in range(100)
]  # fmt: skip


@pytest.fixture
def version(home: House, tmp_path: Path) -> DatasetVersion:
    return registered(home, tmp_path / "rows.jsonl", "".join(json.dumps(line) + "\n" for line in LINES).encode())


@pytest.fixture
def large(version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> DatasetVersion:
    """The same, as if it were too large to be read at once."""
    monkeypatch.setattr(rules, "READ_AT_ONCE", 0)
    return version


def registered(home: House, path: Path, content: bytes) -> DatasetVersion:
    path.write_bytes(content)
    line = services.create(actor=home.ada, project_id=home.project.pk, name="Desk")
    return services.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC0-1.0",
        provenance=factories.PROVENANCE,
    )  # fmt: skip


def made(home: House, version: DatasetVersion, method: str = "random", **options: Any) -> Split:
    return splitting.split(actor=home.ada, version_id=version.pk, asked=splits.Split(method, **options))


def worked(split: Split) -> Split:
    work.do(Job.objects.filter(subject_id=split.pk).latest("created_at").pk, worker="light@here")
    split.refresh_from_db()
    return split


def parts_by_row(split: Split) -> list[str]:
    with blobs.opened(split.assignment_sha256) as kept:
        return [split.parts[place]["name"] for place in kept.read()]


def test_a_split_says_of_every_row_where_it_belongs(home: House, version: DatasetVersion) -> None:
    split = made(home, version, "given", column="part")
    assert (split.state, split.number, split.asked_by_name) == (SplitState.READY, 1, home.ada.name)
    assert parts_by_row(split) == [line["part"] for line in LINES]
    assert split.parts == [{"name": "test", "rows": 20}, {"name": "dev", "rows": 80}]
    event = AuditEvent.objects.get(action="dataset-split.made")
    assert event.subject_id == str(split.pk)


def test_a_group_is_on_one_side(home: House, version: DatasetVersion) -> None:
    split = made(home, version, "group", column="customer", shares={"train": 0.6, "validation": 0.4})
    sides = {(line["customer"], part) for line, part in zip(LINES, parts_by_row(split), strict=True)}
    assert len(sides) == 20
    assert {part for _, part in sides} == {"train", "validation"}


def test_its_digest_covers_the_version_and_where_each_row_goes(home: House, version: DatasetVersion) -> None:
    one, other = made(home, version, seed=1), made(home, version, seed=2)
    assert one.content()["version"] == version.content_digest
    assert len({one.content_digest, other.content_digest}) == 2
    Split.objects.filter(pk=one.pk).update(assignment_sha256="0" * 64)
    assert Split.objects.get(pk=one.pk).content_digest != one.content_digest


def test_the_same_split_is_not_made_twice(home: House, version: DatasetVersion) -> None:
    made(home, version, "folds", folds=4, column="part")  # folds look at no column
    with pytest.raises(Unusable, match="has this very split already"):
        made(home, version, "folds", folds=4)
    assert made(home, version, "folds", folds=5).number == 2


@pytest.mark.parametrize(
    ("method", "options", "field", "says"),
    [
        ("group", {"column": "client"}, "column", "no column 'client'. Its columns are: completion, customer"),
        ("random", {"shares": {"a": 0.5}}, "shares", "at least two parts"),
        ("time", {"column": "part"}, "column", "Row 1: 'test' is no time"),
        ("random", {"shares": {"a": 0.9999, "b": 0.0001}}, "shares", "'b' would have no row"),
        ("given", {"column": "prompt"}, "column", "more than 64 values"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_at_its_field(
    home: House, version: DatasetVersion, method: str, options: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(Unusable, match=says) as refused:
        made(home, version, method, **options)
    assert refused.value.faults[0].field == field
    assert not Split.objects.exists()


def test_only_who_registers_data_splits_it_and_elsewhere_it_is_not_there(home: House, version: DatasetVersion) -> None:
    asked = splits.Split("random")
    with pytest.raises(NotAllowed):
        splitting.split(actor=home.rita, version_id=version.pk, asked=asked)
    with pytest.raises(NotFound):
        splitting.split(actor=home.dev, version_id=version.pk, asked=asked)


def test_a_worker_makes_what_would_be_made_at_once(home: House, large: DatasetVersion, monkeypatch: Any) -> None:
    split = made(home, large)
    assert (split.state, split.parts) == (SplitState.QUEUED, [])
    assert worked(split).state == SplitState.READY
    monkeypatch.undo()
    at_once = made(home, large, seed=1)
    Split.objects.filter(pk=split.pk).update(state=SplitState.CANCELLED)
    again = made(home, large)
    assert (again.parts, again.assignment_sha256) == (split.parts, split.assignment_sha256)
    assert at_once.assignment_sha256 != split.assignment_sha256
    assert sum(part["rows"] for part in split.parts) == 100


def test_a_packed_file_is_split_by_a_worker(home: House, tmp_path: Path) -> None:
    content = gzip.compress("".join(json.dumps(line) + "\n" for line in LINES).encode())
    split = made(home, registered(home, tmp_path / "rows.jsonl.gz", content), "given", column="part")
    assert split.state == SplitState.QUEUED
    assert parts_by_row(worked(split)) == [line["part"] for line in LINES]


def test_what_a_worker_finds_wrong_stands_in_the_split(home: House, large: DatasetVersion) -> None:
    split = worked(made(home, large, "time", column="part"))
    assert split.state == SplitState.FAILED and split.error is not None
    assert (split.error["fault"], split.error["message"][:26]) == ("user", "Row 1: 'test' is no time. ")
    assert Job.objects.get(subject_id=split.pk).state == JobState.FAILED
    splitting.again(actor=home.ada, split_id=split.pk)
    split.refresh_from_db()
    assert (split.state, split.error) == (SplitState.QUEUED, None)
    with pytest.raises(WrongState):
        splitting.again(actor=home.ada, split_id=split.pk)


def test_a_cancelled_split_can_be_made_again_unless_there_is_its_like(home: House, large: DatasetVersion) -> None:
    split = made(home, large)
    assert splitting.cancel(actor=home.ada, split_id=split.pk).state == SplitState.CANCELLED
    event = AuditEvent.objects.filter(action="dataset-split.cancelled").latest("seq")
    assert json.loads(event.body)["record"] == Split.objects.get(pk=split.pk).record_digest
    with pytest.raises(WrongState, match="not being made"):
        splitting.cancel(actor=home.ada, split_id=split.pk)
    made(home, large)
    with pytest.raises(Unusable, match="already"):
        splitting.again(actor=home.ada, split_id=split.pk)


def test_a_lost_job_fails_its_split(home: House, large: DatasetVersion) -> None:
    split = made(home, large)
    job = Job.objects.get(subject_id=split.pk)
    jobs.abandoned.send(sender=Job, job=Job(task="split", subject_id=split.pk, state=JobState.FAILED,
                                            error={"code": "lost", "message": "Lost."}))  # fmt: skip
    split.refresh_from_db()
    assert (job.task, split.state, split.error) == ("split", SplitState.FAILED, {"code": "lost", "message": "Lost."})


def test_the_api_makes_lists_and_shows_splits(home: House, version: DatasetVersion) -> None:
    ada = by_token(home.ada)
    shares = [{"name": "train", "share": 0.75}, {"name": "validation", "share": 0.25}]
    address = f"{API}/dataset-versions/{version.pk}/splits/"
    answer = ada.post(address, {"method": "random", "seed": 3, "shares": shares})
    assert answer.status_code == 201, answer.content
    body = ada.get(answer["Location"]).json()
    assert body["options"] == {"method": "random", "seed": 3, "shares": [["train", 0.75], ["validation", 0.25]]}
    assert [part["name"] for part in body["parts"]] == ["train", "validation"]
    assert sum(part["rows"] for part in body["parts"]) == 100
    listed = ada.get(f"{API}/splits/?version={version.pk}").json()["results"]
    assert [one["id"] for one in listed] == [body["id"]]
    assert by_token(home.dev).get(answer["Location"]).status_code == 404
    twice = ada.post(address, {"method": "random", "shares": [shares[0], shares[0]]})
    assert twice.status_code in (400, 422) and "once" in twice.content.decode()
    wrong = ada.post(address, {"method": "group", "column": "client"})
    assert wrong.status_code == 422 and "no column" in wrong.content.decode()


def test_the_api_says_where_a_large_one_is_being_made(home: House, large: DatasetVersion) -> None:
    ada = by_token(home.ada)
    answer = ada.post(f"{API}/dataset-versions/{large.pk}/splits/", {"method": "folds", "folds": 3})
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    worked(Split.objects.get(pk=answer.json()["id"]))
    assert [part["name"] for part in ada.get(answer["Location"]).json()["parts"]] == ["fold-1", "fold-2", "fold-3"]


@pytest.fixture
def browser(home: House, client: Client) -> Callable[[str], Client]:
    def of(who: str) -> Client:
        assert client.login(username=who, password=PASSWORD)
        return client

    return of


def test_the_page_makes_a_split_and_lists_it(home: House, version: DatasetVersion, browser: Any) -> None:
    ada = browser("ada")
    form = ada.get(f"/dataset-versions/{version.pk}/split/").content.decode()
    assert "train: 80" in form and '<option value="customer">' in form
    given = {"method": "group", "column": "customer", "shares": "learn: 70 %\nhold: 30", "seed": "4", "folds": "5"}
    answer = ada.post(f"/dataset-versions/{version.pk}/split/", given, follow=True)
    split = Split.objects.get()
    assert split.options["shares"] == [["learn", 0.7], ["hold", 0.3]]
    told = answer.content.decode()
    assert "by group of customer, seed 4" in told
    assert all(f"{part['name']}</th>" in told for part in split.parts)
    page = ada.get(f"/dataset-versions/{version.pk}/").content.decode()
    assert f"/splits/{split.pk}/" in page and "by group of customer, seed 4" in page


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"shares": "train: 50\nvalidation: 40"}, "add up to 90 %, not to 100"),
        ({"shares": "train: 50\nhalf"}, "Line 2 does not read"),
        ({"shares": "train: 50\ntrain: 50"}, "named twice"),
        ({"shares": "train: 100\nvalidation: 0"}, "Line 2 does not read"),
        ({"method": "group"}, "Name a column of the file."),
        ({"method": "time", "column": "part"}, "is no time."),
    ],
)
def test_the_page_tells_what_is_wrong(
    home: House, version: DatasetVersion, browser: Any, changed: dict[str, str], says: str
) -> None:
    given = {"method": "random", "shares": "train: 50\nvalidation: 50", "seed": "0", "folds": "5"} | changed
    answer = browser("ada").post(f"/dataset-versions/{version.pk}/split/", given)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Split.objects.exists()


def test_the_page_follows_a_worker(home: House, large: DatasetVersion, browser: Any) -> None:
    ada = browser("ada")
    split = made(home, large)
    page = ada.get(f"/splits/{split.pk}/").content.decode()
    assert "every 2s" in page and "Waits for a worker." in page and "Cancel" in page
    assert "HX-Refresh" not in ada.get(f"/splits/{split.pk}/", headers={"HX-Request": "true"})
    worked(split)
    assert ada.get(f"/splits/{split.pk}/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "every 2s" not in ada.get(f"/splits/{split.pk}/").content.decode()
    assert "Cancel" not in browser("vera").get(f"/splits/{split.pk}/").content.decode()
