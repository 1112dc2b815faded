"""What is wrong with a row or a file, where, and what to do about it. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a row (or, where `row` is None, the file) from being used, and what to do about it.

    `row` counts as a person would who has the file open: lines of JSONL and text, rows of a table with its
    heading as row 1, elements of a JSON list.
    """

    row: int | None
    field: str | None
    message: str
    cure: str

    def __str__(self) -> str:
        place = "file" if self.row is None else f"row {self.row:,}"
        return f"{place}{f', {self.field}' if self.field else ''}: {self.message} {self.cure}"


class Parsed(NamedTuple):
    """One row as its container holds it, before any format is asked for."""

    number: int
    value: Any


class Refused(ValueError):
    """A value that a lenient reader would let pass; whoever knows the row makes a finding of it."""

    def __init__(self, message: str, cure: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message, self.cure, self.field = message, cure, field

    def at(self, row: int | None) -> Finding:
        return Finding(row, self.field, self.message, self.cure)


def shown(value: Any) -> str:
    """`value` in a message: short, and never a wall of text."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
