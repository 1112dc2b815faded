"""What the rules of a table come to for one licensed input, and what waivers open of it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeVar

from governance.law.licences.rule_set import OUTCOMES, Condition, Outcome, Purpose, Rule, RuleSet, same_rule
from governance.law.licences.verdicts import (
    MADE_FROM,
    MATCHED_ROWS,
    LicenceVerdict,
    LicensedInput,
    Waivable,
    Waived,
)


@dataclass(frozen=True)
class Case:
    """The circumstances that hold for every input."""

    table: RuleSet
    purposes: tuple[Purpose, ...]
    eu_seat: bool
    research: bool
    served: bool
    users: int | Literal["unknown"] | None
    revenue: int | Literal["unknown"] | None


@dataclass
class Finding:
    """What an expression comes to while its tree is walked. `unknown`: part of it has no licence or no rule."""

    outcome: Outcome
    rule: str
    because: str
    open: bool
    said: list[LicenceVerdict] = field(default_factory=list)
    duties: set[tuple[str, str]] = field(default_factory=set)  # (duty id, rule id)
    notes: list[str] = field(default_factory=list)
    waived: set[Waived] = field(default_factory=set)
    waivable: set[Waivable] = field(default_factory=set)
    asks: list[str] = field(default_factory=list)
    unknown: bool = False


# What an input comes to by itself, in a case.
Judge = Callable[[LicensedInput, Case], Finding]


class _Judged(Protocol):
    @property
    def outcome(self) -> Outcome: ...

    @property
    def open(self) -> bool: ...


_AnyJudged = TypeVar("_AnyJudged", bound=_Judged)


def decisive(found: Sequence[_AnyJudged]) -> _AnyJudged:
    """The first of the most severe, before them what nobody waived."""
    return max(found, key=lambda one: (OUTCOMES.index(one.outcome), not one.open))


def combined(parts: Sequence[Finding]) -> Finding:
    worst = decisive(parts)
    return Finding(
        worst.outcome,
        worst.rule,
        worst.because,
        open=all(part.open for part in parts),
        said=[row for part in parts for row in part.said],
        duties=set().union(*(part.duties for part in parts)),
        notes=[note for part in parts for note in part.notes],
        waived=set().union(*(part.waived for part in parts)),
        waivable=set().union(*(part.waivable for part in parts)),
        asks=[alternative for part in parts for alternative in part.asks],
        unknown=any(part.unknown for part in parts),
    )


def applied(rule: Rule, item: LicensedInput, case: Case, frame: Callable[[str], str] = str) -> Finding:
    """What the rule comes to, worst over the columns that the case touches. `frame` puts its words into a sentence."""
    found = combined([_column(rule, purpose, item, case, frame) for purpose in case.purposes])
    found.unknown = rule is case.table.fallback
    return found


def review(rule: str, because: str, item: LicensedInput, case: Case) -> Finding:
    """A review that stands beside the rules, for each column that the case touches."""
    return combined(
        [_waived("needs-review", rule, Waivable(rule, p, item.about, because), item, case) for p in case.purposes]
    )


def suspected(item: LicensedInput, case: Case, judge: Judge) -> Finding:
    """What shared rows come to: nothing where their licence allows the use too, else a review, which can be waived,
    beyond internal use only where their licence is known. No duty follows from a suspicion."""
    parts = []
    for bare in _by_purpose(item, case, judge):
        if bare.found.outcome == "no-rule-against":
            parts.append(bare.found)
            continue
        because = f"{item.matched}; for those, {bare.found.because}: find out whether the rows come from there"
        parts.append(_beside(MATCHED_ROWS, "needs-review", because, bare, item))
    found = combined(parts)
    whole = judge(item, case)
    found.said, found.notes, found.duties, found.asks = whole.said, whole.notes, set(), []
    return found


def made_from(item: LicensedInput, case: Case, judge: Judge) -> Finding:
    """What something comes to that was made from `item`: what `item` comes to itself, until somebody signs that
    nothing of it is left; beyond internal use only where its licence is known."""
    parts = []
    for bare in _by_purpose(item, case, judge):
        known = judge(item, bare.case)
        if known.open:
            parts.append(known)
            continue
        because = f"{item.made_from}; for that, {bare.found.because}"
        part = _beside(MADE_FROM, bare.found.outcome, because, bare, item)
        if not part.open:
            part.waivable |= known.waivable
        parts.append(part)
    found = combined(parts)
    whole = judge(item, case)
    found.said, found.notes, found.duties = whole.said, whole.notes, whole.duties
    found.asks = [] if found.open else whole.asks
    return found


@dataclass(frozen=True)
class _Bare:
    """What an input comes to for one purpose, before anybody waived anything."""

    found: Finding
    case: Case


def _by_purpose(item: LicensedInput, case: Case, judge: Judge) -> list[_Bare]:
    cases = [replace(case, purposes=(purpose,)) for purpose in case.purposes]
    return [_Bare(judge(replace(item, waivers=()), one), one) for one in cases]


def _beside(rule: str, outcome: Outcome, because: str, bare: _Bare, item: LicensedInput) -> Finding:
    """A finding in place of the one that a licence's own rule has."""
    (purpose,) = bare.case.purposes
    if bare.found.unknown and purpose != "internal":
        return Finding(outcome, rule, because, open=False, unknown=True)
    return _waived(outcome, bare.found.rule, Waivable(rule, purpose, item.about, because), item, bare.case)


