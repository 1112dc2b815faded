"""Finding a phrase or a person in the rows of a file, as it is written and written otherwise."""

import csv
import gzip
import json
import random
from pathlib import Path

import pytest

from preparation import cli
from preparation.findings import Refused
from preparation.searching import ROWS_KEPT, Found, Sought, search


def texts(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": line}) + "\n" for line in lines), encoding="utf-8")
    return path


def places(found: Found) -> list[int]:
    return [hit.place for hit in found.hits]


def is_found(tmp_path: Path, term: str, text: str, how: str = "near") -> bool:
    return search(texts(tmp_path, text), Sought(term, how)).rows_hit == 1


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("Jane Doe", "Her name is JANE   doe."),
        ("Jane Doe", "signed\nJane\u00a0Doe"),  # a space that does not break
        ("Müller", "Frau Mu\u0308ller rief an"),  # u with a combining mark
        ("Straße 5", "in der STRASSE 5"),
        ("ﬁscher", "Fischer"),  # a ligature
        ("Jane Doe", "Ja\u00adne Do\u200be"),  # signs without a width
        ("Doe", "the Doeringer case"),  # inside a longer word
    ],
)
def test_exact_looks_past_case_spacing_and_spelling_of_a_sign(tmp_path, term, text):
    assert is_found(tmp_path, term, text, "exact")


@pytest.mark.parametrize("text", ["Jane M. Doe", "Jnae Doe", "Doe, Jane", "nobody"])
def test_exact_is_no_more_than_that(tmp_path, text):
    assert not is_found(tmp_path, "Jane Doe", text, "exact")


@pytest.mark.parametrize(
    ("term", "text"),
    [
        # names
        ("Jane Doering", "Doering, Jane"),
        ("Jane Doering", "Jane M. van Doering"),
        ("Jane Doering", "Jnae Dorring"),  # exchanged; one wrong
        ("Zoë Müller", "zoe muller"),
        ("Zoë Müller", "Zoe Mueller"),
        ("Katharina Brandstetter", "Catharina Brandsteter"),
        ("jane doering", "user jane_doering logged in"),
        # phone numbers
        ("0170 1234567", "call +49 170 1234567"),
        ("0170 1234567", "0170/123-45.67"),
        ("+49 170 1234567", "0170 1234567"),
        ("+49 170 1234567", "0049-(0)170-1234567"),
        ("+49 170 1234567", "1701234567"),
        ("(415) 555-0132", "+1 415 555 0132"),
        # numbers with letters
        ("DE89 3704 0044 0532 0130 00", "de89370400440532013000"),
        ("DE89370400440532013000", "IBAN: DE89-3704-0044-0532-0130-00."),
        ("AB 12 34 56 C", "nino ab123456c"),
        # mailboxes
        ("jane.doering@example.org", "janedoering@example.org"),
        ("jane.doering@example.org", "Jane.Doering+shop@Example.org"),
        ("jane.doering@example.org", "jane.doering (at) example [dot] org"),
        ("jane.doering@example.org", "jane dot doering at example dot org"),
        ("jane.doering@example.org", "jane.doerring@example.org"),  # a typing error
        # a phrase of which a word in five may be another
        ("the parcel was left beside the green door on Monday", "a parcel was left beside the red door on Monday"),
    ],
)  # fmt: skip
def test_near_finds_what_is_written_otherwise(tmp_path, term, text):
    assert not is_found(tmp_path, term, text, "exact")
    assert is_found(tmp_path, term, text)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("Jane Doering", "Jane went away. Somebody else came, and then there was Doering."),
        ("Jane Doering", "Jane"),
        ("Jane Doering", "John Doering"),
        ("Anna Anne", "Anna"),  # one word is not two
        ("0170 1234567", "order 9901701234567890"),
        ("0170 1234567", "0171 1234567"),
        ("DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"),
        ("DE89 3704 0044 0532 0130 00", "XDE89370400440532013000"),
        ("jane.doering@example.org", "jane.doering@example.com"),
        ("jane.doering@example.org", "notjane.doering@elsewhere.net"),
    ],
)
def test_near_is_not_everything(tmp_path, term, text):
    assert not is_found(tmp_path, term, text)


