"""Descriptions of data, out and in: the datasheet, Croissant, the dataset card, and what others write.

Croissant is checked by mlcroissant, the reader of those who made the format; metadata of a card by Hugging Face's own
reader. What goes out must come back as the same record.
"""

import gzip
import json
import logging
import os
import re
import time
import uuid
from pathlib import Path
from typing import Any

import mlcroissant
import pytest
import yaml
from huggingface_hub import DatasetCard
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from governance.documents.renderings import services as renderings
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.canonical import digest
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable
from governance.materials.datasets import datasheet, descriptions, provenance, services
from governance.materials.datasets.exchange import croissant, licence_names, reading
from governance.materials.datasets.exchange.description import Description
from governance.materials.datasets.exchange.writing import FORMS
from governance.materials.datasets.models import DatasetVersion
from tests import factories
from tests.governance.test_provenance import WHOLE
from tests.people import House

PARENT = {"id": str(uuid.UUID(int=5)), "name": "Desk v1 (old); first", "file_sha256": "5" * 64}
EVERYTHING = {
    **WHOLE,
    "derived_from_versions": [PARENT],
    "labelling": "Two people, by a guide.\n\nThey agreed in 9 of 10.",
    "consent": "Asked by letter; the letters lie with the office.",
    "privacy_tools": "Names were masked: <b>[NAME]</b>, `***`, {x}.",
    "copyright": "Nobody we know of.",
    "intended_purpose": "# No heading\n* no list\n1. no number\n    no code\n--- \n**Which languages?**",
    "processing_allowed": "Training & evaluation > 50 %.",
    "processing_excluded": "Advice to real customers!",
}
COLUMNS = {
    name: croissant.kind_of(value)
    for name, value in {
        "messages": [{"role": "user", "content": "x", "tool_calls": [{"id": "1", "weight": 0.5}]}],
        "number": 1, "share": 0.5, "flag": True, "tags": ["a"], "none": [], "text": "x", "nested": {"a": {"b": 1}},
    }.items()
}  # fmt: skip


def sheet(record: dict[str, Any] | None = None, licence: str = "CC-BY-4.0", **file: Any) -> dict[str, Any]:
    """A datasheet as `descriptions.sheet_of` makes it, without a database."""
    return datasheet.assemble({
        "dataset": {"name": "Desk & co", "slug": "desk", "description": "Questions."},
        "version": {"id": str(uuid.UUID(int=9)), "number": 2, "sha256": "b" * 64, "registered_by": "Ada",
                    "registered_at": "2026-01-02T03:04:05Z"},
        "file": {"name": "desk.jsonl", "sha256": "c" * 64, "bytes": 10, "container": "jsonl", "gzipped": False,
                 "format": "chat", "columns": {}, "rows": 3, "rows_root": "d" * 64, **file},
        "licence": {"declared": licence, "told": [{"where": "the card: top", "says": "cc-by-nc-4.0; perhaps"}]},
        "provenance": EVERYTHING if record is None else record,
        "profile": {"exact_duplicates": 1, "contradicting_inputs": None, "turns": {"2": 3}},
    })  # fmt: skip


def taken(form: str, made: dict[str, Any]) -> Description:
    return reading.read(FORMS[form].write(made, COLUMNS))


def trimmed(record: dict[str, Any]) -> dict[str, Any]:
    """A record as people see it: no form keeps blanks at the end of a line."""

    def lines(text: str) -> str:
        return "\n".join(line.rstrip() for line in re.split(r"\r\n?|\n", text)).strip()

    return {name: lines(answer) if isinstance(answer, str) else answer for name, answer in record.items()}


# --- the datasheet ------------------------------------------------------------------------------------------------


def test_the_datasheet_asks_for_every_field_once() -> None:
    asked = [name for _, questions in datasheet.SECTIONS for one in questions for name in one.fields]
    assert sorted(asked) == sorted(provenance.NAMES)


