"""A review of who has access: each row is kept, changed or removed, with a reason, and signed for. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from governance.foundation.core.errors import Faults

EVERY = timedelta(days=92)  # a quarter, at its longest
SOON = timedelta(days=14)
MEANING = "I looked at each of these people and roles, and answer for who keeps access."


class Verdict(StrEnum):
    KEEP = "keep"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True)
class Decided:
    """What a reviewer says of one row. `to` is the role in its place, where it is changed."""

    verdict: Verdict
    reason: str = ""
    to: str = ""

    @property
    def to_now(self) -> str:
        """`to`, where it counts."""
        return self.to if self.verdict == Verdict.CHANGE else ""


@dataclass(frozen=True)
class Held:
    """One role of one person, as far as the rules look at it."""

    id: str
    user_id: int
    name: str
    role: str


def check(held: Collection[Held], decided: Mapping[str, Decided], *, reviewer: int, roles: Collection[str]) -> None:
    """Raises Unusable, naming each row, unless every row is decided and every decision can be carried out."""
    faults = Faults()
    for stranger in sorted(set(decided) - {row.id for row in held}):
        faults.add("decisions", f"There is no row {stranger} in this review.", "Load it again.")
    for row in held:
        said = decided.get(row.id)
        if said is None:
            faults.add(row.id, f"Nothing is said of {row.name}, {row.role}.", "Keep, change or remove it.")
            continue
        if said.verdict != Verdict.KEEP and row.user_id == reviewer:
            faults.add(row.id, "Your own access is for somebody else to take away.", "Keep it, and ask them.")
        if said.verdict != Verdict.KEEP and not said.reason.strip():
            faults.add(row.id, f"Say why {row.name} does not keep the role of {row.role}.", "One sentence is enough.")
        if said.verdict == Verdict.CHANGE and (said.to not in roles or said.to == row.role):
            faults.add(row.id, f"Say which other role {row.name} gets.", f"One of: {', '.join(roles)}.")
    faults.raise_if_any()


def choice(decided: Mapping[str, Decided]) -> dict[str, Any]:
    """What the signature covers beside the rows as they were shown: what becomes of each."""
    return {
        "rows": {row: {"verdict": said.verdict.value, "to": said.to_now} for row, said in decided.items()},
    }


def due_on(last: date | None, began: date) -> date:
    """When the next review is due: a quarter after the last, or after the place was opened."""
    return (last or began) + EVERY


def standing(due: date, today: date) -> str:
    """How a place stands, as a chip says it."""
    if today > due:
        return "overdue"
    return "due" if due - today <= SOON else "good"
