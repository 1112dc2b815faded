"""How rows lie in a file: JSONL, a JSON list, CSV, TSV, Parquet, lines of text; each also gzipped.

A container is told by the first bytes, not by the name; the name only decides between things that look alike
(a tab-separated file and a text). Whatever it is, it comes out as `Parsed` rows in order, or as a `Finding`.
Memory stays bounded by one row (8 MiB) or one batch of a Parquet file, however large the file.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from preparation.containers import arrays, delimited, lines, parquet
from preparation.containers import gzipped as gz
from preparation.findings import Finding, Parsed, Refused

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Progress = Callable[[int], None]

JSONL, JSON, CSV, TSV, PARQUET, TEXT = "jsonl", "json", "csv", "tsv", "parquet", "text"
READERS: dict[str, Callable[[BinaryIO], Iterator[Parsed | Finding]]] = {
    JSONL: lines.read_json,
    JSON: arrays.read,
    CSV: delimited.read_csv,
    TSV: delimited.read_tsv,
    PARQUET: parquet.read,
    TEXT: lines.read_text,
}
CONTAINERS = tuple(READERS)

# First bytes of files that hold no rows at all, whatever their name says.
_FOREIGN = (
    (b"PK\x03\x04", "a ZIP archive (or an office document)", "Unpack it, and give the file inside."),
    (b"%PDF", "a PDF document", "Give the rows as JSONL, CSV or Parquet."),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "Unpack it first (zstd -d), or compress it with gzip."),
    (b"BZh", "bzip2-compressed", "Unpack it first (bunzip2), or compress it with gzip."),
    (b"\xfd7zXZ", "xz-compressed", "Unpack it first (unxz), or compress it with gzip."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it, and give the file inside."),
    (b"\x80\x04\x95", "a Python pickle, which is never opened here", "Write the rows as JSONL."),
    (b"\x80\x05\x95", "a Python pickle, which is never opened here", "Write the rows as JSONL."),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV."),
    (b"ARROW1", "an Arrow file", "Write it as Parquet."),
    (b"\xff\xfe", "UTF-16 or UTF-32 text", "Save it as UTF-8."),
    (b"\xfe\xff", "UTF-16 or UTF-32 text", "Save it as UTF-8."),
    (b"\x00\x00\xfe\xff", "UTF-32 text", "Save it as UTF-8."),
)
_SUFFIXES = {".tsv": TSV, ".tab": TSV, ".csv": CSV, ".txt": TEXT}
_HEAD = 64 * 1024
_BUFFER = 256 * 1024


@dataclass(frozen=True, slots=True)
class Detected:
    """What a file is, and what shows it."""

    container: str
    gzipped: bool
    evidence: str


def detect(path: Path, name: str = "", asked: str | None = None) -> Detected:
    """The container of a file; `name` is the name that a person gave it, `asked` the container they said it is.

    Raises Refused, OSError.
    """
    with _opened(path, whole=False) as (file, gzipped):
        head = file.read(_HEAD)
    for magic, what, cure in _FOREIGN:
        if head.startswith(magic):
            raise Refused(f"The file is {what}, which holds no rows that can be read here.", cure)
    container, why = (asked, "as was asked") if asked else _told_by(head, _suffix(name or path.name))
    return Detected(container, gzipped, f"gzipped; {why}" if gzipped else why)


def read(path: Path, container: str, progress: Progress | None = None) -> Iterator[Parsed | Finding]:
    """Every row of the file in order, or what is wrong. A fault of the file itself is one finding, the last.

    `progress` is told, now and then, how many bytes of the file itself have been read. Raises OSError.
    """
    try:
        with _opened(path, progress) as (file, gzipped):
            if container == PARQUET and gzipped:
                with _on_disk(file) as whole:
                    yield from parquet.read(whole)
            else:
                yield from READERS[container](file)
    except Refused as refused:
        yield refused.at(None)


def _told_by(head: bytes, suffix: str) -> tuple[str, str]:
    if head.startswith(b"PAR1"):
        return PARQUET, "the file begins as Parquet does"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise Refused("The file has no rows.", "Give a file with at least one row.")
    if suffix in (".tsv", ".tab", ".csv") and text[:1] not in (b"{", b"["):
        return _SUFFIXES[suffix], f"the name ends in {suffix}"
    if text[:1] == b"[":
        # A list over several lines, or one list in one line; a JSONL file of lists has no objects anyway.
        return JSON, "the text begins with [, as a JSON list does"
    if text[:1] == b"{":
        return JSONL, "the first line begins with {, as JSONL does"
    if suffix == ".txt":
        return TEXT, "the name ends in .txt, and the text is not JSON"
    if suffix in (".json", ".jsonl", ".ndjson"):
        return JSONL, f"the name ends in {suffix}"
    if b"\0" in head:
        raise Refused("The file is not text, and no container of rows that is known here.", "Is it the right file?")
    delimiter = delimited.delimiter_of(text)
    if delimiter:
        return (TSV if delimiter == "\t" else CSV), "the first line is a heading with columns"
    raise Refused(
        "The file is none of JSONL, JSON, CSV, TSV, Parquet or text.",
        "Name it .txt if each of its lines is a row of plain text.",
    )


def _suffix(name: str) -> str:
    """The last ending of a name, with .gz left out; in lower case."""
    return Path(name.lower().removesuffix(".gz")).suffix


@contextmanager
def _opened(path: Path, progress: Progress | None = None, *, whole: bool = True) -> Iterator[tuple[BinaryIO, bool]]:
    """The file's bytes, unpacked where they are gzipped, and whether they were. `whole`: all of them will be read."""
    with path.open("rb", buffering=_BUFFER) as packed:
        gzipped = gz.is_gzip(packed)
        if gzipped and whole:
            gz.check(packed)
        file = io.BufferedReader(_Watched(packed, progress), _BUFFER) if progress else packed
        yield io.BufferedReader(gz.Unpacked(file), _BUFFER) if gzipped else file, gzipped


@contextmanager
def _on_disk(file: BinaryIO) -> Iterator[BinaryIO]:
    """All of a stream in a file of its own: Parquet is read from its end."""
    with tempfile.TemporaryFile() as whole:
        while piece := file.read(1 << 20):
            whole.write(piece)
        whole.seek(0)
        yield cast(BinaryIO, whole)


class _Watched(io.RawIOBase):
    """A file that says, every 4 MiB, how far it has been read."""

    STEP = 4 << 20

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self.file, self.progress, self.count, self.told = file, progress, 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        size: int = self.file.readinto(buffer)  # type: ignore[attr-defined]
        self.count += size
        if self.count - self.told >= self.STEP:
            self.told = self.count
            self.progress(self.count)
        return size

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()
