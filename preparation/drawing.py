"""A seeded sample of a file's rows, read in one pass, for people to look at."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from preparation.containers import Progress
from preparation.findings import Refused
from preparation.quality.sampling import Sample
from preparation.reading import Reader, Reading, sound_rows
from preparation.rows import Row


@dataclass(frozen=True, slots=True)
class Draw:
    """How many rows are drawn, and by which seed. The same seed draws the same rows, in the same order.

    `labels`: tell which labels stand in all the rows, if there are no more than so many; 0 where nobody asks.
    """

    count: int
    seed: int = 0
    labels: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Draw:
        """The inverse of `to_json`."""
        return cls(**said)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row of a sample: where it lies in the file from 0, its number as its reader counts, and what it holds."""

    place: int
    number: int
    digest: str
    turns: list[Any]  # as Message.content_json writes each
    more: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, place: int, row: Row) -> Drawn:
        turns = [turn.content_json() for turn in row.messages]
        return cls(place, row.number, row.digest(), turns, dict(row.more))


@dataclass(slots=True)
class Sampled:
    """The rows that were drawn, in the order in which they are shown, and from how many."""

    rows: list[Drawn] = field(default_factory=list)
    of: int = 0
    labels: list[str] = field(default_factory=list)  # the most frequent first

    def to_json(self) -> dict[str, Any]:
        return {"rows": [one.to_json() for one in self.rows], "of": self.of, "labels": self.labels}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Sampled:
        """The inverse of `to_json`."""
        return cls([Drawn(**one) for one in said["rows"]], said["of"], said["labels"])


def draw(path: Path, reading: Reading, asked: Draw, *, name: str = "", progress: Progress | None = None) -> Sampled:
    """Read the file once. Raises Refused for a row that cannot be read, and for more labels than are asked for."""
    sample = Sample(asked.count, asked.seed)
    kept: dict[int, Drawn] = {}
    labels: Counter[str] = Counter()
    for place, row in enumerate(sound_rows(Reader(path, reading, name=name, progress=progress))):
        if (at := sample.place()) is not None:
            kept[at] = Drawn.of(place, row)
        if asked.labels:
            labels[row.learnt().strip()] += 1
            if len(labels) > asked.labels:
                message = f"The rows have more than {asked.labels} labels."
                raise Refused(message, "Type those that people are to choose from.", "labels")
    told = [label for label, _ in labels.most_common()]
    return Sampled(in_random_order(kept.values(), asked.seed), sample.rows, told)


def in_random_order(rows: Iterable[Drawn], seed: int) -> list[Drawn]:
    """Neighbours in a file are alike; whoever reads them one after the other compares instead of judging."""
    ordered = sorted(rows, key=lambda one: one.place)
    random.Random(seed).shuffle(ordered)  # noqa: S311 - to be repeated, not to be secret
    return ordered
