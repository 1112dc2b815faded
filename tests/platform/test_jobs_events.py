"""What a trainer prints is not ours to trust."""

import json
from io import StringIO
from pathlib import Path

import pytest

from assay.jobs.events import LONGEST_LINE, Lines, parse, unheard
from training.telemetry import EventLog

GOOD = {"schema": "assay.training-event/1", "at": "2026-11-25T10:00:00.000+00:00", "level": "info", "type": "metrics"}


def line(**changes: object) -> bytes:
    return json.dumps({**GOOD, "data": {"step": 1}, **changes}).encode()


def test_an_event_keeps_what_the_record_has_columns_for() -> None:
    assert parse(line()) == {"at": GOOD["at"], "level": "info", "type": "metrics", "data": {"step": 1}}


@pytest.mark.parametrize(
    "noise",
    [
        b"",
        b"Loading weights: 100%",
        b"[1, 2]",
        b"null",
        b'"text"',
        b"{" * 100_000,
        b"\xff\xfe{}",
        line(at="yesterday"),
        line(at="2026-11-25T10:00:00"),  # no zone: nobody knows when that was
        line(at=5),
        line(level="shouting"),
        line(type="dance"),
        line(level=["info"]),
        line(data=[1]),
        line(data=None),
    ],
)
def test_what_is_no_event_is_noise(noise: bytes) -> None:
    assert parse(noise) is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_not_measured(number: str) -> None:
    event = parse(line().replace(b'"step": 1', f'"loss": {number}'.encode()))
    assert event is not None
    assert event["data"] == {"loss": None}


def test_a_character_that_the_database_refuses_is_replaced() -> None:
    event = parse(line(data={"text": "a\0b"}))
    assert event is not None
    assert event["data"] == {"text": "a�b"}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_come_out_as_they_went_in_however_the_pipe_cuts_them(size: int) -> None:
    text = "é\nzwei\n\nvier".encode()
    lines = Lines()
    out = [found for start in range(0, len(text), size) for found in lines.feed(text[start : start + size])]
    assert [*out, *lines.last()] == text.split(b"\n")


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    lines = Lines()
    given = sum(len(part) for _ in range(40) for part in lines.feed(b"x" * 100_000))
    assert given + sum(map(len, lines.last())) == 4_000_000
    assert all(len(part) <= LONGEST_LINE + 100_000 for part in lines.feed(b"y" * LONGEST_LINE))


def test_what_a_killed_worker_did_not_pass_on_is_found_in_the_trainers_own_file(tmp_path: Path) -> None:
    path, said = tmp_path / "events.jsonl", StringIO()
    assert unheard(path, 0) == []
    with EventLog(path, said) as events:
        for step in range(1, 6):
            events.metrics(step=step)
    heard = said.getvalue().splitlines()[:2]
    assert [event["data"]["step"] for event in unheard(path, len(heard))] == [3, 4, 5]
    assert unheard(path, 5) == []


def test_a_line_that_was_cut_off_does_not_take_the_next_event_with_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path, StringIO()) as events:
        events.metrics(step=1)
    path.write_bytes(path.read_bytes() + line()[:20])
    with EventLog(path, StringIO()) as events:
        events.metrics(step=2)
    assert [event["data"]["step"] for event in unheard(path, 0)] == [1, 2]
