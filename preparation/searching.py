"""Where a phrase or a person's identifier stands in a file: as it is written, or written otherwise.

    exact    the phrase anywhere in a text, also inside a longer word; case, spacing and Unicode's other spellings of a
             sign are looked past
    near     that, and
             number  the same letters and digits with other signs between them; of a phone number with or without the
                     country's code or the leading zero
             e-mail  the same mailbox: "(at)", "dot", the dots and the +tag before the @ are looked past
             words   the same words in any order with two others between them at most, accents looked past; a word of 4
                     letters may have one wrong, of 8 two; of more than five words four in five will do

All that a row holds is looked through, columns that its format does not use too. What is sought is in no result: an
excerpt says which characters are letters and digits, never which ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import phonenumbers
from rapidfuzz.distance import OSA

from preparation import containers
from preparation.findings import Finding, Refused
from preparation.matching import WORD
from preparation.persons.scanning import masked
from preparation.reading import AUTO

SCHEMA = "assay.search/1"
EXACT, NEAR = HOWS = ("exact", "near")
SHORTEST = {EXACT: 3, NEAR: 4}  # letters and digits; less is found in every other row
LONGEST = 500
ROWS_KEPT = 10_000  # rows that are named; all are counted
PLACES_KEPT = 3  # texts of a row that are named
_AROUND = 16  # characters of an excerpt on each side of what was found
_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")  # signs without a width: a name with one in it is that name

Spot = tuple[int, int]
Finder = Callable[[str], Spot | None]


@dataclass(frozen=True, slots=True)
class Sought:
    term: str
    how: str = EXACT

    def check(self) -> None:
        """Raises Refused for what cannot be sought."""
        if self.how not in HOWS:
            raise Refused(f"The way {self.how!r} is not known.", f"Use one of: {', '.join(HOWS)}.", "how")
        if sum(one.isalnum() for one in self.term) < SHORTEST[self.how]:
            message = f"It takes {SHORTEST[self.how]} letters or digits at least."
            raise Refused(message, "Write more of it: a surname beside the name.", "term")
        if len(self.term) > LONGEST:
            raise Refused(f"It has more than {LONGEST} characters.", "Seek a part of it.", "term")


class Place(NamedTuple):
    """One text of a row: its path ([] for any element), how it was found, and its shape around that."""

    path: str
    found: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One row: its place among the rows, from 0, and its number in the file as the file's reader counts."""

    place: int
    number: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """`rows_hit` counts every row that holds it; `hits` are the first `ROWS_KEPT` of them."""

    rows: int
    rows_unread: int  # could not be read, so nothing was sought in them
    rows_hit: int
    hits: tuple[Hit, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON: `assay.search/1`."""
        return {
            "schema": SCHEMA,
            "rows": self.rows,
            "rows_unread": self.rows_unread,
            "rows_hit": self.rows_hit,
            "hits": [{**asdict(hit), "places": [one._asdict() for one in hit.places]} for hit in self.hits],
        }


def search(
    path: Path,
    sought: Sought,
    container: str = AUTO,
    *,
    name: str = "",
    progress: containers.Progress | None = None,
) -> Found:
    """Look through every text and number of every row, once. Raises Refused, OSError."""
    sought.check()
    finders = _finders(sought)
    if container == AUTO:
        container = containers.detect(path, name).container
    rows = unread = touched = 0
    hits: list[Hit] = []
    for entry in containers.read(path, container, progress):
        if isinstance(entry, Finding):
            unread += 1
            continue
        if places := _places(entry.value, finders):
            touched += 1
            if len(hits) < ROWS_KEPT:
                hits.append(Hit(rows, entry.number, places))
        rows += 1
    return Found(rows, unread, touched, tuple(hits))


def _places(value: Any, finders: dict[str, Finder]) -> tuple[Place, ...]:
    places: list[Place] = []
    for path, raw in _texts(value):
        text = folded(raw)
        for found, finder in finders.items():
            if spot := finder(text):
                places.append(Place(path, found, _excerpt(text, spot)))
                break
        if len(places) == PLACES_KEPT:
            break
    return tuple(places)


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """`(path, text)` of everything that a row says: texts, numbers, and the names of what lies inside a column."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            here = f"{path}.{key}" if path else key
            if path:
                yield here, key
            yield from _texts(inner, here)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, f"{path}[]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        # A spreadsheet makes a phone number a float.
        yield path, str(int(value)) if float(value).is_integer() else str(value)


def folded(text: str) -> str:
    """`text` as it is compared: one spelling of each sign (NFKC), no case, single spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _HIDDEN.sub("", text))
    return " ".join(text.casefold().split())


def _finders(sought: Sought) -> dict[str, Finder]:
    term = folded(sought.term)
    finders: dict[str, Finder] = {EXACT: _exact(term)}
    if sought.how == NEAR:
        plain = "".join(one for one in term if one.isalnum())
        digits = sum(one.isdigit() for one in plain)
        if digits >= 5 and 2 * digits >= len(plain):
            finders["number"] = _number(term, plain)
        else:
            if mailbox := re.fullmatch(r"([^@\s]+)@([^@\s]+\.[^@\s]+)", term):
                finders["e-mail"] = _mailbox(*mailbox.groups())
            finders["words"] = _Words(term)
    return finders


def _exact(term: str) -> Finder:
    def find(text: str) -> Spot | None:
        at = text.find(term)
        return None if at < 0 else (at, at + len(term))

    return find


def _pattern(pattern: str, worthwhile: Callable[[str], bool]) -> Finder:
    """`worthwhile` says quickly of most texts that the pattern need not be tried."""
    compiled = re.compile(pattern)

    def find(text: str) -> Spot | None:
        hit = compiled.search(text) if worthwhile(text) else None
        return hit.span() if hit else None

    return find


_BETWEEN = r"[\W_]{0,3}"
_NEITHER = re.compile(r"[\W_]+")


def _number(term: str, plain: str) -> Finder:
    """The same signs whatever stands between them. What is all digits may be a phone number: its country's code and
    leading zero may be there or not."""
    if not plain.isdigit():
        pattern = rf"(?<![^\W_]){_spaced(plain)}(?![^\W_])"
        return _pattern(pattern, lambda text: plain in _NEITHER.sub("", text))
    national = plain.lstrip("0")
    international = f"+{plain.removeprefix('00')}" if term.startswith(("+", "00")) else ""
    if international:
        try:
            national = str(phonenumbers.parse(international).national_number)
        except phonenumbers.NumberParseException:
            national = plain.removeprefix("00")
    before = rf"(?:(?:\+|00)?[1-9]\d{{0,2}}{_BETWEEN}(?:0{_BETWEEN})?|0*)"
    pattern = rf"(?<!\d){before}{_spaced(national)}(?!\d)"
    return _pattern(pattern, lambda text: national in _NEITHER.sub("", text))


def _spaced(plain: str) -> str:
    return _BETWEEN.join(map(re.escape, plain))


_AT = r"\s?(?:@|[(\[{]\s?(?:at|@)\s?[)\]}]|\bat\b)\s?"
_DOT = r"\s?(?:\.|[(\[{]\s?(?:dot|punkt|\.)\s?[)\]}]|\b(?:dot|punkt)\b)\s?"


def _mailbox(local: str, domain: str) -> Finder:
    own = [one for one in local.split("+")[0] if one != "."]
    dotted = rf"(?:{_DOT})?".join(map(re.escape, own))
    labels = domain.split(".")
    pattern = rf"(?<![^\W_]){dotted}(?:\+[^\s@]{{0,64}})?{_AT}{_DOT.join(map(re.escape, labels))}(?![^\W_])"
    return _pattern(pattern, lambda text: labels[0] in text)


class _Words:
    """The words of a phrase near one another, in any order."""

    def __init__(self, term: str) -> None:
        self.words = [_bare(word) for word in WORD.findall(term)]
        count = len(self.words)
        self.needed = count if count <= 5 else ceil(0.8 * count)
        self.reach = count + max(2, count // 4)
        self._which = lru_cache(maxsize=1 << 16)(self._words_like)

    def __call__(self, text: str) -> Spot | None:
        near: deque[tuple[int, int, int]] = deque()  # (which word of the text, where it begins, words it is like)
        for at, word in enumerate(WORD.finditer(text.replace("_", " "))):
            like = self._which(word[0])
            if not like:
                continue
            near.append((at, word.start(), like))
            while near[0][0] <= at - self.reach:
                near.popleft()
            seen = 0
            for _, _, one in near:
                seen |= one
            if min(seen.bit_count(), len(near)) >= self.needed:  # one word may be like two of the phrase
                return near[0][1], word.end()
        return None

    def _words_like(self, word: str) -> int:
        """The words of the phrase that `word` may stand for, a bit each."""
        bare, like = _bare(word), 0
        for bit, wanted in enumerate(self.words):
            wrong = _may_be_wrong(wanted)
            if OSA.distance(bare, wanted, score_cutoff=wrong) <= wrong:
                like |= 1 << bit
        return like


def _may_be_wrong(word: str) -> int:
    """Letters that may be missing, too many, wrong or exchanged with the next."""
    return 0 if len(word) < 4 or any(one.isdigit() for one in word) else 1 if len(word) < 8 else 2


def _bare(word: str) -> str:
    if word.isascii():
        return word
    return "".join(one for one in unicodedata.normalize("NFKD", word) if not unicodedata.combining(one))


def _excerpt(text: str, spot: Spot) -> str:
    """The shape of what was found in square brackets, and of what stands around it."""
    start, end = spot
    before, after = text[max(0, start - _AROUND) : start], text[end : end + _AROUND]
    parts = (masked(before), f"[{masked(text[start:end])}]", masked(after))
    return " ".join(part for part in parts if part)
