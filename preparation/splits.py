"""Which row goes where: train, validation, test, or folds. Pure, and the same on every machine.

A random split decides for each row alone, by sha256 of seed and row: equal rows fall on one side, and a row stays
on its side when later versions bring others. So shares are met on average, not to the row; the counts are told.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from preparation.containers import Progress
from preparation.findings import Refused
from preparation.reading import Reader, Reading, sound_rows
from preparation.rows import Row

METHODS = ("random", "group", "time", "folds", "given")
SEEDED = ("random", "group", "folds")
BY_SHARES = ("random", "group", "time")
BY_COLUMN = ("group", "time", "given")
MAX_PARTS = 64
LONGEST_NAME = 40
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
        if self.method in BY_COLUMN and not self.column:
            raise Refused("Which column decides is not said.", "Name a column of the file.", "column")
        if not 0 <= self.seed < 2**32:
            raise Refused("The seed is out of range.", "Use a whole number from 0 to 4294967295.", "seed")
        if self.method == "folds" and not 2 <= self.folds <= MAX_PARTS:
            raise Refused(f"{self.folds} folds cannot be made.", f"Use 2 to {MAX_PARTS}.", "folds")
        if self.method in BY_SHARES:
            for name in self.shares:
                _check_name(name, "shares")
            if not 2 <= len(self.shares) <= MAX_PARTS or not all(share > 0 for share in self.shares.values()):
                raise Refused("A split has at least two parts, each above 0.", "Give a share for each part.", "shares")
            if abs(sum(self.shares.values()) - 1) > 1e-6:
                total = sum(self.shares.values())
                raise Refused(f"The shares add up to {total:g}, not to 1.", "Give shares that add up to 1.", "shares")

    def to_json(self) -> dict[str, Any]:
        """The settings that this method looks at, so that equal splits are written alike. Shares keep their order."""
        said: dict[str, Any] = {"method": self.method}
        if self.method in SEEDED:
            said["seed"] = self.seed
        if self.method in BY_SHARES:
            said["shares"] = [[name, share] for name, share in self.shares.items()]
        if self.method in BY_COLUMN:
            said["column"] = self.column
        if self.method == "folds":
            said["folds"] = self.folds
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Split:
        """The inverse of `to_json`."""
        return cls(**{**said, "shares": dict(said["shares"])} if "shares" in said else said)


@dataclass(frozen=True, slots=True)
class Assignment:
    """`of_row[i]` is the place in `parts` of the row at place i."""

    parts: tuple[str, ...]
    of_row: bytes

    def counts(self) -> dict[str, int]:
        return {part: self.of_row.count(place) for place, part in enumerate(self.parts)}

    def counts_json(self) -> list[dict[str, Any]]:
        """`counts` as a list: the order of parts carries meaning, and an object in JSON has none."""
        return [{"name": part, "rows": rows} for part, rows in self.counts().items()]


_CURE_FOR_EMPTY = {
    "random": ("Give it a larger share, or use another seed.", "shares"),
    "group": ("Give it a larger share, use another seed, or a column with more groups.", "shares"),
    "time": ("Give it a larger share, or use a column that tells times apart more finely.", "shares"),
    "folds": ("Use fewer folds, or another seed.", "folds"),
}


def assign(rows: Iterable[Row], split: Split) -> Assignment:
    """The part of every row. Raises Refused where that cannot be told of a row, and for a part without rows."""
    split.check()
    made = _MAKERS[split.method](rows, split)
    for part, count in made.counts().items():
        if not count:
            raise Refused(f"The part {part!r} would have no row.", *_CURE_FOR_EMPTY[split.method])
    return made


def assign_file(
    path: Path, reading: Reading, split: Split, *, name: str = "", progress: Progress | None = None
) -> Assignment:
    """`assign` over the rows of a file. Raises Refused for a row that cannot be read, too."""
    return assign(sound_rows(Reader(path, reading, name=name, progress=progress)), split)


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
        name = str(_value(row, split.column)).strip()
        if name not in parts:
            _check_name(name, "column")
            if len(parts) == MAX_PARTS:
                message = f"The column {split.column} has more than {MAX_PARTS} values."
                raise Refused(message, "Is it the column that names the part?", "column")
        of_row.append(parts.setdefault(name, len(parts)))
    if len(parts) < 2:
        told = f"The column {split.column} says {next(iter(parts), 'nothing')!r} in every row."
        raise Refused(told, "Use a column that names at least two parts, or another method.", "column")
    return Assignment(tuple(parts), bytes(of_row))


def _time(rows: Iterable[Row], split: Split) -> Assignment:
    """Cut by time, rows of one moment on one side: nothing is learnt from after what it is tested on."""
    moments = _moments(rows, split.column)
    order = sorted(range(len(moments)), key=moments.__getitem__)
    names = tuple(split.shares)
    ends = [round(end * len(order)) for end in _ends(split)]
    of_row = bytearray(len(order))
    part = 0
    for position, place in enumerate(order):
        if position >= ends[part] and part < len(names) - 1 and moments[place] != moments[order[position - 1]]:
            part += 1
        of_row[place] = part
    return Assignment(names, bytes(of_row))


def _by_shares(keys: Iterable[str], split: Split) -> Assignment:
    ends = _ends(split)
    draws = (_draw(split.seed, key) for key in keys)
    of_row = bytes(next(place for place, end in enumerate(ends) if drawn < end) for drawn in draws)
    return Assignment(tuple(split.shares), of_row)


def _ends(split: Split) -> list[float]:
    """Where each part ends between 0 and 1."""
    ends, total = [], 0.0
    for share in split.shares.values():
        total += share
        ends.append(total)
    ends[-1] = 1.0
    return ends


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


def _moments(rows: Iterable[Row], column: str) -> list[float]:
    """The time of every row as a number. Dates and plain numbers in one column have no order between them."""
    moments: list[float] = []
    first = None
    for row in rows:
        moment, is_number = _moment(row, column)
        first = is_number if first is None else first
        if first is not is_number:
            found = "a number" if is_number else "a date"
            message = f"Row {row.number:,}: {column} is {found}, and not so in the rows before."
            raise Refused(message, "Write the times of all rows alike.", "column")
        moments.append(moment)
    return moments


def _moment(row: Row, column: str) -> tuple[float, bool]:
    """The time of a row, and whether it is a plain number."""
    value = _value(row, column)
    text = str(value).strip()
    try:
        moment = float(value) if isinstance(value, int | float) else float(text)
        if math.isfinite(moment) and not isinstance(value, bool):
            return moment, True
    except (ValueError, OverflowError):
        try:
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp(), False
        except ValueError:
            pass
    message = f"Row {row.number:,}: {text[:40]!r} is no time."
    raise Refused(message, "Write times as 2026-01-31 or 2026-01-31T12:00, or as numbers.", "column")


def _check_name(name: str, field: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        message = f"{name[:LONGEST_NAME]!r} cannot be the name of a part."
        raise Refused(message, f"Use a name of 1 to {LONGEST_NAME} visible characters.", field)


_MAKERS = {"random": _random, "group": _group, "time": _time, "folds": _folds, "given": _given}