def _column(rule: Rule, purpose: Purpose, item: LicensedInput, case: Case, frame: Callable[[str], str]) -> Finding:
    """What the rule says of one purpose. A waiver covers a review that it asks for, and nothing else."""
    outcome, because = _spoken(rule, purpose, item, case, waived=False)
    if outcome == "no-rule-against":
        return Finding(outcome, rule.id, frame(because), open=True)
    milder, _ = _spoken(rule, purpose, item, case, waived=True)
    if milder == "rule-against":
        return Finding(outcome, rule.id, frame(because), open=False)
    found = _waived(outcome, rule.id, Waivable(rule.id, purpose, item.about, frame(because)), item, case)
    if found.open:
        found.outcome = milder
    return found


def _waived(outcome: Outcome, rule: str, finding: Waivable, item: LicensedInput, case: Case) -> Finding:
    """`finding`, open where a waiver covers it: of these very words about this very thing, and of `rule` as it is
    now."""
    for one in item.waivers:
        same = Waivable(one.rule, one.purpose, one.about, one.because) == finding
        if same and same_rule(one.rule_set, rule, case.table):
            because = f"{finding.because} (waived: {one.says})"
            return Finding(outcome, finding.rule, because, open=True, waived={one})
    return Finding(outcome, finding.rule, finding.because, open=False, waivable={finding})


def _spoken(rule: Rule, purpose: Purpose, item: LicensedInput, case: Case, *, waived: bool) -> tuple[Outcome, str]:
    holding = [c for c in rule.conditions if purpose in c.verdict and _holds(c, item, case, waived)]
    if not holding:
        return rule.verdict[purpose], rule.because
    worst = max(holding, key=lambda condition: OUTCOMES.index(condition.verdict[purpose]))
    return worst.verdict[purpose], worst.because


def _holds(condition: Condition, item: LicensedInput, case: Case, waived: bool) -> bool:
    facts: Mapping[str, Callable[[Any], bool]] = {
        "eu_seat": lambda wanted: case.eu_seat == wanted,
        "research": lambda wanted: case.research == wanted,
        "served": lambda wanted: case.served == wanted,
        "waiver": lambda wanted: waived == wanted,
        "multimodal": lambda wanted: item.multimodal is (None if wanted == "unknown" else wanted),
        "users_unknown": lambda wanted: (case.users == "unknown") == wanted,
        "users_over": lambda limit: _over(case.users, limit),
        "revenue_over": lambda limit: _over(case.revenue, limit),
    }
    return all(facts[name](wanted) for name, wanted in condition.when.items())


def _over(ceiling: int | Literal["unknown"] | None, limit: int) -> bool:
    """A stated band counts as over a limit unless the whole band lies below it."""
    return ceiling != "unknown" and (ceiling is None or ceiling > limit)
