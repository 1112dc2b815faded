"""How far several people agree: Krippendorff's alpha for names without an order, any number of people, with gaps.

1 is full agreement, 0 what chance alone would give. Computed by NLTK after Krippendorff, “Computing Krippendorff's
Alpha-Reliability” (2011), section C; where alpha says nothing, it is not measured, and the reason is said.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Agreement:
    """`alpha` over the rows that at least two people answered, or None with the reason."""

    alpha: float | None
    why_not: str
    rows: int
    people: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def agreement(answers: Mapping[int, Mapping[int, str]]) -> Agreement:
    """Over {row: {person: choice}}."""
    shared = {row: given for row, given in answers.items() if len(given) > 1}
    everybody = {person for given in answers.values() for person in given}
    rows, people = len(shared), len({person for given in shared.values() for person in given})
    if len(everybody) < 2:
        return Agreement(None, "fewer than two people answered", rows, people)
    if not shared:
        return Agreement(None, "no row was answered by two people", rows, people)
    used = {choice for given in shared.values() for choice in given.values()}
    if len(used) == 1:
        return Agreement(None, f"everybody answered “{used.pop()}”: without variation it says nothing", rows, people)
    # Loaded where it is needed: it brings a language toolkit along, which takes a second or two.
    from nltk.metrics.agreement import AnnotationTask as Coded

    coded = [(person, row, choice) for row, given in shared.items() for person, choice in given.items()]
    return Agreement(float(Coded(coded).alpha()), "", rows, people)
