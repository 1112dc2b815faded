"""Datasets: a version is registered whole or not at all, and who may see what of it."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable
from governance.materials.datasets import provenance, rules, selectors, services
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.people.approvals import selectors as approvals
from governance.people.approvals import services as asking
from governance.people.projects.rules import Role
from preparation.profile import Profile
from preparation.rows import Message, Row
from tests import factories
from tests.people import House

ROW = {"prompt": "How long does it take?", "completion": "One day."}


@pytest.fixture
def line(home: House) -> Dataset:
    return services.create(actor=home.ada, project_id=home.project.pk, name="Support desk")


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def register(home: House, line: Dataset, path: Path, **changes: object) -> DatasetVersion:
    given: dict = {"licence": "CC0-1.0", "provenance": factories.PROVENANCE, "actor": home.ada}
    return services.register_version(dataset_id=line.pk, path=path, file_name=path.name, **(given | changes))


def test_versions_count_up_and_keep_their_bytes(home: House, line: Dataset, tmp_path: Path) -> None:
    first = register(home, line, write(tmp_path / "a.jsonl", ROW))
    path = write(tmp_path / "b.jsonl", ROW, ROW | {"completion": "Two days."})
    second = register(home, line, path)
    assert (first.number, second.number) == (1, 2)
    assert second.file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with blobs.opened(second.file_sha256) as kept:
        assert kept.read() == path.read_bytes()
    assert (second.rows, second.format) == (2, "prompt-completion")
    assert second.profile["contradicting_inputs"] == 1
    registered = AuditEvent.objects.filter(action="dataset-version.registered").latest("seq")
    assert json.loads(registered.body)["facts"]["content"] == second.content_digest


def test_another_file_is_another_approval(home: House, line: Dataset, tmp_path: Path) -> None:
    first = register(home, line, write(tmp_path / "a.jsonl", ROW))
    factories.approve(home.ben, asking.ask(actor=home.ada, subject=first, project_id=home.project.pk))
    second = register(home, line, write(tmp_path / "b.jsonl", ROW, ROW))
    answers = approvals.standings([first, second])
    assert (answers[first.pk].granted, answers[second.pk].granted) == (True, False)
    first.licence = "MIT"  # what no service does, somebody with the database might
    assert not approvals.standing(first).granted


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"licence": ""}, "licence"),
        ({"licence": "MIT OR OR"}, "licence"),
        ({"provenance": {}}, "provenance.source"),
        ({"provenance": factories.PROVENANCE | {"sauce": "x"}}, "provenance.sauce"),
        ({"provenance": factories.PROVENANCE | {"languages": ["en", "de"]}}, "provenance.languages"),
    ],
)
def test_a_record_that_is_not_whole_is_refused_before_the_file_is_kept(
    home: House, line: Dataset, tmp_path: Path, changes: dict, where: str
) -> None:
    path = write(tmp_path / "a.jsonl", ROW | {"completion": where})
    with pytest.raises(Unusable) as caught:
        register(home, line, path, **changes)
    assert where in [fault.field for fault in caught.value.faults]
    assert not blobs.exists(hashlib.sha256(path.read_bytes()).hexdigest())
    assert not DatasetVersion.objects.exists()


def test_a_file_with_one_bad_row_leaves_no_trace(home: House, line: Dataset, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ROW, {"prompt": "only"}, ROW)
    with pytest.raises(Unusable) as caught:
        register(home, line, path)
    (fault,) = caught.value.faults
    assert (fault.row, fault.field) == (2, "completion")
    assert fault.cure
    assert not blobs.exists(hashlib.sha256(path.read_bytes()).hexdigest())
    assert not AuditEvent.objects.filter(action="dataset-version.registered").exists()


def test_the_same_bytes_and_licence_are_one_version(home: House, line: Dataset, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ROW)
    register(home, line, path)
    with pytest.raises(Unusable, match="these very bytes and licence"):
        register(home, line, path)
    assert register(home, line, path, licence="CC-BY-4.0").number == 2


def test_a_foreign_dataset_and_an_absent_one_are_told_in_the_same_words(
    home: House, line: Dataset, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.jsonl", ROW)
    said = set()
    for dataset_id in (line.pk, home.project.pk):
        with pytest.raises(NotFound) as caught:
            services.register_version(
                actor=home.dev, dataset_id=dataset_id, path=path, file_name="a", licence="MIT",
                provenance=factories.PROVENANCE,
            )  # fmt: skip
        said.add(str(caught.value))
    assert len(said) == 1


def test_who_may_register_and_who_may_not(home: House, line: Dataset, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ROW)
    for person in (home.rita, home.cleo, home.paula, home.omar, home.vera):
        with pytest.raises(NotAllowed, match="register data"):
            register(home, line, path, actor=person)
    assert register(home, line, path, actor=home.ben).registered_by_name == "Ben Castell"


def test_rows_are_for_those_whose_work_needs_them() -> None:
    assert {role for role in Role if not rules.may_read_rows(frozenset({role}))} == {Role.VIEWER}
    takers = {role for role in Role if rules.may_download(frozenset({role}))}
    assert takers == {Role.OWNER, Role.ML_ENGINEER, Role.DATA_STEWARD, Role.AUDITOR}
    assert not rules.may_read_rows(frozenset())  # an administrator without a role in the project


def test_a_sample_reads_from_where_it_is_asked(home: House, line: Dataset, tmp_path: Path) -> None:
    rows = [ROW | {"completion": f"Answer {n}"} for n in range(12)]
    version = register(home, line, write(tmp_path / "a.jsonl", *rows))
    assert [row.messages[-1].content for row in selectors.rows_for(home.ben, version, 3, 9)] == [
        "Answer 9", "Answer 10", "Answer 11",
    ]  # fmt: skip
    assert selectors.sample(version, 5, 50) == []
    with pytest.raises(NotAllowed, match="shown to"):
        selectors.rows_for(home.vera, version)


def test_a_sample_comes_from_a_storage_without_folders_too(
    home: House, line: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = register(home, line, write(tmp_path / "a.jsonl", ROW))

    def nowhere(name: str) -> str:
        raise NotImplementedError("this storage has no paths")

    monkeypatch.setattr(selectors.default_storage, "path", nowhere)
    monkeypatch.setattr(blobs, "opened", lambda sha256: (tmp_path / "a.jsonl").open("rb"))
    assert len(selectors.sample(version)) == 1


def test_the_provenance_form_and_the_record_have_the_same_questions_once() -> None:
    names = [field.name for _, fields in provenance.parts() for field in fields]
    assert names == [field.name for field in provenance.FIELDS]
    assert len(names) == len(set(names)) == len(provenance.NAMES)
    assert all(field.part for field in provenance.FIELDS)


texts = st.text(alphabet="abc ", min_size=1, max_size=6)


# A shared machine may be slow; that is no finding.
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(texts, texts), max_size=30))
def test_the_profile_counts_what_a_plain_count_counts(pairs: list[tuple[str, str]]) -> None:
    profile = Profile()
    for n, (asked, learnt) in enumerate(pairs, start=1):
        row = Row(n, "prompt-completion", (Message("user", asked, False), Message("assistant", learnt, True)))
        profile.add(row, row.canonical())
    found = profile.result()
    assert found["rows"] == len(pairs)
    assert found["exact_duplicates"] == len(pairs) - len(set(pairs))
    answers: dict[str, set[str]] = {}
    for asked, learnt in pairs:
        answers.setdefault(asked, set()).add(learnt)
    if not pairs:
        assert (found["answer_characters"], found["contradicting_inputs"]) == (None, None)
        return
    assert found["contradicting_inputs"] == sum(len(one) > 1 for one in answers.values())
    lengths = Counter(len(learnt) for _, learnt in pairs)
    bars = found["answer_characters"]["histogram"]
    for place, count in enumerate(bars["counts"]):
        low = bars["from"] + place * bars["width"]
        assert count == sum(number for length, number in lengths.items() if low <= length < low + bars["width"])
    assert sum(bars["counts"]) == len(pairs)
