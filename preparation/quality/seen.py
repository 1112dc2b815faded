"""A row as the measures see it: its texts put together once for all of them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from preparation.rows import Row

EXAMPLES = 5


class Measure(Protocol):
    """One family of measures. `result` is asked once, after the last row."""

    name: str

    def add(self, seen: Seen) -> None: ...

    def result(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """`given` is the text before the answer with its roles written out, `asked` the same without them, `learnt` the
    answer: of a preference, the chosen one."""

    row: Row
    canonical: bytes
    given: str
    asked: str
    learnt: str

    @classmethod
    def of(cls, row: Row, canonical: bytes | None = None) -> Seen:
        canonical = row.canonical() if canonical is None else canonical
        more = row.more
        if not row.messages:
            return cls(row, canonical, "", _values(more), "")
        given, asked, learnt = [], [], []
        for turn in row.messages:
            if turn.trained:
                learnt.append(turn.content)
            else:
                given.append(f"{turn.role}: {turn.content}")
                asked.append(turn.content)
        if "chosen" in more:
            learnt = [content for _, content in more["chosen"]]
        return cls(row, canonical, "\n".join(given), "\n".join(asked), "\n".join(learnt))

    @property
    def number(self) -> int:
        return self.row.number

    @property
    def text(self) -> str:
        """Everything of the row that is read."""
        return f"{self.asked}\n{self.learnt}" if self.learnt else self.asked

    def texts(self) -> Iterator[str]:
        """Every text on its own: turns, both answers of a preference, the text or the values of a row."""
        if not self.row.messages:
            yield self.asked
        for turn in self.row.messages:
            yield turn.content
        for answer in ("chosen", "rejected"):
            for _, content in self.row.more.get(answer, ()):
                yield content


def _values(more: Any) -> str:
    if "text" in more:
        return str(more["text"])
    return "\n".join(str(value) for value in more.get("values", {}).values() if value is not None)


class Noted:
    """How many rows something is true of, and the first few of them."""

    __slots__ = ("count", "examples")

    def __init__(self) -> None:
        self.count = 0
        self.examples: list[int] = []

    def add(self, number: int) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(number)

    def result(self) -> dict[str, Any]:
        return {"count": self.count, "examples": self.examples}


def code(data: bytes | str) -> int:
    """64 bits of a text: two among millions that agree by chance are rarer than a disk that errs."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    return int.from_bytes(blake2b(raw, digest_size=8).digest())


def groups(values: array[int]) -> Iterator[list[int]]:
    """The places of each 64-bit number that stands there more than once, places in order."""
    if len(values) < 2:
        return
    # Loaded when it is needed: in Python's own numbers, sorting a million takes a hundred MB more.
    import numpy as np

    numbers = np.frombuffer(values, dtype=np.uint64)
    order = np.argsort(numbers, kind="stable")
    ranked = numbers[order]
    edges = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1], [True]]))
    for at in np.flatnonzero(np.diff(edges) > 1):
        yield order[edges[at] : edges[at + 1]].tolist()


class NotMeasurable(ValueError):
    """A row cannot be used, or what was chosen to measure it with cannot."""


def not_measured(because: str) -> dict[str, Any]:
    return {"not_measured": because}
