"""What became of the rows between two files, by their indexes (preparation.row_index): added, removed, changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from preparation.row_index import RECORD_BYTES

_RECORD = numpy.dtype([("salt", "V16"), ("leaf", "V32"), ("content", "<u8"), ("given", "<u8")])
NOTHING = numpy.frombuffer(b"", dtype="<u8")


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows by their places, from 0. A changed row asks the same and is otherwise another: (old place, new place).

    A row that only moved is not listed: order carries no meaning here.
    """

    kept: int
    added: list[int]
    removed: list[int]
    changed: list[tuple[int, int]]


def difference(old: bytes, new: bytes) -> Difference:
    """What is in one and not in the other, equal rows counted one by one. Takes indexes of rows."""
    before, after = _records(old), _records(new)
    gone = _without(before["content"], after["content"])
    come = _without(after["content"], before["content"])
    kept = len(before) - len(gone)
    waiting: defaultdict[int, list[int]] = defaultdict(list)
    for place in reversed(gone):
        waiting[int(before["given"][place])].append(place)
    added, changed = [], []
    for place in come:
        same_question = waiting.get(int(after["given"][place]))
        if same_question:
            changed.append((same_question.pop(), place))
        else:
            added.append(place)
    removed = sorted(place for places in waiting.values() for place in places)
    return Difference(kept, added, removed, changed)


def same_rows(index: bytes, places: Iterable[int], other: bytes) -> list[int]:
    """Where in `other` the rows stand that `index` has at `places`. An erased row is found nowhere. Takes indexes."""
    wanted = _records(index)["content"][list(places)]
    found = numpy.isin(_records(other)["content"], wanted[wanted != 0])
    return [int(place) for place in numpy.flatnonzero(found)]


def _records(index: bytes) -> NDArray[numpy.void]:
    if len(index) % RECORD_BYTES:
        raise ValueError(f"An index of rows has a multiple of {RECORD_BYTES} bytes, not {len(index)}.")
    return numpy.frombuffer(index, dtype=_RECORD)


def _without(these: NDArray[numpy.uint64], those: NDArray[numpy.uint64]) -> list[int]:
    """Places in `these` that have no partner in `those`; of equal ones the later are left over."""
    values, counts = numpy.unique(those, return_counts=True)
    partners = dict(zip(values[counts > 1].tolist(), counts[counts > 1].tolist(), strict=True))
    left_over = numpy.flatnonzero(~numpy.isin(these, values)).tolist()
    own, own_counts = numpy.unique(these, return_counts=True)
    repeated = own[(own_counts > 1) & numpy.isin(own, values)]
    for value in repeated.tolist():
        places = numpy.flatnonzero(these == value)
        left_over.extend(places[partners.get(value, 1) :].tolist())
    return sorted(left_over)
