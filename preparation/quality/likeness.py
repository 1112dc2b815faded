"""Rows nearly like another of the file, and rows that stand in another split or in an evaluation suite."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from preparation.matching import PASSAGE_WORDS, THRESHOLD, Near, References
from preparation.quality.duplicates import Duplicates
from preparation.quality.sampling import Sample
from preparation.quality.seen import EXAMPLES, Noted, Seen

REFERENCES = 50_000  # texts of a split or a suite that are kept to be held against; of more, a sample
_AT_ONCE = 512


class NearDuplicates:
    """Rows nearly like an earlier one (see `preparation.matching`), without those that repeat one exactly."""

    name = "near_duplicates"

    def __init__(self, exact: Duplicates, seed: int) -> None:
        self._exact = exact  # told of the same rows
        self._near = Near(seed=seed)
        self.links: list[tuple[int, int]] = []  # places of rows that are alike, by the time of the result

    def add(self, seen: Seen) -> None:
        self._near.add(seen.text)

    def result(self) -> dict[str, Any]:
        numbers, exact = self._exact.numbers, set(self._exact.repeating())
        earlier_of: dict[int, int] = {}
        for link in self._near.links():
            self.links.append((link.later, link.earlier))
            if link.later not in exact:
                earlier_of.setdefault(link.later, link.earlier)
        self._near.close()
        first = sorted(earlier_of)[:EXAMPLES]
        return {
            "n": len(numbers),
            "sampled": False,
            "threshold": THRESHOLD,
            "count": len(earlier_of),
            "examples": [[numbers[later], numbers[earlier_of[later]]] for later in first],
        }


@dataclass(frozen=True)
class Other:
    """Texts that rows are held against: a `split` (whole rows) or an evaluation `suite` (its questions)."""

    name: str
    kind: str
    references: References
    rows: int

    @classmethod
    def of(cls, name: str, kind: str, texts: Iterable[str], seed: int) -> Other:
        sample = Sample(REFERENCES, seed)
        kept: list[str] = []
        for text in texts:
            place = sample.place()
            if place is not None:
                kept[place : place + 1] = [text]
        return cls(name, kind, References(kept, seed=seed), sample.rows)


class Against:
    """How many rows match each of the others: the same words, 13 words in a row, or nearly the same.

    A split is held against whole rows, a suite against what rows ask: its items hold no answer that a row could repeat.
    A passage of 13 words is looked for in the whole row in either case.
    """

    name = "against"

    def __init__(self, others: list[Other]) -> None:
        self.others = others
        self.rows = 0
        self._found = [{"exact": Noted(), "passage": Noted(), "near": Noted(), "any": Noted()} for _ in others]
        self._waiting: list[tuple[int, str, str]] = []

    def add(self, seen: Seen) -> None:
        self.rows += 1
        if self.others:
            users = "\n".join(turn.content for turn in seen.row.messages if turn.role == "user")
            self._waiting.append((seen.number, seen.text, users or seen.asked))
            if len(self._waiting) == _AT_ONCE:
                self._match()

    def _match(self) -> None:
        whole, asked = [one[1] for one in self._waiting], [one[2] for one in self._waiting]
        for other, found in zip(self.others, self._found, strict=True):
            by_row = other.references.match(whole)
            by_question = other.references.match(asked) if other.kind == "suite" else by_row
            for (number, _, _), row, question in zip(self._waiting, by_row, by_question, strict=True):
                hits = {
                    "exact": question.exact is not None,
                    "passage": row.passage is not None,
                    "near": question.near is not None,
                }
                for name, hit in (*hits.items(), ("any", any(hits.values()))):
                    if hit:
                        found[name].add(number)
        self._waiting = []

    def result(self) -> dict[str, Any]:
        self._match()
        return {
            "n": self.rows,
            "sampled": False,
            "passage_words": PASSAGE_WORDS,
            "threshold": THRESHOLD,
            "others": [
                {
                    "name": other.name,
                    "kind": other.kind,
                    "texts": other.rows,
                    "sampled": other.rows > len(other.references),
                    **{name: noted.result() for name, noted in found.items()},
                }
                for other, found in zip(self.others, self._found, strict=True)
            ],
        }
