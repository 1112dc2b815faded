"""States of a release. Pure."""

from enum import StrEnum


class State(StrEnum):
    PROPOSED = "proposed"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"


TRANSITIONS: dict[State, set[State]] = {
    State.PROPOSED: {State.RELEASED, State.WITHDRAWN},
    State.RELEASED: {State.WITHDRAWN},
    State.WITHDRAWN: set(),
}
