"""The licence rule table as dated data: one file per edition, read once, checked when read.

An edition in force is never edited; a change is a new file (`rules_DATE.yaml` with the hub tags of that day,
`hub_tags_DATE.yaml`, beside it), so that an old verdict can be given again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

Outcome = Literal["no-rule-against", "needs-review", "rule-against"]
Purpose = Literal["internal", "commercial", "publish"]
Kind = Literal["base_model", "dataset", "adapter", "teacher"]
Due = Literal["always", "api", "weights"]

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)  # mildest first
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
KINDS: tuple[Kind, ...] = get_args(Kind)
LETTERS: dict[str, Outcome] = dict(zip("ARF", OUTCOMES, strict=True))
DATA = Path(__file__).parent / "data"
TESTS_OF_CONDITIONS = {"eu_seat", "multimodal", "research", "waiver", "users_over", "users_unknown", "revenue_over",
                       "served"}  # fmt: skip


class RuleTableError(ValueError):
    """A rule file contradicts itself. Names the file, the rule and what to mend."""


class NoRuleSet(LookupError):
    """No edition of the table was in force on the day asked for."""


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The most severe of `outcomes` (at least one)."""
    return max(outcomes, key=OUTCOMES.index)


@dataclass(frozen=True)
class DutyText:
    id: str
    text: str
    appears_in: tuple[str, ...]
    due: Due


@dataclass(frozen=True)
class Condition:
    """Replaces a rule's verdict for the purposes it names while every item of `when` holds."""

    when: Mapping[str, bool | int | str]
    verdict: Mapping[Purpose, Outcome]
    because: str


@dataclass(frozen=True)
class Rule:
    id: str
    version: int
    date: date
    title: str
    members: frozenset[str]
    kinds: frozenset[Kind]
    verdict: Mapping[Purpose, Outcome]
    conditions: tuple[Condition, ...]
    because: str
    duties: tuple[str, ...]
    source: str  # the clauses that the rule rests on
    addresses: tuple[str, ...]  # where their text was published
    reviewed_by: str  # "" in editions that kept no record of it


@dataclass(frozen=True)
class RuleSet:
    """One edition. `digest`: sha256 over the rule file's bytes and the tag file's bytes (each as its own sha256).

    every_choice_is_asked: an OR waits for a person even where all its alternatives come to the same.
    exceptions: those that only add rights to what a licence grants; None in editions that weighed none.
    """

    version: str
    in_force_from: date
    notice: str
    rules: tuple[Rule, ...]
    fallback: Rule
    every_choice_is_asked: bool
    exceptions: frozenset[str] | None
    duties: Mapping[str, DutyText]
    tags: Mapping[str, str | None]
    bands: Mapping[str, Mapping[str, int | None]]
    notices: Mapping[str, str]  # licence -> the line that it prescribes for a Notice file, word for word
    digest: str

    def rules_for(self, licence: str, kind: Kind) -> tuple[Rule, ...]:
        """The rules that speak about `licence` on an input of `kind`; the fallback where none does."""
        return tuple(r for r in self.rules if licence in r.members and kind in r.kinds) or (self.fallback,)

    def version_of(self, rule: str) -> int | None:
        """The version of a rule; None for what is no rule of the table."""
        return next((each.version for each in self.rules if each.id == rule), None)

    def ceiling(self, band_of: str, band: str | None) -> int | Literal["unknown"] | None:
        """Upper end of a stated band (None: no end), or "unknown". Raises ValueError for a band that is not listed."""
        if band is None:
            return "unknown"
        known = self.bands[band_of]
        if band not in known:
            raise ValueError(f"{band!r} is no {band_of} band of edition {self.version}. Known: {', '.join(known)}.")
        return known[band]


@cache
def editions() -> tuple[RuleSet, ...]:
    """Every edition at hand, oldest first."""
    dates = sorted(path.stem.removeprefix("rules_") for path in DATA.glob("rules_*.yaml"))
    found = [read(DATA / f"rules_{day}.yaml", DATA / f"hub_tags_{day}.yaml") for day in dates]
    return tuple(sorted(found, key=lambda edition: edition.in_force_from))


def in_force(on: date | None = None) -> RuleSet:
    """The edition in force on a day; the newest without one. Raises NoRuleSet for a day before the first."""
    eligible = [edition for edition in editions() if on is None or edition.in_force_from <= on]
    if not eligible:
        first = editions()[0]
        raise NoRuleSet(f"No licence rule table was in force on {on}. The first is {first.version}.")
    return eligible[-1]


def same_rule(edition: str, rule: str, table: RuleSet) -> bool:
    """Whether `rule` is in `table` what it was in the edition of that name; what is a rule of neither is the same."""
    return any(each.version == edition and each.version_of(rule) == table.version_of(rule) for each in editions())


def named(version: str) -> RuleSet:
    """The edition a stored verdict names, to give that verdict again. Raises NoRuleSet when it is not at hand."""
    for edition in editions():
        if edition.version == version:
            return edition
    known = ", ".join(edition.version for edition in editions())
    raise NoRuleSet(f"Licence rule table {version!r} is not at hand. Known: {known}.")


