"""One reading of a file from its first row to its last: what it is, what is wrong, what it is called, its measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from preparation import merkle
from preparation.findings import Finding
from preparation.profile import Profile
from preparation.reading import Column, Inspection, Reader, Reading, Resolved, columns_of
from preparation.row_index import Entry
from preparation.rows import Row

SCHEMA = "assay.examination/1"
FINDINGS_KEPT = 100


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found. `profile` and `rows_root` are there only where every row can be used.

    `rows_root` is the Merkle root over the rows (`preparation.merkle`), lower-case hex; there is none without an index.
    """

    inspection: Inspection
    profile: dict[str, Any] | None
    rows_root: str | None

    @property
    def sound(self) -> bool:
        return self.inspection.sound

    def to_json(self) -> dict[str, Any]:
        """As JSON: `assay.examination/1`."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Examination:
        """The inverse of `to_json`. Raises ValueError for another schema."""
        if value.get("schema") != SCHEMA:
            raise ValueError(f"This is no {SCHEMA}: {value.get('schema')!r}")
        found = value["inspection"]
        resolved = found["resolved"]
        inspection = Inspection(
            resolved=resolved and Resolved(Reading(**resolved["reading"]), resolved["gzipped"], resolved["evidence"]),
            rows=found["rows"],
            findings=tuple(Finding(**one) for one in found["findings"]),
            findings_total=found["findings_total"],
            columns=tuple(Column(**one) for one in found["columns"]),
        )
        return cls(inspection, value["profile"], value["rows_root"])


def examine(
    path: str | Path,
    reading: Reading = Reading(),  # noqa: B008 - immutable
    *,
    name: str = "",
    index: BinaryIO | None = None,
    progress: Callable[[int], None] | None = None,
    max_findings: int = FINDINGS_KEPT,
) -> Examination:
    """Read the whole file once. `index` takes a record for each row, in order (preparation.row_index).

    Raises OSError where the file cannot be read.
    """
    reader = Reader(path, reading, name=name, progress=progress)
    measured, tree = Profile(), merkle.Tree()
    findings: list[Finding] = []
    rows, total = 0, 0
    for entry in reader:
        if isinstance(entry, Row):
            rows += 1
            if not total:  # a file with findings is not measured
                canonical = entry.canonical()
                measured.add(entry, canonical)
                if index is not None:
                    record = Entry.of(entry, canonical)
                    index.write(record.written())
                    tree.add(record.leaf)
            continue
        total += 1
        if len(findings) < max_findings:
            findings.append(entry)
    inspection = Inspection(reader.resolved, rows, tuple(findings), total, columns_of(reader))
    if not inspection.sound:
        return Examination(inspection, None, None)
    return Examination(inspection, measured.result(), tree.root().hex() if index is not None else None)
