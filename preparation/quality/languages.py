"""Which languages rows are in, by py3langid (after Lui & Baldwin 2012): 97 languages, no network."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import Any

from preparation.quality.sampling import Sample
from preparation.quality.seen import EXAMPLES, Seen, not_measured

TOLD = 5_000  # rows whose language is told; of more, a sample, which is right to a per cent or two
LETTERS = 20  # in fewer, a language is a guess
LOOKED_AT = 400  # characters of a row


class Languages:
    """The language of each row, as ISO 639 writes it; rows too short to tell are counted apart."""

    name = "languages"

    def __init__(self, seed: int) -> None:
        import py3langid  # its model is loaded by the job that measures

        self._classify = py3langid.classify
        self._sample = Sample(TOLD, seed)
        self._codes: list[str] = []
        self._numbers = array("Q")

    def add(self, seen: Seen) -> None:
        place = self._sample.place()
        if place is None:
            return
        self._codes[place : place + 1] = [self._language(seen.text[:LOOKED_AT])]
        self._numbers[place : place + 1] = array("Q", [seen.number])

    def _language(self, text: str) -> str:
        letters = sum(map(str.isalpha, text))
        return str(self._classify(text)[0]) if letters >= LETTERS else ""

    def result(self) -> dict[str, Any]:
        counts = Counter(self._codes)
        short = counts.pop("", 0)
        if not counts:
            return not_measured(f"No row has {LETTERS} letters, and in fewer a language is a guess.")
        main = counts.most_common(1)[0][0]
        kept = zip(self._numbers, self._codes, strict=True)
        others = sorted(number for number, language in kept if language not in ("", main))
        return {
            **self._sample.told(),
            "main": main,
            "rows_by_language": dict(counts.most_common()),
            "too_short": short,
            "examples": others[:EXAMPLES],
        }
