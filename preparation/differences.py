"""What became of the rows between two files, by their indexes (preparation.row_index): added, removed, changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO

import numpy
from numpy.typing import NDArray

from preparation.row_index import RECORD_BYTES, blocks

_RECORD = numpy.dtype([("salt", "V16"), ("leaf", "V32"), ("content", "<u8"), ("given", "<u8")])
NOTHING = numpy.frombuffer(b"", dtype="<u8")
_Places = NDArray[numpy.intp]


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
    stayed, stays = _paired(before["content"], after["content"])
    gone, come = _rest(len(before), stayed), _rest(len(after), stays)
    was, became = _paired(before["given"][gone], after["given"][come])
    order = numpy.argsort(became)
    changed = list(zip(gone[was[order]].tolist(), come[became[order]].tolist(), strict=True))
    removed, added = numpy.delete(gone, was), numpy.delete(come, became)
    return Difference(len(stayed), added.tolist(), removed.tolist(), changed)


@dataclass(frozen=True, slots=True)
class Shared:
    """Rows that an index has in common with others: their places, and how many different ones they are."""

    places: list[int]
    distinct: int


def contents(index: BinaryIO, places: Collection[int] | None = None) -> NDArray[numpy.uint64]:
    """The different hashes of the rows of an index, or of those at `places`, in order; an erased row has none. Reads
    piece by piece."""
    every = numpy.concatenate([NOTHING, *(_records(piece)["content"] for piece in blocks(index))])
    chosen = every if places is None else every[list(places)]
    return numpy.unique(chosen[chosen != 0])


def same_rows(wanted: NDArray[numpy.uint64], other: BinaryIO) -> Shared:
    """Where in the index `other` the rows stand whose hashes are `wanted`, as `contents` gives them."""
    places: list[int] = []
    met = numpy.zeros(len(wanted), dtype=bool)
    before = 0
    for piece in blocks(other):
        values = _records(piece)["content"]
        hit = numpy.isin(values, wanted)
        places += (numpy.flatnonzero(hit) + before).tolist()
        met[numpy.searchsorted(wanted, values[hit])] = True
        before += len(values)
    return Shared(places, int(met.sum()))


def _records(index: bytes) -> NDArray[numpy.void]:
    if len(index) % RECORD_BYTES:
        raise ValueError(f"An index of rows has a multiple of {RECORD_BYTES} bytes, not {len(index)}.")
    return numpy.frombuffer(index, dtype=_RECORD)


def _paired(these: NDArray[numpy.uint64], those: NDArray[numpy.uint64]) -> tuple[_Places, _Places]:
    """Where equal values stand in both, the first with the first, the second with the second, and so on."""
    here, there = (numpy.argsort(values, kind="stable") for values in (these, those))
    sorted_here, sorted_there = these[here], those[there]
    return here[_has_partner(sorted_here, sorted_there)], there[_has_partner(sorted_there, sorted_here)]


def _has_partner(these: NDArray[numpy.uint64], those: NDArray[numpy.uint64]) -> NDArray[numpy.bool_]:
    """Of sorted values, which have an equal of their own among the other sorted ones; of equal ones the first."""
    rank = numpy.arange(len(these)) - numpy.searchsorted(these, these)
    return rank < numpy.searchsorted(those, these, "right") - numpy.searchsorted(those, these)


def _rest(size: int, places: _Places) -> _Places:
    left = numpy.ones(size, dtype=bool)
    left[places] = False
    return numpy.flatnonzero(left)
