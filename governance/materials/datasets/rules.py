"""Who may see the rows of a dataset and who may take its file; how a file becomes a version. Pure.

Data is shown to those whose work needs it: rows can hold what people said, so a viewer sees counts and lengths,
and only who makes, answers for or audits the data leaves with a copy (each time on record).
"""

from enum import StrEnum

from governance.people.projects.rules import MAKERS, Role

READ_ROWS = frozenset(Role) - {Role.VIEWER}
DOWNLOADERS = MAKERS | {Role.DATA_STEWARD, Role.AUDITOR}
# Paging reads from the start of the file each time; who needs rows further down downloads the file.
ROWS_WITHIN_REACH = 5_000


def may_read_rows(roles: frozenset[Role]) -> bool:
    return bool(roles & READ_ROWS)


def may_download(roles: frozenset[Role]) -> bool:
    return bool(roles & DOWNLOADERS)


# A file up to this size is read while its sender waits (a second or two); a larger or packed one by a worker.
READ_AT_ONCE = 4 * 1024**2


class State(StrEnum):
    """Of a file on its way to being a version."""

    QUEUED = "queued"
    REGISTERED = "registered"
    REFUSED = "refused"  # a finding is in the way
    FAILED = "failed"  # the platform could not do it
    CANCELLED = "cancelled"
    DISCARDED = "discarded"


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.REGISTERED, State.REFUSED, State.FAILED, State.CANCELLED},
    State.REGISTERED: set(),
    State.REFUSED: {State.QUEUED, State.DISCARDED},
    State.FAILED: {State.QUEUED, State.DISCARDED},
    State.CANCELLED: {State.QUEUED, State.DISCARDED},
    State.DISCARDED: set(),
}


class SplitState(StrEnum):
    """Of a split of a version."""

    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


SPLIT_TRANSITIONS: dict[SplitState, set[SplitState]] = {
    SplitState.QUEUED: {SplitState.READY, SplitState.FAILED, SplitState.CANCELLED},
    SplitState.READY: set(),
    SplitState.FAILED: {SplitState.QUEUED},
    SplitState.CANCELLED: {SplitState.QUEUED},
}


class ProfileState(StrEnum):
    """Of the measuring of a version's quality. One that ended is kept; another try is another profile."""

    QUEUED = "queued"
    MEASURED = "measured"
    FAILED = "failed"
    CANCELLED = "cancelled"


PROFILE_TRANSITIONS: dict[ProfileState, set[ProfileState]] = {
    ProfileState.QUEUED: {ProfileState.MEASURED, ProfileState.FAILED, ProfileState.CANCELLED},
    ProfileState.MEASURED: set(),
    ProfileState.FAILED: set(),
    ProfileState.CANCELLED: set(),
}


def read_at_once(size: int, *, packed: bool) -> bool:
    """Whether a file is read where it arrives. `packed`: gzip and Parquet unpack to nobody knows how much."""
    return size <= READ_AT_ONCE and not packed
