"""What lies inside a range that was approved beforehand. Pure.

A retrain is held against what the approved reference was: each bound names what is allowed and what was found, as the
records have it. Nothing is guessed: what is not known is outside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Self

from governance.foundation.core.canonical import plain
from governance.law.licences.rule_set import OUTCOMES, Outcome
from governance.law.licences.verdicts import WORDS
from governance.people.policies.rules import Step, Terms, empty_seats
from governance.people.projects.rules import Role

LONGEST = timedelta(days=366)
NOT_KNOWN = "not known"
# When rows were collected and when opt-outs were checked: what every new version says anew.
DATES = frozenset({"collected_from", "collected_to", "mining_checked_on"})
# What any version of a line says of its own place in the line.
OWN = frozenset({"derived_from_versions"})


class State(StrEnum):
    ASKED = "asked"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"  # what it was measured on is not approved any more
    REFUSED = "refused"
    EXPIRED = "expired"
    REVOKED = "revoked"


def state(*, granted: bool, waits: bool, stands: bool, revoked: bool, expires_on: date, today: date) -> State:
    """Where an envelope is on a day; `waits`: its request is open; `stands`: all of its reference is approved."""
    if revoked:
        return State.REVOKED
    if expires_on < today:
        return State.EXPIRED
    if granted:
        return State.IN_FORCE if stands else State.SUSPENDED
    return State.ASKED if waits else State.REFUSED


@dataclass(frozen=True)
class Bounds:
    """How far a retrain may move away from its reference. A changed row is one removed and one added.

    most_worse: by how much a figure that the plan limits may be worse than the reference's, in the figure's own unit;
    None where releases do not pass.
    """

    most_rows_added: int
    most_percent_added: float | None = None
    most_rows_removed: int = 0
    most_worse: float | None = None

    @property
    def releases(self) -> bool:
        return self.most_worse is not None

    @property
    def added_in_words(self) -> str:
        rows = f"at most {self.most_rows_added:,}"
        return rows if self.most_percent_added is None else f"{rows}, and at most {self.most_percent_added:g} %"


@dataclass(frozen=True)
class Data:
    """One dataset version. `added` and `removed` count rows against the reference's version of the same dataset."""

    dataset: str
    name: str
    sha256: str
    rows: int
    added: int | None
    removed: int | None
    licence: str
    outcome: Outcome  # what the rule table says of it alone
    provenance: Mapping[str, Any]
    personal: tuple[str, ...] | None  # kinds of personal data and secrets that a scan found; None: nobody looked
    looked_for: tuple[str, ...]  # by that scan
    special: str | None  # what a person said of special categories


@dataclass(frozen=True)
class Plan:
    """A run plan: what is trained on what, how, how it is measured, and what it may take."""

    base_model: str  # digests, each with the name that goes with it
    base_model_name: str
    training: Mapping[str, Any]
    evaluation_plan: str | None
    evaluation_plan_name: str
    budget: Mapping[str, float | None]
    uses: tuple[Mapping[str, Any], ...]  # which dataset is trained on or validated on, whole or in which parts
    data: tuple[Data, ...]
    project: Mapping[str, str] = field(default_factory=dict)  # what for, where to, of which risk: in words, by name

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """From what `stored` wrote."""
        data = tuple(
            Data(**{**one, "personal": _kept(one["personal"]), "looked_for": tuple(one["looked_for"])})
            for one in stored["data"]
        )
        return cls(**{**stored, "uses": tuple(stored["uses"]), "data": data})

    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = plain(self)
        return found


@dataclass(frozen=True)
class Figure:
    """One measured value of the tuned model; `lower_is_better` is None where nothing says."""

    name: str
    value: float | None
    lower_is_better: bool | None


@dataclass(frozen=True)
class Measured:
    """What an evaluation found, as far as a release rests on it; `figures`: those that the plan limits."""

    purpose: str
    limits_kept: bool
    accepted: tuple[str, ...]
    figures: tuple[Figure, ...]

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        figures = tuple(Figure(**one) for one in stored["figures"])
        return cls(**{**stored, "accepted": tuple(stored["accepted"]), "figures": figures})

    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = plain(self)
        return found


@dataclass(frozen=True)
class Check:
    """One bound beside what was found."""

    what: str
    allowed: str
    found: str
    inside: bool

    def __str__(self) -> str:
        return f"{self.what}: {self.found} (allowed: {self.allowed})"


