"""What follows from the answers: roles, class, duties with their dates, and which parts of the dossier are owed.

Nothing here decides alone: the answers are a person's, signed; the rules only read them. While a question is open or
unknown the outcome is not settled and owes nothing, and `blocked_reason` says what is missing.
Pure: no Django, no models.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from governance.law.regulation.clauses import Clock, OpenPoint, Rule
from governance.law.regulation.editions import Edition
from governance.law.regulation.questionnaire import Walk, walk

UNDETERMINED = "undetermined"
NOT_REQUIRED = "not-required"  # stands where a rule id would: no rule of the outcome asks for this leaf


@dataclass(frozen=True)
class RuleHit:
    """A rule that applies, why, and the answers that brought it about (question id, answer)."""

    id: str
    because: str
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Duty:
    """One duty of the outcome. It can bite from `applies_from` on; the other dates are those of the text."""

    id: str
    ref: str
    says: str
    rule: str
    why: str
    original: date | None
    amended: date | None
    practical_from: date | None
    enforced_from: date | None
    applies_from: date | None
    binds_today: bool
    note: str | None


@dataclass(frozen=True)
class Outcome:
    """The outcome on day `on` by edition `edition`.

    `required_leaves` maps a leaf's reference to the rule that asks for it, `leaf_dates` to the day from which it binds.
    """

    edition: str
    on: date
    settled: bool
    roles: tuple[str, ...]
    risk_class: str
    dossier_kind: str
    flags: frozenset[str]
    rules: tuple[RuleHit, ...]
    duties: tuple[Duty, ...]
    required_leaves: Mapping[str, str]
    leaf_dates: Mapping[str, date]
    documents: tuple[str, ...]
    open_points: tuple[OpenPoint, ...]
    blocked_reason: str | None
    unknown: tuple[str, ...]
    next_question: str | None
    off_path: tuple[str, ...]

    @property
    def role(self) -> str:
        """The roles in one line, as the dossier states them."""
        if self.roles:
            return ", ".join(self.roles)
        return "none" if self.settled else UNDETERMINED

    def because(self, ref: str) -> str:
        """Id of the rule that asks for that leaf, or NOT_REQUIRED."""
        return self.required_leaves.get(ref, NOT_REQUIRED)

    def duty(self, ref: str) -> str:
        """`required` or `voluntary`, as the dossier marks the leaf."""
        return "required" if ref in self.required_leaves else "voluntary"


def outcome(law: Edition, answers: Mapping[str, str], on: date) -> Outcome:
    """The outcome of `answers` (question id -> answer) on day `on`. Raises NotAnAnswer."""
    way = walk(law, answers)
    settled = way.next is None and not way.unknown
    applying = [rule for rule in law.rules if rule.when.holds(way.flags)]
    forbidden = [rule for rule in applying if rule.blocks]
    rules = applying if settled else forbidden
    required = _required(law, rules)
    return Outcome(
        edition=law.id,
        on=on,
        settled=settled,
        roles=_unique(rule.role for rule in rules),
        risk_class=_risk_class(law, rules, settled),
        dossier_kind=_kind(law, rules, settled),
        flags=frozenset(way.flags),
        rules=tuple(_hit(rule, way, answers) for rule in rules),
        duties=_duties(law, rules, way, answers, on),
        required_leaves={ref: rule for ref, (rule, _) in required.items()},
        leaf_dates={ref: start for ref, (_, clock) in required.items() if (start := clock.dates(way.flags).binds_from)},
        documents=_unique(document for rule in rules for document in rule.documents),
        open_points=tuple(point for point in law.open_points if not point.flags or set(point.flags) & set(way.flags)),
        blocked_reason=_blocked(law, way, forbidden),
        unknown=way.unknown,
        next_question=way.next.id if way.next else None,
        off_path=way.off_path,
    )


def _required(law: Edition, rules: list[Rule]) -> dict[str, tuple[str, Clock]]:
    """Leaf reference -> (rule id, clock), in the order of the law; the first rule that asks for an Annex counts."""
    asking: dict[str, tuple[str, Clock]] = {}
    for rule in rules:
        for annex, clock in rule.annexes.items():
            asking.setdefault(annex, (rule.id, law.clocks[clock]))
    return {leaf.ref: asking[leaf.annex] for leaf in law.leaves() if leaf.annex in asking}


def _duties(law: Edition, rules: list[Rule], way: Walk, answers: Mapping[str, str], on: date) -> tuple[Duty, ...]:
    duties: dict[str, Duty] = {}
    for rule in rules:
        for duty_id in rule.duties:
            if duty_id not in duties:
                duties[duty_id] = _duty(law, duty_id, rule, way, answers, on)
    return tuple(duties.values())


def _duty(law: Edition, duty_id: str, rule: Rule, way: Walk, answers: Mapping[str, str], on: date) -> Duty:
    text = law.duties[duty_id]
    clock = law.clocks[text.clock]
    dates = clock.dates(way.flags)
    start = dates.binds_from
    given = ", ".join(f"{question} = {answer}" for question, answer in _hit(rule, way, answers).answers)
    return Duty(
        id=duty_id,
        ref=text.ref,
        says=text.says,
        rule=rule.id,
        why=f"{rule.because} ({given})",
        original=dates.original,
        amended=dates.amended,
        practical_from=dates.practical_from,
        enforced_from=clock.enforced_from,
        applies_from=start,
        binds_today=start is not None and start <= on,
        note=clock.note,
    )


def _hit(rule: Rule, way: Walk, answers: Mapping[str, str]) -> RuleHit:
    asked = {way.flags[flag] for flag in rule.when.all | rule.when.any if flag in way.flags}
    given = tuple((question, answers[question]) for question in way.path if question in asked)
    return RuleHit(rule.id, rule.because, given)


def _risk_class(law: Edition, rules: list[Rule], settled: bool) -> str:
    found = {rule.risk_class for rule in rules}
    for name in law.risk_classes:
        if name in found:
            return name
    return law.risk_classes[-1] if settled else UNDETERMINED


def _kind(law: Edition, rules: list[Rule], settled: bool) -> str:
    found = {rule.kind for rule in rules}
    for name in law.kinds:
        if name in found:
            return name
    return law.kinds[-1] if settled else UNDETERMINED


def _blocked(law: Edition, way: Walk, forbidden: list[Rule]) -> str | None:
    """Why nothing may be approved on this outcome, or None."""
    reasons = [rule.blocks for rule in forbidden if rule.blocks]
    if way.unknown:
        asked = " · ".join(law.question(each).ask for each in way.unknown)
        reasons.append(f"Answered with unknown: {asked} Find out and answer again.")
    if way.next:
        reasons.append(f"Not answered yet: {way.next.ask}")
    return " ".join(reasons) or None


def _unique(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
