"""A redacted file: what was found is gone from its bytes, rows keep their form, pseudonyms hold within one file."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preparation.cli import main
from preparation.findings import Refused
from preparation.persons import hipaa
from preparation.persons.kinds import KINDS
from preparation.persons.recognisers import find
from preparation.persons.redaction import Pseudonyms, Redacted, Redaction, redact, value_of
from preparation.reading import Reading, inspect

MAIL, CARD, PHONE = "ada.lovelace@bank.example", "4111 1111 1111 1111", "+44 20 7031 3000"
ROWS: list[dict[str, Any]] = [
    {"prompt": f"I am {MAIL}; call 0171 555 12 12", "completion": "0171 555 12 12 it is.", "n": 7},
    {"prompt": "What is a rate?", "completion": "A price.", "tags": ["x", None, True]},
    {"prompt": f"Card {CARD}", "completion": "4111-1111-1111-1111 noted", "phone": 442070313000},
    {"prompt": f"Write {MAIL.upper()}", "completion": "I am 93 years old, she is 12 years old."},
]
SHAPED = ("email", "card", "phone")


def written(
    folder: Path, asked: Redaction, rows: list[dict[str, Any]] = ROWS
) -> tuple[Redacted, bytes, list[dict[str, Any]], Pseudonyms | None]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    before = hashlib.sha256(path.read_bytes()).digest()
    (folder / "map").unlink(missing_ok=True)
    pseudonyms = Pseudonyms(folder / "map") if asked.method == "pseudonym" else None
    out = io.BytesIO()
    done = redact(path, "jsonl", asked, out, pseudonyms=pseudonyms)
    if pseudonyms:
        pseudonyms.close()
    assert hashlib.sha256(path.read_bytes()).digest() == before  # the original stays as it is
    return done, out.getvalue(), [json.loads(line) for line in out.getvalue().splitlines()], pseudonyms


@pytest.mark.parametrize("method", ["mask", "pseudonym", "drop"])
def test_no_detected_value_is_left_in_the_new_bytes(tmp_path: Path, method: str) -> None:
    _, data, rows, _ = written(tmp_path, Redaction(method, SHAPED))
    for value in (MAIL, MAIL.upper(), CARD, "4111-1111-1111-1111", "0171 555 12 12", "442070313000"):
        assert value.encode() not in data
    assert [row for row in rows if row["prompt"] == "What is a rate?"] == [ROWS[1]]


def test_a_mask_says_the_kind_and_leaves_the_rest_of_the_row_as_it_was(tmp_path: Path) -> None:
    done, data, rows, _ = written(tmp_path, Redaction("mask", SHAPED))
    assert rows[0] == {
        "prompt": "I am [E-MAIL ADDRESS]; call [PHONE OR FAX NUMBER]",
        "completion": "[PHONE OR FAX NUMBER] it is.",
        "n": 7,
    }
    assert (done.rows, done.written, done.changed, done.dropped) == (4, 4, 3, 0)
    assert done.kinds == {"email": 2, "phone": 3, "card": 2}
    # RFC 8785: keys sorted, no space, one object a line.
    lines = [json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for row in rows]
    assert data.decode() == "".join(line + "\n" for line in lines)


@pytest.mark.parametrize("method", ["mask", "pseudonym", "drop"])
def test_what_is_found_in_a_key_is_taken_out_and_no_entry_is_lost(tmp_path: Path, method: str) -> None:
    row = {"prompt": "Whose?", "completion": "Both.", "to": {MAIL: "k", "eve@bank.example": {"role": "l"}}}
    done, data, rows, _ = written(tmp_path, Redaction(method, ("email",)), [row, ROWS[1]])
    assert MAIL.encode() not in data and b"eve@" not in data and done.kinds == {"email": 2}
    if method != "drop":
        assert sorted(map(str, rows[0]["to"].values())) == ["k", "{'role': 'l'}"]
        assert all("E-MAIL ADDRESS" in key for key in rows[0]["to"])


def test_kinds_that_were_not_chosen_stay(tmp_path: Path) -> None:
    _, data, _, _ = written(tmp_path, Redaction("mask", ("card",)))
    assert MAIL.encode() in data and CARD.encode() not in data


def test_a_dropped_row_leaves_the_others_in_their_order(tmp_path: Path) -> None:
    done, _, rows, _ = written(tmp_path, Redaction("drop", ("email",)))
    assert rows == [ROWS[1], ROWS[2]] and (done.dropped, done.written) == (2, 2)


def test_one_value_has_one_pseudonym_in_a_file_and_another_in_the_next(tmp_path: Path) -> None:
    found = re.compile(r"\[E-MAIL ADDRESS ([0-9a-f]{16})\]")
    runs = [found.findall(written(tmp_path, Redaction("pseudonym", SHAPED))[1].decode()) for _ in range(2)]
    for names in runs:
        assert len(names) == 2 and len(set(names)) == 1  # upper case or lower, it is one address
    assert runs[0][0] != runs[1][0]


def test_the_map_leads_back_and_holds_nothing_but_what_was_replaced(tmp_path: Path) -> None:
    _, data, _, pseudonyms = written(tmp_path, Redaction("pseudonym", SHAPED))
    assert pseudonyms is not None and pseudonyms.salt not in data
    (name,) = set(re.findall(r"\[(PAYMENT CARD [0-9a-f]{16})\]", data.decode()))
    assert value_of(tmp_path / "map", name) == CARD
    assert value_of(tmp_path / "map", "PAYMENT CARD 0000000000000000") is None
    with sqlite3.connect(tmp_path / "map") as connection:
        assert connection.execute("SELECT count(*) FROM pseudonyms").fetchone() == (4,)


def test_a_redacted_file_is_read_in_the_same_format_and_holds_nothing_of_the_kinds_any_more(tmp_path: Path) -> None:
    for method in ("mask", "pseudonym"):
        _, data, rows, _ = written(tmp_path, Redaction(method, tuple(KINDS)))
        path = tmp_path / "new.jsonl"
        path.write_bytes(data)
        seen = inspect(path, Reading("jsonl", "prompt-completion"))
        assert seen.sound and seen.rows == 4
        left = {span.kind for row in rows for text in row.values() if isinstance(text, str) for span in find(text)}
        assert left == set()


def test_safe_harbor_names_all_eighteen_and_takes_ages_above_89_alone(tmp_path: Path) -> None:
    assert [one.letter for one in hipaa.IDENTIFIERS] == list("ABCDEFGHIJKLMNOPQR")
    assert [one.letter for one in hipaa.IDENTIFIERS if not one.kinds] == ["P", "Q"]
    assert all(one.note for one in hipaa.IDENTIFIERS if one.letter in "ABCHIJKLMPQR")
    asked = Redaction("mask", hipaa.kinds(names=False), hipaa.PROFILE)
    assert "name" not in asked.kinds and "name" in hipaa.kinds(names=True)
    _, _, rows, _ = written(tmp_path, asked)
    assert rows[3]["completion"] == "I am [AGE] years old, she is 12 years old."


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        (Redaction("shred", ("email",)), "method 'shred' is not known"),
        (Redaction("mask", ("mails",)), "kind 'mails' is not known"),
        (Redaction("mask", ()), "No kind is to be taken out"),
        (Redaction("mask", ("email",), "gdpr"), "profile 'gdpr' is not known"),
    ],
)
def test_what_cannot_be_done_is_refused_before_a_row_is_read(tmp_path: Path, asked: Redaction, wrong: str) -> None:
    with pytest.raises(Refused, match=re.escape(wrong)):
        written(tmp_path, asked)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([MAIL, CARD, PHONE, "word", "0171 555 12 12", "call", "[MASK]"]), max_size=12))
def test_however_they_stand_together_none_of_them_is_left(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    text = " ; ".join(words)
    detected = {text[span.start : span.end] for span in find(text) if span.kind in SHAPED}
    _, data, _, _ = written(tmp_path_factory.mktemp("r"), Redaction("mask", SHAPED), [{"text": text}])
    assert not [value for value in detected if value.encode() in data]


def test_the_command_writes_rows_counts_and_what_the_rows_are_and_salt_and_map_apart(tmp_path: Path) -> None:
    path, out = tmp_path / "rows.jsonl", tmp_path / "out"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    asked = json.dumps({"method": "pseudonym", "kinds": ["email"]})
    assert main(["redact", str(path), "--out", str(out), "--format", "prompt-completion", "--redaction", asked]) == 0
    assert {one.name for one in out.iterdir()} == {
        "rows.jsonl", "redaction.json", "examination.json", "rows.index", "salt", "pseudonyms.sqlite3"
    }  # fmt: skip
    assert json.loads((out / "redaction.json").read_text())["kinds"] == {"email": 2}
    assert json.loads((out / "examination.json").read_text())["inspection"]["rows"] == 4
