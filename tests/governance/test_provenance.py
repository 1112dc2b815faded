"""The provenance record: what can be compared has a form, contradictions are refused, old ones stay readable."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.documents.sources import data
from governance.documents.sources.records import Source
from governance.foundation.core.errors import Unusable
from governance.materials.datasets import derivation, legal_bases, provenance, services
from governance.materials.datasets.models import DatasetVersion
from tests import factories
from tests.people import House

WHOLE = {
    **factories.PROVENANCE,
    "places": ["DE", "FR"],
    "origin_geography": "Mostly from two cities.",
    "derived_from": "A forum's archive.",
    "collected_from": "2024-02",
    "collected_to": "2024-05-31",
    "synthetic_share": 12.5,
    "synthetic_model": "Linden Nano 2",
    "synthetic_by": "Asked for other wordings; every tenth was read.",
    "legal_bases": ["6-1-f", "9-2-e"],
    "mining_checked": "checked",
    "mining_checked_on": "2024-06-01",
    "text_and_data_mining": "robots.txt and the page's metadata, by a script.",
}


def faulty(**changes: Any) -> set[str]:
    return {flaw.field for flaw in provenance.flaws(WHOLE | changes)}


def test_a_record_in_which_everything_has_its_form_has_no_flaw() -> None:
    assert provenance.flaws(WHOLE) == []
    assert provenance.flaws(factories.PROVENANCE) == []


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ("collected_from", "spring 2024"),
        ("collected_from", "2023-02-29"),
        ("collected_from", "2024-13"),
        ("collected_from", 2024),
        ("places", "Germany"),
        ("places", ["Germany"]),
        ("places", ["EU"]),
        ("places", [["DE"]]),
        ("legal_bases", "6-1-a"),
        ("legal_bases", ["6-1-z"]),
        ("legal_bases", [{}]),
        ("mining_checked", "yes"),
        ("mining_checked", ["checked"]),
        ("synthetic_share", "half"),
        ("synthetic_share", 100.1),
        ("synthetic_share", True),
        ("synthetic_share", float("nan")),
        ("derived_from_versions", "3"),
        ("derived_from_versions", ["none"]),
        ("derived_from_versions", [{"id": str(uuid.uuid4())}]),
        ("derived_from_versions", [7]),
        ("source", ["a", "list"]),
        ("languages", {"en": 1}),
    ],
)
def test_an_answer_of_another_form_is_a_flaw_of_its_field_alone(field: str, answer: Any) -> None:
    assert faulty(**{field: answer}) == {field}


def test_what_contradicts_itself_is_named_where_it_is_changed() -> None:
    assert faulty(collected_to="2024-01-31") == {"collected_to"}
    assert faulty(collected_from="2024", collected_to="2024-02") == set(), "a year holds its months"
    assert faulty(legal_bases=["none", "6-1-a"]) == {"legal_bases"}
    assert faulty(legal_bases=["9-2-a"]) == {"legal_bases"}, "Art. 9(2) never stands alone"
    assert faulty(synthetic_share=0) == {"synthetic_share"}
    assert faulty(mining_checked_on="", text_and_data_mining=" ") == {"mining_checked_on", "text_and_data_mining"}
    assert faulty(mining_checked="not-mined", mining_checked_on=None) == set()


def test_the_grounds_are_those_of_the_regulation() -> None:
    assert len(legal_bases.ORDINARY) == 6
    assert len(legal_bases.SPECIAL) == 10
    for key, words in (legal_bases.ORDINARY | legal_bases.SPECIAL).items():
        article, paragraph, point = key.split("-")
        assert words.endswith(f"Art. {article}({paragraph})({point})")


def test_a_record_reads_in_words_and_one_of_before_there_were_forms_as_it_was_written() -> None:
    def said(name: str, record: dict[str, Any] = WHOLE) -> str:
        return provenance.words(record, name)

    assert said("places") == "Germany (DE), France (FR)"
    assert said("synthetic_share") == "12.5 %"
    assert said("mining_checked") == "Opt-outs were checked"
    assert "Legitimate interests" in said("legal_bases")
    assert said("source") == WHOLE["source"]
    assert said("consent") == ""
    old = {"collected_from": "some time in spring", "places": "Germany", "mining_checked": "asked the publisher"}
    assert {name: said(name, old) for name in old} == old


def test_a_dossier_says_what_has_a_form_in_words() -> None:
    links = [{"id": str(uuid.UUID(int=1)), "name": "Desk v1", "file_sha256": "1" * 64}]
    facts = {"provenance": WHOLE | {"derived_from_versions": links}, "licence": "CC0-1.0", "licence_told": []}
    source = Source(kind="dataset_version", id="1", sha256="0" * 64, name="Desk v2", facts=facts)
    told = {"origin": data.origin(source), "personal": data.personal(source), "synthetic": data.synthetic(source)}
    said = {name: one.text for name, one in told.items() if one is not None and one.source == "declared"}
    assert "Countries: Germany (DE), France (FR)." in said["origin"]
    assert "Derived from the versions: Desk v1." in said["origin"]
    assert "Legal basis: Legitimate interests, GDPR Art. 6(1)(f); Special categories" in said["personal"]
    assert "Share: 12.5 %. Model: Linden Nano 2." in said["synthetic"]
    assert "Text and data mining: Opt-outs were checked. Checked on: 2024-06-01." in data.rights(source).text


@given(st.dictionaries(st.sampled_from(sorted(provenance.NAMES)), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6,
)))  # fmt: skip
def test_whatever_is_sent_is_judged_and_what_has_no_flaw_reads_as_text(record: dict[str, Any]) -> None:
    flaws = provenance.flaws(record)
    flawed = {flaw.field for flaw in flaws}
    for name in set(record) - flawed:
        assert isinstance(provenance.words(record, name), str)


# --- links between versions ---------------------------------------------------------------------------------------


def registered(home: House, folder: Path, rows: int, *, parents: list[DatasetVersion] | None = None) -> DatasetVersion:
    line = home.project.datasets.first() or services.create(actor=home.ada, project_id=home.project.pk, name="Desk")
    path = folder / f"{rows}.jsonl"
    path.write_text("".join(factories.row(number) for number in range(rows)))
    record = factories.PROVENANCE | {"derived_from_versions": [str(parent.pk) for parent in parents or []]}
    return services.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC0-1.0", provenance=record
    )


@pytest.mark.django_db
def test_a_chain_of_versions_is_followed_up_and_down(home: House, tmp_path: Path) -> None:
    first = registered(home, tmp_path, 3)
    second = registered(home, tmp_path, 4, parents=[first])
    third = registered(home, tmp_path, 5, parents=[second, first])
    steps = derivation.ancestry(home.omar, third)
    assert [(step.depth, step.version) for step in steps] == [(1, second), (2, first)], "each version once"
    assert derivation.derived(home.omar, first) == [third, second]
    assert derivation.derived(home.omar, third) == []
    assert derivation.derived(home.dev, first) == []
    assert provenance.words(third.provenance, "derived_from_versions") == "Desk v2, Desk v1"
    assert third.provenance["derived_from_versions"][0]["file_sha256"] == second.file_sha256


@pytest.mark.django_db
def test_the_chain_ends_where_somebody_does_not_see(home: House, tmp_path: Path) -> None:
    first = registered(home, tmp_path, 3)
    second = registered(home, tmp_path, 4, parents=[first])
    second.provenance["derived_from_versions"][0]["id"] = str(uuid.uuid4())
    (step,) = derivation.ancestry(home.omar, second)
    assert step.version is None
    assert (step.name, step.file_sha256) == ("Desk v1", first.file_sha256)


@pytest.mark.django_db
def test_a_version_that_is_not_there_or_not_yours_cannot_be_linked(home: House, tmp_path: Path) -> None:
    line = services.create(actor=home.dev, project_id=home.elsewhere.pk, name="Theirs")
    path = tmp_path / "theirs.jsonl"
    path.write_text(factories.row(1))
    theirs = services.register_version(
        actor=home.dev, dataset_id=line.pk, path=path, file_name="x", licence="MIT", provenance=factories.PROVENANCE
    )
    for parent in (theirs, DatasetVersion(pk=uuid.uuid4())):
        with pytest.raises(Unusable) as refused:
            registered(home, tmp_path, 3, parents=[parent])
        assert [fault.field for fault in refused.value.faults] == ["provenance.derived_from_versions"]


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({}, []),
        ({"synthetic_model": " ; "}, []),
        ({"synthetic_model": "Linden Nano 2"}, ["Linden Nano 2"]),
        ({"synthetic_model": "Linden Nano 2; Writer 1 ;Linden Nano 2;"}, ["Linden Nano 2", "Writer 1"]),
    ],
)
def test_several_models_that_wrote_rows_stand_apart_by_semicolons(said: dict[str, Any], names: list[str]) -> None:
    assert provenance.writers(said) == names
