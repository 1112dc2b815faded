"""The pieces that an edition of the law is made of. Pure: no Django, no models."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from types import MappingProxyType
from typing import Any, TypeVar

Clause = TypeVar("Clause")

DATES = ("original", "amended", "practical_from", "enforced_from")


class BrokenEdition(ValueError):
    """An edition's file contradicts itself or has an entry that nobody knows; the message says which."""


def build(kind: type[Clause], row: Mapping[str, Any], **ready: Any) -> Clause:
    """`kind` from one entry: lists become tuples, date fields dates. Raises BrokenEdition for a stray or absent key."""
    name = row.get("id") or row.get("ref") or "entry"
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    if stray := set(row) - set(known):
        raise BrokenEdition(f"{name}: {kind.__name__} knows no {', '.join(sorted(stray))}.")
    values = {key: _value(key, value) for key, value in row.items()} | ready
    required = {key for key, each in known.items() if each.default is MISSING and each.default_factory is MISSING}
    if absent := required - set(values):
        raise BrokenEdition(f"{name}: {kind.__name__} needs {', '.join(sorted(absent))}.")
    return kind(**values)


def built(kind: type[Clause], rows: Iterable[Mapping[str, Any]]) -> tuple[Clause, ...]:
    return tuple(build(kind, row) for row in rows)


def _value(key: str, value: Any) -> Any:
    if key in DATES and value is not None:
        return date.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True)
class Condition:
    """Holds when all of `all`, one of `any` (if there are any) and none of `none` are among the flags."""

    all: frozenset[str] = frozenset()
    any: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()

    @classmethod
    def of(cls, row: Mapping[str, Iterable[str]]) -> "Condition":
        return cls(*(frozenset(row.get(key, ())) for key in ("all", "any", "none")))

    def holds(self, flags: Iterable[str]) -> bool:
        have = set(flags)
        return self.all <= have and not self.none & have and (not self.any or bool(self.any & have))

    def names(self) -> frozenset[str]:
        """Every flag that the condition looks at."""
        return self.all | self.any | self.none


@dataclass(frozen=True)
class Prompt:
    """One thing that a leaf asks for.

    Any one key of `evidence` answers it. `human`: only a declared or attached statement meets it.
    """

    id: str
    ask: str
    evidence: tuple[str, ...]
    needs: str
    human: bool = False
    not_applicable_when: str | None = None


