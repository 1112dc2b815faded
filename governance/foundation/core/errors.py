"""The four ways a service says no, and one for input that cannot be used.

The page, the API and the command translate these and nothing else, so they cannot disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


class Refusal(Exception):
    """Base of everything a service says on purpose. `str(error)` is a sentence for a person."""

    code = "refused"
    status = 400


class NotAllowed(Refusal):
    """The wrong person. `about` is the record that they were refused, where the service knows it."""

    code = "not-allowed"
    status = 403

    def __init__(self, message: str, *, about: Any = None) -> None:
        self.about = about
        super().__init__(message)


class NotFound(Refusal):
    """Absent, or somebody else's: the same words, so that nothing can be learned from the difference."""

    code = "not-found"
    status = 404

    def __init__(self, noun: str = "record") -> None:
        super().__init__(f"There is no such {noun}, or it is not yours to see.")


class WrongState(Refusal):
    """The wrong moment."""

    code = "wrong-state"
    status = 409


class StaleSubject(WrongState):
    """The subject changed since it was shown."""

    code = "stale-subject"


@dataclass(frozen=True)
class Missing:
    """One thing that keeps a gate shut: what, the cure, and a path inside Assay where it is mended."""

    what: str
    cure: str
    kind: str = ""
    id: str = ""


class GateClosed(Refusal):
    """The gate is shut; `missing` lists why."""

    code = "gate-closed"
    status = 409

    def __init__(self, gate: str, missing: Sequence[Missing]) -> None:
        self.missing = list(missing)
        super().__init__(f"{gate}: " + "; ".join(f"{item.what} ({item.cure})" for item in self.missing))


@dataclass(frozen=True)
class Fault:
    """One thing wrong with what was handed in: where (row, field), what, and the cure."""

    field: str
    message: str
    cure: str = ""
    row: int | None = None

    def __str__(self) -> str:
        where = f"row {self.row:,}: " if self.row is not None else ""
        return f"{where}{self.field}: {self.message}" + (f" {self.cure}" if self.cure else "")


@dataclass
class Faults:
    """Collects faults so that a person sees all of them at once."""

    found: list[Fault] = field(default_factory=list)

    def add(self, field: str, message: str, cure: str = "", row: int | None = None) -> None:
        self.found.append(Fault(field, message, cure, row))

    def raise_if_any(self) -> None:
        if self.found:
            raise Unusable(self.found)


class Unusable(Refusal):
    """What was handed in cannot be used; `faults` says where and how to mend it."""

    code = "unusable"
    status = 422

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(" · ".join(str(fault) for fault in self.faults[:5]))
