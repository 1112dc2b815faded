"""What a synthesis may become, which share of the rows is a model's, and how that is said. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from preparation import sieve
from preparation.synthesis import EXACT, NO_COPIES, Filters


class State(StrEnum):
    QUEUED = "queued"
    REGISTERED = "registered"
    REFUSED = "refused"  # something in the rows or in what was asked is in the way
    FAILED = "failed"  # the platform could not do it
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.REGISTERED, State.REFUSED, State.FAILED, State.CANCELLED},
    State.REGISTERED: set(),
    State.REFUSED: set(),
    State.FAILED: set(),
    State.CANCELLED: set(),
}


def share(done: Mapping[str, Any], before: float | None) -> float:
    """Per cent of the new version's rows that a model wrote. `before`: the share among the rows that were kept as they
    were, None where nobody said."""
    kept, originals = done["kept"], done["originals"]
    return round((100 * kept + originals * (before or 0)) / (kept + originals), 2)


def discarded(done: Mapping[str, Any]) -> int:
    return sum(done["discarded"].values())


def in_words(filters: Filters) -> str:
    """What is not kept: “cut off by the limit of tokens; shorter than 20 characters; …”."""
    said = [sieve.WORDS[sieve.CUT_OFF]] if filters.whole else []
    said.append(sieve.WORDS[sieve.EMPTY])
    if filters.shortest > 1:
        said.append(f"shorter than {filters.shortest:,} characters")
    if filters.longest is not None:
        said.append(f"longer than {filters.longest:,} characters")
    if filters.persons:
        said.append(sieve.WORDS[sieve.PERSONS])
    if filters.copies != NO_COPIES:
        said.append(sieve.WORDS[sieve.COPY] + ("" if filters.copies == EXACT else ", or nearly"))
    return "; ".join(said)
