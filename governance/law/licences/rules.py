"""What the recorded rules say about using licensed inputs for a purpose. Pure: no Django, no models.

The worst verdict over base model, data sets, adapters and teachers, and over what those were made from, counts; AND
takes the worst part; OR waits for a person's signed choice; WITH is judged as its base licence, and needs review unless
the exception is known to only add rights. The words are "no rule against it", "needs review" and "rule against it": a
rule table cannot permit anything. A waiver opens one finding in the words that somebody signed and never makes an
outcome milder, save where the table itself names a milder one for what is waived. Source: `data/rules_*.yaml`.
"""

from collections.abc import Sequence
from datetime import date

from governance.law.licences import choices, expressions
from governance.law.licences.choices import TooManyAlternatives
from governance.law.licences.expressions import AllOf, AnyOf, Expression, Licence, LicenceSyntaxError
from governance.law.licences.findings import Case, Finding, applied, combined, decisive, made_from, review, suspected
from governance.law.licences.rule_set import (
    KINDS,
    OUTCOMES,
    PURPOSES,
    NoRuleSet,
    Purpose,
    RuleSet,
    in_force,
    named,
    worst,
)
from governance.law.licences.verdicts import (
    DISTRIBUTIONS,
    OPEN_CHOICE,
    UNWEIGHED,
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
    "TooManyAlternatives",
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
    """What a person may pick, in normal form: each way to meet the expression; nothing where there is but one.

    Raises TooManyAlternatives.
    """
    if not (expression or "").strip():
        return []
    try:
        found = choices.alternatives(parse(expression or "", rule_set))
    except LicenceSyntaxError:
        return []
    return [str(each) for each in found] if len(found) > 1 else []


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
    case = Case(table, columns, eu_seat=eu_seat, research=research, served=served, users=users, revenue=revenue)
    judged = sorted((_judged(item, case) for item in inputs), key=lambda pair: _order(pair[0]))
    rows = tuple(row for row, _ in judged)
    outcome = worst([row.outcome for row in rows])
    first = decisive(rows)
    return Verdict(
        outcome=outcome,
        purpose=purpose,
        distribution=distribution,
        eu_seat=eu_seat,
        users_band=users_band,
        revenue_band=revenue_band,
        research=research,
        duties=_duties(judged, case, purpose, distribution),
        deciding=Deciding(first.name, first.rule, first.because),
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


def _judged(item: LicensedInput, case: Case) -> tuple[InputVerdict, Finding]:
    if item.matched:
        found = suspected(item, case, _found)
    elif item.made_from:
        found = made_from(item, case, _found)
    else:
        found = _found(item, case)
    tree, _chosen, _problem = _read(item, case.table)
    row = InputVerdict(
        name=item.name,
        kind=item.kind,
        as_given=item.expression,
        expression=None if tree is None else str(tree),
        chosen=item.chosen,
        outcome=found.outcome,
        rule=found.rule,
        because=found.because,
        licences=tuple(found.said),
        notes=tuple(found.notes),
        open=found.open,
        waivers=tuple(sorted(found.waived, key=repr)) if found.open else (),
        waivable=tuple(sorted(found.waivable, key=repr)),
        asks_choice=tuple(found.asks),
    )
    return row, found


def _found(item: LicensedInput, case: Case) -> Finding:
    """What an input comes to by its own licence, under the alternative that somebody picked."""
    tree, chosen, problem = _read(item, case.table)
    if tree is None:
        return applied(case.table.fallback, item, case, lambda because: f"{problem} ({because})")
    picked = choices.picked(tree, chosen) if chosen is not None else None
    found = _walk(picked or tree, item, case)
    if picked is None:
        _ask(found, tree)
    elif picked != tree:
        by = f" by {item.choice_says}" if item.choice_says else ""
        found.notes.insert(0, f"{item.chosen} was picked out of {tree}{by}.")
    if picked is None and (chosen is not None or problem):
        offered = problem or f"The choice {chosen} is no alternative of {tree}."
        found.notes.append(offered)
        if worst([found.outcome, "needs-review"]) != found.outcome:
            found.outcome, found.rule, found.because = "needs-review", OPEN_CHOICE, offered
        found.open, found.waivable = False, set()
    return found


def _ask(found: Finding, tree: Expression) -> None:
    """Say among what a person picks, where `tree` leaves something to pick."""
    try:
        offered = choices.alternatives(tree)
    except TooManyAlternatives as many:
        found.notes.append(str(many))
        if found.rule == OPEN_CHOICE:
            found.because = str(many)
        return
    found.asks = [str(each) for each in offered] if len(offered) > 1 else []


def _read(item: LicensedInput, table: RuleSet) -> tuple[Expression | None, Expression | None, str]:
    """(tree or None, the choice or None, what could not be read)."""
    if not (item.expression or "").strip():
        return None, None, item.unstated
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


def _walk(tree: Expression, item: LicensedInput, case: Case) -> Finding:
    if isinstance(tree, Licence):
        return _licence(tree, item, case)
    parts = [_walk(part, item, case) for part in tree.parts]
    return combined(parts) if isinstance(tree, AllOf) else _unpicked(tree, parts, case.table)


def _unpicked(tree: AnyOf, parts: Sequence[Finding], table: RuleSet) -> Finding:
    """Without a choice: review, or worse where all alternatives come to it. Duties of every alternative are listed."""
    found = combined(parts)
    differ = len({part.outcome for part in parts}) > 1
    if differ or table.every_choice_is_asked:
        found.open, found.waivable = False, set()
    if differ or (table.every_choice_is_asked and found.outcome != "rule-against"):
        found.outcome, found.rule = "needs-review", OPEN_CHOICE
        found.because = f"{tree}: needs a choice; a person picks one alternative and signs for it"
    else:
        found.notes.append(f"{tree}: no alternative was picked; every alternative comes to the same.")
    return found


def _licence(licence: Licence, item: LicensedInput, case: Case) -> Finding:
    table = case.table
    unread_exception = licence.exception is not None and not licence.known
    rules = (table.fallback,) if unread_exception else table.rules_for(licence.key, item.kind)
    parts = []
    for rule in rules:
        why = f"{_why_no_rule(licence, unread_exception)}: " if rule is table.fallback else ""
        part = applied(rule, item, case, lambda because, why=why: f"{why}{because}")  # type: ignore[misc]
        part.said = [
            LicenceVerdict(
                str(licence), rule.id, rule.version, part.outcome, part.because, rule.source, rule.addresses,
                rule.reviewed_by,
            )
        ]  # fmt: skip
        part.duties = {(duty, rule.id) for duty in rule.duties}
        parts.append(part)
    if licence.exception and not unread_exception:
        parts[0].notes.append(f"{licence}: judged as {licence.key}; what {licence.exception} adds was not weighed.")
        if table.exceptions is not None and licence.exception not in table.exceptions:
            because = f"{licence}: {licence.exception} is not among the exceptions known to only add rights; read it"
            parts.append(review(UNWEIGHED, because, item, case))
    return combined(parts)


def _why_no_rule(licence: Licence, unread_exception: bool) -> str:
    if unread_exception:
        return f"{licence}: the exception is not a known one"
    return f"{licence} has no rule" if licence.known else f"{licence} is not a known licence"


def _duties(
    judged: Sequence[tuple[InputVerdict, Finding]], case: Case, purpose: Purpose, distribution: Distribution
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