def outside(checks: Iterable[Check]) -> list[Check]:
    return [check for check in checks if not check.inside]


def of_data(bounds: Bounds, reference: Data, candidate: Data) -> list[Check]:
    """A version of a dataset beside the one that the reference used."""
    of = candidate.name
    added, removed = candidate.added, candidate.removed
    share = None if added is None or not reference.rows else 100 * added / reference.rows
    few = added is not None and added <= bounds.most_rows_added
    small = bounds.most_percent_added is None or (share is not None and share <= bounds.most_percent_added)
    said = NOT_KNOWN if added is None else f"{added:,}" if share is None else f"{added:,}, {share:.3g} %"
    return [
        Check(f"Rows added to {of}", bounds.added_in_words, said, few and small),
        Check(
            f"Rows removed from {of}",
            f"at most {bounds.most_rows_removed:,}",
            NOT_KNOWN if removed is None else f"{removed:,}",
            removed is not None and removed <= bounds.most_rows_removed,
        ),
        _same(f"Licence of {of}", reference.licence, candidate.licence),
        Check(
            f"Rule table on {of}",
            WORDS[reference.outcome] + ("" if reference.outcome == OUTCOMES[0] else ", or milder"),
            WORDS[candidate.outcome],
            candidate.outcome in OUTCOMES[: OUTCOMES.index(reference.outcome) + 1],
        ),
        _provenance(of, reference, candidate),
        _personal(of, reference, candidate),
        Check(
            f"Special categories in {of}", reference.special or NOT_KNOWN, candidate.special or NOT_KNOWN,
            candidate.special is not None and candidate.special == reference.special,
        ),
    ]  # fmt: skip


def of_project(reference: Plan, project: Mapping[str, str]) -> list[Check]:
    """What the project is for today beside what it was for: a range is approved for one purpose."""
    return [
        _same(name.capitalize(), reference.project.get(name), project.get(name))
        for name in sorted({*reference.project, *project})
    ]


def of_plan(bounds: Bounds, reference: Plan, candidate: Plan) -> list[Check]:
    """A run plan beside the reference's, with all of its data."""
    known = {data.dataset: data for data in reference.data}
    data = [
        check
        for one in candidate.data
        if one.dataset in known
        for check in of_data(bounds, known[one.dataset], one)
    ]  # fmt: skip
    return [
        *of_project(reference, candidate.project),
        Check(
            "Base model",
            _named(reference.base_model_name, reference.base_model),
            _named(candidate.base_model_name, candidate.base_model),
            reference.base_model == candidate.base_model,
        ),
        _settings(reference, candidate),
        Check(
            "Evaluation plan",
            _named(reference.evaluation_plan_name, reference.evaluation_plan),
            _named(candidate.evaluation_plan_name, candidate.evaluation_plan),
            reference.evaluation_plan is not None and reference.evaluation_plan == candidate.evaluation_plan,
        ),
        *(_budget(name, reference, candidate) for name in sorted({*reference.budget, *candidate.budget})),
        Check(
            "Use of data", "the same datasets, for the same",
            "as allowed" if reference.uses == candidate.uses else _uses(candidate), reference.uses == candidate.uses,
        ),
        *data,
    ]  # fmt: skip


def of_measured(bounds: Bounds, reference: Measured, candidate: Measured) -> list[Check]:
    """What was measured on a model beside what was measured on the reference's."""
    found = {figure.name: figure for figure in candidate.figures}
    return [
        _same("Intended purpose", reference.purpose, candidate.purpose),
        Check(
            "Limits of the evaluation plan", "every one kept",
            "kept" if candidate.limits_kept else "not all kept", candidate.limits_kept,
        ),
        Check(
            "Findings accepted by name", "none", "; ".join(candidate.accepted) or "none", not candidate.accepted
        ),
        *(_figure(bounds, figure, found.get(figure.name)) for figure in reference.figures),
    ]  # fmt: skip


@dataclass(frozen=True)
class Approver:
    """Somebody who approved a range: the roles that they hold today, and whether they signed with a second factor."""

    roles: frozenset[Role]
    by_second_factor: bool = False

    def fits(self, person: int, step: Step) -> bool:
        return step.fits(person, self.roles, by_second_factor=self.by_second_factor)


