"""Numbers that are given to people: cards, accounts, national ids, vehicles.

What has a checksum is found by it. Where one number in ten or eleven passes by chance and the form is bare digits,
a word beside it or the column's name must say what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from preparation.persons import checks
from preparation.persons.context import said, said_before, words
from preparation.persons.kinds import Span, Sure

_CARD = re.compile(r"(?<![\w.+\-])\d(?:[ \-]?\d){11,18}(?![\w]|[.\-]\d)")
_CARD_SAID = words(
    "cards?", "cc", "visa", "mastercard", "amex", "maestro", "credit", "debit", "karte", "carte", "tarjeta", "cvv",
    "creditcard", "cardnumber", "card_?no",
)  # fmt: skip
_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]){11,30}", re.IGNORECASE)
_VEHICLE = re.compile(r"(?<![\w\-])(?=[A-HJ-NPR-Z0-9]{0,16}[A-Z])[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{8}(?![\w\-])")
_LICENCE_SAID = words(r"driv(?:er|ing)(?:['’]?s)?[ _]licen[cs]es?", "driver[ _]id", "dl[ _]number", "führerschein",
                      "permis de conduire", r"carnet de conducir", "patente di guida")  # fmt: skip
_LICENCE = re.compile(r"(?<![\w\-])(?=[A-Z0-9\-]*\d{4})[A-Z0-9][A-Z0-9\-]{5,17}(?![\w\-])", re.IGNORECASE)
_RECORD_SAID = words(
    "mrn", r"medical record(?: (?:no|number))?", r"patient[ _](?:id|no|number)", r"member[ _](?:id|no|number)",
    r"account[ _](?:no|number|id)", r"policy[ _](?:no|number|id)", r"beneficiary[ _](?:no|number|id)",
    r"health plan(?: (?:no|number))?", r"customer[ _](?:id|no|number)", r"insurance[ _](?:no|number|id)",
)  # fmt: skip
_RECORD = re.compile(r"(?<![\w\-])(?=[A-Z0-9\-]*\d{3})[A-Z0-9][A-Z0-9\-]{4,23}(?![\w\-])", re.IGNORECASE)
_BESIDE = (("driving-licence", _LICENCE_SAID, _LICENCE), ("record-number", _RECORD_SAID, _RECORD))
_RIGHT_BEFORE = 32


def cards(text: str, about: str) -> Iterator[Span]:
    """Luhn and the issuer's lengths; Luhn alone where a card is spoken of, which numbers of up to thirteen need."""
    for found in _CARD.finditer(text):
        digits = _bare(found[0])
        if not checks.luhn(digits) or len(set(digits)) == 1:
            continue
        known = len(digits) > 13 and checks.card(digits)
        if known or said(_CARD_SAID, text, found.start(), found.end(), about):
            yield Span(found.start(), found.end(), "card", "checksum")


def ibans(text: str, about: str) -> Iterator[Span]:
    """A country of the registry, its length, 1 modulo 97; what follows in the same line is not of it."""
    for found in _IBAN.finditer(text):
        length = checks.iban_length(found[0][:2].upper())
        end = _end_after(found[0], length) if length else None
        if end is not None and checks.iban(_bare(found[0][:end]).upper()):
            stop = found.start() + end
            if stop >= len(text) or not text[stop].isalnum():
                yield Span(found.start(), stop, "iban", "checksum")


def vehicles(text: str, about: str) -> Iterator[Span]:
    for found in _VEHICLE.finditer(text):
        if checks.vehicle(found[0]):
            yield Span(found.start(), found.end(), "vehicle", "checksum")


def numbers_beside_their_name(text: str, about: str) -> Iterator[Span]:
    """Driving licences and record numbers, which have no form of their own: right after the words alone."""
    for kind, spoken, form in _BESIDE:
        places = (word.end() for word in spoken.finditer(text))
        for place in (0,) if spoken.search(about) else places:
            found = form.search(text, place, place + _RIGHT_BEFORE + 24)
            if found and found.start() - place <= _RIGHT_BEFORE:
                yield Span(found.start(), found.end(), kind, "context")


@dataclass(frozen=True)
class National:
    """`bare` numbers count only beside a word of `spoken`; others by form and check alone."""

    kind: str
    form: re.Pattern[str] | None
    sound: Callable[[str], bool]
    spoken: re.Pattern[str]
    bare: re.Pattern[str] | None = None
    sure: Sure = "checksum"


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.+\-])(?:{pattern})(?![\w]|[.\-]\d)", re.IGNORECASE)


