"""Files in which a line is a row: JSONL and plain text. A line may have 8 MiB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from preparation.findings import Finding, Parsed, Refused
from preparation.json_values import MAX_BYTES, parse

_BOM = b"\xef\xbb\xbf"


def read_json(file: BinaryIO) -> Iterator[Parsed | Finding]:
    """Each line that is not blank as a JSON value; blank lines are skipped but counted."""
    for number, raw in bounded(file):
        if isinstance(raw, Finding):
            yield raw
            continue
        if number == 1 and raw.strip() == b"{":
            yield Finding(
                number,
                None,
                "The file is one JSON document over several lines, not one object a line.",
                "Make it a list of rows, [{...}, ...], or write each row on its own line.",
            )
            return
        try:
            yield Parsed(number, parse(raw))
        except Refused as refused:
            yield refused.at(number)


def read_text(file: BinaryIO) -> Iterator[Parsed | Finding]:
    """Each line that is not blank as `{"text": line}`."""
    for number, raw in bounded(file):
        if isinstance(raw, Finding):
            yield raw
            continue
        try:
            text = raw.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            yield Finding(number, None, f"The line is not UTF-8 (byte {error.start + 1}).", "Save the file as UTF-8.")
            continue
        yield Parsed(number, {"text": text})


def bounded(file: BinaryIO, *, blank: bool = False) -> Iterator[tuple[int, bytes | Finding]]:
    """`(line number from 1, its bytes)` of every line (blank ones where asked for); too long a line is a finding."""
    number = 0
    while raw := file.readline(MAX_BYTES + 1):
        number += 1
        if number == 1:
            raw = raw.removeprefix(_BOM)
        if len(raw) > MAX_BYTES and not raw.endswith(b"\n"):
            _skip(file)
            yield number, Finding(number, None, "The line is longer than 8 MiB.", "Split the row, or remove it.")
        elif blank or not raw.isspace():
            yield number, raw


def _skip(file: BinaryIO) -> None:
    while (piece := file.readline(MAX_BYTES)) and not piece.endswith(b"\n"):
        continue
