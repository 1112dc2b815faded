"""What a redaction may become, and who may look behind a pseudonym. Pure."""

from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"
    REGISTERED = "registered"
    REFUSED = "refused"  # something in the rows is in the way
    FAILED = "failed"  # the platform could not do it
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.REGISTERED, State.REFUSED, State.FAILED, State.CANCELLED},
    State.REGISTERED: set(),
    State.REFUSED: set(),
    State.FAILED: set(),
    State.CANCELLED: set(),
}
