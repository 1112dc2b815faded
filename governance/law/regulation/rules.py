"""What the AI Act asks of a fine-tuned model, read from a dated edition. Pure: no Django, no models.

The door of this room: other rooms import these names from here. Every function takes the edition that a document is
pinned to as `law`; without it the newest installed one is read. Nothing here is legal advice, and no role comes from
a number: roles follow from a person's answers alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from governance.law.regulation import deadlines, meter, outcomes, questionnaire
from governance.law.regulation.clauses import (
    Annex,
    Area,
    BrokenEdition,
    Leaf,
    NotApplicableRule,
    Prompt,
    Question,
    ScreeningItem,
)
from governance.law.regulation.deadlines import LegalClock
from governance.law.regulation.editions import Edition, NoSuchEdition, edition, known, latest, read
from governance.law.regulation.meter import Contribution, Meter
from governance.law.regulation.outcomes import NOT_REQUIRED, UNDETERMINED, Duty, Outcome
from governance.law.regulation.questionnaire import UNKNOWN, NotAnAnswer, Walk

__all__ = [
    "NOT_REQUIRED",
    "UNDETERMINED",
    "UNKNOWN",
    "Annex",
    "Area",
    "BrokenEdition",
    "Contribution",
    "Duty",
    "Edition",
    "Leaf",
    "LegalClock",
    "Meter",
    "NoSuchEdition",
    "NotAnAnswer",
    "Outcome",
    "Prompt",
    "Question",
    "ScreeningItem",
    "Walk",
    "edition",
    "fine_ceiling",
    "incident_clock",
    "kept_until",
    "known",
    "latest",
    "lineage_meter",
    "next_question",
    "not_applicable",
    "outcome",
    "provider_meter",
    "read",
    "screening_answer",
    "walk",
]


def next_question(answers: Mapping[str, str], *, law: Edition | None = None) -> Question | None:
    """The question to ask after `answers` (question id -> answer), or None at the end. Raises NotAnAnswer."""
    return questionnaire.walk(law or latest(), answers).next


def walk(answers: Mapping[str, str], *, law: Edition | None = None) -> Walk:
    """The whole way that `answers` describe: path, flags, unknowns, stale answers. Raises NotAnAnswer."""
    return questionnaire.walk(law or latest(), answers)


def screening_answer(items: Mapping[str, str], *, law: Edition | None = None) -> str:
    """The answer to the question `prohibited`, from the answers to the single practices. Raises NotAnAnswer."""
    return questionnaire.screening_answer(law or latest(), items)


def outcome(answers: Mapping[str, str], on: date, *, law: Edition | None = None) -> Outcome:
    """Roles, risk class, duties and the parts of the dossier that are owed, on day `on`. Raises NotAnAnswer."""
    return outcomes.outcome(law or latest(), answers, on)


def not_applicable(
    prompt: Prompt, flags: Iterable[str], facts: Mapping[str, bool], *, law: Edition | None = None, settled: bool = True
) -> NotApplicableRule | None:
    """The rule by which there is nothing for `prompt` to ask about, or None.

    `facts` are what the records know (see `Edition.facts`); a fact that is absent is unknown and excuses nothing. Rules
    on `flags` apply to a settled outcome only, where a missing flag means that somebody answered so.
    """
    if prompt.not_applicable_when is None:
        return None
    rule = (law or latest()).not_applicable_rules[prompt.not_applicable_when]
    if rule.fact is not None:
        return rule if facts.get(rule.fact) is rule.wanted else None
    return rule if settled and rule.when.holds(flags) else None


def provider_meter(
    modification_flops: float | None,
    base_flops: float | None,
    base_has_systemic_risk: bool | None,
    *,
    base_estimable: bool | None = None,
    law: Edition | None = None,
) -> Meter:
    """Where this modification's compute (FLOP) stands against the indicative criterion; never a role.

    `base_estimable=False` states that the base's compute is neither known nor can be estimated, which alone lets the
    fallback in. Raises ValueError for a figure that cannot be.
    """
    numbers = (law or latest()).compute
    return meter.provider_meter(
        numbers, modification_flops, base_flops, base_has_systemic_risk, base_estimable=base_estimable
    )


def lineage_meter(
    contributions: Sequence[Contribution],
    base_flops: float | None,
    base_has_systemic_risk: bool | None,
    *,
    base_estimable: bool | None = None,
    law: Edition | None = None,
) -> Meter:
    """The same for all runs on one lineage together, the cautious choice. Raises ValueError."""
    numbers = (law or latest()).compute
    return meter.lineage_meter(
        numbers, contributions, base_flops, base_has_systemic_risk, base_estimable=base_estimable
    )


def incident_clock(
    deadline_id: str, started_at: datetime, on: date, *, flags: Iterable[str] = (), law: Edition | None = None
) -> LegalClock:
    """The clock of a duty to report. Raises KeyError (unknown id), ValueError (a start without a time zone)."""
    return deadlines.incident_clock(law or latest(), deadline_id, started_at, on, flags)


def kept_until(retention_id: str, start: date, *, law: Edition | None = None) -> date:
    """The last day on which something must still be kept. Raises KeyError for an unknown id."""
    return deadlines.kept_until(law or latest(), retention_id, start)


def fine_ceiling(penalty_id: str, turnover_eur: int, size: str, *, law: Edition | None = None) -> int:
    """The greatest fine in whole EUR. Raises KeyError (unknown id), ValueError (unknown size, negative turnover)."""
    return deadlines.fine_ceiling(law or latest(), penalty_id, turnover_eur, size)