def test_nothing_is_answered_that_nobody_said_and_nothing_measured() -> None:
    made = sheet(record={})
    answers = [one for section in made["sections"] for asked in section["questions"] for one in asked["answers"]]
    assert [one["text"] for one in answers if one["field"]] == [""] * len(provenance.FIELDS)
    assert {one["source"] for one in answers if one["field"]} == {"missing"}
    assert {one["source"] for one in answers if not one["field"]} == {"measured", "declared"}
    assert made["sha256"] == digest({key: value for key, value in made.items() if key != "sha256"})
    markdown = FORMS["md"].write(made, {}).decode()
    assert markdown.count("Not answered.") == len(provenance.FIELDS)


def test_what_a_record_says_cannot_become_markup_of_the_datasheet() -> None:
    said = FORMS["md"].write(sheet(), {}).decode()
    tokens = MarkdownIt().parse(said)
    headings = [tokens[at + 1].content for at, one in enumerate(tokens) if one.type == "heading_open"]
    assert "No heading" not in headings
    assert len(headings) == 2 + len(datasheet.SECTIONS) + sum(len(asked) for _, asked in datasheet.SECTIONS)
    html = MarkdownIt().render(said)
    assert "<b>" not in html and "<code>***" not in html
    assert not any(one.type in ("bullet_list_open", "ordered_list_open", "code_block") for one in tokens)


# --- out and in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("licence", ["CC-BY-4.0", "MIT OR Apache-2.0", "ODC-By-1.0"])
def test_what_goes_out_comes_back_as_the_same_record(form: str, licence: str) -> None:
    made = sheet(licence=licence)
    found = taken(form, made)
    assert found.findings == []
    assert trimmed(found.values()) == trimmed(EVERYTHING)
    assert found.licence is not None
    assert licence_names.expression_of(found.licence.value) == licence_names.expression_of(licence)
    assert found.licence_told == made["licence"]["told"]
    assert found.name is not None and found.name.value == "Desk & co"
    assert found.summary is not None and found.summary.value == "Questions."
    assert set(found.found_in()) == set(EVERYTHING) | {"licence"}
    assert all(found.found_in().values())


PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.just("\n"), max_size=40
)
TEXTS = st.sampled_from([one.name for one in provenance.FIELDS if one.form == provenance.Form.TEXT])


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(TEXTS, PRINTABLE, min_size=1), st.sampled_from(sorted(FORMS)))
def test_any_text_comes_back(record: dict[str, str], form: str) -> None:
    answered = trimmed(provenance.answered(trimmed(record)))
    if not answered:
        return
    assert trimmed(taken(form, sheet(answered)).values()) == answered


@pytest.mark.parametrize("form", FORMS)
def test_a_record_of_before_there_were_forms_goes_out_and_what_has_no_form_is_a_finding(form: str) -> None:
    old = {**factories.PROVENANCE, "collected_from": "some time in spring", "collected_to": "2024-05"}
    found = taken(form, sheet(old))
    assert "collected_from" not in found.record
    assert any("some time in spring" in one.message for one in found.findings)
    assert found.record["collected_to"].value == "2024-05"


# --- Croissant ----------------------------------------------------------------------------------------------------


def read_by_its_makers(document: dict[str, Any]) -> mlcroissant.Dataset:
    logging.getLogger("absl").setLevel(logging.ERROR)
    return mlcroissant.Dataset(jsonld=document)


@pytest.mark.parametrize(
    "file", [{}, {"container": "text", "format": "text", "name": "a.txt"}, {"container": "csv", "gzipped": True}]
)
def test_what_we_write_is_croissant_for_its_makers_and_for_us(file: dict[str, Any]) -> None:
    document = json.loads(FORMS["croissant"].write(sheet(**file), COLUMNS))
    read = read_by_its_makers(document)
    assert not read.metadata.ctx.issues.errors
    assert list(croissant.faults(document)) == []
    assert read.metadata.name == {"en": "Desk & co"} or read.metadata.name == "Desk & co"
    assert read.metadata.data_collection == [WHOLE["method"]] or read.metadata.data_collection == WHOLE["method"]
    (one,) = read.metadata.file_objects
    assert one.sha256 == "c" * 64
    names = {field.name for field in read.metadata.record_sets[0].fields}
    assert names == ({"line"} if file.get("container") == "text" else set(COLUMNS))


