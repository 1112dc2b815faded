"""Rows are fetched from a hub over HTTP and read as any file; what cannot be fetched is told in words."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from preparation.findings import Refused
from preparation.hub import Place
from tests.hub import COMMIT, SET, Hub, card, hub, jsonl

pytest.importorskip("datasets", reason="the package `datasets` is not installed: nothing is fetched from a hub")

ROWS = [{"prompt": f"Question {n}?", "completion": f"Answer {n}: é."} for n in range(700)]
FILES = {"README.md": card("cc-by-4.0"), "train.jsonl": jsonl(ROWS), "test.jsonl": jsonl(ROWS[:3])}


def fetched(serving: Hub, folder: Path, place: dict[str, str], limit: int = 1 << 30) -> tuple[int, dict[str, Any], str]:
    """The exit code, what was examined, and standard error."""
    command = [sys.executable, "-m", "preparation", "fetch", str(folder / "file"), "--out", str(folder), "--container",
               "jsonl", "--hub", json.dumps({"repository": SET, **place}), "--limit", str(limit)]  # fmt: skip
    environment = {**os.environ, "HF_ENDPOINT": serving.address, "HF_HUB_OFFLINE": "1", "HF_TOKEN": "secret"}
    root = Path(__file__).parents[2]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=root)
    result = folder / "examination.json"
    return ended.returncode, json.loads(result.read_text()) if result.exists() else {}, ended.stderr


def test_every_row_of_the_split_is_written_and_the_commit_and_licence_are_told(tmp_path: Path) -> None:
    with hub(FILES) as serving:
        code, found, _ = fetched(serving, tmp_path, {})
    assert (code, found["inspection"]["rows"]) == (0, 700)
    assert [json.loads(line) for line in (tmp_path / "file").read_bytes().splitlines()] == ROWS
    told = json.loads((tmp_path / "fetched.json").read_text())
    assert told == {"address": f"{serving.address}/datasets/{SET}", "commit": COMMIT, "licences": ["cc-by-4.0"]}


def test_parquet_is_fetched_too_and_bytes_in_it_are_refused_by_row_and_column(tmp_path: Path) -> None:
    def table(**columns: Any) -> bytes:
        out = io.BytesIO()
        parquet.write_table(pyarrow.table(columns), out)
        return out.getvalue()

    sound = table(text=["one", "two"], at=pyarrow.array([1, 2], pyarrow.date32()))
    with hub({"README.md": card("mit"), "data/train-00000.parquet": sound}) as serving:
        code, _, said = fetched(serving, tmp_path, {})
    assert code in (0, 2), said
    lines = (tmp_path / "file").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"text": "one", "at": "1970-01-02"},
        {"text": "two", "at": "1970-01-03"},
    ]
    with hub({"README.md": card("mit"), "train.parquet": table(text=["one"], picture=[b"\x89PNG"])}) as serving:
        code, found, _ = fetched(serving, tmp_path, {})
    (only,) = found["inspection"]["findings"]
    assert (code, only["field"]) == (2, "picture")
    assert only["message"].startswith("Row 1: The value is bytes")


@pytest.mark.parametrize(
    ("place", "field", "says"),
    [
        ({"repository": "ada/none"}, "repository", "shows no data set ada/none"),
        ({"revision": "v9"}, "revision", "has no revision 'v9'"),
        ({"split": "validation"}, "split", "Bad split: validation"),
        ({"config": "german"}, "split", "'german' not found"),
        ({"repository": "../../etc/passwd"}, "repository", "is no id of a data set"),
        ({"split": "train[:10]"}, "split", "is no name of a split"),
    ],
)
def test_what_the_hub_does_not_have_is_a_finding(tmp_path: Path, place: dict[str, str], field: str, says: str) -> None:
    with hub(FILES) as serving:
        code, found, said = fetched(serving, tmp_path, place)
    (only,) = found["inspection"]["findings"]
    assert (code, only["field"], said) == (2, field, "")
    assert says in only["message"]
    assert only["cure"]


def test_a_set_with_a_program_is_refused_before_anything_of_it_is_fetched(tmp_path: Path) -> None:
    with hub({**FILES, "tickets.py": b"raise SystemExit('it ran')"}) as serving:
        code, found, _ = fetched(serving, tmp_path, {})
    (only,) = found["inspection"]["findings"]
    assert code == 2
    assert "Such programs are never run here." in only["message"]
    assert not [path for path in serving.asked if "/resolve/" in path]


def test_more_than_is_taken_is_refused(tmp_path: Path) -> None:
    with hub(FILES) as serving:
        code, found, _ = fetched(serving, tmp_path, {}, limit=5_000)
    assert (code, found["inspection"]["findings"][0]["field"]) == (2, "split")


def test_a_hub_that_is_away_is_no_fault_of_the_one_who_asked(tmp_path: Path) -> None:
    with hub(FILES) as serving:
        address = serving
    code, found, said = fetched(address, tmp_path, {})
    assert (code, found) == (1, {})
    assert said.strip().startswith("The hub could not be read:")
    assert "Traceback" not in said


@pytest.mark.parametrize("repository", ["tickets", "a/b/c", "ada/", "https://hub.example/a/b", "a b/c"])
def test_an_id_is_an_owner_and_a_name(repository: str) -> None:
    with pytest.raises(Refused, match="no id"):
        Place(repository).check()
