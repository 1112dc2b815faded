"""The trainer's own validation rows: {"row", "input_ids", "labels"}, so that splitting and masking exist once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from evaluation.suites import SuiteError

IGNORED = -100


@dataclass(frozen=True)
class ValidationRow:
    """One row: token ids, and labels that repeat the ids where loss is asked and hold -100 elsewhere."""

    row: str
    input_ids: tuple[int, ...]
    labels: tuple[int, ...]

    def last_answer(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The ids before the last labelled stretch, and the ids of that stretch: prompt and reference."""
        end = max(place for place, label in enumerate(self.labels) if label != IGNORED) + 1
        start = end
        while start > 0 and self.labels[start - 1] != IGNORED:
            start -= 1
        return self.input_ids[:start], self.input_ids[start:end]


def is_validation(row: Mapping[str, Any]) -> bool:
    """Whether `row` has the trainer's shape."""
    return "input_ids" in row and "labels" in row


def parse(rows: Sequence[Mapping[str, Any]], file: str) -> list[ValidationRow]:
    """All rows, checked. Raises `SuiteError` naming the line."""
    return [_parse(row, f"{file}: line {number}", number) for number, row in enumerate(rows, start=1)]


def _parse(row: Mapping[str, Any], where: str, number: int) -> ValidationRow:
    ids, labels = row.get("input_ids"), row.get("labels")
    if not _integers(ids) or not _integers(labels):
        raise SuiteError(f"{where}: needs 'input_ids' and 'labels' as lists of integers")
    if len(ids) != len(labels):
        raise SuiteError(f"{where}: has {len(ids)} input ids but {len(labels)} labels")
    if not any(label != IGNORED for label in labels):
        raise SuiteError(f"{where}: no token is labelled, so there is nothing to measure")
    return ValidationRow(str(row.get("row", number - 1)), tuple(ids), tuple(labels))


def _integers(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(isinstance(number, int) for number in value)
