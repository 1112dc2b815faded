"""Dates, dates of birth, ages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from preparation.persons.context import said_before, words
from preparation.persons.kinds import Span

_MONTHS = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f[ée]vrier|mar(?:ch|s|zo)?|märz|apr(?:il)?|avril|may|mai|mayo|june?|"
    r"juin|july?|juillet|aug(?:ust)?|août|sept?(?:ember|embre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|"
    r"de[cz](?:ember)?|décembre)"
)
_YEARS, _MONTH, _DAY = r"(?:1[89]|20)\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[T ][0-2]\d:[0-5]\d(?::[0-5]\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?"
_DATE = re.compile(
    rf"(?<![\w./\-])(?:{_YEARS}[-/.]{_MONTH}[-/.]{_DAY}{_CLOCK}|{_DAY}[-/.]{_DAY}[-/.](?:{_YEARS}|\d\d)"
    rf"|{_DAY}(?:st|nd|rd|th|\.)?[ \-](?:of )?{_MONTHS}\.?,?[ \-]{_YEARS})(?![\w/]|[.\-]\d)",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(rf"\b{_MONTHS}\.? {_DAY}(?:st|nd|rd|th)?,? {_YEARS}(?!\w)", re.IGNORECASE)
_YEAR = re.compile(rf"[ ,]{_YEARS}(?!\w)")
_BORN = words(
    "born", r"birth(?:s|day|date)?", r"date[ _]of[ _]birth", r"birth[ _]?date", "dob", "geboren", "geburtsdatum",
    "née?", "naissance", "nacimiento", "nacido", "nacida", "nascita", "nato il", "nata il",
)  # fmt: skip
_AGE = re.compile(
    r"(?<![\w.])(\d{1,3})(?=[ \-]years?[ \-](?:old|of age)|[ \-]?y/?o\b|[ \-]jährig|[ ]Jahre alt|[ ]ans\b)"
    r"|(?:\baged?[:=]?\s|\bage of\s|\bturn(?:ed|ing|s)?\s|\bage['\"]?\s?[:=]\s?['\"]?"
    r"|\b(?:he|she|they) (?:was|is|were|are)\s)(\d{1,3})"
    r"(?![\w%]|[.,:/\-]\d|[ ](?:minutes?|hours?|days?|weeks?|months?|km|miles?|times|percent))",
    re.IGNORECASE,
)
_AGE_COLUMN = words("age", "alter", "âge", "edad")
_OLDEST = 125


def dates(text: str, about: str) -> Iterator[Span]:
    """Full dates; of birth where a word before them or the column says so."""
    for found in chain(_DATE.finditer(text), _MONTH_FIRST.finditer(text) if _YEAR.search(text) else ()):
        if said_before(_BORN, text, found.start(), about, reach=30):
            yield Span(found.start(), found.end(), "birth-date", "context")
        else:
            yield Span(found.start(), found.end(), "date", "form")


def ages(text: str, about: str) -> Iterator[Span]:
    for found in _AGE.finditer(text):
        group = 1 if found[1] else 2
        if 0 < int(found[group]) <= _OLDEST:
            yield Span(found.start(group), found.end(group), "age", "context")
    value = text.strip()
    if about and value.isdecimal() and len(value) <= 3 and int(value) <= _OLDEST and _AGE_COLUMN.search(about):
        yield Span(text.index(value), text.index(value) + len(value), "age", "context")
