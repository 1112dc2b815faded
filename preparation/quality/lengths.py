"""How long rows are, in characters."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from preparation.quality.seen import Seen


class Characters:
    """Lengths in characters of what is asked, what is learnt, and both."""

    name = "characters"

    def __init__(self) -> None:
        self.asked, self.learnt = array("I"), array("I")

    def add(self, seen: Seen) -> None:
        self.asked.append(len(seen.asked))
        self.learnt.append(len(seen.learnt))

    def result(self) -> dict[str, Any]:
        learns = any(self.learnt)
        return {
            "n": len(self.asked),
            "sampled": False,
            "asked": spread(self.asked),
            "learnt": spread(self.learnt) if learns else None,
            "whole": spread(array("I", map(sum, zip(self.asked, self.learnt, strict=True)))) if learns else None,
        }


def spread(values: Sequence[int], bins: int = 20) -> dict[str, Any] | None:
    """Quantiles and an even histogram; None where there is nothing to measure."""
    if not values:
        return None
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    width = max(1, -(-(high - low + 1) // bins))
    counts = [0] * (-(-(high - low + 1) // width))
    for value in ordered:
        counts[(value - low) // width] += 1
    return {
        "min": low,
        "p05": ordered[int(0.05 * (len(ordered) - 1))],
        "median": ordered[(len(ordered) - 1) // 2],
        "p95": ordered[int(0.95 * (len(ordered) - 1))],
        "max": high,
        "mean": round(sum(ordered) / len(ordered), 1),
        "histogram": {"from": low, "width": width, "counts": counts},
    }
