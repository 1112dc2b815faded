"""CSV and TSV: a heading, then a row for each record; every value is text, as it stands.

Rows are counted as a spreadsheet counts them: the heading is row 1. A comma-separated file may use semicolons,
as spreadsheets of some countries do; the heading shows which.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from preparation.containers.lines import bounded
from preparation.findings import Finding, Parsed, Refused, shown
from preparation.json_values import MAX_BYTES

_BOM = b"\xef\xbb\xbf"
MAX_COLUMNS = 2_000


def read_csv(file: BinaryIO) -> Iterator[Parsed | Finding]:
    """Rows of a comma- or semicolon-separated file as `{column: text}`. Raises Refused."""
    yield from _read(file, None)


def read_tsv(file: BinaryIO) -> Iterator[Parsed | Finding]:
    """Rows of a tab-separated file as `{column: text}`. Raises Refused."""
    yield from _read(file, "\t")


def delimiter_of(head: bytes) -> str | None:
    """What stands between the columns of a heading: a tab, a semicolon or a comma; None for none of them."""
    line = head.split(b"\n", 1)[0].decode("utf-8", errors="replace")
    outside = "".join(part for index, part in enumerate(line.split('"')) if index % 2 == 0)
    counts = {sign: outside.count(sign) for sign in "\t;,"}
    best = max(counts, key=lambda sign: counts[sign])
    return best if counts[best] else None


def _read(file: BinaryIO, delimiter: str | None) -> Iterator[Parsed | Finding]:
    csv.field_size_limit(MAX_BYTES)
    lines = _lines(file)
    first = next(lines, None)
    if first is None:
        raise Refused("The file has no rows.", "Give a heading and at least one row.")
    sign = delimiter or delimiter_of(first.encode("utf-8")) or ","
    records = csv.reader(_chained(first, lines), delimiter=sign, strict=True)
    number = 1
    try:
        names = _heading(next(records))
        for number, record in enumerate(records, start=2):
            if not record:
                continue
            if len(record) != len(names):
                count = f"The row has {len(record):,} columns, the heading {len(names):,}."
                yield Finding(number, None, count, "Quote values that hold the separator or a line's end.")
                continue
            yield Parsed(number, dict(zip(names, record, strict=True)))
    except csv.Error as error:
        yield Finding(number, None, f"It is not a table: {error}.", "Mend the quotes of this row.")


def _heading(names: list[str]) -> list[str]:
    if len(names) > MAX_COLUMNS:
        raise Refused(f"The heading has {len(names):,} columns; at most {MAX_COLUMNS:,} are read.", "Is it a table?")
    # Spreadsheets and data frames leave the heading of an index empty.
    names = [name.strip() or f"column {index}" for index, name in enumerate(names, start=1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise Refused(f"The column {shown(twice[0])} is there twice.", "Give every column a name of its own.")
    return names


def _lines(file: BinaryIO) -> Iterator[str]:
    """Decoded lines with their ends. Raises Refused for bytes that are no text, and for a line without end."""
    for number, raw in bounded(file, blank=True):
        if isinstance(raw, Finding):
            raise Refused(f"Line {number:,} is longer than 8 MiB.", raw.cure)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused(
                f"Line {number:,} is not UTF-8 (byte {error.start + 1}).", "Save the file as UTF-8."
            ) from None
        if "\0" in text:
            raise Refused(f"Line {number:,} holds a NUL byte.", "Remove it; is the file text?")
        yield text


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest
