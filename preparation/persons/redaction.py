"""A file of the same rows without the personal data and secrets that are found in them.

    mask       the kind in square brackets: [E-MAIL ADDRESS]
    pseudonym  the kind and a keyed hash of the value: [E-MAIL ADDRESS 3f9a1c2b7d80e6f5]; the same value, however it is
               punctuated, has the same pseudonym in the whole file and another one in every other redaction
    drop       no such row at all

What was found in a row is taken out wherever else it stands in that row too, also where nothing beside it says what
it is. Keys inside a column are texts too; names of columns stay. The key of the pseudonyms (a salt) and the map from
pseudonym to value are written apart from the rows.
"""

from __future__ import annotations

import hmac
import re
import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from preparation import containers
from preparation.digests import canonical_json
from preparation.findings import Finding, Refused
from preparation.persons import hipaa
from preparation.persons.kinds import KINDS, Span
from preparation.persons.names import Names
from preparation.persons.recognisers import apart, find
from preparation.persons.texts import rewritten, walk

SCHEMA = "assay.redaction/1"
MASK, PSEUDONYM, DROP = METHODS = ("mask", "pseudonym", "drop")
SALT_BYTES = 32
_HASH_DIGITS = 16
_TITLES = frozenset(kind.title.upper() for kind in KINDS.values())
_REPEATED = 6  # characters that a value has at least to be taken out where nothing says what it is


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is to be done. `profile` names the rule that chose `kinds`, where one did."""

    method: str
    kinds: tuple[str, ...]
    profile: str = ""

    def check(self) -> None:
        """Raises Refused for what is not known."""
        if self.method not in METHODS:
            raise Refused(f"The method {self.method!r} is not known.", f"Use one of: {', '.join(METHODS)}.", "method")
        if self.profile not in ("", hipaa.PROFILE):
            raise Refused(f"The profile {self.profile!r} is not known.", f"Use {hipaa.PROFILE} or none.", "profile")
        if unknown := [name for name in self.kinds if name not in KINDS]:
            raise Refused(f"The kind {unknown[0]!r} is not known.", f"Known: {', '.join(KINDS)}.", "kinds")
        if not self.kinds:
            raise Refused("No kind is to be taken out.", "Choose at least one.", "kinds")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "kinds": list(self.kinds)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Redaction:
        return cls(value["method"], tuple(value["kinds"]), value.get("profile", ""))


@dataclass(slots=True)
class Redacted:
    """What was done: rows read, written, changed and left out; spans taken out by kind."""

    rows: int = 0
    written: int = 0
    changed: int = 0
    dropped: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        ordered = {name: self.kinds[name] for name in KINDS if self.kinds[name]}
        return {"schema": SCHEMA, **asdict(self), "kinds": ordered}


class Pseudonyms:
    """Pseudonyms under one salt, and on disk which value each stands for (the first spelling that came)."""

    def __init__(self, path: Path) -> None:
        self.salt = secrets.token_bytes(SALT_BYTES)
        self._map = sqlite3.connect(path)
        self._map.execute("CREATE TABLE pseudonyms (pseudonym TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")

    def of(self, kind: str, value: str) -> str:
        plain = "".join(one for one in value.casefold() if one.isalnum())
        digest = hmac.new(self.salt, f"{kind}\0{plain}".encode("utf-8", "surrogatepass"), sha256).hexdigest()
        name = f"{KINDS[kind].title.upper()} {digest[:_HASH_DIGITS]}"
        self._map.execute("INSERT OR IGNORE INTO pseudonyms VALUES (?, ?)", (name, value))
        return name

    def close(self) -> None:
        self._map.commit()
        self._map.close()


def redact(
    path: Path,
    container: str,
    asked: Redaction,
    out: BinaryIO,
    *,
    name: str = "",
    names: Names | None = None,
    pseudonyms: Pseudonyms | None = None,
    progress: containers.Progress | None = None,
) -> Redacted:
    """Write every row to `out`, one canonical JSON object a line. `pseudonyms` is there for the method of that name.

    Raises Refused where a row cannot be read or written, OSError.
    """
    asked.check()
    wanted, done = frozenset(asked.kinds), Redacted()
    more = (names,) if names else ()
    if container == "auto":
        container = containers.detect(path, name).container
    for entry in containers.read(path, container, progress):
        if isinstance(entry, Finding):
            raise Refused(f"{entry}", "Register the file again, and redact that version.")
        done.rows += 1
        texts = [(about, text) for _, about, text in walk(entry.value)]
        found = {(about, text): _chosen(find(text, about, *more), text, wanted, asked) for about, text in texts}
        values = {text[span.start : span.end]: span.kind for (_, text), spans in found.items() for span in spans}
        if values and asked.method == DROP:
            done.dropped += 1
            done.kinds.update(span.kind for about, text in texts for span in found[about, text])
            continue
        value = entry.value
        if values:
            again = _again(values)
            counted: Counter[str] = Counter()

            def change(about: str, text: str) -> str:
                spans = apart([*found.get((about, text), ()), *_elsewhere(text, again, values)])  # noqa: B023
                counted.update(span.kind for span in spans)  # noqa: B023
                return _replaced(text, spans, pseudonyms)

            value = rewritten(value, change)
            done.kinds.update(counted)
            done.changed += 1
        try:
            out.write(canonical_json(value) + b"\n")
        except ValueError as error:
            raise Refused(f"Row {entry.number:,}: {error}", "Write that number as text, and register again.") from None
        done.written += 1
    return done


def _chosen(spans: Iterable[Span], text: str, wanted: frozenset[str], asked: Redaction) -> list[Span]:
    chosen = [span for span in spans if span.kind in wanted]
    if asked.profile == hipaa.PROFILE:
        chosen = [span for span in chosen if span.kind != "age" or _is_old(text[span.start : span.end])]
    return chosen


def _is_old(value: str) -> bool:
    return value.isdecimal() and int(value) > hipaa.OLDEST_NAMED


def _again(values: Mapping[str, str]) -> re.Pattern[str] | None:
    """Any of the values that are long enough to mean the same where they stand alone."""
    long = sorted((value for value in values if len(value) >= _REPEATED), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, long))) if long else None


def _elsewhere(text: str, again: re.Pattern[str] | None, values: Mapping[str, str]) -> list[Span]:
    if again is None:
        return []
    return [Span(hit.start(), hit.end(), values[hit[0]], "context") for hit in again.finditer(text)]


def _replaced(text: str, spans: list[Span], pseudonyms: Pseudonyms | None) -> str:
    parts, end = [], 0
    for span in spans:
        value = text[span.start : span.end]
        words = pseudonyms.of(span.kind, value) if pseudonyms else KINDS[span.kind].title.upper()
        parts += [text[end : span.start], f"[{words}]"]
        end = span.end
    return "".join([*parts, text[end:]])


def is_pseudonym(text: str) -> bool:
    """Whether it has the form of one, a kind and a hash: nothing else that somebody may have typed."""
    kind, _, digest = text.rpartition(" ")
    return kind in _TITLES and re.fullmatch(rf"[0-9a-f]{{{_HASH_DIGITS}}}", digest) is not None


def value_of(path: Path, pseudonym: str) -> str | None:
    """The value behind a pseudonym, from its map."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as pseudonyms:
        row = pseudonyms.execute("SELECT value FROM pseudonyms WHERE pseudonym = ?", (pseudonym,)).fetchone()
    return row[0] if row else None
