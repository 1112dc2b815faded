"""What a scan may become, who answers for special categories, and what a decider is warned of. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from preparation.persons.kinds import KINDS


class State(StrEnum):
    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.DONE, State.FAILED, State.CANCELLED},
    State.DONE: set(),
    State.FAILED: set(),
    State.CANCELLED: set(),
}


class Holds(StrEnum):
    """Whether rows hold special categories of personal data (GDPR Art. 9(1)): no pattern tells, a person does."""

    NO = "no"
    YES = "yes"
    UNSURE = "unsure"


SPECIAL = (
    "racial or ethnic origin, political opinions, religious or philosophical beliefs, trade union membership, genetic "
    "or biometric data, health, sex life or sexual orientation"
)


def in_words(kinds: list[Mapping[str, Any]], group: str = "") -> str:
    """“12 × E-mail address, 3 × IBAN”, the most frequent first; of one group where it is named."""
    chosen = [one for one in kinds if not group or KINDS[one["kind"]].group == group]
    ordered = sorted(chosen, key=lambda one: (-one["count"], one["kind"]))
    return ", ".join(f"{one['count']:,} × {KINDS[one['kind']].title}" for one in ordered)
