"""What a row is, whatever file and format it comes from, and what every kind of broken file is told."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preparation import containers
from preparation.findings import Finding, Parsed, Refused
from preparation.json_values import MAX_BYTES, parse
from preparation.reading import Reading, inspect, read_rows
from preparation.rows import Row

USER = {"role": "user", "content": "Hello?"}
ANSWER = {"role": "assistant", "content": "Hi."}


def findings(tmp_path: Path, content: bytes | str, format: str = "auto") -> list[Finding]:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return [entry for entry in read_rows(path, Reading(format=format)) if isinstance(entry, Finding)]


def finding_of(tmp_path: Path, row: Any, format: str = "auto") -> Finding:
    (only,) = findings(tmp_path, json.dumps(row) + "\n", format)
    return only


def test_openai_chat_rows_are_read_as_they_are(tmp_path: Path) -> None:
    row = {
        "messages": [
            {"role": "developer", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": "One "}, {"type": "text", "text": "two"}]},
            {"role": "assistant", "content": "three", "weight": 0},
            {"role": "user", "content": "and?"},
            {"role": "assistant", "content": "four", "weight": 1},
        ]
    }
    path = tmp_path / "chat.jsonl"
    path.write_text("\n" + json.dumps(row) + "\n\n", encoding="utf-8")
    (read,) = read_rows(path)
    assert isinstance(read, Row)
    assert (read.number, read.format) == (2, "chat")
    assert [(turn.role, turn.content, turn.trained) for turn in read.messages] == [
        ("system", "Be short.", False),
        ("user", "One two", False),
        ("assistant", "three", False),
        ("user", "and?", False),
        ("assistant", "four", True),
    ]


def test_prompt_completion_rows_are_two_turns(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes("\ufeff".encode() + b'{"prompt": "2+2", "completion": "4"}')
    (read,) = read_rows(path)
    assert isinstance(read, Row)
    assert read.format == "prompt-completion"
    assert [(turn.role, turn.content, turn.trained) for turn in read.messages] == [
        ("user", "2+2", False),
        ("assistant", "4", True),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no rows"),
        (b"\n\n  \n", "no rows"),
        (b"\x1f\x8b\x08\x00rest", "gzip"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"PAR1rest", "Parquet"),
        ('{"prompt"'.encode("utf-16"), "UTF-16"),
        (b'{\n"prompt": "a", "completion": "b"\n}', "one JSON document"),
        (b'[{"prompt": "a", "completion": "b"}', "ends inside the list"),
        (b'[{"prompt": "a", "completion": "b"} {"prompt": "c"}]', "comma is missing"),
        (b'[{"prompt": "a", "completion": "b"}] and more', "more text after the end"),
        (b'[{"prompt": "a", "completion": "b"},]', "ends after a comma"),
        (b'[{"prompt": "a", "prompt": "c", "completion": "b"}]', "twice"),
        (b'[{"prompt": "a", "completion": "b", "n": NaN}]', "NaN"),
        (b'[{"prompt": "caf\xe9", "completion": "b"}]', "not UTF-8"),
        (b'["just text"]', "not a JSON object"),
        (b'{"prompt": "caf\xe9", "completion": "b"}\n', "not UTF-8"),
        (b'{"prompt": "a\x00", "completion": "b"}\n', "NUL"),
        (b'{"prompt": "a", "completion": "b"\n', "not valid JSON"),
        (b'{"prompt": "a", "completion": "b", "score": NaN}\n', "NaN"),
        (b'{"prompt": "a", "completion": "b", "score": -Infinity}\n', "Infinity"),
        (b'{"prompt": "a", "completion": "b", "score": 1e999}\n', "too large"),
        (b'{"prompt": "a", "prompt": "c", "completion": "b"}\n', "twice"),
        (b'{"prompt": "a", "completion": "b", "n": ' + b"9" * 5000 + b"}\n", "40 digits"),
        (b'{"prompt": "a", "completion": "b", "deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "nested"),
        (b'{"prompt": "a", "completion": "b", "deep": ' + b"[" * 40 + b"]" * 40 + b"}\n", "nested"),
        (b'"just text"\n', "not a JSON object"),
        (b'{"chosen": "a", "rejected": "b"}\n', "What was asked is not there"),
        (b'{"conversations": []}\n', "at least one turn"),
        (b'{"prompt": "a", "completion": "b", "prompt" : "c"}\n', "twice"),
        (b'{"prompt": "a \\":", "completion": "b", "prompt": "c"}\n', "twice"),
        (b'{"question": "a", "reply": "b"}\n', "question, reply"),
    ],
)
def test_a_broken_file_is_named_with_a_cure(tmp_path: Path, content: bytes, says: str) -> None:
    first = findings(tmp_path, content)[0]
    assert says in str(first)
    assert first.cure


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        ({"messages": []}, "messages", "at least one"),
        ({"messages": "hi"}, "messages", "list"),
        ({"messages": [USER]}, "messages", "No assistant"),
        ({"messages": [USER, {**ANSWER, "weight": 0}]}, "messages", "No assistant"),
        ({"messages": [USER, {**ANSWER, "weight": 0.5}]}, "messages[1].weight", "neither 0 nor 1"),
        ({"messages": [{"role": "narrator", "content": "x"}, ANSWER]}, "messages[0].role", "narrator"),
        ({"messages": ["hi", ANSWER]}, "messages[0]", "not an object"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "messages[1].content", "text"),
        ({"messages": [USER, {"role": "assistant", "content": "  "}]}, "messages[1].content", "empty"),
        ({"messages": [USER, {"role": "assistant", "content": "a\u0000"}]}, "messages[1].content", "NUL"),
        ({"messages": [USER, {"role": "assistant", "content": "\ud800"}]}, "messages[1].content", "surrogate"),
        ({"messages": [USER, {**ANSWER, "tool_calls": [{}]}]}, "messages[1].tool_calls[0].function.name", "text"),
        ({"messages": [USER, ANSWER], "tools": [{}]}, "tools[0]", "named function"),
        ({"messages": [USER, ANSWER], "functions": 5}, "tools", "list of tools"),
        ({"instruction": "a", "output": ""}, "output", "empty"),
        ({"instruction": "a", "output": "b", "history": [["c"]]}, "history", "pairs"),
        ({"conversations": [{"from": "bird", "value": "x"}]}, "conversations[0].from", "bird"),
        ({"conversations": [{"from": "human", "value": "x"}]}, "conversations", "No turn of gpt"),
        ({"prompt": "a", "chosen": "b", "rejected": "b"}, "rejected", "same"),
        ({"prompt": "a", "completion": "b", "label": "maybe"}, "label", "neither good nor bad"),
        ({"text": "a", "label": None}, "label", "text"),
        ({"text": "  "}, "text", "empty"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}, ANSWER]}, "messages[0].content", "text"),
        ({"prompt": "a", "completion": ""}, "completion", "empty"),
        ({"prompt": 3, "completion": "b"}, "prompt", "not 3"),
    ],
)
def test_a_broken_row_is_named_by_line_and_field(tmp_path: Path, row: Any, field: str, says: str) -> None:
    found = finding_of(tmp_path, row)
    assert (found.row, found.field) == (1, field)
    assert says in found.message


def test_a_row_of_the_other_format_is_named(tmp_path: Path) -> None:
    lines = [{"prompt": "a", "completion": "b"}, {"messages": [USER, ANSWER]}]
    (found,) = findings(tmp_path, "".join(json.dumps(line) + "\n" for line in lines))
    assert found.row == 2
    assert "is chat, the file is read as prompt-completion" in found.message


def test_an_overlong_line_is_skipped_without_filling_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("wb") as file:
        file.write(b'{"prompt": "' + b"x" * (40 * 2**20) + b'", "completion": "b"}\n')
        file.write(b'{"prompt": "a", "completion": "b"}\n')
    tracemalloc.start()
    entries = list(read_rows(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(entries[0], Finding)
    assert "8 MiB" in entries[0].message
    assert isinstance(entries[1], Row)
    assert entries[1].number == 2
    assert peak < 60 * 2**20


def test_inspection_says_what_the_file_is_and_what_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    rows = [{"messages": [{**USER, "name": "ada"}, ANSWER], "intent": "greeting"}, {"messages": [USER, ANSWER]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"messages": [USER]}]), encoding="utf-8")
    found = inspect(path)
    assert found.resolved is not None
    assert (found.resolved.reading, found.rows) == (Reading("jsonl", "chat"), 2)
    assert (found.findings_total, found.sound) == (1, False)
    assert "3 of the first 3 rows have `messages`" in found.resolved.evidence
    assert {column.name: (column.rows, column.used) for column in found.columns} == {
        "messages": (3, True),
        "intent": (1, False),
        "messages[].name": (1, False),
    }


def test_inspection_counts_all_findings_and_keeps_the_first(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"prompt": "a", "completion": ""}\n' * 50, encoding="utf-8")
    found = inspect(path, max_findings=3)
    assert (found.findings_total, len(found.findings)) == (50, 3)


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        (Reading(format="alpacca"), "auto, openai-preference, .*prompt-completion"),
        (Reading(container="xml"), "auto, jsonl, json, csv"),
        (Reading(columns={"prompt": "question"}), "which format"),
        (Reading(format="chat", columns={"prompt": "question"}), "messages, tools"),
    ],
)
def test_a_reading_that_cannot_be_lists_what_can(tmp_path: Path, reading: Reading, says: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"prompt": "a", "completion": "b"}\n')
    (found,) = read_rows(path, reading)
    assert isinstance(found, Finding)
    assert re.search(says, str(found))


@pytest.mark.parametrize("rows", [3, 200])
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_column_that_is_not_there_is_told_once(tmp_path: Path, suffix: str, rows: int) -> None:
    path = tmp_path / f"data.{suffix}"
    path.write_text(
        "Question,Reply\n" + "a,b\n" * rows if suffix == "csv" else '{"Question": "a", "Reply": "b"}\n' * rows
    )
    mistyped = Reading(format="prompt-completion", columns={"prompt": "Question", "completion": "Replies"})
    (found,) = read_rows(path, mistyped)
    assert str(found) == "file, completion: There is no column 'Replies'. Name one that is there: Question, Reply."
    columns = inspect(path, mistyped).columns
    assert [column.name for column in columns] == ["Question", "Reply"]


def test_a_column_that_only_later_rows_have_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    spoken = [json.dumps({"turns": [USER, ANSWER]}), json.dumps({"turns": [USER, ANSWER], "functions": []})]
    path.write_text("\n".join([spoken[0]] * 60 + [spoken[1]]), encoding="utf-8")
    read = list(read_rows(path, Reading(format="chat", columns={"messages": "turns", "tools": "functions"})))
    assert [type(entry) for entry in read] == [Row] * 61


def test_rows_with_equal_turns_are_the_same_row(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"prompt": "a", "completion": "b", "id": 1}\n{"completion": "b", "prompt": "a", "id": 2}\n')
    first, second = (entry for entry in read_rows(path) if isinstance(entry, Row))
    assert first.digest() == second.digest()


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser_and_it_agrees_with_the_standard_one(raw: bytes) -> None:
    try:
        value = parse(raw)
    except Refused as refused:
        assert refused.message
        assert refused.cure
    else:
        assert value == json.loads(raw)


KEYS = st.sampled_from(["a", "b", 'c":', "d\\", ' "e" :', "é"])


@given(st.lists(st.tuples(KEYS, st.sampled_from(["1", '"x\\":y"', '{"a": 2}', "[]", '{"a":1,"a":2}'])), max_size=5),
       st.sampled_from([":", " :", "\t: ", " \t :"]))  # fmt: skip
def test_a_key_that_is_there_twice_is_always_seen(pairs: list[tuple[str, str]], colon: str) -> None:
    text = "{" + ",".join(f"{json.dumps(key)}{colon}{value}" for key, value in pairs) + "}"
    names = [key for key, _ in pairs]
    twice = len(set(names)) < len(names) or any('{"a":1,"a"' in value for _, value in pairs)
    if twice:
        with pytest.raises(Refused, match="twice"):
            parse(text.encode())
    else:
        assert parse(text.encode()) == json.loads(text)


FAULTS = [b"", b"{", b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": "\xff"}', b"[" * 40 + b"]" * 40]


@pytest.mark.parametrize("fault", FAULTS, ids=["blank", "cut", "twice", "nan", "utf8", "deep"])
def test_lines_are_read_together_and_a_faulty_one_alone_is_refused(tmp_path: Path, fault: bytes) -> None:
    # Of many lengths, so that lines lie across the pieces that the file is read in.
    rows = [{"text": 'a "b" \\ é' * (place * 97 % 400), "id": 2**80 if place == 90 else place} for place in range(200)]
    lines = [json.dumps(row, ensure_ascii=place % 2 == 0).encode() for place, row in enumerate(rows)]
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"\n".join([*lines[:120], fault, *lines[120:]]))
    entries = list(containers.read(path, "jsonl"))
    assert [entry.value for entry in entries if isinstance(entry, Parsed)] == rows
    assert [entry.number for entry in entries if isinstance(entry, Parsed)] == [*range(1, 121), *range(122, 202)]
    assert [entry.row for entry in entries if isinstance(entry, Finding)] == ([121] if fault else [])


@pytest.mark.parametrize("end", [b"", b"\n"], ids=["cut", "whole"])
@pytest.mark.parametrize("more", [0, 1])
def test_a_line_may_have_eight_mebibytes_and_not_a_byte_more(tmp_path: Path, end: bytes, more: int) -> None:
    path = tmp_path / "data.jsonl"
    long = json.dumps("x" * (MAX_BYTES - 2 + more)).encode()
    path.write_bytes(b'{"a": 1}\n' + long + end + (b'{"a": 3}\n' if end else b""))
    entries = list(containers.read(path, "jsonl"))
    assert isinstance(entries[1], Finding) is bool(more)
    assert entries[1][0] == 2 if isinstance(entries[1], Parsed) else entries[1].row == 2
    assert entries[2:] == ([Parsed(3, {"a": 3})] if end else [])


@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
                    max_leaves=8))  # fmt: skip
def test_every_json_value_gives_a_row_or_a_finding(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.mktemp("rows") / "data.jsonl"
    path.write_text(json.dumps({"messages": value}) + "\n", encoding="utf-8")
    assert all(isinstance(entry, (Row, Finding)) for entry in read_rows(path))
