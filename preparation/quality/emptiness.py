"""Rows that hold nothing, and rows of which nothing is learnt."""

from __future__ import annotations

from typing import Any

from preparation.quality.seen import Noted, Seen, not_measured


class Emptiness:
    """`empty`: no letter or digit in the row. `silent`: none in the answer. `masked`: no message is in the loss.

    What a format refuses (an empty message, a conversation without an answer) never comes so far; what is found here
    is written so that a format lets it pass.
    """

    name = "emptiness"

    def __init__(self) -> None:
        self.rows, self.learns = 0, False
        self.empty, self.silent, self.masked = Noted(), Noted(), Noted()

    def add(self, seen: Seen) -> None:
        self.rows += 1
        speaks = any(map(str.isalnum, seen.learnt))
        if not speaks and not any(map(str.isalnum, seen.asked)):
            self.empty.add(seen.number)
        preference = "chosen" in seen.row.more
        if seen.row.messages and (preference or any(turn.role == "assistant" for turn in seen.row.messages)):
            self.learns = True
            if not speaks:
                self.silent.add(seen.number)
            if not preference and not any(turn.trained for turn in seen.row.messages):
                self.masked.add(seen.number)

    def result(self) -> dict[str, Any]:
        none = not_measured("Nothing is answered in rows of this format.")
        return {
            "n": self.rows,
            "sampled": False,
            "empty": self.empty.result(),
            "silent": self.silent.result() if self.learns else none,
            "masked": self.masked.result() if self.learns else none,
        }
