"""States of a run. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


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

UNDER_WAY = {State.QUEUED, State.RUNNING}
ENDED = {State.SUCCEEDED, State.FAILED, State.CANCELLED}
EDITABLE = {State.DRAFT}

# Called the user's fault, but mended beside the plan: files put back, a machine that has the device or the counters.
MENDED_BESIDE = frozenset(
    {"base-model-changed", "base-model-not-found", "data-changed", "energy-not-measured", "no-gpu"}
)
# Not called the user's fault, but the same plan comes to the same end.
SAME_AGAIN = frozenset({"diverged"})


def can_end_otherwise(error: Mapping[str, Any] | None) -> bool:
    """Whether taking the same plan up again can help after `error` (None: it was cancelled): not where its settings
    or its data are at fault."""
    if error is None:
        return True
    if error["code"] in MENDED_BESIDE:
        return True
    return error.get("fault") != "user" and error["code"] not in SAME_AGAIN