def _any(value: str) -> bool:
    return True


_US = r"(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}"
NATIONALS = (
    National("us-ssn", _form(_US), _any, words("ssn", "social security(?: (?:number|no))?"),
             _form(r"(?!000|666|9\d\d)\d{3} ?(?!00)\d\d ?(?!0000)\d{4}"), "form"),
    National("uk-nino", _form(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"),
             _any, words("national insurance", "nino"), None, "form"),
    National("es-nif", _form(r"(?:\d{8}|[XYZ]-?\d{7})-?[A-Z]"), checks.es_nif, words("dni", "nie", "nif")),
    National("it-cf", _form(r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]"), checks.it_cf, words("codice fiscale")),
    National("fr-nir", _form(r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d"),
             checks.fr_nir, words("nir", "sécurité sociale")),
    National("be-nrn", _form(r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d"), checks.be_nrn,
             words("rijksregister(?:nummer)?", "registre national", "national number"), _form(r"\d{11}")),
    National("se-pnr", _form(r"(?:19|20)?\d{6}[\-+]\d{4}"), lambda value: checks.se_pnr(value[-10:]),
             words("personnummer")),
    National("fi-hetu", _form(r"\d{6}[\-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]"), checks.fi_hetu,
             words("henkilötunnus", "hetu")),
    National("ch-ahv", _form(r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d\d"), checks.ch_ahv, words("ahv", "avs", "navs13")),
    National("br-cpf", _form(r"\d{3}\.\d{3}\.\d{3}-\d\d"), checks.br_cpf, words("cpf"), _form(r"\d{11}")),
    National("in-aadhaar", _form(r"[2-9]\d{3} \d{4} \d{4}"), checks.verhoeff, words("aadhaar", "aadhar", "uidai"),
             _form(r"[2-9]\d{11}")),
    National("uk-nhs", None, checks.uk_nhs, words("nhs(?: (?:number|no))?"),
             _form(r"\d{3}[ \-]?\d{3}[ \-]?\d{4}")),
    National("de-tax-id", None, checks.de_tax_id,
             words("steuer-?id(?:entifikationsnummer|nr)?", "steuer-idnr", "idnr", "tax id", "tin"),
             _form(r"\d{2} ?\d{3} ?\d{3} ?\d{3}")),
    National("nl-bsn", None, checks.nl_bsn, words("bsn", "burgerservicenummer", "sofinummer"),
             _form(r"\d{9}")),
    National("pl-pesel", None, checks.pl_pesel, words("pesel"), _form(r"\d{11}")),
    National("pt-nif", None, checks.pt_nif, words("nif", "contribuinte"), _form(r"[1-3]\d{2} ?\d{3} ?\d{3}")),
    National("ca-sin", None, checks.luhn, words("sin", "social insurance(?: (?:number|no))?"),
             _form(r"[1-79]\d{2}[ \-]?\d{3}[ \-]?\d{3}|0\d{2}[ \-]\d{3}[ \-]\d{3}")),
    National("au-tfn", None, checks.au_tfn, words("tfn", "tax file(?: (?:number|no))?"),
             _form(r"\d{3} ?\d{3} ?\d{3}")),
)  # fmt: skip


def national_ids(text: str, about: str) -> Iterator[Span]:
    for one in NATIONALS:
        if one.form is not None:
            for found in one.form.finditer(text):
                if one.sound(_bare(found[0])):
                    yield Span(found.start(), found.end(), one.kind, one.sure)
    for one in NATIONALS:
        if one.bare is None or not (one.spoken.search(about) or one.spoken.search(text)):
            continue
        for found in one.bare.finditer(text):
            if one.sound(_bare(found[0])) and said_before(one.spoken, text, found.start(), about):
                yield Span(found.start(), found.end(), one.kind, "context" if one.sure == "form" else "checksum")


def _bare(value: str) -> str:
    return "".join(one for one in value if one.isalnum()).upper()


def _end_after(value: str, count: int) -> int | None:
    """Where the first `count` letters and digits end; None where there are fewer."""
    for place, one in enumerate(value):
        if one.isalnum():
            count -= 1
            if count == 0:
                return place + 1
    return None
