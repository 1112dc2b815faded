"""A model writes rows: drawn by a seed, the same again, with every text that is not kept counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from evaluation import cli, synthesis
from evaluation.events import Events
from evaluation.spec import Invalid
from preparation.digests import folder_digest
from preparation.examination import Examination

ROWS = [{"prompt": f"What is {word}?", "completion": f"A {word}."} for word in ("a rate", "a loan", "a bank")]


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "seed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def spec(tiny_model: Path, rows: Path | None, **wanted: Any) -> dict[str, Any]:
    filters = {"whole": False, "persons": False} | wanted.pop("filters", {})
    asked = {"kind": "answers", "prompt": "{prompt}" if rows else "Write.", "count": 6, "max_new_tokens": 10}
    given: dict[str, Any] = {
        "schema": "assay.synthesis/1",
        "models": [{"name": "writer", "path": str(tiny_model), "sha256": folder_digest(tiny_model)}],
        "synthesis": asked | wanted | {"filters": filters},
    }
    return given | ({"seed": {"path": str(rows)}} if rows else {})


def written(out: Path, given: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    out.mkdir()
    (out / "spec.json").write_text(json.dumps(given))
    asked, wanted = synthesis.read(out / "spec.json")
    events = Events(out / "events.jsonl")
    synthesis.run(asked, wanted, out, events)
    events.close()
    rows = [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]
    return rows, json.loads((out / "synthesis.json").read_text())


def test_the_same_seed_writes_the_same_rows_whatever_the_batch_and_another_seed_others(
    tiny_model: Path, seed: Path, tmp_path: Path
) -> None:
    first, done = written(tmp_path / "1", spec(tiny_model, seed, seed=4))
    again, _ = written(tmp_path / "2", spec(tiny_model, seed, seed=4) | {"batch_size": 4})
    other, _ = written(tmp_path / "3", spec(tiny_model, seed, seed=5))
    assert first == again and first != other
    assert {row["prompt"] for row in first} == {row["prompt"] for row in ROWS}
    assert (done["generated"], done["kept"], done["seed_rows"], done["originals"]) == (6, 6, 3, 0)
    found = Examination.from_json(json.loads((tmp_path / "1" / "examination.json").read_text()))
    assert found.sound and found.inspection.rows == 6


def test_what_a_filter_takes_is_counted_and_the_rest_is_what_it_was(tiny_model: Path, tmp_path: Path) -> None:
    wanted = {"kind": "texts", "count": 8, "seed": 1}
    every, _ = written(tmp_path / "1", spec(tiny_model, None, **wanted))
    lengths = sorted(len(row["text"]) for row in every)
    limit = lengths[len(lengths) // 2]
    kept, done = written(tmp_path / "2", spec(tiny_model, None, **wanted, filters={"longest": limit}))
    short = [row for row in every if len(row["text"]) <= limit]
    assert kept == short
    assert done["discarded"]["too-long"] == len(every) - len(short) > 0
    assert done["kept"] + sum(done["discarded"].values()) == done["generated"] == 8


def test_a_prompt_that_is_too_long_for_the_model_is_counted_and_no_row(
    tiny_model: Path, seed: Path, tmp_path: Path
) -> None:
    seed.write_text(seed.read_text() + json.dumps({"prompt": "word " * 3_000, "completion": "Long."}) + "\n")
    rows, done = written(tmp_path / "1", spec(tiny_model, seed, count=4))
    assert done["discarded"] == {"not-written": 1} and len(rows) == 3


def test_originals_come_first_and_a_row_that_cannot_be_read_is_named(
    tiny_model: Path, seed: Path, tmp_path: Path
) -> None:
    rows, done = written(tmp_path / "1", spec(tiny_model, seed, kind="rewrites", field="completion", count=2))
    assert rows[:3] == ROWS and (done["originals"], done["kept"]) == (3, 2)
    seed.write_text(seed.read_text() + '{"prompt": "Only this."}\n')
    with pytest.raises(Invalid, match="Row 4"):
        written(tmp_path / "2", spec(tiny_model, seed))


def test_the_command_line_says_how_it_ended(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(spec(tiny_model, None, kind="texts", count=2)))
    command = ["synthesise", str(tmp_path / "spec.json"), "--out", str(tmp_path / "out")]
    assert cli.main(command) == 0
    last = json.loads((tmp_path / "out" / "events.jsonl").read_text().splitlines()[-1])
    assert last["data"] == {"status": "succeeded", "generated": 2, "kept": 2}
    capsys.readouterr()
    assert cli.main(command) == 2 and "already holds a synthesis.json" in capsys.readouterr().err
    for wrong, says in (
        ({"models": []}, "exactly one model"),
        ({"synthesis": {"kind": "texts"}}, "the key 'prompt' is absent"),
        ({"synthesis": {"kind": "texts", "prompt": "{x}", "count": 1, "filters": {}}}, "nothing to put in for {x}"),
    ):
        (tmp_path / "spec.json").write_text(json.dumps(spec(tiny_model, None) | wrong))
        assert cli.main([*command[:-1], str(tmp_path / "other")]) == 2
        assert says in capsys.readouterr().err
    assert not (tmp_path / "other" / "synthesis.json").exists()