def test_what_its_makers_let_pass_is_a_fault_here() -> None:
    document = json.loads(FORMS["croissant"].write(sheet(), COLUMNS))
    document |= {"rai:dataColection": "Misspelt."}
    del document["url"]
    read_by_its_makers(document)
    assert {where for where, _ in croissant.faults(document)} == {"rai:dataColection", "url"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d.pop("@context"), "@context"),
        (lambda d: d.pop("@type"), "@type"),
        (lambda d: d.update(conformsTo="http://mlcommons.org/croissant/0.8"), "conformsTo"),
        (lambda d: d.pop("name"), "name"),
        (lambda d: d.pop("license"), "license"),
        (lambda d: d["distribution"][0].pop("sha256"), "distribution, file"),
        (lambda d: d["distribution"][0].update(sha256="C" * 64), "distribution, file"),
        (lambda d: d["distribution"][0].pop("encodingFormat"), "distribution, file"),
        (lambda d: d["recordSet"][0]["field"][1].pop("dataType"), "recordSet, rows/number"),
        (lambda d: d["recordSet"][0]["field"][1].update({"@id": "rows/share"}), "recordSet, rows/share"),
        (lambda d: d["recordSet"][0]["field"][1]["source"].update(fileObject={"@id": "x"}), "recordSet, rows/number"),
        (lambda d: d["recordSet"][0]["field"][0]["subField"][0].pop("dataType"), "recordSet, rows/messages/role"),
    ],
)
def test_each_thing_that_is_missing_is_named_where_it_is_missing(change: Any, where: str) -> None:
    document = json.loads(FORMS["croissant"].write(sheet(), COLUMNS))
    change(document)
    assert [found for found, _ in croissant.faults(document)] == [where]


def test_croissant_of_others_is_read_by_meaning_not_by_spelling() -> None:
    found = reading.read(json.dumps({
        "@context": {"sc": "https://schema.org/"}, "@type": "https://schema.org/Dataset",
        "dct:conformsTo": "http://mlcommons.org/croissant/1.0", "sc:name": {"@value": "Birds"},
        "sc:license": ["https://creativecommons.org/licenses/by-sa/4.0/"], "url": "https://example.org/birds",
        "creator": [{"@type": "Person", "name": "A. Wren"}, {"name": "B. Crow"}], "inLanguage": [{"name": "en"}, "de"],
        "rai:dataCollectionTimeFrame": ["2023-01-01T00:00:00", "2023-12-31T00:00:00"],
        "rai:dataBiases": ["Few owls."], "rai:dataSocialImpact": "None known.", "keywords": ["birds"],
        "countryOfOrigin": ["France", "Narnia"], "prov:wasDerivedFrom": [{"@id": "urn:x", "name": "An archive"}],
    }).encode())  # fmt: skip
    assert found.values() == {
        "source": "https://example.org/birds", "issuer": "A. Wren, B. Crow", "places": ["FR"],
        "origin_geography": "Narnia", "derived_from": "An archive", "collected_from": "2023-01-01",
        "collected_to": "2023-12-31", "languages": "en, de", "known_gaps": "Few owls.",
    }  # fmt: skip
    assert found.licence is not None and found.licence.value == "CC-BY-SA-4.0"
    assert found.name is not None and found.name.value == "Birds"
    named = {one.where for one in found.findings}
    assert {"rai:dataSocialImpact", "keywords", "description", "datePublished"} <= named


# --- the dataset card ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("licence", "rows", "expected"),
    [
        ("CC-BY-4.0", 3, {"license": "cc-by-4.0", "size_categories": ["n<1K"]}),
        ("ODC-By-1.0", 1_000, {"license": "odc-by", "size_categories": ["1K<n<10K"]}),
        ("MIT OR Apache-2.0", 10**6, {"license": "other", "license_name": "MIT OR Apache-2.0",
                                      "size_categories": ["1M<n<10M"]}),
    ],
)  # fmt: skip
def test_a_cards_metadata_is_what_a_hub_reads(licence: str, rows: int, expected: dict[str, Any]) -> None:
    text = FORMS["card"].write(sheet(licence=licence, rows=rows), {}).decode()
    read = DatasetCard(text).data.to_dict()
    assert expected.items() <= read.items()
    assert read["language"] == ["en"]
    assert read["task_categories"] == ["text-generation"]
    assert read["pretty_name"] == "Desk & co"


