"""When a folder is read by a worker, and what different places say about one licence, laid side by side. Pure.

A model card, a LICENSE file and a person can each name another licence for the same bytes (RECORDS: licence as
told by different places, disagreement visible). Nothing here decides who is right: it only refuses to be silent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from governance.law.licences.expressions import Expression, LicenceSyntaxError, licences, parse
from governance.law.licences.rules import in_force

# A folder up to this size is read while its registration is asked for (about a second a GiB); a larger one by a worker.
READ_AT_ONCE = 2 * 1024**3


class State(StrEnum):
    """Of a registration that a worker carries out."""

    QUEUED = "queued"
    REGISTERED = "registered"
    REFUSED = "refused"  # something in the folder is in the way
    FAILED = "failed"  # the platform could not do it


TRANSITIONS: dict[State, set[State]] = {
    State.QUEUED: {State.REGISTERED, State.REFUSED, State.FAILED},
    State.REGISTERED: set(),
    State.REFUSED: {State.QUEUED},
    State.FAILED: {State.QUEUED},
}

# What the opening of a licence text names, where its wording is fixed: (words in order, SPDX id).
OPENINGS = (
    (("apache license", "version 2.0"), "Apache-2.0"),
    (("mit license",), "MIT"),
    (("gnu affero general public license", "version 3"), "AGPL-3.0-only"),
    (("gnu general public license", "version 3"), "GPL-3.0-only"),
    (("gnu general public license", "version 2"), "GPL-2.0-only"),
    (("mozilla public license", "2.0"), "MPL-2.0"),
    (("cc0 1.0 universal",), "CC0-1.0"),
    (("attribution-noncommercial", "4.0 international"), "CC-BY-NC-4.0"),
    (("attribution-sharealike 4.0 international",), "CC-BY-SA-4.0"),
    (("attribution 4.0 international",), "CC-BY-4.0"),
)
OPENING_LENGTH = 600  # characters; the name and version of a licence stand in its first lines


@dataclass(frozen=True)
class Told:
    """One place's word. `agrees` is None where its words name no known licence, so that nothing can be compared."""

    where: str
    says: str
    agrees: bool | None


def compared(declared: str, told: Sequence[Mapping[str, str]]) -> list[Told]:
    """Every place beside what was declared, compared in normal form (hub tags mapped, order of parts ignored)."""
    stated = _read(declared)
    rows = []
    for entry in told:
        said = _read(entry["says"])
        comparable = said is not None and stated is not None and (said == stated or _known(said))
        rows.append(Told(entry["where"], entry["says"], said == stated if comparable else None))
    return rows


def disagree(declared: str, told: Sequence[Mapping[str, str]]) -> bool:
    """Whether at least one place names another licence than the declared one."""
    return any(row.agrees is False for row in compared(declared, told))


def named_by(text: str) -> str:
    """What a licence text calls itself: its SPDX id where the opening is a known one, else its first line."""
    opening = " ".join(text[:OPENING_LENGTH].lower().split())
    for words, licence in OPENINGS:
        places = [opening.find(word) for word in words]
        if -1 not in places and places == sorted(places):
            return licence
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:120]


def _known(expression: Expression) -> bool:
    return all(licence.known for licence in licences(expression))


def _read(words: str) -> Expression | None:
    try:
        return parse(words, in_force().tags)
    except LicenceSyntaxError:
        return None
