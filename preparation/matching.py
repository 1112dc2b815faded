"""Which texts are the same, share a passage, or are nearly the same: one way for data quality and for contamination.

- exact: the same words in the same order; case, punctuation and spacing are looked past.
- passage: a run of 13 words in common, the measure by which training data is searched for test items
  (Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C). A text of fewer words has none.
- near: the sets of neighbouring word pairs have a Jaccard index of at least `threshold`. Candidates come from MinHash
  signatures (Broder 1997) cut into bands (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4); each
  candidate's index is then computed from the sets themselves, so that nothing is called near that is not.

With 21 bands of 6 values a pair at Jaccard .8 becomes a candidate with probability 1 - (1 - .8^6)^21 = .998. The
same texts and seed give the same matches on every machine. Needs numpy.
"""

from __future__ import annotations

import os
import re
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

PASSAGE_WORDS = 13
THRESHOLD = 0.8  # after Lee et al. 2022, "Deduplicating Training Data Makes Language Models Better"
BANDS, BAND_ROWS = 21, 6
LONGEST = 100_000  # characters of a text that are looked at; one endless line must not take all the memory
# Of a bucket with more members than this each is held against its next few alone: texts of one template fall into one
# bucket by the thousand, and every pair of them would be millions.
BUCKET_WHOLE, BUCKET_NEXT = 32, 8
_BATCH_WORDS = 1 << 16
_VERIFIED_AT_ONCE = 1 << 21  # shingles in memory while candidates are verified

Numbers = np.ndarray[Any, Any]

# A word is a run of letters and digits; of scripts that set no spaces (Han, Kana, Thai) each sign is one.
_SIGN = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{_SIGN}]|[^\W{_SIGN}]+")
_ODD = np.uint64(0x9E3779B97F4A7C15)


class Pair(NamedTuple):
    """Two texts by their places (the later one first), and the Jaccard index of their word pairs."""

    later: int
    earlier: int
    jaccard: float


@dataclass(frozen=True, slots=True)
class Match:
    """Which reference a text is held to match, by each measure; None where none does."""

    exact: int | None
    passage: int | None
    near: int | None

    def __bool__(self) -> bool:
        return not (self.exact is None and self.passage is None and self.near is None)


def words(text: str) -> list[str]:
    """The words that are compared, in order."""
    return WORD.findall(text[:LONGEST].casefold())


