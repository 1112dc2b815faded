"""The fonts that documents carry: every letter of every script comes out as it was written."""

import os
import re
from io import BytesIO
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from pypdf import PdfReader
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from assay.settings.frontend import NODE_MODULES

pytestmark = pytest.mark.skipif(
    not NODE_MODULES.is_dir() and not os.environ.get("CI"), reason="front-end parts are not installed: run make setup"
)

SHEET = "assay/print/fonts.css"
HOUSE = ("Inter", "Charis", "JetBrains")


class Ours(URLFetcher):
    """Answers with the installation's own files and with nothing else."""

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        found = finders.find(url.removeprefix("https://here/"))
        return URLFetcherResponse(url, body=Path(str(found)).read_bytes())


def printed(body: str, css: str) -> PdfReader:
    fonts = FontConfiguration()
    sheets = [
        CSS(
            string=Path(str(finders.find(SHEET))).read_text(),
            base_url=f"https://here/{SHEET}",
            url_fetcher=Ours(),
            font_config=fonts,
        ),
        CSS(string=css, font_config=fonts),
    ]
    page = HTML(string=f"<html lang='en'><body>{body}</body></html>", base_url="https://here/", url_fetcher=Ours())
    return PdfReader(BytesIO(page.write_pdf(stylesheets=sheets, font_config=fonts)))


def carried(reader: PdfReader) -> set[str]:
    fonts = reader.pages[0]["/Resources"]["/Font"]
    return {re.sub(r"^/[A-Z]{6}\+", "", font.get_object()["/BaseFont"]) for font in fonts.values()}


@pytest.mark.parametrize("stack", ["sans", "text", "mono"])
def test_letters_of_several_scripts_survive_and_come_from_the_house_s_own_fonts(stack: str) -> None:
    line = "Größenmaß, łódź, ş, Привет, 1.2 × 10 − 3"
    reader = printed(f"<p>{line} <b>{line}</b></p>", f"body {{ font-family: var(--paper-{stack}) }}")
    said = re.sub(r"\s+", " ", reader.pages[0].extract_text())
    assert said.strip() == f"{line} {line}"
    assert all(name.startswith(HOUSE) for name in carried(reader)), carried(reader)
