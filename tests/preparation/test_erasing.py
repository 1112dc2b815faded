"""A file without some of its rows: every other row stays as it was, in every kind of file."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from preparation import cli, erasing, merkle
from preparation.examination import examine
from preparation.findings import Refused
from preparation.reading import Reading, read_rows
from preparation.row_index import entries

TABLE = [
    ["prompt", "completion"], ["one", "two\nlines"], ["sign ; and , \"quoted\"", "b"], ["three", "c"], ["four", "d"],
]  # fmt: skip


def written(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    rows = [dict(zip(TABLE[0], row, strict=True)) for row in TABLE[1:]]
    match name.removesuffix(".gz").rsplit(".", 1)[1]:
        case "jsonl":
            data = "\n".join(json.dumps(row, indent=None, separators=(" , ", ":")) for row in rows).encode()
            data = data.replace(b"\n", b"\n\n", 1)  # a blank line is no row
        case "json":
            data = json.dumps([{**row, "n": 0.1} for row in rows]).encode()
        case "csv" | "tsv":
            text = io.StringIO()
            csv.writer(text, delimiter="\t" if ".tsv" in name else ";").writerows(TABLE)
            data = b"\xef\xbb\xbf" + text.getvalue().encode()
        case "txt":
            data = b"one\ntwo\n\nthree\nfour"
        case _:
            sink = io.BytesIO()
            parquet.write_table(pyarrow.Table.from_pylist(rows), sink, row_group_size=2)
            data = sink.getvalue()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


NAMES = ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt", "a.parquet", "a.jsonl.gz", "a.csv.gz", "a.parquet.gz"]


def contents(path: Path, reading: Reading, name: str) -> list[Any]:
    return [row.content() for row in read_rows(path, reading, name=name)]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("places", [[0], [1, 3], [0, 1, 2]])
def test_the_other_rows_stay_as_they_were(tmp_path: Path, name: str, places: list[int]) -> None:
    path, out = written(tmp_path, name), tmp_path / "out"
    before = io.BytesIO()
    found = examine(path, name=name, index=before)
    assert found.sound and found.inspection.resolved is not None
    reading = found.inspection.resolved.reading
    assert erasing.without(path, places, out, reading.container, name=name) == len(places)
    rows = contents(path, reading, name)
    assert contents(out, reading, name) == [row for place, row in enumerate(rows) if place not in places]
    after = io.BytesIO()
    assert examine(out, reading, name=name, index=after).sound
    assert erasing.checked(before.getvalue(), places, after.getvalue())
    assert not erasing.checked(before.getvalue(), [2] if places != [2] else [1], after.getvalue())


@pytest.mark.parametrize(("name", "left"), [
    ("a.jsonl", lambda lines: [lines[0], lines[1], lines[4]]),
    ("a.csv", lambda lines: [lines[0], lines[1], lines[2], lines[5]]),
    ("a.txt", lambda lines: [lines[0], lines[2], lines[4]]),
])  # fmt: skip
def test_lines_that_stay_keep_their_bytes(tmp_path: Path, name: str, left: Any) -> None:
    path, out = written(tmp_path, name), tmp_path / "out"
    found = examine(path, name=name)
    assert found.inspection.resolved is not None
    erasing.without(path, [1, 2], out, found.inspection.resolved.reading.container, name=name)
    assert out.read_bytes() == b"".join(left(path.read_bytes().splitlines(keepends=True)))


def test_of_an_erased_row_its_leaf_stays_and_the_root_holds(tmp_path: Path) -> None:
    path, index = written(tmp_path, "a.jsonl"), io.BytesIO()
    found = examine(path, index=index)
    before = list(entries(index.getvalue()))
    after = list(entries(erasing.erased(index.getvalue(), [1])))
    assert after[0] == before[0] and after[1].leaf == before[1].leaf and after[1].is_erased
    assert after[1].content == after[1].given == bytes(8)
    assert merkle.Tree(entry.leaf for entry in after).root().hex() == found.rows_root
    assert erasing.tombstones(index.getvalue(), [1]) == [(1, before[1].leaf.hex())]


def test_a_row_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="Of 2 rows only 1"):
        erasing.without(written(tmp_path, "a.jsonl"), [1, 99], tmp_path / "out", "jsonl")


def test_the_command(tmp_path: Path) -> None:
    path, places = written(tmp_path, "a.jsonl"), tmp_path / "places.json"
    places.write_text("[0, 2]")
    out = tmp_path / "made"
    asked = ["erase", str(path), "--out", str(out), "--container", "jsonl", "--format", "prompt-completion"]
    assert cli.main([*asked, "--places", str(places)]) == cli.SOUND
    assert json.loads((out / cli.RESULT).read_text())["inspection"]["rows"] == 2
    assert len((out / cli.INDEX).read_bytes()) == 2 * 64
    places.write_text("[7]")
    assert cli.main([*asked, "--places", str(places)]) == cli.NOT_SOUND
