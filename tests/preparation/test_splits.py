"""Which row goes where: every row once, equal rows together, nothing from after what it is tested on."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preparation import cli
from preparation.findings import Refused
from preparation.reading import Reading, read_rows
from preparation.rows import Message, Row
from preparation.splits import DEFAULT_SHARES, MAX_PARTS, METHODS, Assignment, Split, assign, assign_file

HALVES = {"train": 0.5, "validation": 0.5}


def row(number: int, text: str, **columns: Any) -> Row:
    turns = (Message("user", text, False), Message("assistant", "Yes.", True))
    return Row(number, "prompt-completion", turns, source={"prompt": text, **columns})


def rows(texts: list[str]) -> list[Row]:
    return [row(place, text) for place, text in enumerate(texts, start=1)]


def many(count: int, **columns: Any) -> list[Row]:
    return [row(n, f"Question {n}?", **{name: make(n) for name, make in columns.items()}) for n in range(count)]


def part_of_text(found: Assignment, of: list[Row]) -> dict[str, set[str]]:
    """text -> the parts its rows are in"""
    places: defaultdict[str, set[str]] = defaultdict(set)
    for place, one in zip(found.of_row, of, strict=True):
        places[one.messages[0].content].add(found.parts[place])
    return places


def tried(of: list[Row], split: Split) -> Assignment | None:
    """None where a part would have had no row."""
    try:
        return assign(of, split)
    except Refused as refused:
        assert "would have no row" in refused.message
        return None


seeds = st.integers(0, 2**32 - 1)
texts = st.lists(st.text(max_size=6), min_size=2, max_size=120)
by_content = st.one_of(
    st.builds(Split, method=st.just("random"), seed=seeds, shares=st.sampled_from([DEFAULT_SHARES, HALVES])),
    st.builds(Split, method=st.just("folds"), seed=seeds, folds=st.integers(2, 6)),
)


@given(texts, by_content)
def test_every_row_is_in_one_part_and_equal_rows_in_the_same(said: list[str], split: Split) -> None:
    if found := tried(rows(said), split):
        assert len(found.of_row) == len(said)
        assert sum(found.counts().values()) == len(said)
        assert all(len(parts) == 1 for parts in part_of_text(found, rows(said)).values())


@given(texts, texts, by_content, st.randoms(use_true_random=False))
def test_a_row_stays_on_its_side_when_others_come_and_the_order_changes(
    said: list[str], more: list[str], split: Split, chance: Any
) -> None:
    longer = rows([*said, *more])
    chance.shuffle(longer)
    before, after = tried(rows(said), split), tried(longer, split)
    if before and after:
        later = part_of_text(after, longer)
        assert all(later[text] == parts for text, parts in part_of_text(before, rows(said)).items())


@given(texts, by_content)
def test_it_is_the_same_on_every_run(said: list[str], split: Split) -> None:
    assert tried(rows(said), split) == tried(rows(said), Split.from_json(json.loads(json.dumps(split.to_json()))))


def test_it_is_the_same_on_every_machine() -> None:
    """By the words of the docstring, written out: sha256 of seed and row, as a share of all it could be."""
    digests = [
        hashlib.sha256(json.dumps([["user", f"Question {n}?", False], ["assistant", "Yes.", True]],
                                  separators=(",", ":")).encode()).hexdigest()
        for n in range(50)
    ]  # fmt: skip
    drawn = [int(hashlib.sha256(f"7:{digest}".encode()).hexdigest()[:16], 16) / 2**64 for digest in digests]
    found = assign(many(50), Split("random", seed=7, shares=HALVES))
    assert list(found.of_row) == [int(share >= 0.5) for share in drawn]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "split", [Split("random"), Split("random", shares={"a": 0.02, "b": 0.98}), Split("folds", folds=4)]
)
def test_shares_are_met_within_a_binomial_bound(split: Split, seed: int) -> None:
    count = 4000
    asked = split.shares if split.method == "random" else {f"fold-{n}": 0.25 for n in range(1, 5)}
    found = assign(many(count), Split(split.method, seed=seed, shares=split.shares, folds=split.folds)).counts()
    assert found.keys() == asked.keys()
    for part, share in asked.items():
        # four and a half deviations: one in 150,000 for each figure, of which there are 45
        assert abs(found[part] - count * share) <= 4.5 * math.sqrt(count * share * (1 - share))


def test_another_seed_is_another_split() -> None:
    assert assign(many(100), Split("random", seed=1)).of_row != assign(many(100), Split("random", seed=2)).of_row


@given(st.lists(st.integers(0, 8), min_size=2, max_size=150), seeds)
def test_groups_are_never_cut(groups: list[int], seed: int) -> None:
    given_rows = [row(n, f"{n}", customer=group) for n, group in enumerate(groups)]
    found = tried(given_rows, Split("group", seed=seed, column="customer", shares=HALVES))
    if found:
        sides = defaultdict(set)
        for place, group in zip(found.of_row, groups, strict=True):
            sides[group].add(place)
        assert all(len(places) == 1 for places in sides.values())


moments = st.one_of(
    st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=100),
    st.lists(st.dates().map(str), min_size=2, max_size=100),
    st.lists(st.datetimes(timezones=st.sampled_from([None])).map(lambda one: one.isoformat()), min_size=2, max_size=40),
)


@given(moments)
def test_nothing_in_an_earlier_part_is_later_than_anything_in_a_later_one(times: list[Any]) -> None:
    found = tried([row(n, f"{n}", at=time) for n, time in enumerate(times)], Split("time", column="at"))
    if found:
        of_part: defaultdict[int, list[Any]] = defaultdict(list)
        for place, time in zip(found.of_row, times, strict=True):
            of_part[place].append(time)
        assert max(of_part[0]) < min(of_part[1])
        assert max(of_part[1]) < min(of_part[2])


def test_a_split_by_time_meets_its_shares_to_the_row_where_times_differ() -> None:
    found = assign(many(100, at=lambda n: f"2026-01-01T{n // 60:02}:{n % 60:02}"), Split("time", column="at"))
    assert found.counts() == {"train": 80, "validation": 10, "test": 10}
    assert list(found.of_row) == sorted(found.of_row)


def test_a_part_that_the_column_names_is_taken_over() -> None:
    names = ["train", "test ", "train", "dev"]
    found = assign([row(n, f"{n}", split=name) for n, name in enumerate(names)], Split("given", column="split"))
    assert [found.parts[place] for place in found.of_row] == ["train", "test", "train", "dev"]
    assert found.counts_json() == [
        {"name": "train", "rows": 2},
        {"name": "test", "rows": 1},
        {"name": "dev", "rows": 1},
    ]


@pytest.mark.parametrize(
    ("split", "says", "field"),
    [
        (Split("by-chance"), "no split 'by-chance'", "method"),
        (Split("group"), "Which column", "column"),
        (Split("random", seed=-1), "seed", "seed"),
        (Split("folds", folds=1), "1 folds", "folds"),
        (Split("folds", folds=MAX_PARTS + 1), "65 folds", "folds"),
        (Split("random", shares={"train": 1.0}), "at least two parts", "shares"),
        (Split("random", shares={"a": 1.5, "b": -0.5}), "above 0", "shares"),
        (Split("random", shares={"a": 0.5, "b": 0.4}), "add up to 0.9", "shares"),
        (Split("random", shares={"a": float("nan"), "b": 0.4}), "above 0", "shares"),
        (Split("random", shares={"a": 0.5, " ": 0.5}), "name of a part", "shares"),
        (Split("random", shares={"a": 0.5, "b" * 41: 0.5}), "name of a part", "shares"),
    ],
)
def test_what_cannot_be_done_is_named(split: Split, says: str, field: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        assign(many(50), split)
    assert refused.value.field == field and refused.value.cure


@pytest.mark.parametrize(
    ("method", "values", "says"),
    [
        ("group", ["a", None], "Row 1: The column is not there"),
        ("group", ["a", {"b": 1}], "Row 1: .*told apart"),
        ("time", ["2026-01-01", "soon"], "Row 1: 'soon' is no time"),
        ("time", ["nan", "1"], "Row 0: 'nan' is no time"),
        ("time", [True, 1], "Row 0: 'True' is no time"),
        ("time", [1, 10**400], "Row 1: .* is no time"),
        ("time", ["2026-01-01", 20260102], "Row 1: at is a number, and not so in the rows before"),
        ("given", ["train", "train"], "'train' in every row"),
        ("given", ["train", "x" * 41], "name of a part"),
        ("given", [f"p{n}" for n in range(MAX_PARTS + 1)], "more than 64 values"),
    ],
)
def test_a_row_of_which_it_cannot_be_told_is_named(method: str, values: list[Any], says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        assign([row(n, f"{n}", at=value) for n, value in enumerate(values)], Split(method, column="at"))
    assert refused.value.field == "column"


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"given"}))
def test_a_part_without_rows_is_refused_with_a_cure_for_the_method(method: str) -> None:
    two = [row(n, "same", at=1) for n in range(2)]
    with pytest.raises(Refused, match="would have no row") as refused:
        assign(two, Split(method, column="at"))
    assert refused.value.field == ("folds" if method == "folds" else "shares")


def test_equal_splits_are_written_alike() -> None:
    assert Split("folds", seed=3, folds=4, column="x").to_json() == {"method": "folds", "seed": 3, "folds": 4}
    said = Split("time", seed=3, column="at", shares={"z": 0.9, "a": 0.1}).to_json()
    assert said == {"method": "time", "column": "at", "shares": [["z", 0.9], ["a", 0.1]]}


def test_the_command_writes_a_byte_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [{"prompt": f"Question {n}?", "completion": "Yes.", "part": "dev" if n % 3 == 0 else "train"}
             for n in range(30)]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    asked = ["split", str(path), "--out", str(tmp_path / "out"), "--split"]
    assert cli.main([*asked, json.dumps({"method": "given", "column": "part"})]) == cli.SOUND
    found = json.loads((tmp_path / "out" / cli.SPLIT).read_text())
    assert found == {"parts": [{"name": "dev", "rows": 10}, {"name": "train", "rows": 20}]}
    assert (tmp_path / "out" / cli.ASSIGNMENT).read_bytes() == bytes([0, 1, 1] * 10)
    assert cli.main([*asked, json.dumps({"method": "time", "column": "when"})]) == cli.NOT_SOUND
    wrong = json.loads((tmp_path / "out" / cli.SPLIT).read_text())["refused"]
    assert (wrong["field"], wrong["message"]) == ("column", "Row 1: The column is not there.")


def test_a_file_that_cannot_be_read_is_not_split(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n{"prompt": "a"\n', encoding="utf-8")
    with pytest.raises(Refused, match=r"^Row 2: "):
        assign_file(path, Reading(format="prompt-completion"), Split("random", shares=HALVES))


@settings(max_examples=20, deadline=None)
@given(letters=st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=40))
def test_a_file_is_split_as_its_rows_are(letters: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_text("prompt,completion\n" + "".join(f"{one},yes\n" for one in letters), encoding="utf-8")
    split = Split("random", shares=HALVES)
    read = [one for one in read_rows(path, Reading()) if isinstance(one, Row)]
    expected = tried(read, split)
    if expected:
        assert assign_file(path, Reading(), split) == expected
        assert Counter(expected.of_row).total() == len(letters)
