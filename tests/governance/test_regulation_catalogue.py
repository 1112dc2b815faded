"""The catalogue lists every leaf of Annexes IV, XI and XII once, in order, in this project's own words."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.law.regulation import rules
from governance.law.regulation.editions import DATA

SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times faster
FILE = DATA / "eu_ai_act_2026_07_27.yaml"

# Typed from the three Annexes, not from the catalogue.
REFERENCES = [
    *(f"Annex IV(1)({letter})" for letter in "abcdefgh"),
    *(f"Annex IV(2)({letter})" for letter in "abcdefgh"),
    *(f"Annex IV({number})" for number in range(3, 10)),
    *(f"Annex XI, Section 1, point 1({letter})" for letter in "abcdef"),
    *(f"Annex XI, Section 1, point 2({letter})" for letter in "abcde"),
    *(f"Annex XI, Section 2, point {number}" for number in range(1, 4)),
    *(f"Annex XII(1)({letter})" for letter in "abcdefgh"),
    *(f"Annex XII(2)({letter})" for letter in "abc"),
]
REFERENCES_SHA256 = "185cdb1c42ff71ac4bcaecf90af721a10b94482b2e9250adc6a79f20641e2e17"
EDITION_SHA256 = "1c56b476885d03cf60d830f5b7aaa9e8d54872123d8bdbe2475a141c2b0ccb42"
LONGEST_SHARED_RUN = 11  # words; one more and a passage counts as taken over


def official() -> dict[str, Any]:
    """The outside catalogue with the official wording, beside the reference data."""
    folder = os.environ.get("ASSAY_REFERENCE_DATA")
    if not folder:
        pytest.skip("ASSAY_REFERENCE_DATA is not set")
    path = Path(folder).parent / "regulation" / "eu_ai_act.yaml"
    if not path.is_file():
        pytest.skip(f"no official wording at {path}")
    rows: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER)  # noqa: S506 - safe
    return rows


def texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def test_every_leaf_of_the_three_annexes_stands_once_and_in_order() -> None:
    assert [leaf.ref for leaf in rules.latest().leaves()] == REFERENCES
    assert len(REFERENCES) == 48


def test_the_committed_references_are_those_of_the_digest() -> None:
    assert hashlib.sha256("\n".join(REFERENCES).encode()).hexdigest() == REFERENCES_SHA256


def test_the_references_are_the_assessable_ones_of_the_official_annexes() -> None:
    rows = official()["requirements"]
    expected = [
        row["ref"] for row in rows if row["assessable"] and re.match(r"Annex (IV|XI|XII)\b", row["ref"]) is not None
    ]
    assert [leaf.ref for leaf in rules.latest().leaves()] == expected


def test_nothing_of_the_official_wording_is_taken_over() -> None:
    length = LONGEST_SHARED_RUN + 1
    law = set().union(*(runs(text, length) for text in texts(official())))
    ours = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    prose = [text for text in texts(ours) if not text.startswith("http")]  # a link has to be the official one
    shared = [text for text in prose if runs(text, length) & law]
    assert shared == []


def test_a_released_edition_is_never_edited() -> None:
    """Dossiers are pinned to this digest: a change of content is a new edition, or a new `catalogue` of this one."""
    law = rules.edition("eu-ai-act/2026-07-27")
    assert law.stamp() == {"law": "eu-ai-act/2026-07-27", "catalogue": "assay-eu-ai-act-1", "sha256": EDITION_SHA256}


def test_every_prompt_is_one_question_somebody_can_answer() -> None:
    for prompt in rules.latest().prompts():
        assert prompt.ask.count("?") == 1, prompt.id
        assert prompt.ask.endswith("?"), prompt.id
        assert prompt.needs in {
            "project owner",
            "ML engineer",
            "data steward",
            "compliance officer",
            "risk owner",
            "data protection officer",
        }
        assert prompt.evidence or prompt.human, prompt.id


def test_prompt_ids_spell_the_leaf_they_belong_to() -> None:
    for leaf in rules.latest().leaves():
        sign = leaf.ref.removeprefix("Annex ").lower().replace(", section ", "-").replace(", point ", "-")
        sign = re.sub(r"[()]+", "-", sign).strip("-")
        for prompt in leaf.prompts:
            assert prompt.id.split(".")[0] == sign, (leaf.ref, prompt.id)


def test_what_only_a_person_can_judge_is_never_met_by_a_measurement() -> None:
    human = {prompt.id for prompt in rules.latest().prompts() if prompt.human}
    assert human >= {
        "iv-1-a.purpose",
        "iv-2-e.measures",
        "iv-3.unintended",
        "iv-4.purpose",
        "iv-5.residual",
        "iv-6.judgement",
        "iv-8.copy",
        "xi-1-1-a.tasks",
    }


def test_every_word_of_the_evidence_vocabulary_answers_something() -> None:
    law = rules.latest()
    assert {key for prompt in law.prompts() for key in prompt.evidence} == set(law.evidence)


def test_every_leaf_links_to_its_annex() -> None:
    for leaf in rules.latest().leaves():
        number = re.match(r"Annex ([IVX]+)", leaf.ref)
        assert number is not None
        assert leaf.link.endswith(f"02024R1689-20260727#anx_{number[1]}")


def test_an_unknown_edition_names_those_that_are_installed() -> None:
    with pytest.raises(rules.NoSuchEdition, match="eu-ai-act/2026-07-27"):
        rules.edition("eu-ai-act/2031-01-01")


def test_the_digest_follows_the_content_and_not_the_layout() -> None:
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    turned = dict(reversed(data.items()))
    assert rules.read(turned).sha256 == rules.latest().sha256
    data["annexes"][0]["leaves"][0]["prompts"][0]["ask"] += " Really?"
    assert rules.read(data).sha256 != rules.latest().sha256


def broken(change: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    match change:
        case "a prompt without evidence or person":
            data["annexes"][0]["leaves"][2]["prompts"][0]["evidence"] = []
        case "evidence outside the vocabulary":
            data["annexes"][0]["leaves"][2]["prompts"][0]["evidence"] = ["run.colour"]
        case "a question that leads back":
            data["questions"][4]["answers"]["no"]["next"] = "union"
        case "a rule on a flag nobody sets":
            data["rules"][0]["all"] = ["never_set"]
        case "a stray key":
            data["duties"][0]["colour"] = "red"
        case "a word without a name":
            data["rules"][0]["documents"] = ["novel"]
        case "a missing part":
            del data["clocks"]
        case "a last question that can be skipped":
            data["questions"][-1]["asked_if"] = {"all": ["deployer"]}
    return data


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("a prompt without evidence or person", "iv-1-c.software names neither evidence nor a person"),
        ("evidence outside the vocabulary", "iv-1-c.software names evidence outside the vocabulary"),
        ("a question that leads back", "original-provider does not lead forward"),
        ("a rule on a flag nobody sets", "rule prohibited waits for a flag that no answer sets"),
        ("a stray key", "art-5-original: DutyText knows no colour"),
        ("a word without a name", "rule prohibited uses a word without a name"),
        ("a missing part", "lacks the entry 'clocks'"),
        ("a last question that can be skipped", "must be asked on every path"),
    ],
)
def test_a_broken_edition_is_refused_and_the_entry_named(change: str, says: str) -> None:
    with pytest.raises(rules.BrokenEdition, match=re.escape(says)):
        rules.read(broken(change))


def test_dates_are_those_of_the_amended_law() -> None:
    dates = {entry.id: (entry.original, entry.amended, entry.practical_from) for entry in rules.latest().timeline}
    spelt = {key: tuple(day.isoformat() if day else None for day in days) for key, days in dates.items()}
    assert spelt["high-risk-annex-iii"] == ("2026-08-02", "2027-12-02", None)
    assert spelt["high-risk-annex-i"] == ("2027-08-02", "2028-08-02", None)
    assert spelt["marking-legacy"] == ("2026-08-02", "2026-12-02", None)
    assert spelt["prohibitions-2026"] == (None, "2026-12-02", None)
    assert spelt["general-purpose"] == ("2025-08-02", None, None)
    assert spelt["gpai-legacy"] == ("2027-08-02", None, None)
    for unmoved in ("registration", "monitoring-and-incidents", "conformity", "explanation"):
        assert spelt[unmoved] == ("2026-08-02", None, "2027-12-02")


@pytest.mark.parametrize(
    ("prompt_id", "facts", "expected"),
    [
        ("iv-2-f.changes", {"planned_changes": False}, "no-planned-changes"),
        ("iv-2-f.changes", {"planned_changes": True}, None),
        ("iv-2-f.changes", {}, None),
        ("iv-1-f.pictures", {"product_component": False}, "not-in-a-product"),
        ("iv-2-d.labels", {"human_labels": False}, "no-human-labels"),
        ("iv-2-d.synthetic", {"synthetic_rows": False}, "no-synthetic-rows"),
        ("iv-7.solutions", {"harmonised_standards_only": True}, "standards-cover-all"),
        ("iv-7.solutions", {"harmonised_standards_only": False}, None),
        ("iv-1-a.purpose", {"planned_changes": False}, None),
    ],
)
def test_only_a_known_fact_excuses_a_prompt(prompt_id: str, facts: dict[str, bool], expected: str | None) -> None:
    prompt = next(each for each in rules.latest().prompts() if each.id == prompt_id)
    found = rules.not_applicable(prompt, flags=(), facts=facts)
    assert (found.id if found else None) == expected


def test_a_declaration_is_excused_only_once_the_outcome_says_not_high_risk() -> None:
    prompt = rules.latest().leaf("Annex IV(8)").prompts[0]
    excused = rules.not_applicable(prompt, flags=(), facts={})
    assert excused is not None
    assert excused.id == "declaration-needs-high-risk"
    assert rules.not_applicable(prompt, flags={"high_risk"}, facts={}) is None
    assert rules.not_applicable(prompt, flags=(), facts={}, settled=False) is None
