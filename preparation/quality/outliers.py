"""Rows unlike the others: far longer or shorter, or saying the same over and over."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from statistics import median
from typing import Any

from preparation.quality.seen import EXAMPLES, Noted, Seen, not_measured

# Iglewicz & Hoaglin 1993, "How to Detect and Handle Outliers": |.6745 (x - median) / MAD| > 3.5.
ROBUST_Z, OF_MAD = 3.5, 0.6745
# Rae et al. 2021 (Gopher), table A1: the most frequent run of four words takes more than 16 % of the characters.
RUN, SHARE = 4, 0.16
WORDS = 50  # in fewer words a run of four is soon a sixth of the text
LOOKED_AT = 20_000  # characters of a row


class Outliers:
    """`length`: by robust z of the logarithm of the length, for lengths are spread over orders of magnitude.
    `repetition`: rows of at least 50 words in which one run of four words takes more than 16 % of the characters."""

    name = "outliers"

    def __init__(self) -> None:
        self.lengths, self.numbers = array("I"), array("I")
        self.repetition = Noted()

    def add(self, seen: Seen) -> None:
        text = seen.text
        self.lengths.append(len(text))
        self.numbers.append(seen.number)
        if len(text) >= 2 * WORDS and repeats_itself(text[:LOOKED_AT]):
            self.repetition.add(seen.number)

    def result(self) -> dict[str, Any]:
        return {
            "n": len(self.lengths),
            "sampled": False,
            "length": self._length(),
            "repetition": self.repetition.result(),
        }

    def _length(self) -> dict[str, Any]:
        # By length, not by row: there are far fewer of them.
        counted = Counter(self.lengths)
        middle = _median({math.log1p(length): rows for length, rows in counted.items()})
        away = _median(_summed((abs(math.log1p(length) - middle), rows) for length, rows in counted.items()))
        if not away:
            return not_measured("Most rows have the same length, so none can be told to be far from it.")
        far = {length for length in counted if OF_MAD * abs(math.log1p(length) - middle) / away > ROBUST_Z}
        examples = []
        for number, length in zip(self.numbers, self.lengths, strict=True):
            if length in far:
                examples.append(number)
                if len(examples) == EXAMPLES:
                    break
        inner = [length for length in counted if length not in far]
        return {
            "count": sum(counted[length] for length in far),
            "from": min(inner),
            "to": max(inner),
            "examples": examples,
        }


def repeats_itself(text: str) -> bool:
    found = text.split()
    if len(found) < WORDS:
        return False
    runs = Counter(zip(*(found[step:] for step in range(RUN)), strict=False))
    run, count = runs.most_common(1)[0]
    return count > 1 and count * sum(map(len, run)) > SHARE * sum(map(len, found))


def _summed(pairs: Any) -> dict[float, int]:
    found: Counter[float] = Counter()
    for value, rows in pairs:
        found[value] += rows
    return found


def _median(counted: dict[float, int]) -> float:
    """The median of values that each stand there so many times."""
    total, seen = sum(counted.values()), 0
    middles = []
    wanted = [(total - 1) // 2, total // 2]
    for value in sorted(counted):
        seen += counted[value]
        while wanted and seen > wanted[0]:
            middles.append(value)
            wanted.pop(0)
    return median(middles)
