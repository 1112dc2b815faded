"""From a file to rows, by one rule that is kept: container, format, and which column holds which field.

Registration, pages, trainer and profile all read through here, so a file that was accepted once is accepted
again, and one that is refused is refused in the same words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from preparation import containers, formats
from preparation.findings import Finding, Parsed, Refused
from preparation.formats.faults import Faults
from preparation.rows import Row

AUTO = "auto"
HEAD = 50  # so many rows are looked at to tell the format
_TABULAR = (containers.CSV, containers.TSV, containers.PARQUET)
_NO_ROWS = Finding(None, None, "The file has no rows.", "Give a file with at least one row.")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read. `columns` maps a field of the format to the column it comes from.

    A column inside another is named by its path, `instances.0.input`. Fields that are not mapped come from the
    column of their own name. "auto" means: as the file shows.
    """

    container: str = AUTO
    format: str = AUTO
    columns: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raises Refused for a container, format or field that does not exist."""
        if self.container not in (AUTO, *containers.CONTAINERS):
            known = ", ".join((AUTO, *containers.CONTAINERS))
            raise Refused(f"The container {self.container!r} is not known.", f"Use one of: {known}.", "container")
        if self.format not in (AUTO, *formats.NAMES):
            known = ", ".join((AUTO, *formats.NAMES))
            raise Refused(f"The format {self.format!r} is not known.", f"Use one of: {known}.", "format")
        if self.columns and self.format == AUTO:
            raise Refused("Columns are mapped for a format.", "Say which format the columns are for.", "columns")
        known_fields = formats.FORMATS[self.format].fields if self.format != AUTO else ()
        for name in self.columns:
            if name not in known_fields:
                cure = f"Its fields are: {', '.join(known_fields) or 'none'}."
                raise Refused(f"The format {self.format} has no field {name!r}.", cure, "columns")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A reading without "auto" in it, and what showed it."""

    reading: Reading
    gzipped: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Column:
    """A key seen in the file: in how many rows (inside a list: how many times), and whether the format uses it."""

    name: str
    rows: int
    used: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file holds. `findings` are the first few of `findings_total`."""

    resolved: Resolved | None
    rows: int
    findings: tuple[Finding, ...]
    findings_total: int
    columns: tuple[Column, ...]

    @property
    def sound(self) -> bool:
        return self.findings_total == 0 and self.rows > 0


class Reader:
    """One pass over a file. Iterating gives rows and findings in order; the counts are there afterwards.

    `name` is the name that the file had where it came from; `progress` is told how many bytes were read.
    """

    def __init__(
        self,
        path: str | Path,
        reading: Reading = Reading(),
        *,
        name: str = "",
        progress: containers.Progress | None = None,
    ) -> None:
        self.path, self.asked = Path(path), reading
        self.name, self.progress = name or self.path.name, progress
        self.resolved: Resolved | None = None
        self.shapes: defaultdict[tuple[str, ...], int] = defaultdict(int)  # how many rows have exactly these columns
        self.unused: Counter[str] = Counter()
        self.used: set[str] = set()

    def __iter__(self) -> Iterator[Row | Finding]:
        try:
            self.asked.check()
            asked = None if self.asked.container == AUTO else self.asked.container
            detected = containers.detect(self.path, self.name, asked)
        except Refused as refused:
            yield refused.at(None)
            return
        container = detected.container
        entries = containers.read(self.path, container, self.progress)
        head: list[Parsed | Finding] = []
        for entry in entries:
            head.append(entry)
            if len(head) == HEAD:
                break
        if not head:
            yield _NO_ROWS
            return
        shown = self._format(container, head)
        if isinstance(shown, list):
            for entry in head:  # what there is to map, for whoever says how it is read
                if isinstance(entry, Parsed) and isinstance(entry.value, dict):
                    self.shapes[tuple(entry.value)] += 1
            yield from shown
            return
        evidence = f"Read as {container}: {detected.evidence}. {shown.evidence}"
        reading = Reading(container, shown.format, dict(shown.columns))
        self.resolved = Resolved(reading, detected.gzipped, evidence)
        yield from self._rows(chain(head, entries), reading)

    def _format(self, container: str, head: list[Parsed | Finding]) -> formats.Shown | list[Finding]:
        """The format and what showed it; findings where the beginning of the file cannot be read in any."""
        if self.asked.format != AUTO:
            evidence = f"The format {self.asked.format} was asked for."
            return self._missing(container, head) or formats.Shown(self.asked.format, self.asked.columns, evidence)
        rows = [entry for entry in head if isinstance(entry, Parsed)]
        if not rows:
            return [entry for entry in head if isinstance(entry, Finding)]
        found = formats.detect((entry.value for entry in rows), tabular=container in _TABULAR)
        return found or [_unknown(rows[0])]

    def _missing(self, container: str, head: list[Parsed | Finding]) -> list[Finding]:
        """The columns that were named and that no row has: told once, not once for every row of the file.

        A row of JSON may have a column that those before it lack. So beyond the beginning of such a file a column
        is missed only where its field has to be there.
        """
        rows = [entry.value for entry in head if isinstance(entry, Parsed) and isinstance(entry.value, dict)]
        there = {str(name) for row in rows for name in row}
        certain = container in _TABULAR or len(head) < HEAD
        needed = formats.FORMATS[self.asked.format].needed if self.asked.columns else ()
        listed = ", ".join(sorted(there)[:8])
        return [
            Finding(None, name, f"There is no column {path!r}.", f"Name one that is there: {listed}.")
            for name, path in self.asked.columns.items()
            if there and not {path, path.split(".")[0]} & there and (certain or name in needed)
        ]

    def _rows(self, entries: Iterator[Parsed | Finding], reading: Reading) -> Iterator[Row | Finding]:
        form = formats.FORMATS[reading.format]
        mapped = {name: path for name, path in reading.columns.items() if name != path}
        self.used = {reading.columns.get(name, name) for name in form.fields}
        faults = Faults(0)
        self.unused = faults.unused
        shapes, read, name = self.shapes, form.read, form.name
        for entry in entries:
            if isinstance(entry, Finding):
                yield entry
                continue
            number, value = entry
            if not isinstance(value, dict):
                yield _no_object(entry)
                continue
            shapes[tuple(value)] += 1
            faults.number = number
            messages, more = read(_with_columns(value, mapped) if mapped else value, faults)
            if faults.found:
                other = None if mapped or form.shows(value) else formats.detect([value])
                if other is not None and other.format != form.name and not other.columns:
                    message = f"The row is {other.format}, the file is read as {form.name}."
                    yield Finding(number, None, message, "Keep one format in a file; split the file in two.")
                else:
                    yield from faults.found
                faults.found = []
            else:
                yield Row(number, name, messages, more, value)


def read_rows(path: str | Path, reading: Reading = Reading(), *, name: str = "") -> Iterator[Row | Finding]:
    """Every row of a file in order, or what is wrong with it. Raises OSError where the file cannot be read."""
    return iter(Reader(path, reading, name=name))


def sound_rows(reader: Reader) -> Iterator[Row]:
    """Every row of a reader, where each can be used. Raises Refused for the first that cannot, with its number."""
    for entry in reader:
        if not isinstance(entry, Row):
            place = "The file" if entry.row is None else f"Row {entry.row:,}"
            raise Refused(f"{place}: {entry.message}", entry.cure, entry.field)
        yield entry


def inspect(
    path: str | Path,
    reading: Reading = Reading(),
    *,
    name: str = "",
    max_findings: int = 100,
) -> Inspection:
    """Read the whole file once and say what it is; keeps at most `max_findings` findings but counts all."""
    reader = Reader(path, reading, name=name)
    rows, total = 0, 0
    findings: list[Finding] = []
    for entry in reader:
        if isinstance(entry, Row):
            rows += 1
            continue
        total += 1
        if len(findings) < max_findings:
            findings.append(entry)
    return Inspection(reader.resolved, rows, tuple(findings), total, columns_of(reader))


def columns_of(reader: Reader) -> tuple[Column, ...]:
    """The columns that a finished reader saw; a table uses all of its own."""
    every = reader.resolved is not None and reader.resolved.reading.format == "table"
    tops = {path.split(".")[0] for path in reader.used}
    counts: Counter[str] = Counter()
    for names, rows in reader.shapes.items():
        for name in names:
            counts[name] += rows
    columns = [Column(name, rows, every or name in tops) for name, rows in sorted(counts.items())]
    return (*columns, *(Column(name, count, False) for name, count in sorted(reader.unused.items())))


def _with_columns(value: Mapping[str, Any], mapped: Mapping[str, str]) -> dict[str, Any]:
    """The row with each mapped field under its own name; a path that leads nowhere leaves the field out."""
    found = dict(value)
    for name, path in mapped.items():
        item = _at(value, path)
        if item is None:
            found.pop(name, None)
        else:
            found[name] = item
    return found


def _at(value: Any, path: str) -> Any:
    if isinstance(value, Mapping) and path in value:
        return value[path]
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _unknown(entry: Parsed) -> Finding:
    if not isinstance(entry.value, dict):
        return _no_object(entry)
    listed = ", ".join(sorted(map(str, entry.value))[:8]) or "none"
    return Finding(
        entry.number,
        None,
        f"The format is not known; the row's columns are {listed}.",
        "Say which format it is and which columns hold its fields, or register it as a table.",
    )


def _no_object(entry: Parsed) -> Finding:
    return Finding(entry.number, None, "The row is not a JSON object.", "Write one object, {...}, for each row.")
