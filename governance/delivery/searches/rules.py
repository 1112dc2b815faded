"""What a search may become, and how long what it found is kept. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # done, and what was found is destroyed


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.DONE, State.FAILED, State.CANCELLED},
    State.DONE: {State.EXPIRED},
    State.FAILED: set(),
    State.CANCELLED: set(),
    State.EXPIRED: set(),
}


def expiry(ended: datetime, days: int) -> datetime:
    return ended + timedelta(days=days)
