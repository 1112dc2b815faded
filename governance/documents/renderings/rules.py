"""States of a rendering, and the formats there are. Pure."""

from enum import StrEnum


class Format(StrEnum):
    PDF = "pdf"
    MARKDOWN = "md"


# By the form that was asked for; JSON is no rendering, it is the document itself.
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "notice": "text/plain; charset=utf-8",
    "croissant": "application/ld+json",
    "card": "text/markdown; charset=utf-8",
}


class State(StrEnum):
    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.READY, State.FAILED},
    State.READY: set(),
    State.FAILED: {State.QUEUED},
}
