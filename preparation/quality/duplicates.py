"""Rows that stand there twice."""

from __future__ import annotations

from array import array
from typing import Any

from preparation.quality.seen import EXAMPLES, Seen, code, groups


class Duplicates:
    """Rows that teach exactly what an earlier one does."""

    name = "exact_duplicates"

    def __init__(self) -> None:
        self.contents, self.numbers = array("Q"), array("I")

    def add(self, seen: Seen) -> None:
        self.contents.append(code(seen.canonical))
        self.numbers.append(seen.number)

    def repeating(self) -> list[int]:
        """The places of rows that repeat an earlier one, in order."""
        return sorted(place for group in groups(self.contents) for place in group[1:])

    def result(self) -> dict[str, Any]:
        places = self.repeating()
        return {
            "n": len(self.contents),
            "sampled": False,
            "count": len(places),
            "examples": [self.numbers[place] for place in places[:EXAMPLES]],
        }
