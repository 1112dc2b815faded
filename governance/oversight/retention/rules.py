"""What goes before an erasure, and what an erasure goes before. Pure; engineering, not legal advice.

    legal hold > statutory retention > erasure > project rule

GDPR Art. 17(3)(b) and (e): what a law has kept, and what legal claims need, is not erased on request; a rule that a
project gave itself is no such ground.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Basis(StrEnum):
    LEGAL_HOLD = "legal-hold"
    STATUTORY = "statutory-retention"
    PROJECT_RULE = "project-rule"


ERASURE = "erasure"
PRECEDENCE = (Basis.LEGAL_HOLD, Basis.STATUTORY, ERASURE, Basis.PROJECT_RULE)
TITLES = {
    Basis.LEGAL_HOLD: "Legal hold",
    Basis.STATUTORY: "Statutory retention",
    Basis.PROJECT_RULE: "Project rule",
}


@dataclass(frozen=True)
class Held:
    """What a rule needs to know of a hold. `until` is the last day on which it holds; None: until it is lifted."""

    basis: Basis
    until: date | None
    is_lifted: bool = False


def in_force(hold: Held, today: date) -> bool:
    return not hold.is_lifted and (hold.until is None or today <= hold.until)


def goes_before(basis: Basis) -> bool:
    """Whether what is held on this basis is kept although somebody has a right to its erasure."""
    return PRECEDENCE.index(basis) < PRECEDENCE.index(ERASURE)


def ordered(holds: Iterable[Held], today: date) -> list[Held]:
    """Those in force, what goes before everything else first; of one basis, what lasts longest."""
    standing = [hold for hold in holds if in_force(hold, today)]
    return sorted(standing, key=lambda hold: (PRECEDENCE.index(hold.basis), -(hold.until or date.max).toordinal()))
