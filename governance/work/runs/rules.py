"""States of a run. Pure."""

from enum import StrEnum


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, set[State]] = {
    State.DRAFT: {State.SUBMITTED, State.CANCELLED},
    State.SUBMITTED: {State.DRAFT, State.QUEUED, State.CANCELLED},
    State.QUEUED: {State.RUNNING, State.CANCELLED, State.FAILED},
    # back to QUEUED: its worker was lost and another try begins from the last checkpoint
    State.RUNNING: {State.SUCCEEDED, State.FAILED, State.CANCELLED, State.QUEUED},
    State.SUCCEEDED: set(),
    State.FAILED: {State.QUEUED},  # resumed by a person
    State.CANCELLED: {State.QUEUED},
}

ENDED = {State.SUCCEEDED, State.FAILED, State.CANCELLED}
EDITABLE = {State.DRAFT}