def test_every_typing_error_of_one_letter_is_found(tmp_path):
    drawn = random.Random(7)  # noqa: S311 - typing errors
    name, written = "marguerite lindqvist", []
    for _ in range(300):
        letters = list(name)
        at = drawn.choice([place for place, one in enumerate(letters) if one != " "])
        match drawn.choice(["lost", "more", "wrong"]):
            case "lost":
                del letters[at]
            case "more":
                letters.insert(at, drawn.choice("abcdefghij"))
            case _:
                letters[at] = drawn.choice("abcdefghij")
        written.append("".join(letters))
    found = search(texts(tmp_path, *written), Sought(name, "near"))
    assert found.rows_hit == 300


def test_all_of_a_row_is_looked_through(tmp_path):
    rows = [
        {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Jane Doe"}]},
        {"messages": [], "unread": {"notes": ["", "by Jane Doe"]}},
        {"messages": [], "by": {"Jane Doe": 5}},
        {"messages": [], "none": "John Roe"},
    ]
    path = tmp_path / "chat.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = search(path, Sought("jane doe"))
    assert found.rows == 4 and places(found) == [0, 1, 2]
    assert [hit.places[0].path for hit in found.hits] == ["messages[].content", "unread.notes[]", "by.Jane Doe"]


def test_numbers_are_text_too(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 48151, "phone": 4.9170123456e10}\n{"id": 4815}\n', encoding="utf-8")
    assert places(search(path, Sought("48151"))) == [0]
    assert places(search(path, Sought("+49 170 123456", "near"))) == [0]


def test_rows_are_counted_as_the_reader_counts(tmp_path):
    table = tmp_path / "people.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "note"], ["1", "two\nlines"], ["2", "Jane Doe"]])
    packed = tmp_path / "people.csv.gz"
    packed.write_bytes(gzip.compress(table.read_bytes()))
    for path in (table, packed):
        (hit,) = search(path, Sought("jane doe"), name=path.name).hits
        assert (hit.place, hit.number) == (1, 3)


def test_what_is_sought_is_in_no_result(tmp_path):
    found = search(texts(tmp_path, "the customer Jane Doe (jane@doe.example, 0170 1234567) wrote"), Sought("Jane Doe"))
    told = json.dumps(found.to_json()).casefold()
    assert "jane" not in told and "doe" not in told and "0170" not in told
    assert found.hits[0].places[0].excerpt == "xxx xxxxxxxx [xxxx xxx] (xxxx@xxx.xxxxx"


def test_more_rows_than_are_named_are_counted(tmp_path):
    path = texts(tmp_path, *["Jane Doe"] * (ROWS_KEPT + 5))
    found = search(path, Sought("Jane Doe"))
    assert (found.rows_hit, len(found.hits)) == (ROWS_KEPT + 5, ROWS_KEPT)


@pytest.mark.parametrize(
    ("term", "how"),
    [("", "exact"), ("ab", "exact"), ("- -", "near"), ("Doe", "near"), ("x" * 501, "exact"), ("Jane", "fuzzy")],
)
def test_what_cannot_be_sought_is_refused(term, how):
    with pytest.raises(Refused):
        Sought(term, how).check()


def test_the_command_takes_what_is_sought_from_a_file_and_removes_it(tmp_path, capsys):
    path, out, sought = texts(tmp_path, "Jane Doe"), tmp_path / "out", tmp_path / "sought.json"
    sought.write_text(json.dumps({"term": "jane doe", "how": "near"}))
    assert cli.main(["search", str(path), "--out", str(out), "--sought", str(sought)]) == cli.SOUND
    assert not sought.exists()
    assert json.loads((out / cli.SEARCH).read_text())["rows_hit"] == 1
    sought.write_text(json.dumps({"term": "j", "how": "near"}))
    assert cli.main(["search", str(path), "--out", str(out), "--sought", str(sought)]) == cli.NOT_SOUND
    assert "4 letters or digits at least" in capsys.readouterr().err and not sought.exists()
