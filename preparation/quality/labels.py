"""How evenly rows are spread over labels, where answers are labels."""

from __future__ import annotations

from collections import Counter
from typing import Any

from preparation.quality.seen import EXAMPLES, Seen, not_measured

DISTINCT = 200  # more different answers than this are no labels
ROWS_EACH = 5  # nor are answers that stand in fewer rows than this on average
SHOWN = 50
LONGEST = 80  # characters of a label


class Labels:
    """Rows by label: the format's own label, or the answer where few short answers are given again and again."""

    name = "labels"

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first: dict[str, list[int]] = {}
        self.format, self.rows, self.many = "", 0, False

    def add(self, seen: Seen) -> None:
        self.format = seen.row.format
        self.rows += 1
        if self.many:
            return
        label = self._label(seen)
        if label is None:
            self.many = True
            return
        self.counts[label] += 1
        examples = self.first.setdefault(label, [])
        if len(examples) < EXAMPLES:
            examples.append(seen.number)
        self.many = len(self.counts) > DISTINCT

    def _label(self, seen: Seen) -> str | None:
        if self.format == "kto":
            return "good" if seen.row.more.get("label") else "bad"
        answer = seen.learnt.strip()
        return answer if answer and len(answer) <= LONGEST and "chosen" not in seen.row.more else None

    def result(self) -> dict[str, Any]:
        named = self.format in ("classification", "kto")
        if self.many or not self.counts or not (named or self.rows >= ROWS_EACH * len(self.counts)):
            return not_measured("Answers are no labels: they are long, or nearly every row has its own.")
        ranked = self.counts.most_common()
        least, fewest = ranked[-1]
        return {
            "n": self.rows,
            "sampled": False,
            "distinct": len(ranked),
            "rows_by_label": dict(ranked[:SHOWN]),
            "most": ranked[0][1],
            "fewest": fewest,
            "ratio": round(ranked[0][1] / fewest, 2),
            "examples": self.first[least],
        }