def test_a_hubs_card_is_read_and_what_does_not_fit_is_told() -> None:
    front = {"license": "cc-by-nc-4.0", "language": ["en", "fr"], "pretty_name": "Rivers", "tags": ["water"],
             "size_categories": ["1K<n<10K"], "source_datasets": ["original"]}  # fmt: skip
    body = """
# Dataset Card for Rivers

## Dataset Summary
Levels of rivers.

```
# this is no heading
```

### Curation Rationale
To learn.

### Annotation process
[More Information Needed]

## Considerations
### Discussion of Biases
Few small rivers.
### Contact
Write to us.
"""
    found = reading.read(f"---\n{yaml.safe_dump(front)}---\n{body}".encode())
    assert found.values() == {
        "derived_from": "original", "intended_purpose": "To learn.", "languages": "en, fr",
        "known_gaps": "Few small rivers.",
    }  # fmt: skip
    assert found.licence is not None and found.licence.value == "CC-BY-NC-4.0"
    assert found.summary is not None and "# this is no heading" in found.summary.value
    assert [one.where for one in found.findings] == ["metadata, tags", "“Contact”"]


def test_several_licences_are_told_and_none_is_chosen() -> None:
    found = reading.read(b"---\nlicense: [mit, apache-2.0]\n---\n# x\n")
    assert found.licence is None
    assert [one["says"] for one in found.licence_told] == ["mit", "apache-2.0"]
    assert "AND or OR" in found.findings[0].cure


