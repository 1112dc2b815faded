"""What is kept, and what goes before what. Pure; engineering, not legal advice.

    legal hold > statutory retention > erasure > needed by what rests on it > project rule

GDPR Art. 17(3)(b) and (e): what a law has kept, and what legal claims need, is not erased on request. What we keep
because something of ours rests on it, or because a project gave itself a rule, is no such ground.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any


class Basis(StrEnum):
    LEGAL_HOLD = "legal-hold"
    STATUTORY = "statutory-retention"
    NEEDED = "needed"
    PROJECT_RULE = "project-rule"


ERASURE = "erasure"
PRECEDENCE = (Basis.LEGAL_HOLD, Basis.STATUTORY, ERASURE, Basis.NEEDED, Basis.PROJECT_RULE)
TITLES = {
    Basis.LEGAL_HOLD: "Legal hold",
    Basis.STATUTORY: "Statutory retention",
    Basis.NEEDED: "Needed by what rests on it",
    Basis.PROJECT_RULE: "Project rule",
}
# What a person can place a hold on; that something rests on data is found in the records.
PLACED = (Basis.LEGAL_HOLD, Basis.STATUTORY, Basis.PROJECT_RULE)


@dataclass(frozen=True)
class Held:
    """What a rule needs to know of a hold. `until` is the last day on which it holds; None: until it is lifted."""

    basis: Basis
    until: date | None
    is_lifted: bool = False


def in_force(hold: Held, today: date) -> bool:
    return not hold.is_lifted and (hold.until is None or today <= hold.until)


def goes_before(basis: Basis) -> bool:
    """Whether what is held on this basis is kept although somebody has a right to its erasure."""
    return PRECEDENCE.index(basis) < PRECEDENCE.index(ERASURE)


def ordered(holds: Iterable[Held], today: date) -> list[Held]:
    """Those in force, what goes before everything else first; of one basis, what lasts longest."""
    standing = [hold for hold in holds if in_force(hold, today)]
    return sorted(standing, key=lambda hold: (PRECEDENCE.index(hold.basis), -(hold.until or date.max).toordinal()))


@dataclass(frozen=True)
class Ground:
    """One reason why something is kept. `until` is the last day; None: no day ends it, `ends` says what does.
    `ref` is the place in the law, `kind` and `id` name the record behind it."""

    basis: Basis
    says: str
    until: date | None = None
    ends: str = ""
    ref: str = ""
    kind: str = ""
    id: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Ground":
        """As `as_json` wrote it."""
        until = row["until"]
        return cls(**{**row, "basis": Basis(row["basis"]), "until": date.fromisoformat(until) if until else None})

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "basis": self.basis.value, "until": self.until.isoformat() if self.until else None}

    @property
    def end(self) -> str:
        """“until 3 May 2036”, or what ends it."""
        return f"until {self.until:%d %B %Y}" if self.until else self.ends

    @property
    def words(self) -> str:
        """The whole of it in one line, as a refusal keeps it."""
        return f"{self.says}{f' ({self.ref})' if self.ref else ''}, {self.end}"


def standing(grounds: Iterable[Ground], today: date) -> list[Ground]:
    """Those that keep something today: what goes before everything else first; of one basis, what lasts longest. Any
    ground keeps it, the weakest too: the order says which of them answers for it."""
    running = {ground for ground in grounds if ground.until is None or today <= ground.until}
    last = {ground: -(ground.until or date.max).toordinal() for ground in running}
    return sorted(running, key=lambda one: (PRECEDENCE.index(one.basis), last[one], one.says))


def free_from(grounds: Iterable[Ground]) -> date | None:
    """The first day on which nothing keeps it, as far as days are known; None where no day ends all of it."""
    lasts = [ground.until for ground in grounds]
    return None if None in lasts else max((last for last in lasts if last), default=date.min) + timedelta(days=1)


class Thing(StrEnum):
    """What can be deleted at all."""

    FILE = "unregistered-files"  # sent, and made no version
    RUN = "unfinished-runs"  # the folder of a run that failed or was cancelled: copies of data, checkpoints, adapter
    DATA = "data"  # the file of a dataset version


# A person who deletes these loses work and nothing that anybody relied on: no second one is asked.
DRAFTS = frozenset({Thing.FILE, Thing.RUN})
SINCE = {
    Thing.FILE: "its reading ended",
    Thing.RUN: "it ended",
    Thing.DATA: "it was registered, or a run last had it",
}
DAYS_AT_MOST = 36_500


def by_rule(thing: Thing, since: date, days: Mapping[str, int | None], name: str) -> Ground:
    """What a project's own rule says of a thing that lies idle `since` a day: it is kept for `days`, and without a
    number of days until the project has one."""
    count = days.get(thing)
    if count is None:
        return Ground(Basis.PROJECT_RULE, "No rule of the project says how long this is kept", ends="until one does")
    says = f"{name} keeps it for {count:,} {'day' if count == 1 else 'days'} after {SINCE[thing]}"
    return Ground(Basis.PROJECT_RULE, says, until=since + timedelta(days=count - 1))
