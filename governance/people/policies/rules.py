"""What a policy asks for, and which policy governs a subject. Pure; separation of duties after ASVS 5.0, 2.3.5."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from governance.foundation.core.errors import Fault, Faults, Unusable
from governance.people.policies.kinds import ALWAYS_BARRED, KINDS, Act
from governance.people.projects.rules import READERS, Role, listing

MOST_STEPS = 12
MOST_DAYS = 3_660


class State(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Factor(StrEnum):
    """With what one signs in a step: as one likes, or with what a known password does not give away."""

    ANY = "any"
    SECOND = "second"


TRANSITIONS: dict[State, set[State]] = {
    State.DRAFT: {State.PUBLISHED},
    State.PUBLISHED: {State.RETIRED},
    State.RETIRED: set(),
}


@dataclass(frozen=True)
class Person:
    """Somebody named in a policy; the name is kept, so that it outlives the account."""

    id: int
    name: str


@dataclass(frozen=True)
class Step:
    """One review: by `quorum` different people of these roles, or of these people. Steps of one stage run side by side;
    a stage opens when all before it are met. `parts`: what of the subject it reviews; none: all of it. `factor`: with
    what one signs in it. Whoever is named needs a role that answers for something, too: readers never decide."""

    name: str
    roles: frozenset[Role]
    people: tuple[Person, ...] = ()
    quorum: int = 1
    stage: int = 1
    parts: tuple[str, ...] = ()
    factor: Factor = Factor.ANY

    def takes(self, person: int, roles: frozenset[Role]) -> bool:
        answering = roles - READERS
        return bool(self.roles & answering) or (bool(answering) and any(one.id == person for one in self.people))

    def fits(self, person: int, roles: frozenset[Role], *, by_second_factor: bool) -> bool:
        """Whether what somebody signed, with these roles and so, is what this step asks for."""
        return self.takes(person, roles) and (by_second_factor or self.factor != Factor.SECOND)

    @property
    def deciders(self) -> str:
        """“a data steward or Ben Castell”"""
        names = [one.name for one in self.people]
        return " or ".join([*([listing(self.roles)] if self.roles else []), *names])

    def needed(self, left: int) -> str:
        """“one risk owner, with a second factor”, for the page that says what is missing."""
        who = self.deciders.split(" ", 1)[1] if self.roles else self.deciders
        people = f"one {who}" if left == 1 and self.roles else f"{left} of: {who}" if left > 1 else who
        return f"{people}, with a second factor" if self.factor == Factor.SECOND else people


@dataclass(frozen=True)
class Terms:
    """The content of a policy: what it takes to approve one kind of subject, for how long, and how fast."""

    steps: tuple[Step, ...]
    barred: frozenset[Act]
    expires_after_days: int | None = None
    comment_required: bool = False
    record_opened: bool = False  # what each decider opened in Assay before deciding
    deadline_days: int | None = None
    remind_after_days: int | None = None
    escalate_to: Role | None = None

    def step(self, name: str) -> Step:
        """Raises KeyError for a name that these terms do not have."""
        return {step.name: step for step in self.steps}[name]

    @property
    def deciders(self) -> str:
        """Who decides in any step, each once: “a data steward or Ben Castell”."""
        everyone = Step("", frozenset[Role]().union(*(step.roles for step in self.steps)), tuple(
            dict.fromkeys(person for step in self.steps for person in step.people)
        ))  # fmt: skip
        return everyone.deciders

    def content(self) -> dict[str, Any]:
        """As it is stored, digested, and read again by `parse`."""
        return {
            "steps": [
                {
                    "name": step.name,
                    "roles": sorted(step.roles),
                    "people": [{"id": person.id, "name": person.name} for person in step.people],
                    "quorum": step.quorum,
                    "stage": step.stage,
                    "parts": list(step.parts),
                    "factor": step.factor,
                }
                for step in self.steps
            ],
            "barred": sorted(self.barred),
            "expires_after_days": self.expires_after_days,
            "comment_required": self.comment_required,
            "deadline_days": self.deadline_days,
            "remind_after_days": self.remind_after_days,
            "escalate_to": self.escalate_to,
            # said only where it is wanted: what was published before it could be stays as it was
            **({"record_opened": True} if self.record_opened else {}),
        }


def parse(subject_kind: str, given: Mapping[str, Any]) -> Terms:
    """Terms from their stored or sent form. Raises Unusable naming every entry that cannot be read.

    What is left out is the mildest thing, except for the bars: without them all that the kind knows are drawn.
    """
    faults = Faults()
    if not isinstance(given, Mapping):
        raise Unusable([Fault("terms", "A policy's terms are an object.", "Give one with `steps` in it.")])
    known = {"steps", "barred", "comment_required", "record_opened", "escalate_to", *DAYS}
    for name in sorted(given.keys() - known):
        faults.add(name, "A policy has no such entry.", f"It has: {', '.join(sorted(known))}.")
    rows = given.get("steps")
    if not isinstance(rows, list) or not rows or len(rows) > MOST_STEPS:
        faults.add("steps", f"A policy has between one and {MOST_STEPS} steps.", "Say who decides.")
        rows = []
    steps = tuple(_step(subject_kind, number, row, faults) for number, row in enumerate(rows, 1))
    bars = given.get("barred", sorted(KINDS[subject_kind].bars))
    terms = Terms(
        steps=steps,
        barred=ALWAYS_BARRED | _members(Act, bars, "barred", faults),
        comment_required=_flag(given.get("comment_required", False), "comment_required", faults),
        record_opened=_flag(given.get("record_opened", False), "record_opened", faults),
        escalate_to=next(iter(_members(Role, [given["escalate_to"]], "escalate_to", faults)), None)
        if given.get("escalate_to")
        else None,
        **{name: _days(given.get(name), name, faults) for name in DAYS},
    )
    faults.raise_if_any()
    return terms


DAYS = ("expires_after_days", "deadline_days", "remind_after_days")


def _step(subject_kind: str, number: int, row: Any, faults: Faults) -> Step:
    where = f"steps[{number}]"
    if not isinstance(row, Mapping):
        faults.add(where, "A step is an object with a name and who decides.")
        return Step("", frozenset())
    for name in sorted(row.keys() - {"name", "roles", "people", "quorum", "stage", "parts", "factor"}):
        faults.add(f"{where}.{name}", "A step has no such entry.")
    parts = row.get("parts") or []
    codes = [part.code for part in KINDS[subject_kind].parts]
    if not isinstance(parts, list) or not set(map(str, parts)) <= set(codes):
        faults.add(f"{where}.parts", f"Known parts are: {', '.join(codes)}.")
        parts = []
    return Step(
        name=str(row.get("name", "")).strip()[:80],
        roles=_members(Role, row.get("roles") or [], f"{where}.roles", faults),
        people=_people(row.get("people") or [], f"{where}.people", faults),
        quorum=_count(row.get("quorum", 1), f"{where}.quorum", faults),
        stage=_count(row.get("stage", 1), f"{where}.stage", faults),
        # all parts and no parts are one thing: all of it, whatever is added to the noun
        parts=() if len(set(parts)) == len(codes) else tuple(code for code in codes if code in parts),
        factor=next(iter(_members(Factor, [row.get("factor", Factor.ANY)], f"{where}.factor", faults)), Factor.ANY),
    )


def _members(known: Any, given: Any, where: str, faults: Faults) -> frozenset[Any]:
    values = {each.value for each in known}
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) and each in values for each in given):
        faults.add(where, f"Known are: {', '.join(sorted(values))}.")
        return frozenset()
    return frozenset(known(each) for each in given)


def _people(given: Any, where: str, faults: Faults) -> tuple[Person, ...]:
    fits = isinstance(given, list) and all(
        isinstance(one, Mapping) and isinstance(one.get("id"), int) and isinstance(one.get("name"), str)
        for one in given
    )
    if not fits:
        faults.add(where, "People are named by id and name.")
        return ()
    return tuple(dict.fromkeys(Person(one["id"], one["name"]) for one in given))


def _count(given: Any, where: str, faults: Faults) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= 50:
        faults.add(where, "A whole number from 1 to 50.")
        return 1
    return given


def _days(given: Any, where: str, faults: Faults) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST_DAYS:
        faults.add(where, f"A whole number of days, from 1 to {MOST_DAYS:,}, or nothing.")
        return None
    return given


def _flag(given: Any, where: str, faults: Faults) -> bool:
    if not isinstance(given, bool):
        faults.add(where, "Yes or no.")
        return False
    return given


def unsound(subject_kind: str, terms: Terms) -> list[Fault]:
    """What keeps terms from ever working, whoever the people are; nothing of this can be published."""
    found = []
    names = [step.name.lower() for step in terms.steps]
    for number, step in enumerate(terms.steps, 1):
        where = f"steps[{number}]"
        if not step.name:
            found.append(Fault(where, "This step has no name.", "Name what is reviewed in it."))
        elif names.index(step.name.lower()) != number - 1:
            found.append(Fault(where, f"“{step.name}” stands twice.", "Give each step a name of its own."))
        if not step.roles and not step.people:
            found.append(Fault(where, f"Nobody decides in “{step.name}”.", "Choose a role, or name people."))
        if readers := step.roles & READERS:
            said = f"{listing(readers).capitalize()} reads and never decides."
            found.append(Fault(where, said, "Choose a role that answers for something."))
        if not step.roles and 0 < len(step.people) < step.quorum:
            said = f"“{step.name}” wants {step.quorum} people and names {len(step.people)}."
            found.append(Fault(where, said, "Name more people, or ask for fewer."))
    if all(step.parts for step in terms.steps):
        seen = {code for step in terms.steps for code in step.parts}
        for part in KINDS[subject_kind].parts:
            if part.code not in seen:
                found.append(Fault("steps", f"Nobody reviews {part.label}.", "Let a step review it, or all."))
    if terms.escalate_to is not None and terms.deadline_days is None:
        found.append(Fault("deadline_days", "Nothing is late without a deadline.", "Set one, or escalate to nobody."))
    return found


def empty_seats(terms: Terms, people: Collection[int], fits: Callable[[int, Step], bool]) -> Counter[str]:
    """How many seats of each step stay empty, however these people sit down, each in one seat: a person decides once on
    a request. By augmenting paths (a maximum matching of people to seats)."""
    seats = [step for step in terms.steps for _ in range(step.quorum)]
    sitting: dict[int, int] = {}  # person -> seat

    def seated(seat: int, tried: set[int]) -> bool:
        for person in people:
            if person in tried or not fits(person, seats[seat]):
                continue
            tried.add(person)
            if person not in sitting or seated(sitting[person], tried):
                sitting[person] = seat
                return True
        return False

    return Counter(step.name for seat, step in enumerate(seats) if not seated(seat, set()))


def unstaffed(terms: Terms, people: Mapping[int, frozenset[Role]]) -> list[Fault]:
    """What these people, by their roles, could not meet: who is missing in which step."""
    empty = empty_seats(terms, people, lambda person, step: step.takes(person, people[person]))
    found = [
        Fault(
            step.name,
            f"“{step.name}” lacks {step.needed(empty[step.name])}: each person decides once on a request.",
            "Appoint somebody, or ask for fewer.",
        )
        for step in terms.steps
        if step.name in empty
    ]
    strangers = [(step, one) for step in terms.steps for one in step.people if one.id not in people]
    return found + [
        Fault(step.name, f"{one.name} is no member here.", "Appoint them, or name somebody else.")
        for step, one in strangers
    ]


@dataclass(frozen=True)
class Scope:
    """Where a policy holds: in an organisation or one project of it, for a risk class or any."""

    project_id: UUID | None
    risk_class: str


def governing(scopes: Sequence[Scope], project_id: UUID, risk_class: str) -> int | None:
    """The index of the scope that governs in a project of this risk class, or None where the default does.

    The nearest wins: project and risk class, then project, then organisation and risk class, then organisation.
    """
    fitting = [
        (scope.project_id is not None, bool(scope.risk_class), index)
        for index, scope in enumerate(scopes)
        if scope.project_id in (None, project_id) and scope.risk_class in ("", risk_class)
    ]
    return max(fitting)[2] if fitting else None


def barred(touched: Iterable[tuple[int, Act, str]], terms: Terms) -> dict[int, str]:
    """user id -> the first of what they did that these terms bar them for, as a verb phrase."""
    found: dict[int, str] = {}
    for person, act, did in touched:
        if act in terms.barred:
            found.setdefault(person, did)
    return found
