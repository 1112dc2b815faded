"""Street addresses and postcodes, as far as their form shows them. Much of this has no form: see the figures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from preparation.persons.context import words
from preparation.persons.kinds import Span

# Without one of these a text holds no address that is recognised here.
HINTS = (
    "street",
    "avenue",
    "road",
    "boulevard",
    "lane",
    "drive",
    "court",
    "crescent",
    "terrace",
    "parkway",
    "highway",
    "square",
    "alley",
    "close",
    " st",
    " ave",
    " rd",
    " blvd",
    " ln",
    " dr",
    " ct",
    " sq",
    "pkwy",
    "hwy",
    "rue ",
    "place ",
    "chemin",
    "impasse",
    "via",
    "piazza",
    "calle",
    "avenida",
    "rua ",
    "travessa",
    "ul",
    "straße",
    "strasse",
    "str.",
    "gasse",
    "allee",
    "platz",
    "weg ",
    "straat",
    "laan",
    "gracht",
    "gata",
    "vägen",
    "veien",
    "vej ",
    "gade",
    "katu",
    "tie ",
    "utca",
    "box",
    "postfach",
    "psc",
    "unit",
    "apt",
    "apartment",
    "suite",
    "ste",
    "flat",
    "floor",
    "room",
)
_WORD = r"[^\W\d_][\w'’.\-]*"
_KIND_AFTER = (
    r"(?:street|avenue|road|boulevard|lane|drive|court|crescent|terrace|parkway|highway|square|alley|close|"
    r"st|ave|rd|blvd|ln|dr|ct|pkwy|hwy|sq)"
)
_UNIT = r"(?:apt|apartment|suite|ste|unit|flat|floor|room|box)\.?"
_TAIL = rf"(?:,?[ \n]+{_UNIT} ?#?\d+[a-z]?)?"
_KIND_BEFORE = r"(?:rue|avenue|boulevard|place|chemin|impasse|via|viale|piazza|calle|avenida|rua|travessa|ulica|ul\.)"
_KIND_WITHIN = (
    r"(?:stra(?:ß|ss)e|str\.|gasse|allee|platz|weg|straat|laan|gracht|gatan?|vägen|veien|vej|gade|katu|tie|utca|ulica)"
)
_NUMBERED = re.compile(
    rf"(?<![\w.])(?:\d{{1,5}}[a-z]?,? (?:{_WORD} ){{1,4}}{_KIND_AFTER}\b\.?{_TAIL}"  # 12 Old Mill Road
    rf"|\d{{1,5}},? {_KIND_BEFORE} (?:{_WORD} ?){{1,4}}"  # 12 rue de la Paix
    rf"|{_KIND_BEFORE} (?:{_WORD} ){{1,3}}\d{{1,4}}[a-z]?\b"  # Via Roma 12
    rf"|(?:p\.? ?o\.? box|postfach|psc|unit) \d{{1,6}}(?:,? box \d{{1,6}})?(?:\s+[ADF]PO A[AEP] \d{{5}})?"
    rf"|{_UNIT} #?\d{{1,5}}[a-z]?\b)",
    re.IGNORECASE,
)
_YEAR_AND_TITLE = re.compile(r"^(?:1[5-9]|20)\d\d .* (?:dr|st)\.?$", re.IGNORECASE)  # in 1973 by Dr.
_YEAR_AT_END = re.compile(r" (?:1[5-9]|20)\d\d$")  # via the treaty of 1848
_ONE_WORD = re.compile(rf"{_KIND_WITHIN} \d{{1,4}}[a-z]?\b{_TAIL}", re.IGNORECASE)  # Lindenstraße 12
_POSTCODE_SAID = words(
    r"zip(?:[ _]?code)?", r"post(?:al)?[ _]?codes?", "postcode", "plz", "postleitzahl", "code postal", "cap",
    "código postal", "kod pocztowy", "postnummer",
)  # fmt: skip
_BESIDE_ITS_NAME = re.compile(r"(?<![\w\-])[A-Z0-9]{2,8}(?:[ \-][A-Z0-9]{2,4})?(?![\w\-])", re.IGNORECASE)
_POSTCODE = re.compile(
    r"(?<![\w\-])(?:"
    r"(?:[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})"  # United Kingdom
    r"|(?:[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] \d[ABCEGHJ-NPRSTV-Z]\d)"  # Canada
    r"|(?:(?:AL|AK|AZ|AR|CA|CO|CT|DC|DE|FL|GA|HI|IA|ID|IL|IN|KS|KY|LA|MA|MD|ME|MI|MN|MO|MS|MT|NC|ND|NE|NH|NJ|NM|NV|NY|"
    r"OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VA|VT|WA|WI|WV|WY) (\d{5}(?:-\d{4})?))"  # after a state
    r")(?![\w\-])"
)


def addresses(text: str, about: str) -> Iterator[Span]:
    for found in _NUMBERED.finditer(text):
        value = found[0].rstrip(" ,")
        if not (_YEAR_AND_TITLE.search(value) or _YEAR_AT_END.search(value)):
            yield Span(found.start(), found.start() + len(value), "address", "form")
    for found in _ONE_WORD.finditer(text):
        start = found.start()
        while start and (text[start - 1].isalpha() or text[start - 1] in "-'’"):
            start -= 1
        yield Span(start, found.end(), "address", "form")


def postcodes(text: str, about: str) -> Iterator[Span]:
    """Those whose form is of one country alone."""
    for found in _POSTCODE.finditer(text):
        group = 1 if found[1] else 0
        yield Span(found.start(group), found.end(group), "postcode", "form")


def postcodes_beside_their_name(text: str, about: str) -> Iterator[Span]:
    starts = (word.end() for word in _POSTCODE_SAID.finditer(text))
    for start in (0,) if _POSTCODE_SAID.search(about) else starts:
        found = _BESIDE_ITS_NAME.search(text, start, start + 20)
        if found and found.start() - start <= 8 and any(map(str.isdigit, found[0])):
            yield Span(found.start(), found.end(), "postcode", "context")
