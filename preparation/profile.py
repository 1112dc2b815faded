"""What can be seen in rows by reading them once: counts and lengths.

Lengths are in characters of the text that goes in (`prompt`: everything before the last answer) and that is
learnt (`answer`: every trained message); tokens depend on a model and are counted in the run. Of each row only
numbers are kept, 28 bytes of them, so that a file of millions of rows is measured in little memory.
"""

from __future__ import annotations

from array import array
from collections import Counter
from typing import Any

from preparation.row_index import short_hash
from preparation.rows import Row


class Profile:
    """Add rows, then ask for the `result`."""

    def __init__(self) -> None:
        self.prompts, self.answers = array("I"), array("I")
        self.contents, self.inputs, self.outputs = array("Q"), array("Q"), array("Q")
        self.turns: Counter[int] = Counter()
        self.roles: Counter[str] = Counter()

    def add(self, row: Row, canonical: bytes) -> None:
        """Count a row; `canonical` is its canonical JSON."""
        self.contents.append(_hash(canonical))
        self.turns[len(row.messages)] += 1
        self.roles.update([turn.role for turn in row.messages])
        given, learnt = row.given(), row.learnt()
        self.prompts.append(len(given))
        self.answers.append(len(learnt))
        self.inputs.append(_hash(given.encode("utf-8", "surrogatepass")))
        self.outputs.append(_hash(learnt.encode("utf-8", "surrogatepass")))

    def result(self) -> dict[str, Any]:
        """Counts, length quantiles and histograms, exact duplicates and contradictions."""
        learns = any(self.answers)
        return {
            "rows": len(self.contents),
            "turns": {str(count): number for count, number in sorted(self.turns.items()) if count},
            "messages": dict(sorted(self.roles.items())),
            "prompt_characters": lengths(self.prompts) if self.roles else None,
            "answer_characters": lengths(self.answers) if learns else None,
            "exact_duplicates": len(self.contents) - len(set(self.contents)),
            "contradicting_inputs": self._contradicting() if learns else None,
        }

    def _contradicting(self) -> int:
        """How many inputs have more than one output."""
        pairs = set(zip(self.inputs, self.outputs, strict=True))
        return sum(count > 1 for count in Counter(asked for asked, _ in pairs).values())


def lengths(values: array[int], bins: int = 20) -> dict[str, Any] | None:
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


def _hash(data: bytes) -> int:
    return int.from_bytes(short_hash(data))