class Near:
    """Near-duplicates among many texts: `add` each, then ask for the `links`.

    What is needed of each text (its band keys and its word pairs, as numbers) lies in a temporary file; in memory
    there are 16 bytes a text while texts are added and some 60 while they are compared.
    """

    def __init__(self, *, seed: int = 0, threshold: float = THRESHOLD, folder: str | None = None) -> None:
        self.threshold = threshold
        self._signer = _Signer(seed)
        self._texts: list[list[str]] = []
        self._waiting = 0
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        self._at = 0
        self._blocks: list[tuple[int, int]] = []  # where a batch's band keys lie, and how many texts it has
        self._sets = array("Q")  # where each text's word pairs lie
        self._sizes = array("I")  # and how many they are

    def add(self, text: str) -> None:
        found = words(text)
        self._texts.append(found)
        self._waiting += len(found) + 1
        if self._waiting >= _BATCH_WORDS:
            self._flush()

    def links(self) -> Iterator[Pair]:
        """Verified pairs that tie each group of near-duplicates together: one less than the group has texts.

        A pair whose texts are tied by others already is left out, so that ten thousand texts of one template end in ten
        thousand links and not in fifty million. Texts without a word are tied to nothing.
        """
        self._flush()
        twins, firsts = self._twins(len(self._sizes))
        groups = Groups(len(self._sizes))
        yield from self._tied(twins, groups)
        for band in range(BANDS):
            candidates = array("q")
            for later, earlier in _neighbours(self._band(band)[firsts], firsts):
                if not groups.hold(later, earlier):
                    candidates.extend((later, earlier))
                    if len(candidates) >= _BATCH_WORDS:
                        yield from self._tied(_two_columns(candidates), groups)
                        candidates = array("q")
            yield from self._tied(_two_columns(candidates), groups)

    def _tied(self, candidates: Numbers, groups: Groups) -> Iterator[Pair]:
        for pair in self._verified(candidates):
            if groups.join(pair.later, pair.earlier):
                yield pair

    def close(self) -> None:
        self._file.close()

    def _flush(self) -> None:
        if not self._texts:
            return
        signed = self._signer.sign(self._texts)
        self._blocks.append((self._at, len(self._texts)))
        self._write(np.ascontiguousarray(signed.keys.T))
        start = self._at
        self._write(signed.shingles.astype(np.uint32))
        self._sets.extend((start + 4 * signed.starts).tolist())
        self._sizes.extend(signed.sizes.tolist())
        self._texts, self._waiting = [], 0

    def _write(self, values: Numbers) -> None:
        data = values.tobytes()
        self._file.write(data)
        self._at += len(data)

    def _band(self, band: int) -> Numbers:
        """One band's keys of all texts."""
        self._file.flush()
        keys, begin = np.empty(len(self._sizes), np.uint64), 0
        for at, count in self._blocks:
            raw = os.pread(self._file.fileno(), 8 * count, at + 8 * count * band)
            keys[begin : begin + count] = np.frombuffer(raw, dtype=np.uint64)
            begin += count
        return keys

    def _twins(self, count: int) -> tuple[Numbers, Numbers]:
        """Texts whose whole signature an earlier text has, as (later, earlier); and the texts that come first.

        Copies are thousands in some files; only the first of them goes on to be held against others.
        """
        whole = np.zeros(count, np.uint64)
        for band in range(BANDS):
            whole *= _ODD
            whole += self._band(band)
            whole = _mix(whole)
        held = np.flatnonzero(np.frombuffer(self._sizes, dtype=np.uint32)) if count else np.zeros(0, np.int64)
        whole = whole[held]
        order, repeats = _ranked(whole)
        is_first = np.ones(len(order), dtype=bool)
        is_first[repeats + 1] = False
        starts = np.flatnonzero(is_first)
        of = starts[np.searchsorted(starts, repeats, "right") - 1]
        pairs = held[np.stack([order[repeats + 1], order[of]], axis=1)]
        return pairs[np.argsort(pairs[:, 0])], np.sort(held[order[is_first]])

    def _verified(self, candidates: Numbers) -> Iterator[Pair]:
        sizes = np.frombuffer(self._sizes, dtype=np.uint32)
        start = 0
        while start < len(candidates):
            loads = np.cumsum(sizes[candidates[start:]].sum(axis=1, dtype=np.int64))
            stop = start + max(1, int(np.searchsorted(loads, _VERIFIED_AT_ONCE)))
            some = candidates[start:stop]
            sets = {int(place): self._set(int(place)) for place in np.unique(some)}
            indices = _jaccard([sets[int(one)] for one in some[:, 0]], [sets[int(one)] for one in some[:, 1]])
            for place in np.flatnonzero(indices >= self.threshold):
                yield Pair(int(some[place, 0]), int(some[place, 1]), float(indices[place]))
            start = stop

    def _set(self, place: int) -> Numbers:
        return np.frombuffer(os.pread(self._file.fileno(), 4 * self._sizes[place], self._sets[place]), dtype=np.uint32)


class References:
    """Texts that others are held against, kept in memory: evaluation items, the rows of another split.

    A match names a reference by its place among `texts`.
    """

    def __init__(self, texts: Iterable[str], *, seed: int = 0, threshold: float = THRESHOLD) -> None:
        self.threshold = threshold
        self._signer = _Signer(seed)
        signed = [self._signer.sign(batch) for batch in _batches(texts)] or [self._signer.sign([])]
        sizes = np.concatenate([one.sizes for one in signed])
        keys = np.concatenate([one.keys for one in signed])
        wholes = np.concatenate([one.wholes for one in signed])
        offsets = np.cumsum([0, *(len(one.sizes) for one in signed)])
        held = np.flatnonzero(sizes)
        self._count = len(sizes)
        self._sets = [each for one in signed for each in one.sets()]
        self._exact = _sorted(wholes[held], held)
        self._bands = [_sorted(keys[held, band], held) for band in range(BANDS)]
        self._passages = _sorted(
            np.concatenate([one.passages[0] for one in signed]),
            np.concatenate([one.passages[1] + at for one, at in zip(signed, offsets, strict=False)]),
        )

    def __len__(self) -> int:
        return self._count

    def match(self, texts: Sequence[str]) -> list[Match]:
        """What each of `texts` matches; best asked for some hundred texts at once."""
        signed = self._signer.sign([words(text) for text in texts])
        exact = _found(self._exact, signed.wholes)
        passage: list[int | None] = [None] * len(texts)
        grams, owners = signed.passages
        for gram, owner in zip(_found(self._passages, grams), owners.tolist(), strict=True):
            if gram is not None and passage[owner] is None:
                passage[owner] = gram
        near, held = self._near(signed), signed.sizes > 0
        return [Match(exact[at] if held[at] else None, passage[at], near.get(at)) for at in range(len(texts))]

    def _near(self, signed: _Signed) -> dict[int, int]:
        """Of each text that has one, the nearest reference; of two as near the one that was added first."""
        candidates: set[tuple[int, int]] = set()
        held = np.flatnonzero(signed.sizes)
        for band, (keys, places) in enumerate(self._bands):
            asked = signed.keys[held, band]
            low, high = np.searchsorted(keys, asked, "left"), np.searchsorted(keys, asked, "right")
            for at in np.flatnonzero(high > low):
                for place in places[low[at] : min(high[at], low[at] + BUCKET_WHOLE)].tolist():
                    candidates.add((int(held[at]), place))
        ordered = sorted(candidates)
        sets = signed.sets()
        indices = _jaccard([sets[text] for text, _ in ordered], [self._sets[place] for _, place in ordered])
        best: dict[int, tuple[float, int]] = {}
        for (text, place), index in zip(ordered, indices.tolist(), strict=True):
            if index >= self.threshold and (text not in best or index > best[text][0]):
                best[text] = (index, place)
        return {text: place for text, (_, place) in best.items()}


