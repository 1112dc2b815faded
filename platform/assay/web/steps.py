"""The steps of a policy as a picture: for a policy, for a request under it, and for what is about to be asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from governance.people.approvals import rules
from governance.people.approvals.foresight import Foreseen
from governance.people.approvals.models import ApprovalRequest, Decision
from governance.people.policies.kinds import KINDS
from governance.people.policies.rules import Step, Terms


@dataclass(frozen=True)
class Shown:
    """One step: who decides, on what, and how far it is. `look`: met, open or waiting."""

    step: Step
    parts: list[str]
    look: str
    left: int
    decisions: list[Decision] = field(default_factory=list)
    carried: frozenset[Any] = frozenset()
    people: list[str] = field(default_factory=list)


def of_people(foreseen: Foreseen) -> str:
    """“Review of the run plan: Rita Falk”: who could decide in each step."""
    named = foreseen.people
    return "; ".join(
        f"{step.name}: {', '.join(named[step.name]) or _('nobody here')}" for step in foreseen.governing.terms.steps
    )


def of_terms(kind: str, terms: Terms, people: Mapping[str, list[str]] | None = None) -> list[list[Shown]]:
    """The stages in their order, each with its steps; `people`: who could decide in a step, by its name."""
    named = people or {}
    return _stages(
        Shown(step, _parts(kind, step), "open", step.quorum, people=named.get(step.name, [])) for step in terms.steps
    )


def of_request(asked: ApprovalRequest) -> list[list[Shown]]:
    """The same with what was decided; where it is closed nothing is open."""
    decided = asked.standing_decisions()
    carried = frozenset(each.decision_id for each in asked.carried.all())
    return _stages(
        Shown(
            each.step,
            _parts(asked.subject_kind, each.step),
            "met" if each.met else "open" if each.open and asked.state == rules.State.OPEN else "waiting",
            each.left,
            [decision for decision in decided if decision.step == each.step.name],
            carried,
        )
        for each in rules.progress(asked.terms, asked.votes())
    )


def of_seat(asked: ApprovalRequest, seat: rules.Seat) -> Shown:
    """The one step in which somebody decides now."""
    return Shown(seat.step, _parts(asked.subject_kind, seat.step), "open", seat.step.quorum)


def _parts(kind: str, step: Step) -> list[str]:
    """What it reviews, in words; nothing where it reviews all of it."""
    return KINDS[kind].labels(step.parts) if step.parts else []


def _stages(steps: Iterable[Shown]) -> list[list[Shown]]:
    in_order = sorted(steps, key=lambda each: each.step.stage)
    return [list(group) for _, group in groupby(in_order, key=lambda each: each.step.stage)]
