"""What documents say of the measured quality of data, from a profile that was really measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from governance.documents.sources import quality
from governance.documents.sources.records import Source
from preparation.quality.asked import Asked
from preparation.quality.profiling import measure
from preparation.reading import Reading

ENGLISH = "Where can I find the nearest train station, please? Turn left at the church."


@pytest.fixture
def source(tmp_path: Path) -> Any:
    def source(rows: list[dict[str, str]]) -> Source:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        result = measure(path, Reading(), Asked())
        facts = {"version": "0" * 64, "options": {}, "result": result}
        return Source(kind="quality_profile", id="1", sha256="0" * 64, name="Quality of Desk v1", facts=facts)

    return source


def test_languages_and_labels_are_measured_statements(source: Any) -> None:
    rows = [{"text": f"{ENGLISH} {number}", "label": "a" if number % 3 else "b"} for number in range(30)]
    told = quality.traits(source(rows))
    assert told.source == "measured"
    assert "languages “en” in 30 rows." in told.text
    assert "2 labels, in 10 to 20 rows each." in told.text
    assert "token" not in told.text


def test_the_checklist_is_told_with_what_was_not_measured(source: Any) -> None:
    rows = [{"prompt": f"{ENGLISH} {number}", "completion": f"Answer {number}"} for number in range(20)]
    told = quality.checked(source([*rows, rows[0]]))
    assert told.source == "measured"
    assert "21 rows measured" in told.text
    assert "Rows that repeat an earlier one exactly: 1 (of 21 rows)." in told.text
    assert "Not measured: " in told.text and "truncation" in told.text


def test_rows_in_which_no_language_can_be_told_say_so(source: Any) -> None:
    told = quality.traits(source([{"prompt": "Hi", "completion": "Yes"}] * 2))
    assert "languages not measured (No row has 20 letters" in told.text
