"""Periods for which the law has something kept, and when their clocks run. Pure; engineering, not legal advice.

A period begins with an event. Assay knows two such events, a release and the beginning of a deployment: the later is
counted as placing on the market or putting into service, because no other day is on record. Where neither has happened
the clock does not run, and what it will be counted for is kept meanwhile: nobody can put back what is gone on the day
on which the period begins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from governance.law.regulation import rules as regulation
from governance.law.regulation.editions import Edition
from governance.oversight.retention.rules import Basis, Ground

# A duty of the outcome -> the period of the edition that says how long.
PERIOD_OF = {"art-18": "technical-documentation", "art-54": "representative-copy"}


@dataclass(frozen=True)
class LetGo:
    """What a period is counted from: the model's name, the last day on which it was released or taken into use (None:
    it can still come), and the outcomes of the questionnaire that stood then and stand now."""

    model: str
    released: date | None
    outcomes: tuple[Mapping[str, Any], ...]


def grounds(model: LetGo, basis: Basis, *, kind: str = "", pk: str = "", law: Edition | None = None) -> list[Ground]:
    """Every period that applies, once; none where no outcome has such a duty.

    A later, milder outcome ends nothing that began under an earlier one. `basis` is STATUTORY for what the law names
    (documentation), NEEDED for what that rests on.
    """
    law = law or regulation.latest()
    found = {}
    for duty in _duties(model.outcomes):
        period = law.retention[PERIOD_OF[duty["id"]]]
        span = f"{period.years} years" if period.years else f"{period.months} months"
        says = f"The documentation of {model.model} is kept for {span}"
        if basis == Basis.NEEDED:
            says = f"Evidence: the documentation of {model.model}, kept for {span}, rests on it"
        if model.released is None:
            until, ends = None, f"{span} from the release, which has not happened"
        else:
            until, ends = regulation.kept_until(period.id, model.released, law=law), ""
        found[period.id] = Ground(basis, says, until, ends, period.ref, kind, pk)
    return list(found.values())


def _duties(outcomes: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    return (duty for outcome in outcomes for duty in outcome.get("duties", ()) if duty["id"] in PERIOD_OF)
