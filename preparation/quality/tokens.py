"""How long rows are in the tokens of a chosen tokenizer, and what a limit on length cuts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from preparation.quality.asked import TOKENIZER
from preparation.quality.lengths import spread
from preparation.quality.sampling import Sample
from preparation.quality.seen import EXAMPLES, NotMeasurable, Seen, not_measured

TOKENIZED = 20_000  # rows whose tokens are counted; of more, a sample
NO_TOKENIZER = "No tokenizer was chosen; tokens depend on the model."


class Tokens:
    """Lengths in tokens, without what a chat template adds; and which rows are longer than `limit` tokens.

    `cut`: rows longer than the limit. `unlearnt`: rows of which what is asked alone reaches the limit, so that nothing
    of the answer is left to learn from. Both are lower bounds, for a template only adds tokens.
    """

    name = "tokens"

    def __init__(self, folder: Path, limit: int | None, seed: int) -> None:
        from tokenizers import Tokenizer  # loaded by the job that measures, never by who reads its result

        if not (folder / TOKENIZER).is_file():
            raise NotMeasurable(f"There is no {TOKENIZER} in {folder}. Choose another, or measure characters alone.")
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:  # the library raises nothing narrower
            message = f"The tokenizer cannot be read: {error}. Choose another, or measure characters alone."
            raise NotMeasurable(message) from None
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.limit = limit
        self._sample = Sample(TOKENIZED, seed)
        self._kept: list[tuple[int, int, int]] = []  # tokens asked, tokens learnt, row number

    def add(self, seen: Seen) -> None:
        place = self._sample.place()
        if place is None:
            return
        asked, learnt = (len(self._tokenizer.encode(text, add_special_tokens=False).ids) if text else 0
                         for text in (seen.asked, seen.learnt))  # fmt: skip
        self._kept[place : place + 1] = [(asked, learnt, seen.number)]

    def result(self) -> dict[str, Any]:
        learns = any(learnt for _, learnt, _ in self._kept)
        return {
            **self._sample.told(),
            "asked": spread([asked for asked, _, _ in self._kept]),
            "learnt": spread([learnt for _, learnt, _ in self._kept]) if learns else None,
            "whole": spread([asked + learnt for asked, learnt, _ in self._kept]),
            "truncation": self._truncation(),
        }

    def _truncation(self) -> dict[str, Any]:
        if self.limit is None:
            return not_measured("No length was chosen at which rows are cut.")
        kept = sorted(self._kept, key=lambda one: one[2])
        cut = [number for asked, learnt, number in kept if asked + learnt > self.limit]
        unlearnt = [number for asked, learnt, number in kept if learnt and asked >= self.limit]
        return {
            **self._sample.told(),
            "limit": self.limit,
            "cut": {"count": len(cut), "examples": cut[:EXAMPLES]},
            "unlearnt": {"count": len(unlearnt), "examples": unlearnt[:EXAMPLES]},
        }