def could_approve(terms: Terms, barred: Iterable[int], people: Mapping[int, Approver]) -> bool:
    """Whether these people could together have met every step, each in one seat.

    barred: those who had a part in what is asked about. What a range lets pass is never more than its approvers could
    have approved themselves.
    """
    free = set(people) - set(barred)
    return not empty_seats(terms, free, lambda person, step: people[person].fits(person, step))


def _same(what: str, allowed: str | None, found: str | None) -> Check:
    return Check(what, allowed or NOT_KNOWN, found or NOT_KNOWN, bool(allowed) and allowed == found)


def _named(name: str, sha256: str | None) -> str:
    return f"{name}, digest {sha256[:12]}" if sha256 else NOT_KNOWN


def _settings(reference: Plan, candidate: Plan) -> Check:
    moved = list(_moved(reference.training, candidate.training))
    said = ", ".join(f"{name}: {now} instead of {was}" for name, was, now in moved)
    return Check("Method and settings", "as in the reference", said or "as in the reference", not moved)


def _moved(was: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any, Any]]:
    for name in sorted(was.keys() | now.keys()):
        old, new = was.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _moved(old, new, f"{prefix}{name}.")
        elif old != new:
            yield f"{prefix}{name}", old, new


def _budget(name: str, reference: Plan, candidate: Plan) -> Check:
    """No limit is the highest there is."""
    allowed, found = reference.budget.get(name), candidate.budget.get(name)
    inside = allowed is None or (found is not None and found <= allowed)
    spoken = {"max_minutes": "minutes", "max_kwh": "kWh"}.get(name, name)
    return Check(
        f"Budget in {spoken}",
        "no limit" if allowed is None else f"at most {allowed:g}",
        "no limit" if found is None else f"at most {found:g}",
        inside,
    )


def _uses(plan: Plan) -> str:
    names = {data.dataset: data.name for data in plan.data}
    return ", ".join(
        f"{names[use['dataset']]}{' in parts' if use['parts'] else ''} for {use['role']}" for use in plan.uses
    )


def _provenance(of: str, reference: Data, candidate: Data) -> Check:
    left_aside = DATES | OWN
    was = {name: said for name, said in reference.provenance.items() if name not in left_aside}
    now = {name: said for name, said in candidate.provenance.items() if name not in left_aside}
    other = [name for name in sorted(was.keys() | now.keys()) if was.get(name) != now.get(name)]
    said = f"another answer on {', '.join(name.replace('_', ' ') for name in other)}" if other else "the same answers"
    return Check(f"Provenance of {of}", "the same answers, but for dates", said, not other)


def _personal(of: str, reference: Data, candidate: Data) -> Check:
    """No kind that the reference does not have, as far as the same was looked for."""
    what, allowed = f"Personal data and secrets in {of}", _kinds(reference.personal)
    if reference.personal is None or candidate.personal is None:
        return Check(what, allowed, _kinds(candidate.personal), inside=False)
    if unseen := sorted(set(reference.looked_for) - set(candidate.looked_for)):
        return Check(what, allowed, f"{NOT_KNOWN}: nobody looked for {', '.join(unseen)}", inside=False)
    new = set(candidate.personal) - set(reference.personal)
    return Check(what, f"{allowed}, or less" if reference.personal else allowed, _kinds(candidate.personal), not new)


def _kept(stored: list[str] | None) -> tuple[str, ...] | None:
    return None if stored is None else tuple(stored)


def _kinds(found: tuple[str, ...] | None) -> str:
    return NOT_KNOWN if found is None else ", ".join(found) or "none found"


def _figure(bounds: Bounds, reference: Figure, candidate: Figure | None) -> Check:
    """No worse than the reference's by more than is allowed, where it is known which way is worse."""
    found = candidate.value if candidate else None
    most = bounds.most_worse
    if most is None or reference.value is None or reference.lower_is_better is None:
        return Check(reference.name, NOT_KNOWN, NOT_KNOWN if found is None else f"{found:.4g}", inside=False)
    sign = 1 if reference.lower_is_better else -1
    allowed = f"at {'most' if sign > 0 else 'least'} {reference.value + sign * most:.4g}"
    if found is None:
        return Check(reference.name, allowed, NOT_KNOWN, inside=False)
    # rounded, so that a figure that is printed as the bound itself is not said to cross it
    worse = round(sign * (found - reference.value), 9)
    return Check(reference.name, allowed, f"{found:.4g}", worse <= most)
