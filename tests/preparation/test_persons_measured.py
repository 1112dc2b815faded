"""The published figures of the recognisers, counted again character by character, and Presidio's beside them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from preparation.persons import measuring
from preparation.persons.recognisers import VERSION, find

CHECKSUMMED = ("card", "iban")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    folder = os.environ.get("ASSAY_REFERENCE_DATA")
    if not folder:
        pytest.skip("ASSAY_REFERENCE_DATA is not set: recall and precision were not measured again")
    return json.loads(gzip.decompress(Path(folder, "presidio_pii", "synth_dataset_v2.json.gz").read_bytes()))


def test_the_figures_are_those_of_the_recognisers_that_are_here() -> None:
    found = measuring.figures()
    assert found["recognisers"] == VERSION, "measure again: setup/recognition.py"
    assert set(found["kinds"]) == set(measuring.MEASURED)


def test_checksummed_kinds_reach_what_was_promised_and_no_kind_is_below_presidio() -> None:
    found = measuring.figures()
    for name in CHECKSUMMED:
        assert found["kinds"][name]["recall"] >= 0.95 and found["kinds"][name]["precision"] >= 0.95
    for name, theirs in found["presidio"].items():
        for figure in ("recall", "precision"):
            assert found["kinds"][name][figure] >= theirs[figure], (name, figure)


def test_a_kind_below_the_line_is_not_to_be_relied_on() -> None:
    assert measuring.can_be_relied_on("card") is True
    assert measuring.can_be_relied_on("address") is False
    assert measuring.can_be_relied_on("birth-date") is measuring.can_be_relied_on("date") is False
    assert measuring.can_be_relied_on("name") is None


def test_counting_again_gives_our_figures(rows: list[dict[str, Any]]) -> None:
    def ours(text: str) -> list[tuple[str, int, int]]:
        return [(span.kind, span.start, span.end) for span in find(text)]

    for name, (label, kinds) in measuring.MEASURED.items():
        figure = measuring.figures()["kinds"][name]
        assert _count(rows, ours, label, set(kinds)) == tuple(
            figure[key] for key in ("labelled", "found", "detected", "right", "left_out")
        ), name


def test_counting_again_gives_presidios_figures(rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    presidio = pytest.importorskip("presidio_analyzer")
    if version("presidio-analyzer") != measuring.figures()["libraries"]["presidio-analyzer"]:
        pytest.skip("Another version of Presidio than the one that was measured is installed.")
    import spacy
    import tldextract
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    # As it comes it fetches a list of domains; this has it use the one that it carries.
    monkeypatch.setattr(tldextract, "extract", tldextract.TLDExtract(suffix_list_urls=()))
    blank = SpacyNlpEngine()
    blank.nlp = {"en": spacy.blank("en")}
    registry = presidio.RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [one for one in registry.recognizers if one.name != "SpacyRecognizer"]
    engine = presidio.AnalyzerEngine(registry=registry, nlp_engine=blank, supported_languages=["en"])
    found = [
        [(one.entity_type, one.start, one.end) for one in engine.analyze(row["full_text"], language="en")]
        for row in rows
    ]
    by_text = {row["full_text"]: one for row, one in zip(rows, found, strict=True)}
    for name, figure in measuring.figures()["presidio"].items():
        label = measuring.MEASURED[name][0]
        own = {"URL" if label == "DOMAIN_NAME" else label}
        assert _count(rows, by_text.__getitem__, label, own) == tuple(
            figure[key] for key in ("labelled", "found", "detected", "right", "left_out")
        ), name


def test_the_libraries_of_the_figures_are_named() -> None:
    named = measuring.figures()["libraries"]
    assert set(named) == {"phonenumbers", "presidio-analyzer", "spacy"}
    try:
        assert named["phonenumbers"].split(".")[0] == version("phonenumbers").split(".")[0]
    except PackageNotFoundError:
        pytest.fail("phonenumbers is not installed: phone numbers cannot be recognised")


def _count(
    rows: list[dict[str, Any]], detect: Callable[[str], list[tuple[str, int, int]]], label: str, kinds: set[str]
) -> tuple[int, int, int, int, int]:
    """By sets of characters: two spans are one where the characters in both are half of those in either."""
    labelled = found = detected = right = left_out = 0
    for row in rows:
        text = row["full_text"]
        stands = [set(range(one["start_position"], one["end_position"]))
                  for one in row["spans"] if one["entity_type"] == label]  # fmt: skip
        unsound = [one for one in stands if not _sound(label, text[min(one) : max(one) + 1])]
        stands = [one for one in stands if one not in unsound]
        there = [set(range(start, end)) for kind, start, end in detect(text) if kind in kinds]
        there = [one for one in there if not any(_alike(one, other) for other in unsound)]
        labelled, detected, left_out = labelled + len(stands), detected + len(there), left_out + len(unsound)
        found += len([one for one in stands if [other for other in there if _alike(one, other)]])
        right += len([one for one in there if [other for other in stands if _alike(one, other)]])
    return labelled, found, detected, right, left_out


def _alike(one: set[int], other: set[int]) -> bool:
    return 2 * len(one & other) >= len(one | other)


def _sound(label: str, value: str) -> bool:
    if label == "CREDIT_CARD":
        digits = [int(one) for one in value if one.isdigit()][::-1]
        return sum(sum(divmod(digit * (1 + place % 2), 10)) for place, digit in enumerate(digits)) % 10 == 0
    if label == "IBAN_CODE":
        plain = "".join(value.split()).upper()
        number = "".join(str(ord(one) - 55) if one.isalpha() else one for one in plain[4:] + plain[:4])
        return int(number) % 97 == 1
    return True
