"""A JSONL file read line by line, with every trap of the format caught and named. Standard library only.

Memory stays bounded by one line (8 MiB at most), however large the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

MAX_LINE_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 32

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_OR_32_BOMS = (b"\xff\xfe", b"\xfe\xff")
# First bytes of files that are something else, whatever their name says.
_MAGIC = (
    (b"\x1f\x8b", "gzip-compressed", "Unpack it first (gunzip)."),
    (b"PK\x03\x04", "a ZIP archive", "Unpack it first."),
    (b"PAR1", "a Parquet file", "Convert it to JSONL first."),
    (b"%PDF", "a PDF document", "Give one JSON object on each line instead."),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "Unpack it first (zstd -d)."),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a row (or, where `row` is None, the file) from being used, and what to do about it."""

    row: int | None
    field: str | None
    message: str
    cure: str

    def __str__(self) -> str:
        place = "file" if self.row is None else f"row {self.row}"
        return f"{place}{f', {self.field}' if self.field else ''}: {self.message} {self.cure}"


@dataclass(frozen=True, slots=True)
class Line:
    """One parsed line; `number` counts from 1 and counts blank lines too."""

    number: int
    value: Any


class _Refused(ValueError):
    """A JSON value that the standard parser would let pass."""

    def __init__(self, message: str, cure: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message, self.cure, self.field = message, cure, field


def read_lines(path: Path) -> Iterator[Line | Finding]:
    """Each line that is not blank, parsed, or what is wrong with it. Raises OSError where the file cannot be read."""
    with path.open("rb") as file:
        head = file.read(4)
        if (finding := _not_text(head)) is not None:
            yield finding
            return
        file.seek(len(_UTF8_BOM) if head.startswith(_UTF8_BOM) else 0)
        number = 0
        while raw := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
                _skip_line(file)
                yield Finding(number, None, "The line is longer than 8 MiB.", "Split the row, or remove it.")
            elif raw.strip():
                yield parse_line(number, raw)


def parse_line(number: int, raw: bytes) -> Line | Finding:
    """One line's bytes as a JSON value, or a finding."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Finding(number, None, f"The line is not UTF-8 (byte {error.start + 1}).", "Save the file as UTF-8.")
    if "\0" in text:
        return Finding(number, None, "The line holds a NUL byte.", "Remove it; is the file text?")
    if (number == 1 and text.strip() in ("[", "{")) or text.lstrip().startswith("[{"):
        return Finding(
            number,
            None,
            "The file is one JSON document, not one object a line.",
            "Write each row on its own line, for instance with `jq -c '.[]'`.",
        )
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=_finite, parse_int=_integer
        )
        _check_depth(value)
    except RecursionError:
        return _too_deep(number)
    except _Refused as refused:
        return Finding(number, refused.field, refused.message, refused.cure)
    except json.JSONDecodeError as error:
        return Finding(
            number,
            None,
            f"The line is not valid JSON: {error.msg} at character {error.pos + 1}.",
            "Mend the line; each must hold one whole JSON object.",
        )
    return Line(number, value)


def _not_text(head: bytes) -> Finding | None:
    for magic, what, cure in _MAGIC:
        if head.startswith(magic):
            return Finding(None, None, f"The file is {what}, not JSONL.", cure)
    if head.startswith(_UTF16_OR_32_BOMS):
        return Finding(None, None, "The file is UTF-16 or UTF-32.", "Save it as UTF-8.")
    return None


def _skip_line(file: BinaryIO) -> None:
    while (piece := file.readline(MAX_LINE_BYTES)) and not piece.endswith(b"\n"):
        continue


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Refused(f'The key "{twice[:40]}" is there twice in one object.', "Keep one of them.", twice[:40])
    return found


def _constant(name: str) -> Any:
    raise _Refused(f"{name} is not a JSON number.", "Use null or a finite number.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused(f"The number {text[:40]} is too large to keep.", "Use a smaller number.")
    return value


def _integer(text: str) -> int:
    if len(text) > 40:
        raise _Refused("A number has more than 40 digits.", "Write it as text.")
    return int(text)


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        if depth > MAX_DEPTH:
            raise _Refused(f"The row is nested more than {MAX_DEPTH} deep.", "Flatten it.")
        containers = (item for item in level if isinstance(item, (dict, list)))
        level = [child for item in containers for child in (item.values() if isinstance(item, dict) else item)]
        depth += 1


def _too_deep(number: int) -> Finding:
    return Finding(number, None, f"The row is nested more than {MAX_DEPTH} deep.", "Flatten it.")
