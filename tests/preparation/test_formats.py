"""Each format as real files of it look, and what becomes of its columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from preparation.findings import Finding
from preparation.formats import FORMATS
from preparation.reading import Reading, inspect, read_rows
from preparation.rows import Row

ASKED, ANSWERED, WORSE = ({"role": r, "content": c} for r, c in (("user", "Q"), ("assistant", "A"), ("assistant", "B")))
CALL = {"id": "c1", "type": "function", "function": {"name": "rate", "arguments": '{"a": 1}'}}
TOOL = {"type": "function", "function": {"name": "rate", "parameters": {}}}

# format, a row of it, its turns as (role, text, trained), what goes beyond them
KNOWN: list[tuple[str, dict[str, Any], list[tuple[str, str, bool]], dict[str, Any]]] = [
    ("chat", {"messages": [ASKED, ANSWERED]}, [("user", "Q", False), ("assistant", "A", True)], {}),
    (
        "chat",
        {"messages": [ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]},
                      {"role": "tool", "tool_call_id": "c1", "content": "7"}, ANSWERED], "tools": [TOOL]},
        [("user", "Q", False), ("assistant", "", True), ("tool", "7", False), ("assistant", "A", True)],
        {"tools": [TOOL]},
    ),
    (
        "openai-preference",
        {"input": {"messages": [ASKED], "tools": []}, "preferred_output": [ANSWERED], "non_preferred_output": [WORSE]},
        [("user", "Q", False)],
        {"chosen": [["assistant", "A"]], "rejected": [["assistant", "B"]]},
    ),
    ("preference", {"prompt": "Q", "chosen": "A", "rejected": "B"}, [("user", "Q", False)],
     {"chosen": [["assistant", "A"]], "rejected": [["assistant", "B"]]}),
    ("preference", {"chosen": [ASKED, ANSWERED], "rejected": [ASKED, WORSE]}, [("user", "Q", False)],
     {"chosen": [["assistant", "A"]], "rejected": [["assistant", "B"]]}),
    ("preference", {"conversations": [{"from": "human", "value": "Q"}], "chosen": {"from": "gpt", "value": "A"},
                    "rejected": {"from": "gpt", "value": "B"}}, [("user", "Q", False)],
     {"chosen": [["assistant", "A"]], "rejected": [["assistant", "B"]]}),
    ("kto", {"prompt": "Q", "completion": "A", "label": False}, [("user", "Q", False), ("assistant", "A", True)],
     {"label": False}),
    ("kto", {"messages": [ASKED, ANSWERED], "label": True}, [("user", "Q", False), ("assistant", "A", True)],
     {"label": True}),
    ("sharegpt", {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}], "system": "S"},
     [("system", "S", False), ("user", "Q", False), ("assistant", "A", True)], {}),
    ("alpaca", {"instruction": "Do", "input": "this", "output": "A", "history": [["H", "I"]]},
     [("user", "H", False), ("assistant", "I", False), ("user", "Do\n\nthis", False), ("assistant", "A", True)], {}),
    ("alpaca", {"instruction": "Do", "input": "", "output": "A"},
     [("user", "Do", False), ("assistant", "A", True)], {}),
    ("extraction", {"document": "D", "query": "Q", "output": {"b": 1, "a": [2]}},
     [("user", "Q\n\nD", False), ("assistant", '{"b":1,"a":[2]}', True)], {}),
    ("prompt-completion", {"prompt": "Q", "completion": "A"}, [("user", "Q", False), ("assistant", "A", True)], {}),
    ("classification", {"text": "T", "label": 3}, [("user", "T", False), ("assistant", "3", True)], {}),
    ("text", {"text": "T"}, [], {"text": "T"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "turns", "more"), KNOWN)
def test_a_format_is_told_by_its_columns_and_read(
    tmp_path: Path, name: str, value: dict[str, Any], turns: list[tuple[str, str, bool]], more: dict[str, Any]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(value) + "\n")
    (row,) = read_rows(path)
    assert isinstance(row, Row), row
    assert row.format == name
    assert [(turn.role, turn.content, turn.trained) for turn in row.messages] == turns
    assert dict(row.more) == more


def test_every_format_is_shown_here() -> None:
    assert {name for name, *_ in KNOWN} | {"table"} == set(FORMATS)


def test_tool_calls_are_kept_with_the_turn(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(KNOWN[1][1]) + "\n")
    (row,) = read_rows(path)
    assert isinstance(row, Row)
    assert row.messages[1].more == {"tool_calls": [{"name": "rate", "arguments": '{"a": 1}', "id": "c1"}]}
    assert row.messages[2].more == {"tool_call_id": "c1"}


@pytest.mark.parametrize(
    ("value", "reading"),
    [
        (
            {"question": "Q", "answer": "A"},
            Reading("jsonl", "prompt-completion", {"prompt": "question", "completion": "answer"}),
        ),
        ({"text": "T", "category": "c"}, Reading("jsonl", "classification", {"text": "text", "label": "category"})),
        (
            {"instruction": "Do", "context": "this", "response": "A", "category": "c"},
            Reading("jsonl", "alpaca", {"instruction": "instruction", "input": "context", "output": "response"}),
        ),
        (
            {"question": "Q", "context": "C", "answer": "A"},
            Reading("jsonl", "alpaca", {"instruction": "question", "input": "context", "output": "answer"}),
        ),
    ],
)  # fmt: skip
def test_other_names_of_the_same_columns_are_known_and_said(
    tmp_path: Path, value: dict[str, str], reading: Reading
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(value) + "\n")
    found = inspect(path)
    assert found.resolved is not None
    assert found.resolved.reading == reading
    assert all(f"`{name}`" in found.resolved.evidence for name in reading.columns.values())
    assert found.sound


def test_columns_are_mapped_by_hand_and_into_the_depth(tmp_path: Path) -> None:
    path = tmp_path / "seed.jsonl"
    path.write_text(json.dumps({"name": "n", "task": "Do", "instances": [{"input": "this", "output": "A"}]}) + "\n{}\n")
    reading = Reading(
        format="alpaca", columns={"instruction": "task", "input": "instances.0.input", "output": "instances.0.output"}
    )
    row, *missing = read_rows(path, reading)
    assert isinstance(row, Row)
    assert [turn.content for turn in row.messages] == ["Do\n\nthis", "A"]
    assert [finding.field for finding in missing if isinstance(finding, Finding)] == ["instruction", "output"]
    used = {column.name: column.used for column in inspect(path, reading).columns}
    assert used == {"name": False, "task": True, "instances": True}


def test_a_table_of_json_rows_is_read_as_one_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"age": 3, "sex": "f"}\n')
    assert not inspect(path).sound
    (row,) = read_rows(path, Reading(format="table"))
    assert isinstance(row, Row)
    assert row.more == {"values": {"age": 3, "sex": "f"}}
