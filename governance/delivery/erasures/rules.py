"""What an erasure may become. Pure. What goes before it says `retention.rules`."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any


class State(StrEnum):
    HELD = "held"  # something goes before it; taken up again when that is over
    ASKED = "waiting"  # for a second person
    QUEUED = "queued"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, set[State]] = {
    State.HELD: {State.ASKED, State.QUEUED, State.CANCELLED},
    State.ASKED: {State.HELD, State.QUEUED, State.REFUSED, State.CANCELLED},
    State.QUEUED: {State.DONE, State.FAILED, State.CANCELLED},
    State.FAILED: {State.HELD, State.QUEUED, State.CANCELLED},
    State.DONE: set(),
    State.REFUSED: set(),
    State.CANCELLED: set(),
}
UNDER_WAY = (State.HELD, State.ASKED, State.QUEUED)
ROWS_AT_MOST = 10_000


NOT_UNLEARNED = (
    "Models that were trained on the rows are listed. They are not made to forget: whether one may be used further is "
    "decided by people."
)


def choice(rows: Iterable[int]) -> dict[str, Any]:
    """What the signature under an erasure covers beside the version: which of its rows."""
    return {"rows": sorted(set(rows))}
