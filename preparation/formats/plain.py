"""Rows that ask and answer nothing: plain text, and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preparation.formats.faults import Faults
from preparation.rows import NOTHING, Message


def read_text(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """`{"text": "..."}`."""
    if "text" not in row:
        faults.missing("text")
        return (), NOTHING
    return (), {"text": faults.text("text", row["text"])}


def read_table(row: Mapping[str, Any], faults: Faults) -> tuple[tuple[Message, ...], Mapping[str, Any]]:
    """Any columns; values as they are, text checked to be text."""
    if not row:
        faults.add(None, "The row has no columns.", "Remove it.")
    for name, value in row.items():
        if isinstance(value, str):
            faults.text(str(name), value, empty=True)
    return (), {"values": dict(row)}
