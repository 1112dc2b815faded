"""Files in which a line is a row: JSONL and plain text. A line may have 8 MiB."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import count
from typing import BinaryIO

from preparation.findings import Finding, Parsed, Refused
from preparation.json_values import MAX_BYTES, parse, parse_together

_BOM = b"\xef\xbb\xbf"
_PIECE = 64 * 1024


def read_json(file: BinaryIO) -> Iterator[Parsed | Finding]:
    """Each line that is not blank as a JSON value; blank lines are skipped but counted."""
    for first, lines in _pieces(file):
        if first == 1 and lines[0].strip() == b"{":
            yield Finding(
                1,
                None,
                "The file is one JSON document over several lines, not one object a line.",
                "Make it a list of rows, [{...}, ...], or write each row on its own line.",
            )
            return
        values = None if _too_long(lines[-1]) else parse_together(lines)
        if values is None:  # a line is blank, or something is wrong with it
            yield from _one_by_one(first, lines)
        else:
            yield from map(Parsed, count(first), values)


def _one_by_one(first: int, lines: list[bytes]) -> Iterator[Parsed | Finding]:
    for number, raw in _numbered(first, lines, blank=False):
        try:
            yield raw if isinstance(raw, Finding) else Parsed(number, parse(raw))
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
    for first, lines in _pieces(file):
        yield from _numbered(first, lines, blank=blank)


def _numbered(first: int, lines: list[bytes], *, blank: bool) -> Iterator[tuple[int, bytes | Finding]]:
    for number, raw in enumerate(lines, start=first):
        if _too_long(raw):
            yield number, Finding(number, None, "The line is longer than 8 MiB.", "Split the row, or remove it.")
        elif blank or not raw.isspace():
            yield number, raw


def _pieces(file: BinaryIO) -> Iterator[tuple[int, list[bytes]]]:
    """Lines with their ends, some dozens at a time, and the number of the first; of too long a line its beginning."""
    number, begun = 1, file.read(len(_BOM)).removeprefix(_BOM)
    while piece := begun + file.read(_PIECE):
        begun = b""
        if not piece.endswith(b"\n"):
            piece += file.readline(MAX_BYTES + 1)
        lines = BytesIO(piece).readlines()
        if _too_long(lines[-1]):
            _skip(file, lines[-1])
        yield number, lines
        number += len(lines)


def _too_long(raw: bytes) -> bool:
    return len(raw) - raw.endswith(b"\n") > MAX_BYTES


def _skip(file: BinaryIO, piece: bytes) -> None:
    """Go on to the end of the line that `piece` is a part of."""
    while piece and not piece.endswith(b"\n"):
        piece = file.readline(MAX_BYTES)
