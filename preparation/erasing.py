"""The same file without some of its rows: every other row as it stands, byte for byte where the container allows it.

JSONL, text, CSV and TSV keep the bytes of every line that stays, gzip packs them anew; JSON and Parquet are written
again with the same values in the same order.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, Any, cast

from preparation import containers
from preparation.containers.delimited import delimiter_of
from preparation.findings import Parsed, Refused
from preparation.json_values import MAX_BYTES
from preparation.row_index import Entry, entries

_BATCH = 4096


def without(
    path: Path,
    places: Collection[int],
    out: Path,
    container: str,
    *,
    name: str = "",
    progress: containers.Progress | None = None,
) -> int:
    """Write the file at `path` to `out` without the rows at `places` (from 0); how many rows were left out.

    Raises Refused where a row cannot be read or there is none at a place, OSError.
    """
    packed = containers.detect(path, name, container).gzipped
    rows = containers.read(path, container, progress)
    gone = set(places)
    writer = _WRITERS[container]
    with _opened(path, packed) as source, out.open("wb") as raw:
        if packed:  # without a name and a time, so that the same rows are the same bytes
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as target:
                done = writer(source, target, rows, gone)
        else:
            done = writer(source, raw, rows, gone)
    if done != len(gone):
        raise Refused(f"Of {len(gone):,} rows only {done:,} are in the file.", "Name rows that it has.")
    return done


def checked(old: bytes, places: Collection[int], new: bytes) -> bool:
    """Whether the index of the written file holds, in their order, just the rows of the old one that stay."""
    gone = set(places)
    stays = (entry.content for place, entry in enumerate(entries(old)) if place not in gone)
    return list(stays) == [entry.content for entry in entries(new)]


def erased(index: bytes, places: Collection[int]) -> bytes:
    """The index with nothing left of the rows at `places` but their leaves."""
    gone = set(places)
    return b"".join(
        (entry.erased() if place in gone else entry).written() for place, entry in enumerate(entries(index))
    )


def tombstones(index: bytes, places: Collection[int]) -> list[tuple[int, str]]:
    """(place, leaf) of each row that goes."""
    known: list[Entry] = list(entries(index))
    return [(place, known[place].leaf.hex()) for place in sorted(places)]


def _parsed(rows: Iterator[Any]) -> Iterator[Parsed]:
    for row in rows:
        if not isinstance(row, Parsed):
            raise Refused(f"{row}", "Register the file again, and erase rows of that version.")
        yield row


def _lines(source: IO[bytes], target: IO[bytes], rows: Iterator[Any], gone: set[int]) -> int:
    numbers = {row.number for place, row in enumerate(_parsed(rows)) if place in gone}
    for number, line in enumerate(source, start=1):
        if number not in numbers:
            target.write(line)
    return len(numbers)


def _table(sign: str | None) -> Callable[..., int]:
    def write(source: IO[bytes], target: IO[bytes], rows: Iterator[Any], gone: set[int]) -> int:
        """A record may go over several lines: the lines that its reader took are the record."""
        numbers = {row.number for place, row in enumerate(_parsed(rows)) if place in gone}
        csv.field_size_limit(MAX_BYTES)
        taken: list[bytes] = []

        def lines() -> Iterator[str]:
            for line in source:
                taken.append(line)
                yield line.decode("utf-8-sig" if number == 0 else "utf-8")

        number, first = 0, source.readline()
        source.seek(0)
        separator = sign or delimiter_of(first.removeprefix(b"\xef\xbb\xbf")) or ","
        for number, _ in enumerate(csv.reader(lines(), delimiter=separator, strict=True), start=1):
            if number not in numbers:
                target.write(b"".join(taken))
            taken.clear()
        return len(numbers)

    return write


def _list(_source: IO[bytes], target: IO[bytes], rows: Iterator[Any], gone: set[int]) -> int:
    done, between = 0, b"[\n"
    for place, row in enumerate(_parsed(rows)):
        if place in gone:
            done += 1
            continue
        target.write(between + json.dumps(row.value, ensure_ascii=False).encode())
        between = b",\n"
    target.write(b"\n]\n" if between == b",\n" else b"[]\n")
    return done


def _parquet(source: IO[bytes], target: IO[bytes], _rows: Iterator[Any], gone: set[int]) -> int:
    import pyarrow
    from pyarrow import parquet

    file = parquet.ParquetFile(source, pre_buffer=False)
    done = start = 0
    with parquet.ParquetWriter(target, file.schema_arrow) as writer:
        for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
            stays = [place not in gone for place in range(start, start + batch.num_rows)]
            writer.write_batch(batch.filter(pyarrow.array(stays)))
            done += stays.count(False)
            start += batch.num_rows
    return done


_WRITERS: dict[str, Callable[..., int]] = {
    containers.JSONL: _lines,
    containers.TEXT: _lines,
    containers.CSV: _table(None),
    containers.TSV: _table("\t"),
    containers.JSON: _list,
    containers.PARQUET: _parquet,
}


def _opened(path: Path, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")
