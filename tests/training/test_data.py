"""Reading, splitting and ordering: every row once, the same way each time."""

from __future__ import annotations

import dataclasses
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import UserError
from training.canaries import make_canaries
from training.chat_template import ChatTokenizer
from training.data import NO_LOSS_TOKENS, Prepared, prepare, steps_of_epoch
from training.encode import Example
from training.spec import Canaries, TrainingSpec

from .conftest import chat_row, chat_rows, write_jsonl


@pytest.fixture
def prepared(tiny: Path, tmp_path: Path) -> Any:
    def go(rows: list[dict[str, Any]], **changes: Any) -> Prepared:
        write_jsonl(tmp_path / "train.jsonl", rows)
        data = {"train": [{"path": "train.jsonl"}], **changes.pop("data", {})}
        asked = {"schema": "assay.training/1", "base_model": str(tiny), "data": data, **changes}
        return prepare(TrainingSpec.parse(asked), tmp_path, ChatTokenizer.load(tiny))

    return go


def row_numbers(examples: list[Example]) -> list[int]:
    return [example.row for example in examples]


def test_every_row_is_trained_or_held_out(prepared: Any) -> None:
    found = prepared(chat_rows(40))
    assert len(found.validation) == 4
    assert sorted(row_numbers(found.train) + row_numbers(found.validation)) == list(range(1, 41))
    (file,) = found.report.files
    assert (file.rows_read, file.rows_used, file.rows_held_out, file.rows_dropped) == (40, 36, 4, {})
    assert file.tokens == found.report.train_tokens + found.report.validation_tokens
    assert file.loss_tokens == found.report.train_loss_tokens + found.report.validation_loss_tokens


def parted(tmp_path: Path, of_row: list[int], **keep: int) -> dict[str, Any]:
    """One entry of the spec: the parts `keep` of a split that puts row i into place `of_row[i]`."""
    (tmp_path / "parts").write_bytes(bytes(of_row))
    return {"path": "train.jsonl", "part": {"path": "parts", "keep": keep}}


def test_a_part_of_a_split_is_trained_and_another_validated(prepared: Any, tmp_path: Path) -> None:
    of_row = [number % 4 for number in range(40)]
    train, validation = parted(tmp_path, of_row, a=0, b=2), parted(tmp_path, of_row, c=3)
    found = prepared(chat_rows(40), data={"train": [train], "validation": [validation]})
    assert row_numbers(found.train) == [n for n in range(1, 41) if n % 4 in (1, 3)]
    assert row_numbers(found.validation) == [n for n in range(1, 41) if n % 4 == 0]
    learnt, held_out = found.report.files
    assert (learnt.rows_read, learnt.rows_used, learnt.rows_held_out) == (20, 20, 0)
    assert (held_out.rows_read, held_out.rows_used, held_out.rows_held_out) == (10, 0, 10)
    assert learnt.part is not None and held_out.part is not None
    assert (learnt.part.names, held_out.part.names, learnt.part.rows_in_file) == (("a", "b"), ("c",), 40)
    assert learnt.part.sha256 == sha256(bytes(of_row)).hexdigest()
    assert (found.report.overlap, found.report.validation_reason) == (0, None)


def test_rows_of_a_part_are_held_out_by_share_where_no_part_is_for_validation(prepared: Any, tmp_path: Path) -> None:
    found = prepared(chat_rows(40), data={"train": [parted(tmp_path, [0, 1] * 20, half=1)]})
    assert len(found.validation) == 2
    assert sorted(row_numbers(found.train) + row_numbers(found.validation)) == list(range(2, 41, 2))


def test_equal_rows_on_both_sides_are_counted(prepared: Any, tmp_path: Path) -> None:
    of_row = [0] * 20 + [1] * 20
    data = {"train": [parted(tmp_path, of_row, a=0)], "validation": [parted(tmp_path, of_row, b=1)]}
    found = prepared([*chat_rows(20), *chat_rows(20)], data=data)
    assert found.report.overlap == 20


def test_what_is_wrong_outside_the_part_does_not_matter_while_rows_keep_their_places(
    prepared: Any, tmp_path: Path
) -> None:
    with_tools = {**chat_row("Which tool?", "This one."), "tools": [{"type": "function", "function": {"name": "f"}}]}
    rows = [chat_row("One?", "1."), with_tools, chat_row("Two?", "2."), chat_row("Three?", "3.")]
    data = {"train": [parted(tmp_path, [0, 1, 0, 0], a=0)], "validation_fraction": 0}
    assert row_numbers(prepared(rows, data=data).train) == [1, 3, 4]
    with pytest.raises(UserError, match="Tool use"):
        prepared(rows, data={"train": [parted(tmp_path, [0, 1, 0, 0], b=1)], "validation_fraction": 0})


@pytest.mark.parametrize("rows", [39, 41])
def test_a_split_of_another_file_is_refused(prepared: Any, tmp_path: Path, rows: int) -> None:
    with pytest.raises(UserError, match=f"has {rows} rows, but the split was made of 40") as error:
        prepared(chat_rows(rows), data={"train": [parted(tmp_path, [0] * 40, a=0)]})
    assert error.value.code == "split-of-another-file"


def test_a_changed_assignment_is_refused(prepared: Any, tmp_path: Path) -> None:
    entry = parted(tmp_path, [0] * 40, a=0)
    entry["part"]["sha256"] = sha256(b"another").hexdigest()
    with pytest.raises(UserError, match="not the approved split"):
        prepared(chat_rows(40), data={"train": [entry]})
    (tmp_path / "parts").unlink()
    with pytest.raises(UserError, match="cannot be read"):
        prepared(chat_rows(40), data={"train": [entry]})


def test_the_split_depends_on_the_seed_and_on_no_other_row(prepared: Any) -> None:
    first = row_numbers(prepared(chat_rows(40)).validation)
    assert row_numbers(prepared(chat_rows(40)).validation) == first
    assert row_numbers(prepared(chat_rows(40), seed=1).validation) != first
    fewer = set(row_numbers(prepared(chat_rows(39)).validation))
    assert len(fewer & set(first)) >= 3


def test_copies_of_a_row_stay_on_one_side(prepared: Any) -> None:
    found = prepared([*chat_rows(10), *chat_rows(10), *chat_rows(10)], data={"validation_fraction": 0.3})
    assert {example.digest for example in found.train}.isdisjoint(example.digest for example in found.validation)
    assert found.report.overlap == 0
    assert found.report.duplicates == len(found.train) - len({example.digest for example in found.train})


def test_overlap_with_a_validation_file_is_counted(prepared: Any, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "held.jsonl", [chat_rows(3)[1], chat_row("Something else?", "Yes."), chat_rows(3)[2]])
    found = prepared(chat_rows(5), data={"validation": [{"path": "held.jsonl"}]})
    assert (found.report.overlap, found.report.validation_rows, found.report.train_rows) == (2, 3, 5)
    assert set(found.validation_sources) == {"held.jsonl"}


def test_rows_that_the_limit_leaves_nothing_to_learn_from_are_dropped_and_counted(prepared: Any) -> None:
    rows = [*chat_rows(8), chat_row("Please read this. " * 30, "Read.")]
    found = prepared(rows, hyperparameters={"max_length": 60})
    (file,) = found.report.files
    assert file.rows_dropped == {NO_LOSS_TOKENS: 1}
    assert 9 not in row_numbers(found.train) + row_numbers(found.validation)
    assert file.longest[0].row == 9


def test_a_limit_that_leaves_nothing_at_all_is_refused(prepared: Any) -> None:
    with pytest.raises(UserError, match=r"raise hyperparameters.max_length"):
        prepared(chat_rows(5), hyperparameters={"max_length": 8})


def test_broken_rows_are_named_with_file_row_field_and_how_many_more(prepared: Any) -> None:
    rows = [*chat_rows(3), chat_row("a", " "), chat_row(" ", "b"), chat_row("", "c")]
    with pytest.raises(UserError, match=r"train\.jsonl, row 4, messages\[1\]\.content: .*2 more") as caught:
        prepared(rows)
    assert caught.value.code == "invalid-rows"


def test_a_file_that_is_not_the_approved_one_is_refused(prepared: Any) -> None:
    with pytest.raises(UserError, match="not the approved file"):
        prepared(chat_rows(5), data={"train": [{"path": "train.jsonl", "sha256": "0" * 64}]})


def test_an_absent_file_is_named(prepared: Any) -> None:
    with pytest.raises(UserError, match=r"nowhere\.jsonl"):
        prepared(chat_rows(5), data={"train": [{"path": "nowhere.jsonl"}]})


