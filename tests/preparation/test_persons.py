"""What is found in texts: by published examples of each number, none of them ours, and by what must not be found."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preparation.persons.kinds import KINDS
from preparation.persons.names import Names, NoModel
from preparation.persons.recognisers import find
from preparation.persons.scanning import Scan, masked, scan
from preparation.persons.texts import rewritten, walk

# Examples from the documents that define each number, or from its issuer's help pages; the words beside it as
# people write them. {} is the value.
KNOWN = [
    ("card", "My card is {}.", "4111 1111 1111 1111"),
    ("card", "{}", "378282246310005"),
    ("card", "{}", "6011111111111117"),
    ("iban", "Pay to {} please", "DE89 3704 0044 0532 0130 00"),
    ("iban", "{}", "GB82WEST12345698765432"),
    ("iban", "{}", "NO9386011117947"),
    ("us-ssn", "{}", "078-05-1120"),
    ("uk-nino", "NI number {}", "AB 12 34 56 C"),
    ("uk-nhs", "NHS number: {}", "943 476 5919"),
    ("es-nif", "DNI {}", "12345678Z"),
    ("es-nif", "NIE {}", "X1234567L"),
    ("it-cf", "{}", "RSSMRA85T10A562S"),
    ("fr-nir", "NIR {}", "2 55 08 14 168 025 38"),
    ("de-tax-id", "Steuer-ID {}", "86095742719"),
    ("nl-bsn", "BSN {}", "111222333"),
    ("be-nrn", "{}", "85.07.30-033.28"),
    ("pl-pesel", "PESEL {}", "44051401359"),
    ("se-pnr", "{}", "811218-9876"),
    ("fi-hetu", "{}", "131052-308T"),
    ("ch-ahv", "{}", "756.9217.0769.85"),
    ("pt-nif", "NIF: {}", "123456789"),
    ("br-cpf", "{}", "529.982.247-25"),
    ("in-aadhaar", "{}", "2341 2341 2346"),
    ("ca-sin", "SIN {}", "046 454 286"),
    ("au-tfn", "TFN {}", "123 456 782"),
    ("vehicle", "{}", "1M8GDM9AXKP042788"),
]
OTHERS = [
    ("email", "Write to {} today.", "o'neil+news@mail.example.co.uk"),
    ("email", "({})", "jürgen@müller.example"),
    ("phone", "{}", "+44 20 7031 3000"),
    ("phone", "You can reach me on {} after six", "0171 555 12 12"),
    ("phone", "Fax: {}", "(415) 555-2671"),
    ("ip", "from {} to", "203.0.113.195"),
    ("ip", "{}", "2001:db8:85a3::8a2e:370:7334"),
    ("mac", "{}", "00:1B:44:11:3A:B7"),
    ("url", "See {}.", "https://example.org/people/ada?tab=1"),
    ("url-credentials", "{}", "postgres://ada:s3cr3tw0rd@db.example.org:5432/bank"),
    ("aws-key", "{}", "AKIAIOSFODNN7EXAMPLE"),
    ("github-token", "{}", "ghp_" + "a1B2c3D4e5" * 4),
    ("slack-token", "{}", "xoxb-" + "123456789012-abcdefABCDEF"),
    ("jwt", "{}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r"),
    ("private-key", "{}", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"),
    ("api-key", "{}", "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"),
    ("secret", "password: {}", "gX7!kq2Zt9Lw"),
    ("birth-date", "She was born on {} in Graz.", "12 March 1980"),
    ("birth-date", "DOB: {}", "1980-03-12"),
    ("date", "The contract of {} ends.", "12.03.2019"),
    ("age", "He is {} years old.", "93"),
    ("address", "lives at {} with", "12 Old Mill Road"),
    ("address", "wohnt {} in", "Lindenstraße 12"),
    ("postcode", "ZIP: {}", "90210"),
    ("postcode", "{}", "SW1A 1AA"),
    ("driving-licence", "my driver's license number is {}", "F255-9215-0094"),
    ("record-number", "MRN: {}", "4829-113"),
]
# None of these is personal data or a secret of any kind.
NOTHING = [
    "Version 10.0.1.25 of the library was released.",
    "The 1990s were a decade; 100,000,000 people and 3.14159 of them.",
    "It costs $1,234,567.89, or 12345678 in the other order 1234 5678.",
    "ISBN 978-3-16-148410-0 and the digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.",
    "Set password: your-password-here, or token = $TOKEN; then http://127.0.0.1:8000 is nobody's address: 127.0.0.1",
    "def find(x): return x[0::2]  # std::vector, a::b",
    "The ratio is 16:9 and the time 12:34:56.",
    "4111 1111 1111 1112 is no card, DE89370400440532013001 no IBAN, 811218-9877 nobody.",
]


@pytest.mark.parametrize(("kind", "words", "value"), KNOWN + OTHERS, ids=lambda one: one[:24])
def test_a_published_example_is_found_with_its_very_characters(kind: str, words: str, value: str) -> None:
    text = words.format(value)
    found = [(span.kind, text[span.start : span.end]) for span in find(text)]
    assert (kind, value) in found


@pytest.mark.parametrize("text", NOTHING)
def test_what_looks_like_it_is_not_taken_for_it(text: str) -> None:
    assert [(span.kind, text[span.start : span.end]) for span in find(text) if span.kind != "url"] == []


# Every formula named catches any single wrong digit, except those that are weaker by their definition.
STRICT = [one for one in KNOWN if one[0] not in ("us-ssn", "uk-nino", "es-nif", "it-cf", "vehicle")]


@pytest.mark.parametrize(("kind", "words", "value"), STRICT, ids=lambda one: one[:24])
def test_one_wrong_digit_and_it_is_not_that_number(kind: str, words: str, value: str) -> None:
    places = [place for place, one in enumerate(value) if one.isdigit()]
    survivors = []
    for place in places:
        for digit in "0123456789":
            if digit == value[place]:
                continue
            text = words.format(value[:place] + digit + value[place + 1 :])
            if any(span.kind == kind for span in find(text)):
                survivors.append(text)
    # 11 minus a remainder of 10 or 11 gives the same digit (pt-nif, br-cpf); one formula in two for births since 2000.
    allowed = {"pt-nif": 0.05, "br-cpf": 0.05, "be-nrn": 0.05, "de-tax-id": 0.05}.get(kind, 0)
    assert len(survivors) <= allowed * 9 * len(places), survivors


def test_kinds_without_a_form_of_their_own_need_their_name_beside_them() -> None:
    assert find("111222333 and 44051401359 and 5130634 and 12345") == []
    kinds = {span.kind for span in find("BSN 111222333, PESEL 44051401359, ZIP 12345")}
    assert kinds == {"nl-bsn", "pl-pesel", "postcode"}


def test_the_name_of_a_column_speaks_for_its_values() -> None:
    assert [span.kind for span in find("5551234", "phone_Number")] == ["phone"]
    assert [span.kind for span in find("1980-03-12", "dob")] == ["birth-date"]
    assert [span.kind for span in find("1980-03-12", "shipped")] == ["date"]
    assert find("5551234", "quantity") == []


def test_no_two_findings_share_a_character_and_a_secret_goes_before_what_is_in_it() -> None:
    text = "postgres://ada@x.example:pw9x8y7z6@203.0.113.5/db and jwt://ada:Xk29dkwoqa@mail.example"
    found = find(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert "url-credentials" in {span.kind for span in found}


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_looked_through_and_every_finding_lies_inside_it(text: str) -> None:
    for span in find(text):
        assert 0 <= span.start < span.end <= len(text) and span.kind in KINDS


def test_long_runs_of_any_sign_take_no_time() -> None:
    for unit in ("1", "1 ", "a@", "a.", "-", "((", "1.", "x:", "password ", "ab12", "http://a:", "12 Old "):
        code = f"from preparation.persons.recognisers import find; find({unit!r} * 40_000)"
        subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


ROWS = [
    {"messages": [{"role": "user", "content": "I am ada@bank.example, card 4111111111111111"},
                  {"role": "assistant", "content": "Thank you."}], "note": {"callBack": ["+44 20 7031 3000"]}},
    {"messages": [{"role": "user", "content": "No data here."}, {"role": "assistant", "content": "None."}]},
    {"messages": [{"role": "user", "content": "Again ada@bank.example and bo@bank.example"},
                  {"role": "assistant", "content": "Yes."}], "phone": 442070313000},
]  # fmt: skip


def _file(folder: Path, rows: list[dict[str, object]], *, packed: bool = False) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path = folder / ("rows.jsonl.gz" if packed else "rows.jsonl")
    path.write_bytes(gzip.compress(text) if packed else text)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_counted_by_kind_row_and_column_also_where_no_format_looks(tmp_path: Path, packed: bool) -> None:
    found = scan(_file(tmp_path, ROWS, packed=packed))
    kinds = {one.kind: one for one in found.kinds}
    assert (found.rows, found.rows_with, found.rows_unread) == (3, 2, 0)
    assert (kinds["email"].count, kinds["email"].rows) == (3, 2)
    assert kinds["email"].fields == {"messages[].content": 3}
    assert kinds["phone"].fields == {"note.callBack[]": 1, "phone": 1}
    assert kinds["card"].sure == {"checksum": 1}


def test_nothing_of_a_value_leaves_a_scan(tmp_path: Path) -> None:
    told = json.dumps(scan(_file(tmp_path, ROWS)).to_json())
    for value in ("ada", "bank.example", "4111", "2070", "313000"):
        assert value not in told
    assert masked("Ada.Lovelace@bank.example") == "xxx.xxxxxxxx@xxxx.xxxxxxx"
    assert masked("hunter2-hunter2", secret=True) == "(15 characters)"


def test_a_line_that_is_no_row_is_counted_and_not_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "ada@bank.example"}\n{"text": broken ada@bank.example\n')
    found = scan(path)
    assert (found.rows, found.rows_unread, found.kinds[0].count) == (1, 1, 1)


def test_names_are_looked_for_only_by_a_model_that_was_named(tmp_path: Path) -> None:
    path = _file(tmp_path, [{"text": "Ada Lovelace lives in Graz."}])
    without = scan(path).to_json()
    assert "names of persons" in without["not_looked_for"] and "name" not in without["looked_for"]
    spacy = pytest.importorskip("spacy")
    model = spacy.blank("en")
    model.add_pipe("entity_ruler").add_patterns(
        [{"label": "PERSON", "pattern": "Ada Lovelace"}, {"label": "GPE", "pattern": "Graz"}]
    )
    model.meta["name"] = "two_names"
    model.to_disk(tmp_path / "model")
    found: Scan = scan(path, names=Names(tmp_path / "model"))
    assert {(one.kind, one.count) for one in found.kinds} == {("name", 1), ("place", 1)}
    told = found.to_json()
    assert told["names_model"]["name"] == "two_names" and "names of persons" not in told["not_looked_for"]


def test_a_folder_that_is_no_model_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(NoModel, match=r"no meta\.json\. Name the folder"):
        Names(tmp_path)


def test_every_text_is_walked_and_can_be_rewritten_in_its_place() -> None:
    value = {"a": ["x", {"b": "y", "n": 5, "long": 1234567}], "c": None, "d": True}
    assert [(path, text) for path, _, text in walk(value)] == [("a[]", "x"), ("a[].b", "y"), ("a[].long", "1234567")]
    assert rewritten(value, lambda about, text: text) == value
    changed = rewritten(value, lambda about, text: text.upper() if about != "long" else "gone")
    assert changed == {"a": ["X", {"b": "Y", "n": 5, "long": "gone"}], "c": None, "d": True}


def test_keys_below_the_columns_are_texts_unless_they_are_one_plain_word(tmp_path: Path) -> None:
    value = {"to": {"ada@bank.example": "k", "role": "x"}, "ben@bank.example": "columns are not walked"}
    assert [(path, text) for path, _, text in walk(value)] == [
        ("to{}", "ada@bank.example"), ("to.ada@bank.example", "k"), ("to.role", "x"),
        ("ben@bank.example", "columns are not walked"),
    ]  # fmt: skip
    twice = {"to": {"ada@bank.example": 1, "ben@bank.example": 2, "gone": 3}}
    assert rewritten(twice, lambda about, text: "gone") == {"to": {"gone 2": 1, "gone 3": 2, "gone": 3}}
    found = scan(_file(tmp_path, [{"to": {"ada@bank.example": {"mail": "eve@bank.example"}}, "text": "-"}])).to_json()
    assert [(one["kind"], one["count"]) for one in found["kinds"]] == [("email", 2)]
    assert set(found["kinds"][0]["fields"]) == {"to{}", "[E-MAIL ADDRESS]"}
    assert "ada@bank" not in json.dumps(found)
    assert any("names of columns" in one for one in found["not_looked_for"])


def test_scanning_loads_no_spacy_and_no_django(tmp_path: Path) -> None:
    path = _file(tmp_path, ROWS)
    code = (
        "import sys; from preparation.cli import main\n"
        f"assert main(['scan', {str(path)!r}, '--out', {str(tmp_path / 'out')!r}]) == 0\n"
        "heavy = {'spacy', 'presidio_analyzer', 'torch', 'django', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert json.loads((tmp_path / "out" / "scan.json").read_text())["schema"] == "assay.personal-data/1"
