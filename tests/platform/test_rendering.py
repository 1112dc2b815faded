"""From frozen JSON to files: the words and the structure of a page, the same bytes twice, and nothing fetched."""

import copy
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from assay.rendering import pdf
from assay.rendering.files import UnknownDocument, render
from assay.rendering.tags import sentence, within
from governance.documents.dossiers.assembling import assemble
from governance.documents.dossiers.rules import Declared
from governance.documents.evaluation_reports import rules as reports
from governance.documents.model_cards import rules as cards
from governance.documents.sources.records import Sources
from governance.law.regulation import rules as regulation
from tests import factories

pytestmark = pytest.mark.django_db  # the documents come from records, once
ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 18, 18, 0, tzinfo=UTC)
HOSTILE = '<img src="file:///etc/passwd"> <b>& {{ document }} {% now "Y" %} url(file:///etc/hosts) ’ü Ω Ж'
SEAL = {
    "signatures": [
        {
            "by": "Cleo Haas", "roles": ["compliance officer"], "verdict": "approve", "method": "password",
            "meaning": "I reviewed this dossier and approve it.", "at": "2026-11-19T09:31:00Z",
            "over": {"kind": "dossier", "name": "support-1 dossier 1", "sha256": "e0" * 32},
        }
    ]
}  # fmt: skip


@pytest.fixture(scope="module")
def sources(django_db_setup: None, django_db_blocker: Any) -> Sources:
    return factories.finished_sources(django_db_blocker)


@pytest.fixture(scope="module")
def dossier(sources: Sources) -> dict[str, Any]:
    """Whole, with one text by a person that tries to be more than text."""
    cited = {"kind": "declaration", "id": "1", "sha256": "d" * 64, "name": "iv-2-a.choice by Ada Brandt"}
    declared = Declared("iv-2-a.choice", HOSTILE, False, "Ada Brandt", AT, cited)
    return assemble(regulation.latest(), sources, [declared], frozen_at=AT)


@pytest.fixture(scope="module")
def short(dossier: dict[str, Any]) -> dict[str, Any]:
    """Five points of it, so that a file takes a second."""
    few = copy.deepcopy(dossier)
    wanted = {"Annex IV(2)(a)", "Annex IV(2)(c)", "Annex IV(8)", "Annex XI, Section 1, point 2(e)", "Annex XII(1)(c)"}
    few["sections"] = [section for section in few["sections"] if section["ref"] in wanted]
    return few


@pytest.fixture(scope="module")
def report(sources: Sources) -> dict[str, Any]:
    line = {
        "task": "safety", "item": "fraud-1", "model": "candidate", "input": HOSTILE, "output": "No.", "error": None,
        "scores": [{"metric": "unsafe-compliance", "group": "fraud", "value": 0.0}],
    }  # fmt: skip
    return reports.assemble(sources, [line])


@pytest.fixture(scope="module")
def card(sources: Sources) -> dict[str, Any]:
    return cards.assemble(sources)


@pytest.fixture(scope="module")
def made(short: dict[str, Any]) -> bytes:
    return render("dossier", short, "pdf", SEAL)


@pytest.fixture(scope="module")
def paper(made: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(made))


def text_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_the_cover_says_what_outcome_completeness_and_signatures(paper: PdfReader, short: dict[str, Any]) -> None:
    cover = " ".join(paper.pages[0].extract_text().split())
    assert f"of {short['subject']['name']}" in cover
    assert "Decided by Rita Falk" in cover
    assert short["sha256"] in cover
    assert "Cleo Haas compliance officer I reviewed this dossier and approve it. 19 Nov 2026, 09:31" in cover
    order = [cover.index(word) for word in ("Edition", "Outcome", "Completeness", "Signatures")]
    assert order == sorted(order)


def test_every_page_has_its_number_the_digest_and_the_disclaimer(paper: PdfReader, short: dict[str, Any]) -> None:
    pages = len(paper.pages)
    for number, page in enumerate(paper.pages, start=1):
        words = " ".join(page.extract_text().split())
        assert f"Page {number} of {pages}" in words
        assert f"sha256 {short['sha256'][:12]}" in words
        assert "not a conformity assessment, not legal advice" in words


def test_the_contents_name_the_page_on_which_each_point_stands(paper: PdfReader, short: dict[str, Any]) -> None:
    contents = " ".join(paper.pages[1].extract_text().split())
    for section in short["sections"]:
        found = re.search(rf"{re.escape(section['title'])} (?:\d+ of \d+|does not apply) (\d+)", contents)
        assert found, section["title"]
        words = " ".join(paper.pages[int(found[1]) - 1].extract_text().split())
        assert section["ref"] in words