class Groups:
    """Which texts are tied to one another, by union-find."""

    def __init__(self, count: int) -> None:
        self._above = array("I", range(count))

    def top(self, place: int) -> int:
        above = self._above
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    def hold(self, one: int, other: int) -> bool:
        return self.top(one) == self.top(other)

    def join(self, one: int, other: int) -> bool:
        """Ties two texts; False where they were tied."""
        low, high = sorted((self.top(one), self.top(other)))
        self._above[high] = low
        return low != high


class _Signed(NamedTuple):
    """A batch of texts as numbers. `shingles` are the word pairs, each once a text, one text after another."""

    wholes: Numbers  # a number for all words in their order
    keys: Numbers  # (texts, BANDS)
    shingles: Numbers
    starts: Numbers
    sizes: Numbers
    passages: tuple[Numbers, Numbers]  # runs of 13 words, and the text that each is of

    def sets(self) -> list[Numbers]:
        small = self.shingles.astype(np.uint32)
        return [small[at : at + size] for at, size in zip(self.starts.tolist(), self.sizes.tolist(), strict=True)]


class _Signer:
    def __init__(self, seed: int) -> None:
        drawn = np.random.default_rng(seed).integers(0, 1 << 63, size=(2, BANDS * BAND_ROWS), dtype=np.uint64)
        self._factors, self._shifts = drawn[0] * np.uint64(2) + np.uint64(1), drawn[1]

    def sign(self, texts: Sequence[Sequence[str]]) -> _Signed:
        counts = np.array([len(text) for text in texts], dtype=np.int64)
        codes = np.fromiter((_code(word) for text in texts for word in text), dtype=np.uint64, count=int(counts.sum()))
        ends = np.cumsum(counts)
        # A text of one word is its own word pair.
        pairs, owners = _runs(codes, counts, 2)
        single = np.flatnonzero(counts == 1)
        pairs = np.concatenate([pairs, _mix(codes[ends[single] - 1])])
        owners = np.concatenate([owners, single])
        order = np.lexsort((pairs, owners))
        pairs, owners = pairs[order], owners[order]
        kept = np.ones(len(pairs), dtype=bool)
        kept[1:] = (pairs[1:] != pairs[:-1]) | (owners[1:] != owners[:-1])
        pairs, owners = pairs[kept], owners[kept]
        sizes = np.bincount(owners, minlength=len(texts))
        starts = np.cumsum(sizes) - sizes
        return _Signed(
            wholes=_wholes(codes, ends, counts),
            keys=self._keys(pairs, starts, sizes),
            shingles=pairs,
            starts=starts,
            sizes=sizes,
            passages=_runs(codes, counts, PASSAGE_WORDS),
        )

    def _keys(self, shingles: Numbers, starts: Numbers, sizes: Numbers) -> Numbers:
        """(texts, BANDS): each band's six least values as one number; of a text without words, zero."""
        keys = np.zeros((len(sizes), BANDS), dtype=np.uint64)
        held = np.flatnonzero(sizes)
        if not len(held):
            return keys
        for at, (factor, shift) in enumerate(zip(self._factors, self._shifts, strict=True)):
            values = (shingles ^ shift) * factor
            values ^= values >> np.uint64(32)
            least = np.minimum.reduceat(values, starts[held])
            band = at // BAND_ROWS
            keys[held, band] = _mix(keys[held, band] * _ODD + least)
        return keys


