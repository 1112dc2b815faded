"""An audit engagement: what it lays open, to whom and when; and how its requests and findings go on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from governance.foundation.core.canonical import digest, plain
from governance.foundation.core.errors import Fault
from governance.people.projects.rules import READERS, SPOKEN, Role

SCHEMA = "assay.audit-report/1"


class State(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"


TRANSITIONS: dict[State, set[State]] = {
    State.PLANNED: {State.OPEN, State.CLOSED},
    State.OPEN: {State.CLOSED},
    State.CLOSED: set(),
}


class Asked(StrEnum):
    """A request: an auditor asks to be shown something, members answer, the auditor says that it is settled."""

    WAITING = "waiting"
    ANSWERED = "answered"
    SETTLED = "settled"


REQUEST_TRANSITIONS: dict[Asked, set[Asked]] = {
    Asked.WAITING: {Asked.ANSWERED, Asked.SETTLED},
    Asked.ANSWERED: {Asked.WAITING, Asked.SETTLED},
    Asked.SETTLED: set(),
}


class Severity(StrEnum):
    OBSERVATION = "observation"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Found(StrEnum):
    """A finding: open until members say what they do about it and by when, closed by the auditor who saw it done."""

    OPEN = "open"
    IN_HAND = "in_hand"
    CLOSED = "closed"


FINDING_TRANSITIONS: dict[Found, set[Found]] = {
    Found.OPEN: {Found.IN_HAND, Found.CLOSED},
    Found.IN_HAND: {Found.IN_HAND, Found.CLOSED},
    Found.CLOSED: set(),
}

MOST_FILES = 5  # of one answer
LARGEST_FILE = 25 * 1024**2  # bytes
# What is attached as evidence. Only the name is looked at: whoever opens a file trusts who sent it.
ENDINGS = (
    "pdf", "png", "jpg", "jpeg", "txt", "md", "log", "csv", "tsv", "json", "jsonl", "docx", "xlsx", "pptx", "odt",
    "ods", "zip",
)  # fmt: skip


@dataclass(frozen=True)
class Window:
    """The days on which auditors have access, both ends included."""

    state: State
    access_from: date
    access_until: date


def lays_open(window: Window, today: date) -> bool:
    return window.state == State.OPEN and window.access_from <= today <= window.access_until


def standing(window: Window, today: date) -> str:
    """How it stands on a day, as a chip says it: an open one whose time has not come, or is over, lays nothing open."""
    if window.state != State.OPEN or lays_open(window, today):
        return window.state.value
    return "not_started" if today < window.access_from else "expired"


Period = tuple[date | None, date | None]  # the days that are looked at, both ends included; None: without an end

# What one does without a part in what is made: reading, asking, auditing, and what is about oneself.
LOOKING = ("record.read", "act.refused", "audit-", "engagement.", "evidence.exported", "approval.commented")


def in_period(period: Period, day: date) -> bool:
    first, last = period
    return (first is None or first <= day) and (last is None or day <= last)


def worked(acts: Mapping[str, int]) -> str | None:
    """Why somebody with these acts on record cannot audit them, as the rest of a sentence, or None: nobody looks at
    their own work with an auditor's eyes (ISO 19011:2018, 4 e: independence)."""
    count = sum(times for action, times in acts.items() if not action.startswith(LOOKING))
    return f"worked on what is audited ({count:,} {'act' if count == 1 else 'acts'} on record)" if count else None


def not_independent(roles: frozenset[Role], *, administers: bool) -> str | None:
    """Why somebody with these roles in the scope cannot audit it, as the rest of a sentence about them, or None."""
    if administers:
        return "administers the organisation"
    makes = [SPOKEN[role] for role in Role if role in roles - READERS]
    return f"is {' and '.join(makes)} there" if makes else None


def file_fault(name: str, size: int) -> Fault | None:
    """What keeps a file of this name and size from being attached, or None."""
    if not name.isprintable() or len(name) > 160 or "/" in name or "\\" in name:
        return Fault("files", "A file's name has at most 160 printable characters, and no slash.", "Rename it.")
    if name.rpartition(".")[2].lower() not in ENDINGS:
        return Fault("files", f"“{name}” is of no kind that is attached here.", f"Known are: {', '.join(ENDINGS)}.")
    if not size:
        return Fault("files", f"“{name}” is empty.", "Attach one with something in it.")
    if size > LARGEST_FILE:
        limit = f"At most {LARGEST_FILE // 1024**2} MiB each are taken."
        return Fault("files", f"“{name}” is too large.", limit)
    return None


def report(content: Mapping[str, Any], **parts: Any) -> dict[str, Any]:
    """The closing report with its `sha256`, over the canonical JSON of all else."""
    document = plain({"schema": SCHEMA, "engagement": content, **parts})
    return {**document, "sha256": digest(document)}
