"""Rows that are alike and stand in different parts of a split: what is tested on was then trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from typing import Any

from preparation.matching import THRESHOLD, Groups
from preparation.quality.asked import Parts
from preparation.quality.duplicates import Duplicates
from preparation.quality.likeness import NearDuplicates
from preparation.quality.seen import EXAMPLES, NotMeasurable, Seen, groups


class AcrossParts:
    """Groups of rows that are the same, or are tied by being nearly the same, with rows in more than one part.

    It is told of no row itself: what is alike, `exact` and `near` have found by the time that it is asked.
    """

    name = "parts"

    def __init__(self, parts: Parts, exact: Duplicates, near: NearDuplicates) -> None:
        self._parts, self._exact, self._near = parts, exact, near
        self._of_row = parts.path.read_bytes()

    def add(self, seen: Seen) -> None:
        """Nothing: see above."""

    def result(self) -> dict[str, Any]:
        count = len(self._exact.numbers)
        if len(self._of_row) != count:
            said = f"{self._parts.name} says of {len(self._of_row):,} rows where they go; the file has {count:,}."
            raise NotMeasurable(f"{said} Make the split anew.")
        copies = list(groups(self._exact.contents))
        return {
            "name": self._parts.name,
            "n": count,
            "sampled": False,
            "threshold": THRESHOLD,
            "rows": self._rows(),
            "exact": self._across(copies),
            "near": self._across(self._alike(copies)),
        }

    def _rows(self) -> dict[str, int]:
        counted = Counter(self._of_row)
        return {name: counted[place] for place, name in enumerate(self._parts.names)}

    def _alike(self, copies: list[list[int]]) -> Iterable[list[int]]:
        """Copies and near copies together."""
        tied, places = Groups(len(self._of_row)), set[int]()
        links = [(first, other) for first, *others in copies for other in others]
        for one, other in [*links, *self._near.links]:
            tied.join(one, other)
            places |= {one, other}
        found: dict[int, list[int]] = {}
        for place in sorted(places):
            found.setdefault(tied.top(place), []).append(place)
        return found.values()

    def _across(self, alike: Iterable[list[int]]) -> dict[str, Any]:
        """How many groups lie in several parts, how many rows they have, and between which parts."""
        names, of_row = self._parts.names, self._of_row
        count = rows = 0
        between: Counter[tuple[str, str]] = Counter()
        examples: list[list[int]] = []
        for group in alike:
            parts = sorted({of_row[place] for place in group})
            if len(parts) < 2:
                continue
            count, rows = count + 1, rows + len(group)
            between.update((names[one], names[other]) for one, other in combinations(parts, 2))
            if len(examples) < EXAMPLES:  # a row of each of two parts
                picked = [next(place for place in group if of_row[place] == part) for part in parts[:2]]
                examples.append([self._exact.numbers[place] for place in picked])
        told = [{"parts": [*pair], "groups": number} for pair, number in between.most_common()]
        return {"count": count, "rows": rows, "between": told, "examples": examples}
