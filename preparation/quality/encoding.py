"""Text that was damaged on its way: replacement characters, control characters, mojibake."""

from __future__ import annotations

import re
from typing import Any

from preparation.quality.seen import Noted, Seen

# C0 and C1 without tab, line feed and carriage return, and the delete character.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
LOOKED_AT = 20_000  # characters of a text that are searched for mojibake


class Encoding:
    """`replacement`: U+FFFD, a byte that could not be read. `control`: signs that no text has. `mojibake`: UTF-8 that
    was read as something else, as ftfy's heuristic tells it; it errs towards saying nothing."""

    name = "encoding"

    def __init__(self) -> None:
        from ftfy.badness import is_bad  # loaded by the job that measures

        self._is_bad = is_bad
        self.rows = 0
        self.replacement, self.control, self.mojibake = Noted(), Noted(), Noted()

    def add(self, seen: Seen) -> None:
        self.rows += 1
        text = seen.text
        if text.isascii():  # most rows, told apart first
            if _CONTROL.search(text):
                self.control.add(seen.number)
            return
        if "\ufffd" in text:
            self.replacement.add(seen.number)
        if _CONTROL.search(text):
            self.control.add(seen.number)
        if self._is_bad(text[:LOOKED_AT]):
            self.mojibake.add(seen.number)

    def result(self) -> dict[str, Any]:
        return {
            "n": self.rows,
            "sampled": False,
            "replacement": self.replacement.result(),
            "control": self.control.result(),
            "mojibake": self.mojibake.result(),
        }
