"""The whole profile of a file, in one reading from its first row to its last: `assay.quality-profile/1`."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from preparation import containers
from preparation.findings import Finding
from preparation.quality import checklist
from preparation.quality.asked import Asked, Source
from preparation.quality.contradictions import Contradictions
from preparation.quality.duplicates import Duplicates
from preparation.quality.emptiness import Emptiness
from preparation.quality.encoding import Encoding
from preparation.quality.labels import Labels
from preparation.quality.languages import Languages
from preparation.quality.lengths import Characters
from preparation.quality.likeness import Against, NearDuplicates, Other
from preparation.quality.outliers import Outliers
from preparation.quality.parts import AcrossParts
from preparation.quality.seen import Measure, NotMeasurable, Seen, not_measured
from preparation.quality.template import Template
from preparation.quality.tokens import NO_TOKENIZER, Tokens
from preparation.quality.turns import Turns
from preparation.reading import Reader, Reading, read_rows
from preparation.rows import Row

SCHEMA = "assay.quality-profile/1"
NO_PARTS = "No split of the rows was chosen whose parts are held against one another."
NO_OTHERS = "No other split and no evaluation suite was given to hold the rows against."


def measure(
    path: Path,
    reading: Reading,
    asked: Asked,
    *,
    name: str = "",
    progress: containers.Progress | None = None,
) -> dict[str, Any]:
    """Measure the rows of a file.

    Raises OSError where a file cannot be read, NotMeasurable where a row or a tokenizer cannot be used.
    """
    exact = Duplicates()
    measures = _measures(asked, exact)
    reader = Reader(path, reading, name=name, progress=progress)
    rows, form = 0, ""
    for row in _sound(reader):
        rows, form = rows + 1, row.format
        seen = Seen.of(row)
        for each in measures:
            each.add(seen)
    measured = {each.name: each.result() for each in measures}
    if asked.tokenizer is None:
        measured["tokens"] = not_measured(NO_TOKENIZER)
    if asked.parts is None:
        measured["parts"] = not_measured(NO_PARTS)
    if not (asked.splits or asked.suites):
        measured["against"] = not_measured(NO_OTHERS)
    found = {"schema": SCHEMA, "rows": rows, "format": form, "asked": asked.told(), "measures": measured}
    verdicts = [verdict.to_json() for verdict in checklist.read(found)]
    for verdict in verdicts:  # where a page or a proof finds the row: numbers count headings and empty lines too
        verdict["places"] = [bisect_left(exact.numbers, number) for number in verdict["rows"]]
    return {**found, "checklist": verdicts}


def _measures(asked: Asked, exact: Duplicates) -> list[Measure]:
    measures: list[Measure] = []
    near = NearDuplicates(exact, asked.seed)
    if asked.tokenizer is not None:  # first, for it says of a tokenizer that cannot be read what to do
        measures.append(Tokens(asked.tokenizer, asked.limit, asked.seed))
    measures += [
        Characters(),
        Turns(),
        Languages(asked.seed),
        Labels(),
        Emptiness(),
        exact,
        near,
        Contradictions(),
        Encoding(),
        Outliers(),
        Template(asked.tokenizer),
    ]
    if asked.parts is not None:
        measures.append(AcrossParts(asked.parts, exact, near))
    if asked.splits or asked.suites:
        others = [Other.of(one.name, "split", _rows_of(one), asked.seed) for one in asked.splits]
        others += [Other.of(one.name, "suite", _items_of(one), asked.seed) for one in asked.suites]
        measures.append(Against(others))
    return measures


def _rows_of(split: Source) -> Iterator[str]:
    for row in _sound(read_rows(split.path, split.reading, name=split.name)):
        yield Seen.of(row, b"").text


def _items_of(suite: Source) -> Iterator[str]:
    with suite.path.open(encoding="utf-8") as lines:
        for line in lines:
            yield str(json.loads(line)["text"])


def _sound(entries: Any) -> Iterator[Row]:
    for entry in entries:
        if isinstance(entry, Finding):
            place = "The file" if entry.row is None else f"Row {entry.row:,}"
            raise NotMeasurable(f"{place} cannot be used: {entry.message} {entry.cure}")
        yield entry
