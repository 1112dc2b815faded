"""A review of who has access: each row is kept, changed or removed, with a reason, and signed for. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from governance.foundation.core.errors import Faults
from governance.people.projects.rules import SPOKEN

EVERY = timedelta(days=92)  # a quarter, at its longest
SOON = timedelta(days=14)
MEANING = "I looked at each of these people and roles, and answer for who keeps access."


class Way(StrEnum):
    """How somebody comes to have access."""

    ROLE = "role"  # a role of their own; in an organisation, that they belong to it
    ADMINISTRATOR = "administrator"  # of the organisation, in each of its projects
    LOAN = "loan"  # of a deciding role, for some days
    AUDIT = "audit"  # an audit engagement lays the place open to them


class Verdict(StrEnum):
    KEEP = "keep"
    CHANGE = "change"
    REMOVE = "remove"


# What can be decided of each in a review; the rest is looked at here, and ended where it is governed. Of an auditor
# whoever holds the engagement decides; other reviewers keep them.
CAN: dict[Way, tuple[Verdict, ...]] = {
    Way.ROLE: (Verdict.KEEP, Verdict.CHANGE, Verdict.REMOVE),
    Way.LOAN: (Verdict.KEEP, Verdict.REMOVE),
    Way.ADMINISTRATOR: (Verdict.KEEP,),
    Way.AUDIT: (Verdict.KEEP, Verdict.REMOVE),
}
ELSEWHERE = {
    Way.ADMINISTRATOR: "An administrator is changed or let go in the access review of the organisation.",
    Way.AUDIT: "This audit reaches further than you do: who holds it takes an auditor out, or closes it.",
}


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
    way: Way = Way.ROLE
    can: tuple[Verdict, ...] = CAN[Way.ROLE]


def spoken(role: str) -> str:
    """A role of a project in words; how somebody belongs to an organisation says itself."""
    return {known.value: words for known, words in SPOKEN.items()}.get(role, role)


def check(held: Collection[Held], decided: Mapping[str, Decided], *, reviewer: int, roles: Collection[str]) -> None:
    """Raises Unusable, naming each row, unless every row is decided and every decision can be carried out."""
    faults = Faults()
    for stranger in sorted(set(decided) - {row.id for row in held}):
        faults.add("decisions", f"There is no row {stranger} in this review.", "Load it again.")
    for row in held:
        said = decided.get(row.id)
        if said is None:
            choices = " or ".join(verdict.value for verdict in row.can)
            faults.add(row.id, f"Nothing is said of {row.name}, {spoken(row.role)}.", f"It can be: {choices}.")
            continue
        if said.verdict not in row.can:
            cure = ELSEWHERE.get(row.way, "Take it back, and appoint them for good.")
            faults.add(row.id, f"{row.name} keeps this access, as far as this review goes.", cure)
            continue
        if said.verdict != Verdict.KEEP and row.user_id == reviewer:
            faults.add(row.id, "Your own access is for somebody else to take away.", "Keep it, and ask them.")
        if said.verdict != Verdict.KEEP and not said.reason.strip():
            faults.add(
                row.id, f"Say why {row.name} does not keep the role of {spoken(row.role)}.", "One sentence is enough."
            )
        if said.verdict == Verdict.CHANGE and (said.to not in roles or said.to == row.role):
            faults.add(row.id, f"Say which other role {row.name} gets.", f"One of: {', '.join(map(spoken, roles))}.")
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
