"""What a trace may become, and who may take a withdrawal back. Pure."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from governance.people.policies.kinds import KINDS


class TraceState(StrEnum):
    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRACE_TRANSITIONS: dict[TraceState, set[TraceState]] = {
    TraceState.QUEUED: {TraceState.DONE, TraceState.FAILED, TraceState.CANCELLED},
    TraceState.DONE: set(),
    TraceState.FAILED: {TraceState.QUEUED},
    TraceState.CANCELLED: {TraceState.QUEUED},
}

MEANING = KINDS["withdrawal"].meaning


def why_not_take_back(
    *, person: int | None, first_name: str, withdrew: int | None, touched: Mapping[int, str], approved: Collection[int]
) -> str:
    """Why this person may not take a withdrawal back, or "". `touched`: who did what to anything that it reached;
    `approved`: who decided on its being taken back, where a policy has others asked."""
    if person is None:
        return "Only a person can take a withdrawal back."
    if person == withdrew:
        return "You withdrew it; it takes another person to take that back."
    if person in touched:
        return f"{first_name} {touched[person]}; it takes somebody who had no part in what was reached."
    if person in approved:
        return "You decided on it; it takes another person to take it back."
    return ""
