"""Suites and item files: reading, checking, sampling.

A suite of ours is JSON Lines: a header {schema, name, version, licence, source, sha256}, then one
item a line. `sha256` is the digest of header (without it) and items, so a line changed without a
new seal makes the suite unreadable, and an unreadable suite is "not measured".
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.report import Suite
from evaluation.tasks import Item
from preparation.digests import sha256_file, sha256_of

SCHEMA = "assay.evaluation-suite/1"
# Where the text of an item stands, by the names that tasks give it.
TEXT = ("prompt", "text", "context", "question")
HEADER = {"schema", "name", "version", "licence", "source", "sha256"}


class SuiteError(Exception):
    """A suite or items file is absent or unreadable: what it should have measured is not measured."""


@dataclass(frozen=True)
class Rows:
    """The rows of one file and what is known about it."""

    suite: Suite
    rows: tuple[Mapping[str, Any], ...]


def read_suite(path: Path) -> Rows:
    """The suite of ours in `path`, its seal checked. Raises `SuiteError`."""
    header, *items = _json_lines(path)
    if set(header) != HEADER or header["schema"] != SCHEMA:
        raise SuiteError(f"{path.name}: the first line is not a suite header with {', '.join(sorted(HEADER))}.")
    if header["sha256"] != _seal(header, items):
        raise SuiteError(f"{path.name}: the content does not fit its digest; it was changed without a new seal.")
    if not items:
        raise SuiteError(f"{path.name}: has no items.")
    known = (header["name"], header["version"], header["licence"], header["source"])
    return Rows(Suite(*known, sha256=sha256_file(path), file=path.name), tuple(items))


def seal(path: Path) -> str:
    """Write the digest into the header of the suite `path` after an edit, and return it. Raises `SuiteError`."""
    header, *items = _json_lines(path)
    header["sha256"] = _seal(header, items)
    lines = [json.dumps(line, ensure_ascii=False) for line in (header, *items)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(header["sha256"])


def read_rows(path: Path) -> Rows:
    """The rows of somebody's file (JSON Lines, JSON or CSV, by its suffix). Raises `SuiteError`."""
    if path.suffix == ".jsonl" and _is_suite(path):
        return read_suite(path)
    readers = {".jsonl": _json_lines, ".json": _json_list, ".csv": _csv}
    if path.suffix not in readers:
        raise SuiteError(f"{path}: give a .jsonl, .json or .csv file.")
    rows = readers[path.suffix](path)
    if not rows:
        raise SuiteError(f"{path}: has no rows.")
    suite = Suite(path.name, version=None, licence=None, source=None, sha256=sha256_file(path), file=path.name)
    return Rows(suite, tuple(rows))


def texts(items: Iterable[Item]) -> Iterator[str]:
    """What each item puts before a model, in its own words: what training rows are searched for."""
    for item in items:
        yield next(str(item.content[name]) for name in TEXT if name in item.content)


def draw(items: Sequence[Item], limit: int | None, seed: int) -> tuple[Item, ...]:
    """`limit` of `items`, shared among the strata in proportion to their size, in the items' own order.

    Seats go by largest remainder, with one for every stratum where the limit allows it; within a
    stratum the order is that of a hash of seed and id, so it depends on nothing else.
    """
    if limit is None or limit >= len(items):
        return tuple(items)
    strata: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        strata[item.stratum].append(item)
    chosen: set[str] = set()
    for name, seats in _seats({name: len(members) for name, members in strata.items()}, limit, seed).items():
        chosen.update(item.id for item in sorted(strata[name], key=lambda item: _rank(seed, item.id))[:seats])
    return tuple(item for item in items if item.id in chosen)


def _seats(sizes: Mapping[str, int], limit: int, seed: int) -> dict[str, int]:
    total = sum(sizes.values())
    floor = 1 if limit >= len(sizes) else 0
    shares = {name: (limit - floor * len(sizes)) * size / total for name, size in sizes.items()}
    seats = {name: min(sizes[name], floor + int(share)) for name, share in shares.items()}
    order = sorted(sizes, key=lambda name: (-(shares[name] % 1), _rank(seed, name)))
    while (left := limit - sum(seats.values())) > 0:
        for name in [name for name in order if seats[name] < sizes[name]][:left]:
            seats[name] += 1
    return seats


def _rank(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()


def _seal(header: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> str:
    plain = {key: value for key, value in header.items() if key != "sha256"}
    return sha256_of([plain, *items])


def _is_suite(path: Path) -> bool:
    rows = _json_lines(path)
    return bool(rows) and rows[0].get("schema") == SCHEMA


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SuiteError(f"{path}: there is no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: cannot be read: {error}.") from None


def _json_lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise SuiteError(f"{path}: line {number} is not JSON: {error.msg}.") from None
            if not isinstance(row, dict):
                raise SuiteError(f"{path}: line {number} is not a JSON object.")
            rows.append(row)
    if not rows:
        raise SuiteError(f"{path}: is empty.")
    return rows


def _json_list(path: Path) -> list[dict[str, Any]]:
    try:
        data = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise SuiteError(f"{path}: is not JSON: line {error.lineno}: {error.msg}.") from None
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise SuiteError(f"{path}: is not a list of JSON objects.")
    return data


def _csv(path: Path) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(_text(path), newline=""))
    rows = list(reader)
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise SuiteError(f"{path}: row {number} has another number of fields than the header.")
    return rows
