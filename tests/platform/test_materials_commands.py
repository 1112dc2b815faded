"""`assay dataset profile` and `assay licence check`: what they say, and the codes a script relies on."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[2]
PAIR = '{"prompt": "How long?", "completion": "One day."}\n'


def said(*arguments: str) -> tuple[str, int]:
    """Standard output and exit code, as `manage.py` would end. No test here may touch the database."""
    out = StringIO()
    try:
        call_command(*arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(str(end.code))
    except CommandError as error:
        return str(error), error.returncode
    return out.getvalue(), 0


def test_a_sound_file_is_profiled(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(PAIR * 3)
    words, code = said("dataset", "profile", str(path))
    assert code == 0
    for line in ("prompt-completion", "rows      3", "2 rows repeat an earlier one"):
        assert line in words
    text, code = said("dataset", "profile", str(path), "--json")
    found = json.loads(text)
    assert (code, found["schema"], found["sound"]) == (0, "assay.dataset-profile/1", True)
    assert found["profile"]["rows"] == 3
    assert "Is every row there once? Rows that repeat an earlier one exactly: 2 (of 3 rows)." in words
    assert found["quality"]["measures"]["exact_duplicates"]["examples"] == [2, 3]


def test_rows_are_held_against_another_file_and_a_limit_needs_a_tokenizer_that_is_there(tmp_path: Path) -> None:
    path, other = tmp_path / "rows.jsonl", tmp_path / "validation.jsonl"
    path.write_text(PAIR)
    other.write_text(PAIR)
    words, code = said("dataset", "profile", str(path), "--against", str(other))
    assert code == 0
    assert "Are the rows kept apart from the split validation.jsonl? Rows that match: 1" in words
    words, code = said("dataset", "profile", str(path), "--tokenizer", str(tmp_path), "--limit", "8")
    assert code == 2
    assert "There is no tokenizer.json in" in words


def test_a_file_with_findings_names_row_field_and_cure_and_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(PAIR + "{}\n" * 120)
    words, code = said("dataset", "profile", str(path))
    assert code == 2
    assert "row 2, prompt: The field is missing. Give `prompt`, or say which column" in words
    assert "and 140 more" in words
    text, code = said("dataset", "profile", str(path), "--json")
    found = json.loads(text)
    assert (code, found["profile"], found["findings_total"], len(found["findings"])) == (2, None, 240, 100)


@pytest.mark.parametrize("path", ["absent.jsonl", "."])
def test_what_cannot_be_read_ends_with_2(path: str) -> None:
    words, code = said("dataset", "profile", path)
    assert code == 2
    assert "cannot be read" in words


def test_a_file_is_scanned_and_its_values_stay_in_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "Write to ada@bank.example"}\n{"text": "lives at 12 Old Mill Road"}\nbroken\n')
    words, code = said("dataset", "scan", str(path))
    assert code == 0
    for line in ("1 × E-mail address, in 1 rows", "xxx@xxxx.xxxxxxx", "do not rely on", "1 rows could not be read",
                 "not looked for: names of persons"):  # fmt: skip
        assert line in words
    assert "ada@" not in words
    text, code = said("dataset", "scan", str(path), "--json")
    found = json.loads(text)
    assert (code, found["schema"], found["rows"], found["rows_unread"]) == (0, "assay.personal-data/1", 2, 1)
    assert {one["kind"]: one["count"] for one in found["kinds"]} == {"email": 1, "address": 1}


def test_what_cannot_be_scanned_ends_with_2_and_the_cure(tmp_path: Path) -> None:
    archive = tmp_path / "rows.zip"
    archive.write_bytes(b"PK\x03\x04")
    words, code = said("dataset", "scan", str(archive))
    assert code == 2 and "Unpack it" in words
    words, code = said("dataset", "scan", str(tmp_path / "absent"))
    assert code == 2 and "Give the path of a file that is there" in words


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["MIT", "CC0-1.0", "--purpose", "publish"], 0, "no rule against it, publish use"),
        (["CC-BY-NC-4.0", "--purpose", "commercial"], 1, "rule against it, commercial use: dataset 1"),
        (["MIT", "--base", "llama4", "--purpose", "internal", "--eu"], 1, "rule against it"),
        (["GPL-3.0-only", "--purpose", "commercial"], 1, "needs review"),
        (["MIT OR OR", "--purpose", "internal"], 2, "dataset 1"),
        (["MIT", "--base", "(", "--purpose", "internal"], 2, "base model"),
        (["unheard-of", "--purpose", "internal"], 1, "rule against it"),
        (
            ["MIT", "--teacher", "llama3", "--purpose", "publish", "--users", "up-to-100m"],
            1,
            "teacher 1, the licence forbids",
        ),
        (["MIT", "--adapter", "CC-BY-NC-4.0", "--purpose", "commercial"], 1, "adapter 1"),
        (["MIT", "--base", "llama3.1", "--purpose", "commercial"], 1, "user band is not stated"),
        (["MIT", "--base", "llama3.1", "--purpose", "commercial", "--users", "up-to-100m"], 0, "no rule against it"),
        (["MIT", "--base", "lfm1.0", "--purpose", "commercial", "--revenue", "over-50m-usd"], 1, "rule against it"),
        (["MIT", "--purpose", "internal", "--users", "many"], 2, "Known: up-to-100m"),
        (["MIT OR Apache-2.0", "--purpose", "internal"], 1, "needs a choice"),
        (["MIT OR Apache-2.0", "--purpose", "internal", "--edition", "2026-11"], 0, "rule table 2026-11,"),
        (["MIT", "--purpose", "internal", "--edition", "1999"], 2, "Known: 2026-11, 2026-11-26"),
        (["CC-BY-NC-4.0", "--purpose", "internal"], 1, "sections 1(i) and 2(a)(1)"),
    ],
)
def test_licences_are_judged_together(arguments: list[str], code: int, words: str) -> None:
    out, ended = said("licence", "check", *arguments)
    assert ended == code
    assert words in out


def test_the_verdict_as_json_names_its_table() -> None:
    out, code = said("licence", "check", "CC-BY-4.0", "--purpose", "internal", "--json")
    found = json.loads(out)
    assert (code, found["schema"], found["outcome"]) == (0, "assay.licence-verdict/1", "no-rule-against")
    assert len(found["digest"]) == 64


def test_neither_command_needs_a_database_or_writes_one(tmp_path: Path) -> None:
    """As an operator calls them on a machine where nothing was set up; a wrong word ends with 2."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text(PAIR)
    var = tmp_path / "var"
    environment = {
        **os.environ,
        "ASSAY_VAR_DIR": str(var),
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "DJANGO_SETTINGS_MODULE": "assay.settings.dev",
    }
    for arguments, code in (
        (["dataset", "profile", str(rows)], 0),
        (["dataset", "scan", str(rows)], 0),
        (["licence", "check", "MIT", "--purpose", "nothing"], 2),
    ):
        ended = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert ended.returncode == code, ended.stderr
    assert not list(var.glob("*.sqlite3"))