def read(rules_path: Path, tags_path: Path) -> RuleSet:
    """Read and check one edition. Raises RuleTableError."""
    rules_bytes, tags_bytes = rules_path.read_bytes(), tags_path.read_bytes()
    table, tags = yaml.safe_load(rules_bytes), yaml.safe_load(tags_bytes)
    duties = {row["id"]: row for row in ({"id": key, **value} for key, value in table["duties"].items())}
    rules = [_rule(row, duties, rules_path.name) for row in table["rules"]]
    ids = [rule.id for rule in rules]
    if len(set(ids)) != len(ids):
        raise RuleTableError(f"{rules_path.name}: a rule id stands twice. Give each rule its own id.")
    fallbacks = [rule for rule, row in zip(rules, table["rules"], strict=True) if row.get("fallback")]
    if len(fallbacks) != 1 or fallbacks[0].members:
        raise RuleTableError(f"{rules_path.name}: exactly one rule without members must be the fallback.")
    parts = (hashlib.sha256(part).digest() for part in (rules_bytes, tags_bytes))
    return RuleSet(
        version=str(table["version"]),
        in_force_from=table["in_force_from"],
        notice=table["notice"],
        rules=tuple(rules),
        fallback=fallbacks[0],
        every_choice_is_asked=bool(table.get("every_choice_is_asked", False)),
        exceptions=frozenset(table["exceptions"]["members"]) if "exceptions" in table else None,
        duties={key: DutyText(key, d["text"], tuple(d["appears_in"]), d["due"]) for key, d in duties.items()},
        tags={str(tag).lower(): expression for tag, expression in tags["tags"].items()},
        bands={of: {band["id"]: band["up_to"] for band in rows} for of, rows in table["bands"].items()},
        notices=table.get("notices", {}),
        digest=hashlib.sha256(b"".join(parts)).hexdigest(),
    )


def _rule(row: dict[str, Any], duties: Mapping[str, Any], where: str) -> Rule:
    where = f"{where}, rule {row['id']}"
    unknown = set(row.get("duties", ())) - set(duties)
    if unknown:
        raise RuleTableError(f"{where}: no text for the duties {sorted(unknown)}. Add them under `duties`.")
    kinds = frozenset(row.get("kinds", KINDS))
    if not kinds <= set(KINDS):
        raise RuleTableError(f"{where}: unknown kinds {sorted(kinds - set(KINDS))}. Known: {', '.join(KINDS)}.")
    verdict = _verdict(row["verdict"], where)
    if set(verdict) != set(PURPOSES):
        raise RuleTableError(f"{where}: the verdict must name each of {', '.join(PURPOSES)}.")
    rule = Rule(
        id=row["id"],
        version=row["version"],
        date=row["date"],
        title=row["title"],
        members=frozenset(row["members"]),
        kinds=kinds,
        verdict=verdict,
        conditions=tuple(_condition(item, where) for item in row.get("conditions", ())),
        because=row["because"],
        duties=tuple(row["duties"]),
        source=row["source"],
        addresses=tuple(row.get("addresses", ())),
        reviewed_by=row.get("reviewed_by", ""),
    )
    _check_commercial_is_not_milder(rule, where)
    return rule


def _condition(item: dict[str, Any], where: str) -> Condition:
    unknown = set(item["when"]) - TESTS_OF_CONDITIONS
    if unknown:
        raise RuleTableError(
            f"{where}: unknown tests {sorted(unknown)}. Known: {', '.join(sorted(TESTS_OF_CONDITIONS))}."
        )
    return Condition(when=item["when"], verdict=_verdict(item["verdict"], where), because=item["because"])


def _verdict(letters: Mapping[str, str], where: str) -> dict[Purpose, Outcome]:
    for purpose, letter in letters.items():
        if purpose not in PURPOSES or letter not in LETTERS:
            raise RuleTableError(f"{where}: {purpose}: {letter} is no verdict. Use internal|commercial|publish: A|R|F.")
    return {purpose: LETTERS[letters[purpose]] for purpose in PURPOSES if purpose in letters}


def _check_commercial_is_not_milder(rule: Rule, where: str) -> None:
    """Holds for every set of facts, because the worst of the conditions that hold is taken.

    A condition that speaks about internal use must speak about commercial use at least as severely; one that
    speaks about commercial use alone must be at least as severe as the rule is about internal use.
    """
    for verdict in (rule.verdict, *(condition.verdict for condition in rule.conditions)):
        internal = verdict.get("internal", rule.verdict["internal"])
        commercial = verdict.get("commercial")
        if commercial is None and "internal" in verdict:
            raise RuleTableError(f"{where}: a condition on internal use must name commercial use too.")
        if commercial is not None and worst([internal, commercial]) != commercial:
            raise RuleTableError(f"{where}: commercial use is judged milder than internal use. Raise it.")
