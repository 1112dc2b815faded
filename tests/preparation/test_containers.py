"""The same rows in every container, plain and gzipped, come out alike; damaged ones are named."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from preparation import containers
from preparation.findings import Finding, Parsed, Refused
from preparation.reading import Reading, inspect, read_rows
from preparation.rows import Row

ROWS = [{"prompt": f"Question {i}, “quoted”\nand more", "completion": f"Answer; {i}"} for i in range(120)]


def as_jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_table(rows: list[dict[str, Any]], delimiter: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_parquet(rows: list[dict[str, Any]], **options: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink, **options)
    return sink.getvalue()


FILES = {
    "rows.jsonl": (as_jsonl(ROWS), "jsonl"),
    "rows.json": (json.dumps(ROWS, indent=2).encode(), "json"),
    "one-line.json": (json.dumps(ROWS).encode(), "json"),
    "rows.csv": (as_table(ROWS, ","), "csv"),
    "semicolons.csv": (b"\xef\xbb\xbf" + as_table(ROWS, ";"), "csv"),
    "rows.tsv": (as_table(ROWS, "\t"), "tsv"),
    "rows.parquet": (as_parquet(ROWS, row_group_size=50), "parquet"),
    "lying-name.csv": (as_jsonl(ROWS), "jsonl"),
    "no-name": (as_parquet(ROWS), "parquet"),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("name", FILES)
def test_rows_come_out_alike_whatever_they_lie_in(tmp_path: Path, name: str, packed: bool) -> None:
    data, container = FILES[name]
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(data) if packed else data)
    found = inspect(path)
    assert found.resolved is not None
    assert (found.resolved.reading, found.resolved.gzipped) == (Reading(container, "prompt-completion"), packed)
    assert found.sound
    rows = [row for row in read_rows(path) if isinstance(row, Row)]
    assert [[turn.content for turn in row.messages] for row in rows] == [[r["prompt"], r["completion"]] for r in ROWS]


def test_tables_count_rows_as_a_spreadsheet_does(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("prompt,completion\na,b\nc,\nd,e\n")
    found = inspect(path)
    assert [(finding.row, finding.field) for finding in found.findings] == [(3, "completion")]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.csv", b"prompt,completion\na,b,c\n", "3 columns, the heading 2"),
        ("a.csv", b'prompt,completion\n"a,b\n', "not a table"),
        ("a.csv", b"prompt,prompt\na,b\n", "there twice"),
        ("a.csv", b"prompt,completion\n", "no rows"),
        ("a.csv", b"prompt,completion\na,caf\xe9\n", "not UTF-8"),
        ("a.csv", b"prompt,completion\na,b\x00\n", "NUL"),
        ("a.parquet", as_parquet(ROWS)[:-30], "Parquet file cannot be read"),
        ("a.parquet", as_parquet(ROWS)[:40] + b"\0" * 400 + as_parquet(ROWS)[440:], "Parquet file cannot be read"),
        ("a.jsonl.gz", gzip.compress(as_jsonl(ROWS))[:-20], "cut off"),
        ("a.jsonl.gz", gzip.compress(as_jsonl(ROWS))[:60] + b"\0" * 40, "damaged|cut off"),
        ("a.jsonl.gz", gzip.compress(b""), "no rows"),
        ("a.jsonl", gzip.compress(b'{"prompt": "aaaaaaaaaa", "completion": "b"}\n' * 2_000_000), "250 times"),
        ("a.xlsx", b"PK\x03\x04" + b"x" * 40, "ZIP"),
        ("a.pkl", b"\x80\x04\x95" + b"x" * 40, "pickle"),
        ("a.bin", bytes(range(256)) * 4, "not text"),
    ],
    # gzip writes the time: parameters named by their bytes would be other tests in each worker.
    ids=lambda value: "bytes" if isinstance(value, bytes) else None,
)
def test_a_damaged_file_is_one_finding_with_a_cure(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    found = inspect(path)
    assert not found.sound
    assert re.search(says, str(found.findings[0]))
    assert found.findings[0].cure


def test_parquet_values_become_what_json_can_say(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    row = {
        "text": "a",
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "sum": Decimal("1.50"),
        "list": [1, None],
        "part": {"x": True},
    }
    path.write_bytes(as_parquet([row]))
    (read,) = (entry for entry in containers.read(path, "parquet") if isinstance(entry, Parsed))
    assert read.value == {
        "text": "a",
        "at": "2026-01-02T00:00:00+00:00",
        "sum": "1.50",
        "list": [1, None],
        "part": {"x": True},
    }
    path.write_bytes(as_parquet([{"text": "a", "score": float("nan")}, {"text": "b", "score": 1.0}]))
    first, second = containers.read(path, "parquet")
    assert isinstance(first, Finding)
    assert (first.row, first.field) == (1, "score")
    assert isinstance(second, Parsed)


def test_progress_reaches_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(as_jsonl(ROWS) * 2000)
    told: list[int] = []
    assert sum(1 for _ in containers.read(path, "jsonl", told.append)) == 240_000
    assert told == sorted(told)
    assert path.stat().st_size - told[-1] < containers._Watched.STEP


def test_a_container_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("one line\n\nanother\n")
    with pytest.raises(Refused, match="none of"):
        containers.detect(path)
    found = inspect(path, Reading(container="text"))
    assert (found.rows, found.resolved and found.resolved.reading.format) == (2, "text")
