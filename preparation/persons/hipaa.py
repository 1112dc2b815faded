"""The eighteen identifiers of HIPAA's Safe Harbor, 45 CFR 164.514(b)(2)(i)(A) to (R), and what of them is found here.

Taking out what is found does not make a file de-identified: what cannot be found stays, and (b)(2)(ii) asks besides
that nobody knows how the rest could tell a person. Who says "Safe Harbor" of a file answers for that.
"""

from __future__ import annotations

from dataclasses import dataclass

from preparation.persons.kinds import BY_MODEL, KINDS

PROFILE = "hipaa-safe-harbor"
OLDEST_NAMED = 89  # ages above it are identifiers, others are not


@dataclass(frozen=True, slots=True)
class Identifier:
    """One of the eighteen. `note` says what of it is not found by the kinds of its letter."""

    letter: str
    title: str
    note: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(name for name, kind in KINDS.items() if self.letter in kind.hipaa)


IDENTIFIERS = (
    Identifier("A", "Names", "only with a model for names"),
    Identifier("B", "Geographic subdivisions smaller than a state", "towns and counties only with a model for places"),
    Identifier("C", "Dates but their year, ages over 89", "dates without a day, such as “last March”, stay"),
    Identifier("D", "Telephone numbers"),
    Identifier("E", "Fax numbers"),
    Identifier("F", "E-mail addresses"),
    Identifier("G", "Social security numbers"),
    Identifier("H", "Medical record numbers", "only beside words that name them"),
    Identifier("I", "Health plan beneficiary numbers", "only beside words that name them"),
    Identifier("J", "Account numbers", "other than cards and IBANs only beside words that name them"),
    Identifier("K", "Certificate and licence numbers", "driving licences alone, beside words that name them"),
    Identifier("L", "Vehicle identifiers and licence plates", "plates are not found"),
    Identifier("M", "Device identifiers and serial numbers", "network cards alone"),
    Identifier("N", "Web addresses"),
    Identifier("O", "IP addresses"),
    Identifier("P", "Biometric identifiers", "not found: they are no text"),
    Identifier("Q", "Full-face photographs", "not found: they are no text"),
    Identifier(
        "R", "Any other unique number, characteristic or code", "only the national numbers and secrets listed here"
    ),
)


def kinds(*, names: bool) -> tuple[str, ...]:
    """What the profile takes out: everything with a letter, and secrets, which are unique codes."""
    wanted = [name for name, kind in KINDS.items() if kind.hipaa or kind.group == "secret"]
    return tuple(name for name in wanted if names or name not in BY_MODEL)
