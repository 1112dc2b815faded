"""Editions of the law: which exist, what each says, and the digest that pins a document to one.

An edition is one YAML file under `data/`, in this project's own words. Its digest is the sha256 of the canonical JSON
of the parsed file, so that comments may change and content may not. Pure: no Django, no models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from governance.foundation.core.canonical import digest
from governance.law.regulation.clauses import (
    Annex,
    Area,
    BrokenEdition,
    Clock,
    Compute,
    DutyText,
    IncidentDeadline,
    Leaf,
    NotApplicableRule,
    OpenPoint,
    Penalty,
    Prompt,
    Question,
    Retention,
    Rule,
    ScreeningItem,
    TimelineEntry,
    build,
    built,
)

DATA = Path(__file__).parent / "data"


class NoSuchEdition(LookupError):
    """The edition asked for is not installed; the message names those that are."""


@dataclass(frozen=True)
class Edition:
    """One dated edition of the law, as data. Compare two by `sha256`."""

    id: str
    catalogue: str
    as_of: str
    title: str
    disclaimer: str
    sha256: str
    evidence: Mapping[str, str]
    facts: Mapping[str, str]
    names: Mapping[str, str]
    annexes: tuple[Annex, ...]
    clocks: Mapping[str, Clock]
    duties: Mapping[str, DutyText]
    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]
    kinds: tuple[str, ...]
    risk_classes: tuple[str, ...]
    not_applicable_rules: Mapping[str, NotApplicableRule]
    screening: tuple[ScreeningItem, ...]
    screening_note: str
    screening_evidence: Mapping[str, str]
    areas: tuple[Area, ...]
    compute: Compute
    timeline: tuple[TimelineEntry, ...]
    retention: Mapping[str, Retention]
    incident_note: str
    incidents: Mapping[str, IncidentDeadline]
    penalties: Mapping[str, Penalty]
    open_points: tuple[OpenPoint, ...]

    def leaves(self) -> tuple[Leaf, ...]:
        """Every leaf of Annexes IV, XI and XII, in the order of the law."""
        return tuple(leaf for annex in self.annexes for leaf in annex.leaves)

    def leaf(self, ref: str) -> Leaf:
        """The leaf of that reference. Raises KeyError with the reference."""
        for leaf in self.leaves():
            if leaf.ref == ref:
                return leaf
        raise KeyError(ref)

    def prompts(self) -> tuple[Prompt, ...]:
        """Every prompt of every leaf, in order."""
        return tuple(prompt for leaf in self.leaves() for prompt in leaf.prompts)

    def question(self, question_id: str) -> Question:
        """The question of that id. Raises KeyError with the id."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)

    def stamp(self) -> dict[str, str]:
        """What a document states about the edition it was built on."""
        return {"law": self.id, "catalogue": self.catalogue, "sha256": self.sha256}


@cache
def _files() -> Mapping[str, Path]:
    """Installed editions, oldest first: id -> file."""
    found = {}
    for path in sorted(DATA.glob("*.yaml")):
        found[_parsed(path)["id"]] = path
    return MappingProxyType(found)


