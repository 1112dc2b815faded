"""What the recorded rules say about using licensed inputs for a purpose. Pure: no Django, no models.

The worst verdict over base model, data sets, adapters and teachers counts; AND takes the worst part; OR waits for
a person's signed choice; WITH is judged as its base licence, with a note. The words are "no rule against it",
"needs review" and "rule against it": a rule table cannot permit anything. A waiver opens what needs review and never
makes an outcome milder, save where the table itself names a milder one for what is waived. Source: `data/rules_*.yaml`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any, Literal, Protocol, TypeVar

from governance.law.licences import expressions
from governance.law.licences.expressions import AllOf, AnyOf, Expression, Licence, LicenceSyntaxError
from governance.law.licences.rule_set import (
    KINDS,
    OUTCOMES,
    PURPOSES,
    Condition,
    NoRuleSet,
    Outcome,
    Purpose,
    Rule,
    RuleSet,
    in_force,
    named,
    worst,
)
from governance.law.licences.verdicts import (
    DISTRIBUTIONS,
    MATCHED_ROWS,
    OPEN_CHOICE,
    WORDS,
    Deciding,
    Distribution,
    Duty,
    InputVerdict,
    LicenceVerdict,
    LicensedInput,
    Verdict,
    Waivable,
    Waived,
)

__all__ = [
    "KINDS",
    "OUTCOMES",
    "PURPOSES",
    "WORDS",
    "Deciding",
    "Distribution",
    "Duty",
    "InputVerdict",
    "LicenceSyntaxError",
    "LicenceVerdict",
    "LicensedInput",
    "NoRuleSet",
    "Purpose",
    "Verdict",
    "Waivable",
    "Waived",
    "alternatives",
    "in_force",
    "named",
    "parse",
    "verdict",
]


def parse(expression: str, rule_set: RuleSet | None = None) -> Expression:
    """The expression as a tree, hub tags mapped, unknown names kept as unknown. Raises LicenceSyntaxError."""
    return expressions.parse(expression, (rule_set or in_force()).tags)


def alternatives(expression: str | None, rule_set: RuleSet | None = None) -> list[str]:
    """What a person may pick, in normal form: one alternative of each OR that an expression holds, joined by AND."""
    if not (expression or "").strip():
        return []
    try:
        tree = parse(expression or "", rule_set)
    except LicenceSyntaxError:
        return []
    parts = tree.parts if isinstance(tree, AllOf) else (tree,)
    offered = [part.parts for part in parts if isinstance(part, AnyOf)]
    picks = [picks[0] if len(picks) == 1 else AllOf(tuple(picks)) for picks in product(*offered)] if offered else []
    return [str(parse(str(pick), rule_set)) for pick in picks]


def verdict(
    inputs: Sequence[LicensedInput],
    purpose: Purpose,
    *,
    distribution: Distribution = "none",
    eu_seat: bool,
    users_band: str | None = None,
    revenue_band: str | None = None,
    research: bool = False,
    on: date | None = None,
    rule_set: RuleSet | None = None,
) -> Verdict:
    """What the table says about using `inputs` together for `purpose`.

    Handing weights on is judged by the publish column too, whatever the purpose. `on` picks the edition in force
    on that day (the newest without it); `rule_set` names one outright, to give an old verdict again.
    Raises ValueError (no inputs, unknown purpose, kind or band) and NoRuleSet (a day before the first edition).
    """
    _check_arguments(inputs, purpose, distribution)
    table = rule_set or in_force(on)
    columns: tuple[Purpose, ...] = (purpose, "publish") if distribution == "weights" else (purpose,)
    users, revenue = table.ceiling("users", users_band), table.ceiling("revenue", revenue_band)
    served = distribution != "none"
    case = _Case(table, columns, eu_seat=eu_seat, research=research, served=served, users=users, revenue=revenue)
    judged = sorted((_judged(item, case) for item in inputs), key=lambda pair: _order(pair[0]))
    rows = tuple(row for row, _ in judged)
    outcome = worst([row.outcome for row in rows])
    decisive = _decisive(rows)
    return Verdict(
        outcome=outcome,
        purpose=purpose,
        distribution=distribution,
        eu_seat=eu_seat,
        users_band=users_band,
        revenue_band=revenue_band,
        research=research,
        duties=_duties(judged, case, purpose, distribution),
        deciding=Deciding(decisive.name, decisive.rule, decisive.because),
        per_input=rows,
        notices=tuple(
            text
            for licence, text in table.notices.items()
            if any(licence == each.licence for r in rows for each in r.licences)
        ),
        rule_set=table.version,
        digest=table.digest,
        notice=table.notice,
    )


@dataclass(frozen=True)
class _Case:
    """The circumstances that hold for every input."""

    table: RuleSet
    purposes: tuple[Purpose, ...]
    eu_seat: bool
    research: bool
    served: bool
    users: int | Literal["unknown"] | None
    revenue: int | Literal["unknown"] | None


@dataclass
class _Finding:
    """What an expression comes to while its tree is walked."""

    outcome: Outcome
    rule: str
    because: str
    open: bool
    said: list[LicenceVerdict] = field(default_factory=list)
    duties: set[tuple[str, str]] = field(default_factory=set)  # (duty id, rule id)
    notes: list[str] = field(default_factory=list)
    picked: set[Expression] = field(default_factory=set)
    waived: set[Waived] = field(default_factory=set)
    waivable: set[Waivable] = field(default_factory=set)
    asks: list[str] = field(default_factory=list)


class _Judged(Protocol):
    @property
    def outcome(self) -> Outcome: ...

    @property
    def open(self) -> bool: ...


_AnyJudged = TypeVar("_AnyJudged", bound=_Judged)


def _decisive(found: Sequence[_AnyJudged]) -> _AnyJudged:
    """The first of the most severe, before them what nobody waived."""
    return max(found, key=lambda one: (OUTCOMES.index(one.outcome), not one.open))


def _check_arguments(inputs: Sequence[LicensedInput], purpose: str, distribution: str) -> None:
    if not inputs:
        raise ValueError("There is no input to judge. Name the base model and every data set.")
    if purpose not in PURPOSES:
        raise ValueError(f"Unknown purpose {purpose!r}. Known: {', '.join(PURPOSES)}.")
    if distribution not in DISTRIBUTIONS:
        raise ValueError(f"Unknown distribution {distribution!r}. Known: {', '.join(DISTRIBUTIONS)}.")
    for item in inputs:
        if item.kind not in KINDS:
            raise ValueError(f"{item.name}: unknown kind {item.kind!r}. Known: {', '.join(KINDS)}.")


def _order(row: InputVerdict) -> tuple[int, str, str, str]:
    """Rows stand in one order whatever order the inputs came in."""
    return (KINDS.index(row.kind), row.name, row.as_given or "", repr(row))


def _judged(item: LicensedInput, case: _Case) -> tuple[InputVerdict, _Finding]:
    tree, chosen, problem = _read(item, case.table)
    picks = _parts(chosen) | {chosen}
    finding = _missing(item, problem, case) if tree is None else _walk(tree, item, picks, case)
    unused = set() if tree is None else _parts(chosen) - _bound(tree, finding.picked)
    if tree is not None and (unused or problem):
        offered = problem or f"The choice {' AND '.join(sorted(map(str, unused)))} is no alternative of {tree}."
        finding.notes.append(offered)
        if worst([finding.outcome, "needs-review"]) != finding.outcome:
            finding.outcome, finding.rule, finding.because = "needs-review", OPEN_CHOICE, offered
        finding.open, finding.waivable = False, set()
    if item.matched:
        finding = _suspected(finding, item, case)
    row = InputVerdict(
        name=item.name,
        kind=item.kind,
        as_given=item.expression,
        expression=None if tree is None else str(tree),
        chosen=item.chosen,
        outcome=finding.outcome,
        rule=finding.rule,
        because=finding.because,
        licences=tuple(finding.said),
        notes=tuple(finding.notes),
        open=finding.open,
        waivers=tuple(sorted(finding.waived, key=repr)) if finding.open else (),
        waivable=tuple(sorted(finding.waivable, key=repr)),
        asks_choice=tuple(finding.asks),
    )
    return row, finding


def _suspected(found: _Finding, item: LicensedInput, case: _Case) -> _Finding:
    """What shared rows come to: nothing where their licence allows the use too, else a review, which can be waived.

    No duty follows from a suspicion.
    """
    if found.outcome == "no-rule-against":
        return _Finding(found.outcome, found.rule, found.because, True, found.said)
    because = f"{item.matched}; for those, {found.because}: find out whether the rows come from there"
    wanted = {Waivable(MATCHED_ROWS, purpose, because) for purpose in case.purposes}
    waived = {one for one in item.waivers if Waivable(one.rule, one.purpose) in wanted}
    left = wanted - {Waivable(one.rule, one.purpose) for one in waived}
    return _Finding(
        "needs-review", MATCHED_ROWS, because, not left, found.said, notes=found.notes, waived=waived, waivable=left
    )


def _parts(expression: Expression | None) -> set[Expression | None]:
    """What AND joins; the expression itself where it joins nothing."""
    if expression is None:
        return set()
    return set(expression.parts) if isinstance(expression, AllOf) else {expression}


def _bound(tree: Expression, picked: set[Expression]) -> set[Expression | None]:
    """What a choice may name: parts that bind anyway, and the alternatives that it picked."""
    return _parts(tree).union(*(_parts(part) for part in picked))


def _read(item: LicensedInput, table: RuleSet) -> tuple[Expression | None, Expression | None, str]:
    """(tree or None, the choice or None, what could not be read)."""
    if not (item.expression or "").strip():
        return None, None, "No licence is stated. Find the licence at the source and enter it."
    try:
        tree = expressions.parse(item.expression or "", table.tags)
    except LicenceSyntaxError as error:
        return None, None, str(error)
    if not (item.chosen or "").strip():
        return tree, None, ""
    try:
        chosen = expressions.parse(item.chosen or "", table.tags)
    except LicenceSyntaxError as error:
        return tree, None, f"The choice cannot be read. {error}"
    return tree, chosen, ""


def _missing(item: LicensedInput, problem: str, case: _Case) -> _Finding:
    found = _applied(case.table.fallback, item, case)
    found.because = f"{problem} ({found.because})"
    return found


def _walk(tree: Expression, item: LicensedInput, chosen: set[Expression | None], case: _Case) -> _Finding:
    if isinstance(tree, Licence):
        return _licence(tree, item, case)
    if isinstance(tree, AllOf):
        return _combined([_walk(part, item, chosen, case) for part in tree.parts])
    picks = [part for part in tree.parts if part in chosen]
    if len(picks) == 1:
        found = _walk(picks[0], item, chosen, case)
        by = f" by {item.choice_says}" if item.choice_says else ""
        found.notes.insert(0, f"{picks[0]} was picked out of {tree}{by}.")
        found.picked.add(picks[0])
        return found
    found = _unpicked(tree, [_walk(part, item, chosen, case) for part in tree.parts], case.table)
    found.asks = list(map(str, tree.parts))
    return found


def _combined(parts: Sequence[_Finding]) -> _Finding:
    decisive = _decisive(parts)
    return _Finding(
        decisive.outcome,
        decisive.rule,
        decisive.because,
        open=all(part.open for part in parts),
        said=[row for part in parts for row in part.said],
        duties=set().union(*(part.duties for part in parts)),
        notes=[note for part in parts for note in part.notes],
        picked=set().union(*(part.picked for part in parts)),
        waived=set().union(*(part.waived for part in parts)),
        waivable=set().union(*(part.waivable for part in parts)),
        asks=[alternative for part in parts for alternative in part.asks],
    )


def _unpicked(tree: AnyOf, parts: Sequence[_Finding], table: RuleSet) -> _Finding:
    """Without a choice: review, or worse where all alternatives come to it. Duties of every alternative are listed."""
    found = _combined(parts)
    differ = len({part.outcome for part in parts}) > 1
    if differ or table.every_choice_is_asked:
        found.open, found.waivable = False, set()
    if differ or (table.every_choice_is_asked and found.outcome != "rule-against"):
        found.outcome, found.rule = "needs-review", OPEN_CHOICE
        found.because = f"{tree}: needs a choice; a person picks one alternative and signs for it"
    else:
        found.notes.append(f"{tree}: no alternative was picked; every alternative comes to the same.")
    return found


def _licence(licence: Licence, item: LicensedInput, case: _Case) -> _Finding:
    unread_exception = licence.exception is not None and not licence.known
    rules = (case.table.fallback,) if unread_exception else case.table.rules_for(licence.key, item.kind)
    parts = []
    for rule in rules:
        part = _applied(rule, item, case)
        if rule is case.table.fallback:
            part.because = f"{_why_no_rule(licence, unread_exception)}: {part.because}"
        part.said = [
            LicenceVerdict(
                str(licence), rule.id, rule.version, part.outcome, part.because, rule.source, rule.addresses,
                rule.reviewed_by,
            )
        ]  # fmt: skip
        part.duties = {(duty, rule.id) for duty in rule.duties}
        parts.append(part)
    found = _combined(parts)
    if licence.exception and not unread_exception:
        found.notes.append(f"{licence}: judged as {licence.key}; what {licence.exception} adds was not weighed.")
    return found


def _why_no_rule(licence: Licence, unread_exception: bool) -> str:
    if unread_exception:
        return f"{licence}: the exception is not a known one"
    return f"{licence} has no rule" if licence.known else f"{licence} is not a known licence"


def _applied(rule: Rule, item: LicensedInput, case: _Case) -> _Finding:
    """What the rule comes to, worst over the columns that the case touches."""
    return _combined([_column(rule, purpose, item, case) for purpose in case.purposes])


def _column(rule: Rule, purpose: Purpose, item: LicensedInput, case: _Case) -> _Finding:
    """What the rule says of one purpose. A waiver covers a review that it asks for, and nothing else."""
    waiver = next((one for one in item.waivers if (one.rule, one.purpose) == (rule.id, purpose)), None)
    outcome, because = _spoken(rule, purpose, item, case, waived=waiver is not None)
    found = _Finding(outcome, rule.id, because, open=outcome == "no-rule-against")
    if found.open or _spoken(rule, purpose, item, case, waived=True)[0] == "rule-against":
        return found
    if waiver is None:
        found.waivable = {Waivable(rule.id, purpose, because)}
        return found
    found.because = f"{because} (waived: {waiver.says})"
    found.open, found.waived = True, {waiver}
    return found


def _spoken(rule: Rule, purpose: Purpose, item: LicensedInput, case: _Case, *, waived: bool) -> tuple[Outcome, str]:
    holding = [c for c in rule.conditions if purpose in c.verdict and _holds(c, item, case, waived)]
    if not holding:
        return rule.verdict[purpose], rule.because
    decisive = max(holding, key=lambda condition: OUTCOMES.index(condition.verdict[purpose]))
    return decisive.verdict[purpose], decisive.because


def _holds(condition: Condition, item: LicensedInput, case: _Case, waived: bool) -> bool:
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


def _duties(
    judged: Sequence[tuple[InputVerdict, _Finding]], case: _Case, purpose: Purpose, distribution: Distribution
) -> tuple[Duty, ...]:
    reached = max(DISTRIBUTIONS.index(distribution), DISTRIBUTIONS.index("weights") if purpose == "publish" else 0)
    carried: dict[str, tuple[set[str], set[str]]] = {}
    for row, finding in judged:
        for duty, rule in finding.duties:
            inputs, rules = carried.setdefault(duty, (set(), set()))
            inputs.add(row.name)
            rules.add(rule)
    return tuple(
        Duty(
            id=text.id,
            text=text.text,
            appears_in=text.appears_in,
            due=text.due,
            due_now=text.due == "always" or DISTRIBUTIONS.index(text.due) <= reached,
            inputs=tuple(sorted(carried[text.id][0])),
            rules=tuple(sorted(carried[text.id][1])),
        )
        for text in case.table.duties.values()
        if text.id in carried
    )
