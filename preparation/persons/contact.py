"""How a person or a machine is reached: e-mail, phone, web addresses, IP and MAC addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from preparation.persons.context import said, words
from preparation.persons.kinds import Span

# RFC 5321's dot-atom before the sign; labels of letters, digits and hyphens after it, the last one of letters.
_EMAIL = re.compile(
    r"(?<![\w.+\-])[\w!#$%&'*+/=?^`{|}~\-]+(?:\.[\w!#$%&'*+/=?^`{|}~\-]+)*"
    r"@(?:[^\W_](?:[\w\-]{0,61}[^\W_])?\.)+(?:xn--[a-z0-9\-]+|[^\W\d_]{2,24})(?![\w\-])"
)
_URL = re.compile(r"(?:\b[a-z][a-z0-9+.\-]{1,15}://|\bwww\.)[^\s<>\"'`{}|\\^]+", re.IGNORECASE)
_USER_AND_WORD = re.compile(r"^[a-z][a-z0-9+.\-]*://[^/\s:@]*:([^/\s@]+)@[^/\s]", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"^(?:[$<{\[%*]|x+$|password$|pass$|pwd$|secret$)", re.IGNORECASE)
_V4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_V6 = re.compile(r"(?<![\w:.])[0-9A-F]{0,4}(?::[0-9A-F]{0,4}){2,7}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])", re.IGNORECASE)
_MAC = re.compile(r"(?<![\w:\-])[0-9A-F]{2}([:\-])(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}(?![\w:\-])", re.IGNORECASE)
_VERSION = words("version", "release", "v", "build", "section", "chapter", "clause")

_PHONE = re.compile(
    r"(?<![\w./\-+$€£])(?<!\d,)(?:\+|00)?\(?\d{1,5}(?:[ \u00a0.\-/]{0,2}\(?\d{1,5}\)?){1,6}"
    r"(?:[ ]?(?:x|ext\.?|extension)[ ]?\d{1,6})?(?![\w%€$]|[.,:/\-]\d)"
)
_DATED = re.compile(r"^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d)$")
_NANP = re.compile(r"^(?:\+?1[ .\-]?)?\(?[2-9]\d\d\)?[ .\-]{0,2}[2-9]\d\d[ .\-]\d{4}(?:\D+\d+)?$")
_CALLED = words(
    "phones?", "telephones?", "tel", "mobiles?", "cell", "cellphone", "calls?", "called", "calling", "fax", "desk",
    "office", "landline", "whatsapp", "sms", "texts? (?:me|him|her|us|them)", "ring", "dial", "reach(?:ed)?",
    "hotline", "contact", "messages?", "answering", "handy", "telefon", "téléphone", "teléfono", "telefono",
    "telefone", "portable", "numéro", "telefoon",
)  # fmt: skip

# As the name of a column, fewer of them: a column "message" holds no numbers to call.
_CALLED_COLUMN = words("phones?", "telephones?", "tel", "mobiles?", "cell", "cellphone", "fax", "whatsapp", "telefon",
                       "téléphone", "teléfono", "telefono", "telefone")  # fmt: skip


def emails(text: str, about: str) -> Iterator[Span]:
    if "@" in text:
        for found in _EMAIL.finditer(text):
            yield Span(found.start(), found.end(), "email", "form")


def addresses_of_machines(text: str, about: str) -> Iterator[Span]:
    """IP and MAC addresses. Loopback and unspecified ones are nobody's; what follows "version" is none."""
    if text.count(".") >= 3:
        for found in _V4.finditer(text):
            if not _VERSION.search(text, max(0, found.start() - 10), found.start()) and _is_somebodys(found[0]):
                yield Span(found.start(), found.end(), "ip", "form")
    if "::" in text or text.count(":") >= 7:
        for found in _V6.finditer(text):
            groups = [group for group in found[0].split(":") if group]
            # Two short groups are as likely code: x[0::2], a::b.
            if len(groups) >= 3 and max(map(len, groups)) >= 3 and _is_somebodys(found[0]):
                yield Span(found.start(), found.end(), "ip", "form")
    if text.count(":") >= 5 or text.count("-") >= 5:
        for found in _MAC.finditer(text):
            yield Span(found.start(), found.end(), "mac", "form")


def web_addresses(text: str, about: str) -> Iterator[Span]:
    """Web addresses; those with a user and a password in them are secrets."""
    if "://" not in text and "www." not in text.lower():
        return
    for found in _URL.finditer(text):
        address = found[0].rstrip(".,;:!?)]*")
        secret = _USER_AND_WORD.match(address)
        if secret and not _PLACEHOLDER.match(secret[1]):
            yield Span(found.start(), found.start() + len(address), "url-credentials", "form")
        elif address.lower().startswith(("http", "ftp", "www.")):
            yield Span(found.start(), found.start() + len(address), "url", "form")


def phones(text: str, about: str) -> Iterator[Span]:
    """Numbers with a country's code that its numbering plan knows, US numbers as they are written there, and
    whatever of seven to fifteen digits stands beside a word such as "call" or "fax"."""
    for found in _PHONE.finditer(text):
        value = found[0].rstrip("(")
        digits = sum(one.isdigit() for one in value)
        if not 7 <= digits <= 21 or value.count("(") != value.count(")") or _DATED.match(value):
            continue
        start, end = found.start(), found.start() + len(value)
        if value.startswith(("+", "00")):
            if _in_a_plan(value):
                yield Span(start, end, "phone", "checksum")
                continue
        elif _NANP.match(value) and _in_a_plan(value, "US"):
            yield Span(start, end, "phone", "form")
            continue
        if _CALLED_COLUMN.search(about) or said(_CALLED, text, start, end, ""):
            yield Span(start, end, "phone", "context")


def _in_a_plan(value: str, region: str | None = None) -> bool:
    """Whether a numbering plan has such a number (libphonenumber's data)."""
    import phonenumbers  # loaded where a text has something like a number

    number = "+" + value[2:] if value.startswith("00") else value
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _is_somebodys(value: str) -> bool:
    try:
        address = ip_address(value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)
