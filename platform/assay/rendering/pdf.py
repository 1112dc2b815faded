"""From a page to a PDF. Nothing is fetched: fonts come along as data, and any other address ends the rendering.

Dates and identifier are the document's own, so that the same renderer gives the same bytes again. The file is made
as the variant PDF/A-3a (tagged, fonts embedded); that it conforms was not checked with a validator.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from assay.rendering.engine import STYLES
from assay.settings.frontend import FRONTEND_STATICFILES

VARIANT = "pdf/a-3a"
FONT = re.compile(r'url\("\.\./\.\./(?P<prefix>fonts/[a-z-]+)/(?P<name>[a-z0-9.-]+\.woff2)"\)')
FACE = re.compile(r"@font-face \{.*?\n\}\n", re.S)
# scripts by the names of their files, the longer names first; None: always needed
SCRIPTS = {
    "latin-ext": re.compile("[\u0100-\u02ff\u1e00-\u1eff\u20a0-\u20cf\u2c60-\u2c7f]"),
    "greek": re.compile("[\u0370-\u03ff]"),
    "cyrillic": re.compile("[\u0400-\u052f]"),
    "latin": None,
}


class Fetched(RuntimeError):
    """A document asked for something from outside itself; nothing of it is rendered."""


class NothingFromOutside(URLFetcher):  # type: ignore[misc]
    """Gives out what lies in the page itself (`data:`) and refuses every other address."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True)

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """The data in `url`. Raises FatalURLFetchingError for any other scheme."""
        if not url.startswith("data:"):
            raise FatalURLFetchingError(f"A document may not ask for {url[:200]}")
        return super().fetch(url, headers)


def made(html: str, *, identifier: str, language: str) -> bytes:
    """The PDF of `html`. Raises Fetched where the page asks for anything that is not inside it."""
    fonts = FontConfiguration()
    fetcher = NothingFromOutside()
    try:
        sheet = CSS(string=font_faces(html), font_config=fonts, url_fetcher=fetcher)
        rendered = HTML(string=html, url_fetcher=fetcher).render(font_config=fonts, stylesheets=[sheet])
    except FatalURLFetchingError as error:
        raise Fetched(str(error)) from error
    rendered.metadata.lang = language
    pdf: bytes = rendered.write_pdf(
        pdf_identifier=hashlib.sha256(identifier.encode()).digest()[:16],
        pdf_variant=VARIANT,
        pdf_tags=True,
    )
    return pdf


def font_faces(text: str) -> str:
    """The font faces that `text` needs, each file carried inside: Latin always, other scripts where they occur.

    Raises FileNotFoundError naming a font that is not installed.
    """
    wanted = {script for script, letters in SCRIPTS.items() if letters is None or letters.search(text)}
    return "".join(face for script, face in _faces() if script in wanted)


@cache
def _faces() -> tuple[tuple[str, str], ...]:
    """Every face of the documents' style sheet: (script, the rule with its file inside)."""
    sheet = (STYLES / "fonts.css").read_text(encoding="utf-8")
    rules = FACE.findall(sheet)
    return tuple((_script(rule), FONT.sub(lambda match: f'url("{_data(match)}")', rule)) for rule in rules)


def _script(rule: str) -> str:
    found = FONT.search(rule)
    name = found["name"] if found else ""
    return next((script for script in SCRIPTS if f"-{script}-" in name), "latin")


def _data(match: re.Match[str]) -> str:
    path = _folder(match["prefix"]) / match["name"]
    if not path.is_file():
        raise FileNotFoundError(f"The font {path.name} is not installed; `make setup` fetches the front-end parts.")
    return f"data:font/woff2;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _folder(prefix: str) -> Path:
    return dict(FRONTEND_STATICFILES)[prefix]