@pytest.mark.parametrize(
    ("words", "expression"),
    [
        ("Apache-2.0", "Apache-2.0"),
        ("cc-by-4.0", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/legalcode", "CC-BY-NC-SA-4.0"),
        ("https://spdx.org/licenses/MIT.html", "MIT"),
        ("under [ODC-By](https://opendatacommons.org/licenses/by/1-0/).", "ODC-By-1.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("MIT AND CC-BY-4.0", "CC-BY-4.0 AND MIT"),
        ("https://spdx.org/licenses/MIT.html or https://spdx.org/licenses/ISC.html", None),
        ("other", None),
        ("unknown", None),
        ("CC-BY-4.0 (UCI)", None),
        ("free for research", None),
        ("", None),
    ],
)
def test_a_licence_is_an_expression_or_the_one_address_in_the_words(words: str, expression: str | None) -> None:
    assert licence_names.expression_of(words) == expression


# --- what is no description ---------------------------------------------------------------------------------------

RUBBISH = {
    "empty": (b" \n", "empty"),
    "not UTF-8": (b"# \xff", "not UTF-8"),
    "NUL": (b"# a\x00", "NUL"),
    "rows": (b'{"messages": []}\n{"messages": []}\n', "line 2"),
    "a list": (b"[1]", "JSON list"),
    "a page": (b"<!doctype html><h1>x</h1>", "HTML"),
    "cut off": (b'{"name": "x"', "line 1, column 13"),
    "NaN": (b'{"name": NaN}', "NaN"),
    "a huge number": (b'{"name": 1e999}', "too large a number"),
    "many digits": (b'{"name": ' + b"9" * 5000 + b"}", "too long a number"),
    "half a pair": (b'{"name": "\\ud800"}', "surrogate"),
    "deep": (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper"),
    "nothing known": (b'{"colour": "red"}', "names nothing that describes data"),
    "another of ours": (b'{"schema": "assay.dossier/1"}', "assay.dossier/1"),
    "prose": (b"Just words.", "neither metadata nor a heading"),
    "code": (b"# a comment\nx = 1\n", "Nothing in the text answers"),
    "broken metadata": (b"---\nlicense: [\n---\n# x\n", "no YAML"),
    "open metadata": (b"---\nlicense: mit\n# x\n", "does not end"),
    "listed metadata": (b"---\n- a\n---\n# x\n", "no list of names"),
    "aliases": (b"---\na: &a [x]\nb: *a\n---\n# x\n", "aliases"),
    "too large": (b"# " + b"a" * reading.LARGEST, "at most"),
}


@pytest.mark.parametrize("what", RUBBISH)
def test_what_is_no_description_is_refused_in_words(what: str) -> None:
    data, words = RUBBISH[what]
    with pytest.raises(Unusable, match=re.escape(words)) as refused:
        reading.read(data)
    (fault,) = refused.value.faults
    assert (fault.field, bool(fault.cure)) == ("file", True)


# Each is small, and would take minutes or all memory of a reader that trusts it.
HOSTILE = {
    "headings": b"# a\nb\n" * 80_000,
    "brackets": b"---\na: " + b"[" * 20_000 + b"\n---\n# x\n",
    "lists in lists": b"---\n" + b"- " * 30_000 + b"\n---\n# x\n",
    "keys in keys": b"---\n" + b"? " * 30_000 + b"\n---\n# x\n",
    "licences": b"## License\n" + b"spdx.org/licenses/MIT " * 20_000,
    "one question again and again": b"**Which languages?**\n\nen\n" * 15_000 + b"# x\n",
    "unknown properties": json.dumps({"@context": {}, **{f"rai:k{n}": n for n in range(20_000)}}).encode(),
    "places that tell": json.dumps({
        "schema": "assay.datasheet/1", "licence": {"told": [{"where": str(n), "says": "x"} for n in range(12_000)]}
    }).encode(),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_description_takes_no_time_and_no_page_full_of_findings(what: str) -> None:
    began = time.process_time()
    try:
        found = reading.read(HOSTILE[what])
    except Unusable:
        pass
    else:
        assert len(found.findings) <= 201
        assert len(found.licence_told) <= 200
    assert time.process_time() - began < 3, "a second is long already"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([
        "name", "@id", "@value", "identifier", "sha256", "source", "field", "subField", "dataType", "@type", "where",
        "says", "id", "file_sha256", "declared", "told",
    ]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
KEYS = ["@context", "@type", "conformsTo", "name", "license", "creator", "distribution", "recordSet", "countryOfOrigin",
        "inLanguage", "prov:wasDerivedFrom", "rai:dataCollectionTimeFrame", "rai:dataCollection", "assay:places",
        "assay:legal_bases", "assay:licenceTold", "schema", "provenance", "licence", "dataset", "repo",
        "purpose"]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON | st.just("assay.datasheet/1")), st.booleans())
def test_whatever_a_file_holds_it_is_read_or_refused_and_what_is_taken_can_be_registered(
    document: dict[str, Any], as_croissant: bool
) -> None:
    if as_croissant:
        document["@context"] = {}
    try:
        found = reading.read(json.dumps(document).encode())
    except Unusable:
        return
    assert {flaw.field for flaw in provenance.flaws(found.values())} <= {
        one.name for one in provenance.unanswered(found.values())
    }


# --- real files ---------------------------------------------------------------------------------------------------

REFERENCE = os.environ.get("ASSAY_REFERENCE_DATA")
needs_reference = pytest.mark.skipif(not REFERENCE, reason="ASSAY_REFERENCE_DATA names no folder")


@needs_reference
def test_a_real_datasheet_fills_the_record_and_its_licence_differs_from_that_of_its_repository() -> None:
    folder = Path(str(REFERENCE)) / "alpaca_seed"
    found = reading.read((folder / "datasheet.md").read_bytes())
    assert found.licence is not None and found.licence.value == "ODC-By-1.0"
    told = reading.read((folder / "SOURCE.json").read_bytes())
    assert told.licence is not None and told.licence.value == "CC-BY-NC-4.0"
    values = found.values()
    assert values["issuer"].startswith("[Rohan Taori](https://www.rohantaori.com/); [Ishaan")
    assert "52K instruction-followng demonstrations" in values["intended_purpose"]
    assert "compete with OpenAI" in values["processing_excluded"]
    assert "text-davinci-003" in values["labelling"]
    assert {"source", "method", "personal_data"} <= values.keys()
    assert any("recommended data splits" in one.where for one in found.findings)


@needs_reference
def test_every_real_source_file_is_read_and_no_licence_is_made_up() -> None:
    files = sorted(Path(str(REFERENCE)).glob("*/SOURCE.json"))
    assert len(files) > 20
    for path in files:
        document = json.loads(path.read_bytes())
        found = reading.read(path.read_bytes())
        assert found.values()["source"].startswith(document["repo"]), path
        if found.licence is None:
            assert [one["says"] for one in found.licence_told] == [" ".join(document["licence"].split())], path
        else:
            assert found.licence.value in document["licence"], path


# --- through the services -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_description_is_given_out_to_who_may_export_and_leaves_an_entry(home: House) -> None:
    version = factories.dataset_version(home)
    for form in FORMS:
        given_out = renderings.take(actor=home.omar, kind="datasheet", document_id=version.pk, form=form)
        data = given_out.file.read()
        found = reading.read(data)
        assert trimmed(found.values()) == trimmed(version.provenance)
        entry = AuditEvent.objects.order_by("seq").last()
        assert entry is not None and entry.action == "dataset-version.exported"
        assert json.loads(entry.body)["facts"]["format"] == form
    with pytest.raises(NotAllowed):
        renderings.take(actor=home.vera, kind="datasheet", document_id=version.pk, form="md")
    with pytest.raises(NotFound):
        renderings.take(actor=home.dev, kind="datasheet", document_id=version.pk, form="md")
    with pytest.raises(NotFound):
        renderings.take(actor=home.omar, kind="datasheet", document_id=version.pk, form="docx")


@pytest.mark.django_db
@pytest.mark.parametrize("packed", [False, True])
def test_a_registered_file_is_found_again_through_its_croissant(home: House, tmp_path: Path, packed: bool) -> None:
    version = registered(home, tmp_path, packed)
    document = json.loads(descriptions.written(version, "croissant"))
    assert not read_by_its_makers(document).metadata.ctx.issues.errors
    assert list(croissant.faults(document)) == []
    (file,) = document["distribution"]
    assert (file["sha256"], file["contentSize"]) == (version.file_sha256, f"{version.file_bytes} B")
    fields = document["recordSet"][0]["field"]
    assert [(one["name"], one["dataType"]) for one in fields] == [
        ("prompt", "sc:Text"), ("completion", "sc:Text"), ("grade", "sc:Integer")
    ]  # fmt: skip


def registered(home: House, folder: Path, packed: bool) -> DatasetVersion:
    line = services.create(actor=home.ada, project_id=home.project.pk, name="Pairs")
    text = b'{"prompt": "How long?", "completion": "One day.", "grade": 1}\n'
    path = folder / ("rows.jsonl.gz" if packed else "rows.jsonl")
    path.write_bytes(gzip.compress(text) if packed else text)
    return services.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="MIT",
        provenance=factories.PROVENANCE,
    )  # fmt: skip


@pytest.mark.django_db
def test_links_stay_links_where_the_version_is_seen_and_become_words_where_it_is_not(home: House) -> None:
    parent = factories.dataset_version(home)
    here = {"id": str(parent.pk), "name": str(parent), "file_sha256": parent.file_sha256}
    data = FORMS["json"].write(sheet({**EVERYTHING, "derived_from_versions": [here, PARENT]}), {})
    found = descriptions.read(actor=home.ada, dataset_id=parent.dataset_id, data=data)
    assert found.record["derived_from_versions"].value == [here]
    assert PARENT["name"] in found.record["derived_from"].value
    assert EVERYTHING["derived_from"] in found.record["derived_from"].value
    assert [one.where for one in found.findings] == ["provenance.derived_from_versions"]
    with pytest.raises(NotAllowed):
        descriptions.read(actor=home.omar, dataset_id=parent.dataset_id, data=data)
    with pytest.raises(NotFound):
        descriptions.read(actor=home.dev, dataset_id=parent.dataset_id, data=data)
