"""Which row goes where: train, validation, test, or folds. Pure, and the same on every machine.

A random split decides for each row alone, by sha256 of seed and row: equal rows fall on one side, and a row stays
on its side when later versions bring others. So shares are met on average, not to the row; the counts are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from preparation.findings import Refused
from preparation.rows import Row

METHODS = ("random", "group", "time", "folds", "given")
MAX_PARTS = 64
DEFAULT_SHARES: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}


@dataclass(frozen=True, slots=True)
class Split:
    """How rows are divided.

    `shares` (random, group, time) maps a part's name to its share of the rows; together they are 1. `column` is the
    column that names the group, the time (ISO 8601 or a number; earliest rows go to the first part), or the part
    itself (given). `folds` makes k parts of equal size, `fold-1` to `fold-k`.
    """

    method: str
    seed: int = 0
    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    column: str = ""
    folds: int = 5

    def check(self) -> None:
        """Raises Refused for what cannot be done, naming the setting."""
        if self.method not in METHODS:
            raise Refused(f"There is no split {self.method!r}.", f"Use one of: {', '.join(METHODS)}.", "method")
        if self.method in ("group", "time", "given") and not self.column:
            raise Refused("Which column decides is not said.", "Name a column of the file.", "column")
        if not 0 <= self.seed < 2**32:
            raise Refused("The seed is out of range.", "Use a whole number from 0 to 4294967295.", "seed")
        if self.method == "folds" and not 2 <= self.folds <= MAX_PARTS:
            raise Refused(f"{self.folds} folds cannot be made.", f"Use 2 to {MAX_PARTS}.", "folds")
        if self.method in ("random", "group", "time"):
            if not 2 <= len(self.shares) <= MAX_PARTS or not all(share > 0 for share in self.shares.values()):
                raise Refused("A split has at least two parts, each above 0.", "Give a share for each part.", "shares")
            if abs(sum(self.shares.values()) - 1) > 1e-6:
                total = sum(self.shares.values())
                raise Refused(f"The shares add up to {total:g}, not to 1.", "Give shares that add up to 1.", "shares")


@dataclass(frozen=True, slots=True)
class Assignment:
    """`of_row[i]` is the place in `parts` of the row at place i."""

    parts: tuple[str, ...]
    of_row: bytes

    def counts(self) -> dict[str, int]:
        return {part: self.of_row.count(place) for place, part in enumerate(self.parts)}


def assign(rows: Iterable[Row], split: Split) -> Assignment:
    """The part of every row. Raises Refused where that cannot be told of a row, and for a part without rows."""
    split.check()
    made = _MAKERS[split.method](rows, split)
    for part, count in made.counts().items():
        if not count:
            raise Refused(f"The part {part!r} would have no row.", "Give it a larger share, or another seed.", "shares")
    return made


def _random(rows: Iterable[Row], split: Split) -> Assignment:
    return _by_shares((row.digest() for row in rows), split)


def _group(rows: Iterable[Row], split: Split) -> Assignment:
    return _by_shares((str(_value(row, split.column)) for row in rows), split)


def _folds(rows: Iterable[Row], split: Split) -> Assignment:
    names = tuple(f"fold-{number}" for number in range(1, split.folds + 1))
    return Assignment(names, bytes(int(_draw(split.seed, row.digest()) * split.folds) for row in rows))


def _given(rows: Iterable[Row], split: Split) -> Assignment:
    parts: dict[str, int] = {}
    of_row = bytearray()
    for row in rows:
        name = str(_value(row, split.column))
        if name not in parts and len(parts) == MAX_PARTS:
            message = f"The column {split.column} has more than {MAX_PARTS} values."
            raise Refused(message, "Is it the column that names the part?", "column")
        of_row.append(parts.setdefault(name, len(parts)))
    return Assignment(tuple(parts), bytes(of_row))


def _time(rows: Iterable[Row], split: Split) -> Assignment:
    """Cut by time, rows of one moment on one side: nothing is learnt from after what it is tested on."""
    moments = [_moment(row, split.column) for row in rows]
    order = sorted(range(len(moments)), key=lambda place: moments[place])
    names, ends, total = tuple(split.shares), [], 0.0
    for share in split.shares.values():
        total += share
        ends.append(round(total * len(order)))
    of_row = bytearray(len(order))
    part = 0
    for position, place in enumerate(order):
        if position >= ends[part] and part < len(names) - 1 and moments[place] != moments[order[position - 1]]:
            part += 1
        of_row[place] = part
    return Assignment(names, bytes(of_row))


def _by_shares(keys: Iterable[str], split: Split) -> Assignment:
    names, ends, total = tuple(split.shares), [], 0.0
    for share in split.shares.values():
        total += share
        ends.append(total)
    ends[-1] = 1.0
    draws = (_draw(split.seed, key) for key in keys)
    return Assignment(names, bytes(next(place for place, end in enumerate(ends) if drawn < end) for drawn in draws))


def _draw(seed: int, key: str) -> float:
    """A number from 0 up to 1 that follows from seed and key."""
    return (int.from_bytes(sha256(f"{seed}:{key}".encode()).digest()[:8]) >> 11) / 2**53


def _value(row: Row, column: str) -> Any:
    value = row.source.get(column)
    if value is None or value == "" or isinstance(value, dict | list):
        what = "The column is not there." if value is None else "The column holds nothing that can be told apart."
        raise Refused(
            f"Row {row.number:,}: {what}", f"Fill in {column!r} in every row, or use another split.", "column"
        )
    return value


def _moment(row: Row, column: str) -> float:
    value = _value(row, column)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = str(value).strip()
    for read in (float, _of_datetime, _of_date):
        try:
            return read(text)
        except ValueError:
            continue
    raise Refused(
        f"Row {row.number:,}: {text[:40]!r} is no time.", "Write times as 2026-01-31 or 2026-01-31T12:00.", "column"
    )


def _of_datetime(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _of_date(text: str) -> float:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC).timestamp()


_MAKERS = {"random": _random, "group": _group, "time": _time, "folds": _folds, "given": _given}