@dataclass(frozen=True)
class Leaf:
    """One lettered or numbered item of an Annex."""

    ref: str
    title: str
    summary: str
    link: str
    annex: str
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True)
class Annex:
    """An Annex, or a section of one, that is owed as a whole."""

    id: str
    ref: str
    title: str
    link: str
    leaves: tuple[Leaf, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Annex":
        leaves = tuple(
            build(Leaf, leaf, link=row["link"], annex=row["id"], prompts=built(Prompt, leaf["prompts"]))
            for leaf in row["leaves"]
        )
        return build(cls, row, leaves=leaves)


@dataclass(frozen=True)
class Dates:
    """When a duty starts: in the 2024 text, after an amendment, and when it can first bite."""

    original: date | None = None
    amended: date | None = None
    practical_from: date | None = None
    when: str | None = None
    ref: str | None = None

    @property
    def binds_from(self) -> date | None:
        return self.practical_from or self.amended or self.original


@dataclass(frozen=True)
class Clock:
    """The dates that a group of duties shares; the first variant whose flag was set replaces them."""

    id: str
    ref: str
    original: date | None = None
    amended: date | None = None
    practical_from: date | None = None
    enforced_from: date | None = None
    note: str | None = None
    variants: tuple[Dates, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Clock":
        return build(cls, row, variants=built(Dates, row.get("variants", ())))

    def dates(self, flags: Iterable[str]) -> Dates:
        have = set(flags)
        for variant in self.variants:
            if variant.when in have:
                return variant
        return Dates(self.original, self.amended, self.practical_from, ref=self.ref)


@dataclass(frozen=True)
class DutyText:
    """A duty in own words with its reference and clock."""

    id: str
    ref: str
    clock: str
    says: str


@dataclass(frozen=True)
class Choice:
    """An answer that a question takes: the flags it sets and, if it jumps ahead, where to."""

    value: str
    says: str
    sets: tuple[str, ...]
    next: str | None = None


@dataclass(frozen=True)
class Question:
    """A question of the questionnaire; `screening` and `areas` say which list helps to answer it."""

    id: str
    ask: str
    basis: str
    answers: Mapping[str, Choice]
    asked_if: Condition = field(default_factory=Condition)
    help: str | None = None
    screening: bool = False
    areas: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Question":
        answers = {}
        for value, choice in row["answers"].items():
            answers[value] = Choice(value, choice["says"], tuple(choice["set"]), choice.get("next"))
        condition = Condition.of(row.get("asked_if", {}))
        return build(cls, row, answers=MappingProxyType(answers), asked_if=condition)


@dataclass(frozen=True)
class Rule:
    """What follows from a set of flags: a role, a class, duties, Annexes owed (with their clock), documents."""

    id: str
    when: Condition
    because: str
    kind: str | None = None
    role: str | None = None
    risk_class: str | None = None
    blocks: str | None = None
    duties: tuple[str, ...] = ()
    annexes: Mapping[str, str] = field(default_factory=dict)
    documents: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Rule":
        rest = {key: value for key, value in row.items() if key not in ("all", "any", "none")}
        return build(cls, rest, when=Condition.of(row), annexes=MappingProxyType(row.get("annexes", {})))


@dataclass(frozen=True)
class NotApplicableRule:
    """When a prompt has nothing to ask about: flags of the questionnaire, or a fact of the records."""

    id: str
    says: str
    when: Condition = field(default_factory=Condition)
    fact: str | None = None
    wanted: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "NotApplicableRule":
        return cls(row["id"], row["says"], Condition.of(row), row.get("fact"), row.get("is", False))


@dataclass(frozen=True)
class ScreeningItem:
    """A forbidden practice as a question; `data`: training data alone can bring it about."""

    id: str
    ref: str
    clock: str
    data: bool
    ask: str


@dataclass(frozen=True)
class Area:
    """A high-risk area of Annex III and the uses it covers."""

    id: str
    ref: str
    title: str
    covers: str


@dataclass(frozen=True)
class Compute:
    """Numbers of the compute meter, all in FLOP. Source: Commission guidelines of July 2025; Article 51(2)."""

    numerator: int
    denominator: int
    fallback_systemic: float
    fallback_other: float
    gpai_indication: float
    systemic_presumption: float
    error_margin: float
    ref: str
    fallback_ref: str
    legal_nature: str
    link: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Compute":
        return cls(
            numerator=row["criterion"]["numerator"],
            denominator=row["criterion"]["denominator"],
            fallback_systemic=row["fallback_systemic"]["of_flops"],
            fallback_other=row["fallback_other"]["of_flops"],
            gpai_indication=row["gpai_indication"]["flops"],
            systemic_presumption=row["systemic_presumption"]["flops"],
            error_margin=row["error_margin"]["share"],
            ref=row["criterion"]["ref"],
            fallback_ref=row["fallback_other"]["ref"],
            legal_nature=row["legal_nature"],
            link=row["link"],
        )


@dataclass(frozen=True)
class TimelineEntry:
    """A date of the law: as first set, as amended, and when it can first bite."""

    id: str
    ref: str
    what: str
    original: date | None = None
    amended: date | None = None
    practical_from: date | None = None


@dataclass(frozen=True)
class Retention:
    """How long something is kept, from which event."""

    id: str
    ref: str
    starts: str
    what: str
    years: int = 0
    months: int = 0
    voluntary: bool = False


@dataclass(frozen=True)
class IncidentDeadline:
    """How many days a report may take; `starts` names the event that sets the clock going."""

    id: str
    ref: str
    days: int
    clock: str
    starts: str
    what: str
    at_once_after: str | None = None


@dataclass(frozen=True)
class Penalty:
    """The greatest fine: the higher of amount and share of turnover, the lower for the sizes in `lower_for`."""

    id: str
    ref: str
    max_eur: int
    turnover_percent: int
    lower_for: tuple[str, ...]
    imposed_by: str
    what: str


@dataclass(frozen=True)
class OpenPoint:
    """Something the law leaves open today; shown when one of `flags` is set, or always if there are none."""

    id: str
    flags: tuple[str, ...]
    says: str
