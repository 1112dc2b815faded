"""States of a job and what a lost worker means. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.RUNNING, State.CANCELLED},
    # back to QUEUED: its worker was lost and an attempt is left
    State.RUNNING: {State.SUCCEEDED, State.FAILED, State.CANCELLED, State.QUEUED},
    State.FAILED: {State.QUEUED},  # a person asks for another try
    State.SUCCEEDED: set(),
    State.CANCELLED: set(),
}

ENDED = {State.SUCCEEDED, State.FAILED, State.CANCELLED}


def lease_until(now: datetime, seconds: int) -> datetime:
    return now + timedelta(seconds=seconds)


def after_loss(*, attempts: int, max_attempts: int, cancel_asked: bool) -> State:
    """What becomes of a job whose worker died: cancelled if that was wished, tried again while attempts
    are left, failed otherwise."""
    if cancel_asked:
        return State.CANCELLED
    return State.QUEUED if attempts < max_attempts else State.FAILED