def test_one_distinct_row_cannot_be_split_and_the_report_says_so(prepared: Any) -> None:
    found = prepared([chat_row("a", "b")] * 5)
    assert (len(found.train), found.validation) == (5, [])
    assert "only one distinct row" in found.report.validation_reason


def test_a_spec_without_validation_says_so(prepared: Any) -> None:
    found = prepared(chat_rows(5), data={"validation_fraction": 0})
    assert (len(found.train), found.validation) == (5, [])
    assert found.report.validation_reason


def test_plain_rendering_cannot_write_a_conversation(prepared: Any) -> None:
    with pytest.raises(UserError, match=r"set data.rendering to chat"):
        prepared(chat_rows(5), data={"rendering": "plain"})


def test_canaries_are_planted_as_often_as_listed_and_never_held_out(prepared: Any, tiny: Path) -> None:
    found = prepared(chat_rows(20), canaries={"count": 4, "seed": 3, "repeat": [1, 5]})
    planted = [example for example in found.train if example.row == 0]
    assert [canary.repeats for canary in found.report.canaries] == [1, 5, 1, 5]
    assert found.report.canary_rows == len(planted) == 12
    assert all(example.row != 0 for example in found.validation)
    decoded = [ChatTokenizer.load(tiny).decode(list(example.input_ids)) for example in planted]
    for canary in found.report.canaries:
        assert sum(canary.completion in text for text in decoded) == canary.repeats
        assert canary.secret in canary.completion
        assert canary.secret not in canary.prompt


def test_canaries_follow_their_seed() -> None:
    def secrets(seed: int) -> list[str]:
        return [canary.secret for canary in make_canaries(Canaries(count=30, seed=seed))]

    assert secrets(1) == secrets(1)
    assert secrets(1) != secrets(2)
    assert len(set(secrets(1))) == 30
    assert make_canaries(Canaries()) == []


LENGTHS = st.lists(st.integers(1, 200), min_size=1, max_size=300)


@given(LENGTHS, st.integers(0, 3), st.integers(0, 99), st.integers(1, 5), st.integers(1, 4))
def test_an_epoch_holds_every_row_once_in_full_steps(
    lengths: list[int], epoch: int, seed: int, batch: int, accumulation: int
) -> None:
    steps = steps_of_epoch(lengths, epoch=epoch, seed=seed, batch_size=batch, accumulation=accumulation)
    assert sorted(row for step in steps for micro in step for row in micro) == list(range(len(lengths)))
    assert len(steps) == -(-len(lengths) // (batch * accumulation))
    assert all(len(micro) <= batch for step in steps for micro in step)


@given(LENGTHS, st.integers(0, 99))
def test_how_a_step_is_cut_has_no_effect_on_its_rows(lengths: list[int], seed: int) -> None:
    def rows(batch: int, accumulation: int) -> list[set[int]]:
        steps = steps_of_epoch(lengths, epoch=1, seed=seed, batch_size=batch, accumulation=accumulation)
        return [{row for micro in step for row in micro} for step in steps]

    assert rows(8, 1) == rows(4, 2) == rows(1, 8)


@given(LENGTHS, st.integers(0, 99))
def test_the_first_step_of_a_run_needs_the_most_memory(lengths: list[int], seed: int) -> None:
    steps = steps_of_epoch(lengths, epoch=0, seed=seed, batch_size=3, accumulation=2)
    sizes = [len(micro) * max(lengths[row] for row in micro) for step in steps for micro in step]
    assert sizes[0] == max(sizes)


def test_rows_of_like_length_share_a_step() -> None:
    lengths = [10 + 190 * (number % 2) for number in range(640)]
    steps = steps_of_epoch(lengths, epoch=1, seed=0, batch_size=4, accumulation=1)
    padded = sum(len(micro) * max(lengths[row] for row in micro) for step in steps for micro in step)
    assert padded < 1.1 * sum(lengths)


def test_epochs_are_shuffled_differently() -> None:
    one, two = (steps_of_epoch([10] * 64, epoch=epoch, seed=0, batch_size=4, accumulation=1) for epoch in (1, 2))
    assert one != two


def test_the_report_can_be_written(prepared: Any) -> None:
    assert dataclasses.asdict(prepared(chat_rows(5)).report)["files"][0]["path"] == "train.jsonl"
