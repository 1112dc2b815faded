"""What people are told of, by which way, and when a letter goes out. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a notice is about, as a person chooses by it."""

    ASKED = "asked"
    DECIDED = "decided"
    SUSPENDED = "suspended"
    ENDED = "ended"
    FOUND = "found"
    AUDIT = "audit"
    DUE = "due"


class Channel(StrEnum):
    """How a notice reaches its person beside the page, where every notice stands."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    PAGE = "page"


# What holds for a person who chose nothing.
DEFAULTS: dict[Kind, Channel] = {
    Kind.ASKED: Channel.AT_ONCE,
    Kind.DECIDED: Channel.AT_ONCE,
    Kind.SUSPENDED: Channel.AT_ONCE,
    Kind.ENDED: Channel.DIGEST,
    Kind.FOUND: Channel.DIGEST,
    Kind.AUDIT: Channel.AT_ONCE,
    Kind.DUE: Channel.AT_ONCE,
}
DIGEST_HOUR = 8

# How long before its day a deadline is told of: once when it comes near, once when it is at hand.
NEAR = (timedelta(days=14), timedelta(days=2))


class LetterState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"  # what it tells was seen before it went out, or may not be seen any more
    UNKNOWN = "unknown"  # the process that sent it was lost meanwhile: it may have gone out, so it never goes again


TRANSITIONS: dict[LetterState, set[LetterState]] = {
    LetterState.QUEUED: {LetterState.SENDING},
    LetterState.SENDING: {
        LetterState.SENT,
        LetterState.QUEUED,
        LetterState.FAILED,
        LetterState.DROPPED,
        LetterState.UNKNOWN,
    },
    LetterState.SENT: set(),
    LetterState.FAILED: set(),
    LetterState.DROPPED: set(),
    LetterState.UNKNOWN: set(),
}

# How long to wait before the second, third, ... try at a mail server that did not take a letter.
PAUSES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
# A letter that is under way for longer belongs to a process that was lost.
LOST_AFTER = timedelta(minutes=10)
# What is older is read on the page: where mail was off for long, nobody gets a heap of old letters.
MAILED_WITHIN = timedelta(days=2)


def next_try(tries: int, now: datetime) -> datetime | None:
    """When a letter that was tried so often is tried again; None: never."""
    return now + PAUSES[tries - 1] if tries <= len(PAUSES) else None


def digest_time(local: datetime, hour: int) -> datetime:
    """The last moment at or before `local` at which a digest of that hour was due."""
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= local else today - timedelta(days=1)
