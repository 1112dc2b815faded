"""One JSON list of rows, `[{...}, {...}]`, read element by element.

The decoder of the standard library tells where an element ends, so that each is parsed once and the list never
stands in memory as a whole. An element may have 8 MiB, as a line of JSONL may.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import BinaryIO

from preparation.findings import Finding, Parsed, Refused
from preparation.json_values import HOOKS, MAX_BYTES, check_depth

_PIECE = 256 * 1024
_SPACE = " \t\r\n"


def read(file: BinaryIO) -> Iterator[Parsed | Finding]:
    """Each element, numbered from 1. The first fault in the list's own form ends it. Raises Refused."""
    text = _Text(file)
    if text.next_sign() != "[":
        raise Refused("The text is not a JSON list of rows.", "Write [{...}, {...}], or one object a line.")
    text.take(1)
    if text.next_sign() == "]":
        text.take(1)
        _nothing_after(text)
        return
    number = 0
    while True:
        number += 1
        try:
            yield Parsed(number, text.element())
        except Refused as refused:
            yield refused.at(number)
            if text.broken:
                return
        sign = text.next_sign()
        text.take(1)
        if sign == "]":
            _nothing_after(text)
            return
        if sign != ",":
            what = "The file ends inside the list" if not sign else f"A comma is missing before {sign!r}"
            yield Finding(number, None, f"{what}.", "Mend the list after this row; is the file whole?")
            return


class _Text:
    """The file's text from the place that has been reached on."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.decoder = file, codecs.getincrementaldecoder("utf-8-sig")("strict")
        self.buffer, self.place, self.ended, self.broken = "", 0, False, False
        self.strict, self.lenient = json.JSONDecoder(**HOOKS), json.JSONDecoder()

    def next_sign(self) -> str:
        """The next character that is no space, or nothing at the end."""
        while True:
            while self.place < len(self.buffer) and self.buffer[self.place] in _SPACE:
                self.place += 1
            if self.place < len(self.buffer):
                return self.buffer[self.place]
            if not self._more(_PIECE):
                return ""

    def take(self, count: int) -> None:
        self.place += count

    def element(self) -> object:
        """The element that begins here. Raises Refused; `broken` says that reading cannot go on after it."""
        if (sign := self.next_sign()) != "{":
            self.broken = True
            what = "The list ends after a comma." if sign in ("]", "") else "The row is not a JSON object."
            raise Refused(what, "Write one object, {...}, for each row.")
        decoder, refusal, wanted = self.strict, None, _PIECE
        start = self.place
        while True:
            try:
                value, self.place = decoder.raw_decode(self.buffer, self.place)
            except Refused as refused:
                # What is wrong is known; where the element ends is what a lenient reader still has to say.
                decoder, refusal = self.lenient, refused
            except RecursionError:
                self.broken = True
                raise Refused("The row is nested too deep.", "Flatten it.") from None
            except json.JSONDecodeError as error:
                # Broken, or only not read to its end yet: read more as long as there is more.
                self.broken = len(self.buffer) - self.place > MAX_BYTES
                if self.broken:
                    raise Refused("The row is longer than 8 MiB, or broken.", "Split it, or mend it.") from None
                if not self._more(wanted):
                    self.broken = True
                    raise Refused(f"It is not valid JSON: {error.msg}.", "Mend the row; is the file whole?") from None
                wanted *= 2
            else:
                break
            start = self.place  # what was read before is let go of when more is read
        if self.place - start > MAX_BYTES:
            raise Refused("The row is longer than 8 MiB.", "Split it, or remove it.")
        if refusal is not None:
            raise refusal
        check_depth(value)
        return value

    def _more(self, size: int) -> bool:
        if self.ended:
            return False
        raw = self.file.read(size)
        self.ended = not raw
        try:
            more = self.decoder.decode(raw, final=self.ended)
        except UnicodeDecodeError:
            raise Refused("The text is not UTF-8.", "Save the file as UTF-8.") from None
        self.buffer, self.place = self.buffer[self.place :] + more, 0
        return bool(more) or not self.ended


def _nothing_after(text: _Text) -> None:
    if text.next_sign():
        raise Refused("There is more text after the end of the list.", "Keep one list in a file.")
