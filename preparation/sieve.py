"""Which of a model's texts are kept, and why the others are not. Needs numpy (preparation.matching)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from preparation.matching import Near, words
from preparation.persons.recognisers import find
from preparation.synthesis import EXACT, NEAR, Filters

# In the order in which a text is held against them: the first that holds is counted.
NOT_WRITTEN, CUT_OFF, EMPTY, TOO_SHORT, TOO_LONG, NO_FIELD, PERSONS, COPY, NEAR_COPY = REASONS = (
    "not-written", "cut-off", "empty", "too-short", "too-long", "no-field", "personal-data", "copy", "near-copy",
)  # fmt: skip

WORDS: Mapping[str, str] = {
    NOT_WRITTEN: "not written: the prompt is too long for the model",
    CUT_OFF: "cut off by the limit of tokens",
    EMPTY: "without a word",
    TOO_SHORT: "too short",
    TOO_LONG: "too long",
    NO_FIELD: "from a row without that text",
    PERSONS: "with personal data or a secret",
    COPY: "the same as another row",
    NEAR_COPY: "nearly the same as another row",
}


def by_itself(text: str, filters: Filters, *, cut: bool) -> str | None:
    """Why a text is not kept, whatever else there is."""
    if filters.whole and cut:
        return CUT_OFF
    if not words(text):
        return EMPTY
    if len(text) < filters.shortest:
        return TOO_SHORT
    if filters.longest is not None and len(text) > filters.longest:
        return TOO_LONG
    return None


def tells_of_persons(text: str) -> bool:
    return bool(find(text))


class Copies:
    """Texts that are there already. `seed` makes the near ones the same on every machine."""

    def __init__(self, filters: Filters, seed: int) -> None:
        self._exact = filters.copies in (EXACT, NEAR)
        self._near = Near(seed=seed) if filters.copies == NEAR else None
        self._seen: set[bytes] = set()
        self._count = 0

    def know(self, text: str) -> None:
        """A text of the seed."""
        if self._exact:
            self._seen.add(_digest(text))
        if self._near:
            self._near.add(text)
            self._count += 1

    def of(self, texts: Sequence[str]) -> dict[int, str]:
        """Which of `texts`, in their order, are copies of the seed's or of one before them. To be asked once."""
        found: dict[int, str] = {}
        if self._exact:
            for place, text in enumerate(texts):
                digest = _digest(text)
                if digest in self._seen:
                    found[place] = COPY
                self._seen.add(digest)
        if self._near:
            for text in texts:
                self._near.add(text)
            for place in self._later(self._count):
                found.setdefault(place, NEAR_COPY)
            self._near.close()
        return found

    def _later(self, known: int) -> list[int]:
        """Places among the new texts of those that an earlier text of their group stands before."""
        first: dict[int, int] = {}

        def top(place: int) -> int:
            while first.get(place, place) != place:
                place = first[place]
            return place

        assert self._near is not None  # noqa: S101 - asked by `of` alone
        for pair in self._near.links():
            low, high = sorted((top(pair.later), top(pair.earlier)))
            first[high] = low
        return sorted(place - known for place in first if place >= known and top(place) != place)


def _digest(text: str) -> bytes:
    """Of the words alone: case, punctuation and spacing are looked past, as in preparation.matching."""
    return sha256("\0".join(words(text)).encode("utf-8", "surrogatepass")).digest()
