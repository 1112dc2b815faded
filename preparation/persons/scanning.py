"""One pass over a file: how much of each kind is in it, where, and how sure that is. No value is kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from preparation import containers
from preparation.findings import Finding
from preparation.persons.kinds import KINDS, SURE, not_looked_for
from preparation.persons.names import Names
from preparation.persons.recognisers import VERSION, Recogniser, find
from preparation.persons.texts import walk
from preparation.reading import AUTO

SCHEMA = "assay.personal-data/1"
SAMPLES = 5
SHOWN = 40  # characters of a masked sample
FIELDS = 20  # columns that are named for a kind


@dataclass(slots=True)
class Found:
    """One kind. `rows` hold it at least once; `sure` says how many of the `count` rest on what; `fields` how many lie
    in which column. `samples` are masked: which characters are letters and digits, never which ones."""

    kind: str
    count: int = 0
    rows: int = 0
    sure: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "sure": {name: self.sure[name] for name in SURE if self.sure[name]},
            "fields": dict(self.fields.most_common(FIELDS)),
        }


@dataclass(frozen=True, slots=True)
class Scan:
    """What was looked for in a file, and what was found."""

    rows: int
    rows_unread: int  # could not be read, so nothing was looked for in them
    rows_with: int  # rows that hold anything
    kinds: tuple[Found, ...]
    names_model: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """As JSON: `assay.personal-data/1`."""
        named = self.names_model is not None
        return {
            "schema": SCHEMA,
            "recognisers": VERSION,
            "rows": self.rows,
            "rows_unread": self.rows_unread,
            "rows_with": self.rows_with,
            "kinds": [one.to_json() for one in self.kinds],
            "looked_for": [name for name, kind in KINDS.items() if named or name not in ("name", "place")],
            "not_looked_for": not_looked_for(names=named),
            "names_model": self.names_model,
        }


def scan(
    path: Path,
    container: str = AUTO,
    *,
    name: str = "",
    names: Names | None = None,
    progress: containers.Progress | None = None,
) -> Scan:
    """Look through every text of every row. Raises Refused for what holds no rows, OSError for what cannot be read."""
    if container == AUTO:
        container = containers.detect(path, name).container
    more = (names,) if names else ()
    shown_at = lru_cache(maxsize=1024)(lambda place: _without_persons(place, *more))
    kinds: dict[str, Found] = {}
    rows = unread = touched = 0
    for entry in containers.read(path, container, progress):
        if isinstance(entry, Finding):
            unread += 1
            continue
        rows += 1
        seen: set[str] = set()
        for place, about, text in walk(entry.value):
            for span in find(text, about, *more):
                found = kinds.setdefault(span.kind, Found(span.kind))
                found.count += 1
                found.sure[span.sure] += 1
                where = shown_at(place)
                if len(found.fields) < 10 * FIELDS or where in found.fields:
                    found.fields[where] += 1
                if len(found.samples) < SAMPLES:
                    sample = masked(text[span.start : span.end], secret=KINDS[span.kind].group == "secret")
                    if sample not in found.samples:
                        found.samples.append(sample)
                seen.add(span.kind)
        for kind in seen:
            kinds[kind].rows += 1
        touched += bool(seen)
    ordered = tuple(kinds[one] for one in KINDS if one in kinds)
    return Scan(rows, unread, touched, ordered, names.said if names else None)


def _without_persons(place: str, *more: Recogniser) -> str:
    """A path, whose keys may be the data, with the kind of what is found in it."""
    for span in reversed(find(place, "", *more)):
        place = f"{place[: span.start]}[{KINDS[span.kind].title.upper()}]{place[span.end :]}"
    return place


def masked(value: str, *, secret: bool = False) -> str:
    """Letters as x, digits as 9, signs as they are; of a secret its length alone."""
    if secret:
        return f"({len(value):,} characters)"
    shape = "".join("9" if one.isdigit() else "x" if one.isalpha() else one for one in value[:SHOWN])
    return " ".join(shape.split()) + ("…" if len(value) > SHOWN else "")
