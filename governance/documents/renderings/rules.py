"""States of a rendering, and the formats there are. Pure."""

from enum import StrEnum


class Format(StrEnum):
    PDF = "pdf"
    MARKDOWN = "md"


class State(StrEnum):
    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.READY, State.FAILED},
    State.READY: set(),
    State.FAILED: {State.QUEUED},
}