@cache
def _parsed(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def known() -> tuple[str, ...]:
    """Ids of the installed editions, oldest first."""
    return tuple(sorted(_files()))


@cache
def edition(edition_id: str) -> Edition:
    """The edition of that id. Raises NoSuchEdition, and BrokenEdition where its file contradicts itself."""
    files = _files()
    if edition_id not in files:
        raise NoSuchEdition(f"No edition {edition_id!r} is installed. Installed: {', '.join(known())}.")
    return read(_parsed(files[edition_id]))


def latest() -> Edition:
    """The newest installed edition."""
    return edition(known()[-1])


def read(data: Mapping[str, Any]) -> Edition:
    """An edition from its parsed file. Raises BrokenEdition naming the entry at fault."""
    try:
        found = _assembled(data)
    except KeyError as missing:
        raise BrokenEdition(f"The edition lacks the entry {missing}.") from missing
    _check(found)
    return found


def _assembled(data: Mapping[str, Any]) -> Edition:
    screening = data["screening_evidence"]
    incidents = data["incidents"]
    return Edition(
        id=data["id"],
        catalogue=data["catalogue"],
        as_of=data["as_of"],
        title=data["title"],
        disclaimer=data["disclaimer"],
        sha256=digest(data),
        evidence=MappingProxyType(data["evidence"]),
        facts=MappingProxyType(data["facts"]),
        names=MappingProxyType(data["names"]),
        annexes=tuple(Annex.of(row) for row in data["annexes"]),
        clocks=_by_id(Clock.of(row) for row in data["clocks"]),
        duties=_by_id(build(DutyText, row) for row in data["duties"]),
        questions=tuple(Question.of(row) for row in data["questions"]),
        rules=tuple(Rule.of(row) for row in data["rules"]),
        kinds=tuple(data["kinds"]),
        risk_classes=tuple(data["risk_classes"]),
        not_applicable_rules=_by_id(NotApplicableRule.of(row) for row in data["not_applicable_rules"]),
        screening=built(ScreeningItem, data["screening"]),
        screening_note=screening["note"],
        screening_evidence=MappingProxyType({row["id"]: row["says"] for row in screening["items"]}),
        areas=built(Area, data["annex_iii"]),
        compute=Compute.of(data["compute"]),
        timeline=built(TimelineEntry, data["timeline"]),
        retention=_by_id(built(Retention, data["retention"])),
        incident_note=incidents["note"],
        incidents=_by_id(built(IncidentDeadline, incidents["deadlines"])),
        penalties=_by_id(built(Penalty, data["penalties"])),
        open_points=built(OpenPoint, data["open_points"]),
    )


def _by_id(rows: Any) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        if row.id in found:
            raise BrokenEdition(f"The id {row.id!r} stands twice among {type(row).__name__}.")
        found[row.id] = row
    return MappingProxyType(found)


def _check(law: Edition) -> None:
    """What the file promises about itself; a broken edition must not reach a document."""
    _check_catalogue(law)
    _check_questionnaire(law)
    _check_rules(law)


def _check_catalogue(law: Edition) -> None:
    ids = [prompt.id for prompt in law.prompts()]
    _demand(len(ids) == len(set(ids)), "two prompts share an id")
    refs = [leaf.ref for leaf in law.leaves()]
    _demand(len(refs) == len(set(refs)), "two leaves share a reference")
    for prompt in law.prompts():
        _demand(bool(prompt.evidence) or prompt.human, f"{prompt.id} names neither evidence nor a person")
        _demand(set(prompt.evidence) <= set(law.evidence), f"{prompt.id} names evidence outside the vocabulary")
        rule = prompt.not_applicable_when
        _demand(rule is None or rule in law.not_applicable_rules, f"{prompt.id} names an unknown rule {rule!r}")
    for rule_row in law.not_applicable_rules.values():
        _demand(rule_row.fact is None or rule_row.fact in law.facts, f"{rule_row.id} names an unknown fact")


def _check_questionnaire(law: Edition) -> None:
    order = [question.id for question in law.questions]
    _demand(len(order) == len(set(order)), "two questions share an id")
    settable: set[str] = set()
    for place, question in enumerate(law.questions):
        _demand(question.asked_if.names() <= settable, f"{question.id} waits for a flag that nothing before it sets")
        for choice in question.answers.values():
            settable |= set(choice.sets)
            onward = choice.next
            _demand(onward is None or onward in order[place + 1 :], f"{question.id} does not lead forward")
    last = law.questions[-1]
    _demand(not last.asked_if.names(), f"{last.id}, the last question, must be asked on every path")


def _check_rules(law: Edition) -> None:
    flags = {flag for question in law.questions for choice in question.answers.values() for flag in choice.sets}
    annexes = {annex.id for annex in law.annexes}
    clocks = set(law.clocks)
    for rule in law.rules:
        _demand(rule.when.names() <= flags, f"rule {rule.id} waits for a flag that no answer sets")
        _demand(set(rule.duties) <= set(law.duties), f"rule {rule.id} names an unknown duty")
        _demand(set(rule.annexes) <= annexes, f"rule {rule.id} names an unknown Annex")
        _demand(set(rule.annexes.values()) <= clocks, f"rule {rule.id} names an unknown clock")
        _demand(rule.kind is None or rule.kind in law.kinds, f"rule {rule.id} gives an unknown kind")
        _demand(rule.risk_class is None or rule.risk_class in law.risk_classes, f"rule {rule.id}: unknown class")
        spoken = {word for word in (rule.kind, rule.role, rule.risk_class, *rule.documents) if word}
        _demand(spoken <= set(law.names), f"rule {rule.id} uses a word without a name")
    timed = {row.id: row.clock for row in law.duties.values()}
    timed |= {row.id: row.clock for row in law.screening} | {row.id: row.clock for row in law.incidents.values()}
    for name, clock in timed.items():
        _demand(clock in clocks, f"{name} names an unknown clock {clock!r}")
    for point in law.open_points:
        _demand(set(point.flags) <= flags, f"open point {point.id} names an unknown flag")


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BrokenEdition(f"The edition contradicts itself: {otherwise}.")