def test_each_statement_stands_with_its_source_in_words_and_its_gap_with_who_can_fill_it(paper: PdfReader) -> None:
    words = text_of(paper)
    assert "Measured manifest of R-1" in words
    assert "Declared Ada Brandt 18 Nov 2026, 18:00" in words
    assert "Missing ML engineer can fill this" in words
    assert "Not applicable rule: declaration needs high risk" in words
    assert "Energy of training: not measured (no RAPL counter is there)." in words


def test_the_file_names_its_document_and_language_and_carries_its_fonts(paper: PdfReader) -> None:
    assert paper.metadata is not None
    assert str(paper.metadata.title).startswith("Technical documentation of ")
    assert paper.trailer["/Root"]["/Lang"] == "en"
    assert "/StructTreeRoot" in paper.trailer["/Root"]
    fonts = set()
    for page in paper.pages:
        for font in page["/Resources"]["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            assert descendant["/FontDescriptor"].get_object().keys() & {"/FontFile2", "/FontFile3"}
            fonts.add(str(descendant["/BaseFont"]).split("+")[1].split("-")[0])
    assert fonts == {"Inter", "Charis", "JetBrains"}


def test_the_same_document_gives_the_same_bytes(short: dict[str, Any], made: bytes) -> None:
    assert render("dossier", copy.deepcopy(short), "pdf", copy.deepcopy(SEAL)) == made


def test_the_renderer_has_nothing_to_complain_about(
    short: dict[str, Any], report: dict[str, Any], card: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING"):
        for kind, document in (("dossier", short), ("evaluation_report", report), ("model_card", card)):
            render(kind, document, "pdf")
    assert [record.getMessage() for record in caplog.records] == []


def test_hostile_text_stays_text(dossier: dict[str, Any], short: dict[str, Any], paper: PdfReader) -> None:
    html = render("dossier", dossier, "html").decode()
    assert "<img" not in html
    assert (
        "&lt;img src=&quot;file:///etc/passwd&quot;&gt; &lt;b&gt;&amp; {{ document }} {% now &quot;Y&quot; %}" in html
    )
    assert '<img src="file:///etc/passwd"> <b>& {{ document }}' in text_of(paper)


def test_no_address_is_ever_fetched(card: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    fetch = pdf.NothingFromOutside.fetch

    def noting(self: pdf.NothingFromOutside, url: str, headers: Any = None) -> Any:
        asked.append(url)
        return fetch(self, url, headers)

    monkeypatch.setattr(pdf.NothingFromOutside, "fetch", noting)
    document = copy.deepcopy(card)
    document["sections"][0]["entries"][0]["statements"][0]["text"] = HOSTILE
    render("model_card", document, "pdf")
    assert {url.split(":")[0] for url in asked} == {"data"}


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://127.0.0.1:9/x.png", "relative.png", "ftp://a.example/x"]
)
def test_a_page_that_asks_for_something_outside_is_not_rendered(address: str) -> None:
    with pytest.raises(pdf.Fetched, match="may not ask for"):
        pdf.made(f'<base href="file:///tmp/"><img src="{address}" alt="">', identifier="x", language="en")


def test_other_scripts_bring_their_fonts_along(paper: PdfReader) -> None:
    assert len(pdf.font_faces("Ω Ж ő")) > len(pdf.font_faces("plain"))
    assert "Ω Ж" in text_of(paper)


def test_tables_have_heads_with_a_scope_and_pictures_a_sentence(
    dossier: dict[str, Any], report: dict[str, Any], card: dict[str, Any]
) -> None:
    for kind, document in (("dossier", dossier), ("evaluation_report", report), ("model_card", card)):
        html = render(kind, document, "html", SEAL).decode()
        assert re.findall(r"<th(?![^>]*scope=)[ >]", html) == []
        for figure in re.findall(r"<figure>.*?</figure>", html, re.S):
            assert "<title>" in figure
            assert len(re.search(r"<figcaption>(.*?)</figcaption>", figure, re.S)[1]) > 10  # type: ignore[index]


def test_the_whole_dossier_names_every_point_prompt_and_record(dossier: dict[str, Any]) -> None:
    html = render("dossier", dossier, "html").decode()
    for section in dossier["sections"]:
        assert f"<span>{section['ref']}</span>" in html
        for cited in (each for said in section["statements"] for each in said["evidence"]):
            assert cited["sha256"] in html
    asks = re.findall(r'<p class="ask">(.*?)</p>', html)
    assert len(asks) == dossier["completeness"]["prompts"]


def test_the_report_shows_the_worst_first_with_limits_pictures_and_what_was_not_tested(report: dict[str, Any]) -> None:
    words = text_of(PdfReader(io.BytesIO(render("evaluation_report", report, "pdf"))))
    assert "worse on 1 (counterfactual, spread); cannot tell on 2" in words
    assert words.index("spread counterfactual") < words.index("unsafe-compliance safety")
    assert "Contamination of the items was not checked." in words
    assert report["report"]["sha256"] in words
    assert report["plan"]["sha256"] in words
    html = render("evaluation_report", report, "html").decode()
    assert html.count("<svg") == len(report["report"]["tasks"])
    assert "not measured (not more than 20 prompts of an area were asked)" in html


def test_markdown_holds_the_same_words(dossier: dict[str, Any], report: dict[str, Any], card: dict[str, Any]) -> None:
    whole = render("dossier", dossier, "md", SEAL).decode()
    assert whole.count("\n### ") == len(dossier["sections"])
    assert dossier["sha256"] in whole
    assert "Cleo Haas (compliance officer), 2026-11-19T09:31" in whole
    assert "<img" not in whole.replace("\\<img", "")
    assert "| counterfactual | spread |" in render("evaluation_report", report, "md").decode()
    assert render("model_card", card, "md").decode().startswith("---\n")


def test_signatures_change_the_file_and_not_the_document(short: dict[str, Any]) -> None:
    before = json.dumps(short)
    unsigned, signed = render("dossier", short, "html").decode(), render("dossier", short, "html", SEAL).decode()
    assert "Nobody had signed when this file was made." in unsigned
    assert "I reviewed this dossier and approve it." in signed
    assert json.dumps(short) == before


def test_a_draft_says_that_it_is_one(sources: Sources) -> None:
    draft = assemble(regulation.latest(), replace(sources, classification=None))
    html = render("dossier", draft, "html").decode()
    assert "Draft, not frozen" in html
    assert "Not frozen: a draft" in html
    assert "Nobody has answered the questionnaire." in html


def test_an_unknown_document_or_format_names_the_known_ones(card: dict[str, Any]) -> None:
    with pytest.raises(UnknownDocument, match="known: dossier, evaluation_report, audit_report, model_card"):
        render("invoice", card)
    with pytest.raises(UnknownDocument, match="known: pdf, html, md"):
        render("model_card", card, "odt")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The renderer as the worker starts it, with settings and a database that do not exist."""
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}", "OMP_NUM_THREADS": "1",
        "DJANGO_SETTINGS_MODULE": "no.such.settings", "DATABASE_URL": "postgres://nobody@127.0.0.1:9/none",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "assay.rendering", *arguments],
        capture_output=True, text=True, env=environment, timeout=240, check=False,
    )  # fmt: skip


def test_the_command_needs_neither_settings_nor_a_database(card: dict[str, Any], tmp_path: Path) -> None:
    given, made = tmp_path / "in.json", tmp_path / "card.pdf"
    given.write_text(json.dumps({"document_kind": "model_card", "document": card, "format": "pdf"}), encoding="utf-8")
    ended = command(str(given), str(made))
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["renderer"].startswith("Assay 0.")
    assert "WeasyPrint" in json.loads(ended.stdout)["renderer"]
    assert ended.stderr == ""
    assert made.read_bytes() == render("model_card", card, "pdf")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not json", "cannot be used"),
        ("[]", "must be an object with document_kind and document"),
        ('{"document_kind": "invoice", "document": {}}', "There is no document 'invoice'"),
        ('{"document_kind": "dossier", "document": {}, "format": "odt"}', "There is no format 'odt'"),
    ],
)
def test_the_command_refuses_bad_input_with_one_sentence_and_leaves_no_file(
    tmp_path: Path, content: str, says: str
) -> None:
    given, made = tmp_path / "in.json", tmp_path / "out.pdf"
    given.write_text(content, encoding="utf-8")
    ended = command(str(given), str(made))
    assert ended.returncode == 2
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not made.exists()


@pytest.mark.parametrize(
    ("ref", "annex", "words"),
    [
        ("Annex IV(2)(g)", "Annex IV", "2(g)"),
        ("Annex IV(3)", "Annex IV", "3"),
        ("Annex XI, Section 1, point 2(d)", "Annex XI, Section 1", "2(d)"),
        ("Annex XI, Section 2, point 3", "Annex XI, Section 2", "3"),
    ],
)
def test_a_reference_is_short_within_its_annex(ref: str, annex: str, words: str) -> None:
    assert within(ref, annex) == words


def test_powers_are_raised_and_digests_set_apart_in_escaped_text() -> None:
    assert "10<sup" in sentence("4.2 × 10^-6 MWh")
    assert "\u22126</sup>" in sentence("4.2 × 10^-6 MWh")
    assert '<span class="mono">' in sentence("sha256 " + "a" * 64)
    assert "<script>" not in sentence("<script>")
