"""What is wrong with one row, gathered while it is read."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from preparation.findings import Finding, shown

_HALF = re.compile("[\ud800-\udfff]")


def is_text(value: str) -> bool:
    """Whether there is neither NUL nor half a surrogate pair: neither is text, and both break what comes after."""
    return "\0" not in value and (value.isascii() or not _HALF.search(value))


class Faults:
    """Findings of the row with this number."""

    __slots__ = ("found", "number", "unused")

    def __init__(self, number: int) -> None:
        self.number = number
        self.found: list[Finding] = []
        self.unused: Counter[str] = Counter()  # parts inside a field that its format does not read

    def add(self, field: str | None, message: str, cure: str) -> None:
        self.found.append(Finding(self.number, field, message, cure))

    def missing(self, field: str) -> None:
        self.add(field, "The field is missing.", f"Give `{field}`, or say which column holds it.")

    def text(self, field: str, value: Any, *, empty: bool = False) -> str:
        """`value` as text (text parts joined); an empty text and a finding where it is none."""
        if type(value) is not str:
            if isinstance(value, list) and value and all(_is_text_part(part) for part in value):
                value = "".join(part["text"] for part in value)
            else:
                self.add(field, f"The field must be text, not {shown(value)}.", "Write it as text.")
                return ""
        if not value or value.isspace():
            if not empty:
                self.add(field, "The text is empty.", "Fill it in, or remove the row.")
            return ""
        if not is_text(value):
            if "\0" in value:
                self.add(field, "The text holds a NUL character.", "Remove the character \\u0000.")
            else:
                message = "The text holds half of a surrogate pair, which is not text."
                self.add(field, message, "Write the whole character, or remove it.")
            return ""
        return value


def _is_text_part(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
