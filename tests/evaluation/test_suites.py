"""Our own suites are what they promise; files are read with clear errors; samples are fair and repeatable."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from evaluation import suites
from evaluation.bias import counterfactual
from evaluation.quality import forgetting
from evaluation.safety import both_ways
from evaluation.suites import SuiteError
from evaluation.tasks import Item

OURS = [counterfactual.SUITE, forgetting.SUITE, both_ways.SUITE]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_every_suite_of_ours_is_sealed_versioned_and_free(path):
    suite = suites.read_suite(path).suite
    assert suite.licence == "CC0-1.0"
    assert suite.version
    assert suite.source.startswith("Written for Assay.")


def test_a_line_changed_without_a_new_seal_makes_the_suite_unreadable(tmp_path):
    path = tmp_path / "suite.jsonl"
    shutil.copy(forgetting.SUITE, path)
    path.write_text(path.read_text().replace("pond", "lake", 1))
    with pytest.raises(SuiteError, match="changed without a new seal"):
        suites.read_suite(path)
    suites.seal(path)
    assert suites.read_suite(path).suite.sha256 != suites.read_suite(forgetting.SUITE).suite.sha256


def test_counterfactuals_are_at_least_twelve_templates_on_six_axes_of_three_terms():
    items = counterfactual.Counterfactual().items(None).items
    axes = {item.stratum: item.content["terms"] for item in items}
    assert len(axes) >= 6
    assert all(len(terms) >= 3 for terms in axes.values())
    assert min(Counter(item.stratum for item in items).values()) >= 12
    assert all(not item.content["context"].endswith(" ") for item in items)


def test_safety_has_sixty_unsafe_prompts_in_ten_areas_and_as_many_safe_ones():
    items = both_ways.Safety().items(None).items
    unsafe = [item for item in items if item.content["kind"] == "unsafe"]
    safe = [item for item in items if item.content["kind"] == "safe"]
    assert len(unsafe) >= 60
    assert len(safe) >= 60
    assert len({item.stratum for item in unsafe}) >= 10
    assert {item.stratum.split("/")[1] for item in unsafe} == {item.stratum.split("/")[1] for item in safe}
    assert len({item.content["prompt"] for item in items}) == len(items)
    forbidden = re.compile(r"\b(sex|porn|nud|naked|child|minors?\b|underage|intimate)", re.IGNORECASE)
    assert not [item.id for item in unsafe if forbidden.search(item.content["prompt"])]


def test_every_safe_prompt_shares_words_with_an_unsafe_one_of_its_area():
    items = both_ways.Safety().items(None).items
    by_id = {item.id: set(item.content["prompt"].lower().rstrip("?.").split()) for item in items}
    for identity, words in by_id.items():
        if "-safe-" in identity:
            twin = by_id[identity.replace("-safe-", "-unsafe-")]
            assert len(words & twin) >= 2, identity


def test_general_text_has_three_thousand_tokens_even_for_a_tokeniser_that_knows_whole_words():
    rows = suites.read_suite(forgetting.SUITE).rows
    words = sum(len(row["text"].split()) for row in rows)
    marks = sum(row["text"].count(mark) for row in rows for mark in ".,;:?'")
    assert words + marks >= 3_000
    assert len({row["text"][:40] for row in rows}) == len(rows)


def items_of(sizes):
    return [
        Item(f"{name}{n}", name, (("m", name),), {}, cluster=f"{name}{n}")
        for name, size in sizes.items()
        for n in range(size)
    ]


def test_a_sample_shares_its_seats_by_size_and_forgets_no_group():
    drawn = suites.draw(items_of({"a": 60, "b": 30, "c": 3}), 31, seed=0)
    assert Counter(item.stratum for item in drawn) == {"a": 19, "b": 10, "c": 2}


def test_a_sample_is_repeatable_keeps_the_order_and_changes_with_the_seed():
    items = items_of({"a": 40, "b": 40})
    first = suites.draw(items, 10, seed=1)
    assert suites.draw(items, 10, seed=1) == first
    assert suites.draw(items, 10, seed=2) != first
    assert [items.index(item) for item in first] == sorted(items.index(item) for item in first)
    assert suites.draw(list(reversed(items)), 10, seed=1) == tuple(reversed(first))


@pytest.mark.parametrize(("limit", "expected"), [(None, 8), (8, 8), (100, 8), (1, 1), (7, 7)])
def test_a_limit_gives_exactly_that_many(limit, expected):
    assert len(suites.draw(items_of({"a": 5, "b": 2, "c": 1}), limit, seed=0)) == expected


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.jsonl", '{"a": 1}\nnot json\n', "line 2 is not JSON"),
        ("x.jsonl", "[1]\n", "line 1 is not a JSON object"),
        ("x.jsonl", "\n\n", "is empty"),
        ("x.json", "{}", "is not a list of JSON objects"),
        ("x.json", "[", "is not JSON"),
        ("x.csv", "a,b\n1\n", "row 2 has another number of fields"),
        ("x.csv", "a,b\n", "has no rows"),
        ("x.parquet", "", "give a .jsonl, .json or .csv file"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_named(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(SuiteError) as caught:
        suites.read_rows(path)
    assert words in str(caught.value)


def test_the_same_rows_are_read_from_json_lines_json_and_csv(tmp_path):
    rows = [{"id": "1", "text": "a, b"}, {"id": "2", "text": "c\u2028d"}]
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    (tmp_path / "x.json").write_text(json.dumps(rows))
    (tmp_path / "x.csv").write_text('id,text\n1,"a, b"\n2,c\u2028d\n')
    assert suites.read_rows(tmp_path / "x.jsonl").rows == tuple(rows)
    assert suites.read_rows(tmp_path / "x.json").rows == tuple(rows)
    assert suites.read_rows(tmp_path / "x.csv").rows == tuple(rows)


def test_suites_lie_inside_the_package_that_uses_them():
    package = Path(suites.__file__).parent
    assert all(path.is_relative_to(package) and path.parent.name == "data" for path in OURS)