def _batches(texts: Iterable[str]) -> Iterator[list[list[str]]]:
    batch: list[list[str]] = []
    waiting = 0
    for text in texts:
        batch.append(words(text))
        waiting += len(batch[-1]) + 1
        if waiting >= _BATCH_WORDS:
            yield batch
            batch, waiting = [], 0
    if batch:
        yield batch


@lru_cache(maxsize=1 << 17)
def _code(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _mix(values: Numbers) -> Numbers:
    """A bijection that spreads every bit over all (the end of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _runs(codes: Numbers, counts: Numbers, length: int) -> tuple[Numbers, Numbers]:
    """Each run of `length` words inside one text as a number, and the text that it is of."""
    if len(codes) < length:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    span = len(codes) - length + 1
    found = np.zeros(span, np.uint64)
    for step in range(length):
        found = found * _ODD + codes[step : step + span]
    owner = np.repeat(np.arange(len(counts)), counts)
    inside = owner[:span] == owner[length - 1 :]
    return _mix(found[inside]), owner[:span][inside]


def _wholes(codes: Numbers, ends: Numbers, counts: Numbers) -> Numbers:
    """One number for each text's words in their order: their sum, each weighed by its place."""
    if not len(codes):
        return np.zeros(len(counts), np.uint64)
    place = (np.arange(len(codes)) - np.repeat(ends - counts, counts)).astype(np.uint64)
    weighed = np.concatenate([np.zeros(1, np.uint64), np.cumsum(_mix(codes ^ _mix(place * _ODD + _ODD)))])
    return _mix(weighed[ends] - weighed[ends - counts] + counts.astype(np.uint64) * _ODD)


def _sorted(values: Numbers, places: Numbers) -> tuple[Numbers, Numbers]:
    order = np.argsort(values, kind="stable")
    return values[order], places[order]


def _found(index: tuple[Numbers, Numbers], asked: Numbers) -> list[int | None]:
    """The first place of each value of `asked` in a sorted index."""
    values, places = index
    if not len(values):
        return [None] * len(asked)
    at = np.minimum(np.searchsorted(values, asked), len(values) - 1)
    hit = values[at] == asked
    return [place if there else None for place, there in zip(places[at].tolist(), hit.tolist(), strict=True)]


def _neighbours(keys: Numbers, places: Numbers) -> Iterator[tuple[int, int]]:
    """Pairs (later, earlier) of places whose keys agree."""
    order, repeats = _ranked(keys)
    for run in _runs_of(repeats, order):
        members = places[run].tolist()
        reach = len(members) if len(members) <= BUCKET_WHOLE else BUCKET_NEXT
        for index, later in enumerate(members):
            for earlier in members[max(0, index - reach) : index]:
                yield later, earlier


def _ranked(keys: Numbers) -> tuple[Numbers, Numbers]:
    """The places of `keys` in their order, equal ones as they stand; and where in it the next has the same key."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    return order, np.flatnonzero(ranked[1:] == ranked[:-1])


def _runs_of(repeats: Numbers, order: Numbers) -> Iterator[Numbers]:
    """The part of `order` that each run of equal keys takes, from what `_ranked` says."""
    ends = np.flatnonzero(np.diff(repeats, append=-2) != 1)
    begin = 0
    for end in ends.tolist():
        yield order[repeats[begin] : repeats[end] + 2]
        begin = end + 1


def _two_columns(values: array[int]) -> Numbers:
    return np.array(values, dtype=np.int64).reshape(-1, 2)


def _jaccard(ones: Sequence[Numbers], others: Sequence[Numbers]) -> Numbers:
    """The Jaccard index of each pair of sets (of 32-bit numbers), all pairs at once."""
    if not ones:
        return np.zeros(0)
    sizes = np.array([len(one) + len(other) for one, other in zip(ones, others, strict=True)], dtype=np.int64)
    which = np.repeat(np.arange(len(ones), dtype=np.uint64), sizes)
    values = np.concatenate([each for pair in zip(ones, others, strict=True) for each in pair])
    tagged = np.sort((which << np.uint64(32)) | values.astype(np.uint64))
    common = np.bincount((tagged[1:][tagged[1:] == tagged[:-1]] >> np.uint64(32)).astype(np.int64), minlength=len(ones))
    return common / (sizes - common)
