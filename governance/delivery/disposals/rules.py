"""What a disposal may become, and what each thing on its list may. Pure. What keeps a thing says `retention.rules`."""

from collections.abc import Iterable
from enum import StrEnum

from governance.oversight.retention.rules import DRAFTS, Thing


class State(StrEnum):
    PROPOSED = "proposed"  # waits for a second person
    QUEUED = "queued"
    DONE = "done"
    REFUSED = "refused"  # something keeps everything on the list
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, set[State]] = {
    State.PROPOSED: {State.QUEUED, State.CANCELLED},
    State.QUEUED: {State.DONE, State.FAILED, State.CANCELLED},
    State.FAILED: {State.QUEUED, State.CANCELLED},
    State.DONE: set(),
    State.REFUSED: set(),
    State.CANCELLED: set(),
}
OPEN = {State.PROPOSED, State.QUEUED, State.FAILED}


class Fate(StrEnum):
    """Of one thing on the list."""

    PENDING = "pending"
    GOING = "going"  # on record as let go; its bytes may still lie there
    GONE = "gone"
    KEPT = "kept"  # refused: its grounds stand with it


FATES: dict[Fate, set[Fate]] = {
    Fate.PENDING: {Fate.GOING, Fate.KEPT},
    Fate.GOING: {Fate.GONE},
    Fate.GONE: set(),
    Fate.KEPT: set(),
}
THINGS_AT_MOST = 500
MEANING = "I looked at this list, and know that what is deleted cannot be brought back."


def needs_second_person(things: Iterable[Thing]) -> bool:
    """Whether more than drafts would go."""
    return not set(things) <= DRAFTS


def why_not_confirm(*, person: int | None, asked_by: int | None) -> str:
    """Why this person may not confirm a disposal, or ""."""
    if person is None:
        return "Only a person can confirm a disposal."
    return "You proposed it; it takes another person to confirm that." if person == asked_by else ""
