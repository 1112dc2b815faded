"""States of a deployment. Pure."""

from enum import StrEnum


class State(StrEnum):
    PLANNED = "planned"
    IN_USE = "in_use"
    ENDED = "ended"
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, set[State]] = {
    State.PLANNED: {State.IN_USE, State.CANCELLED},
    State.IN_USE: {State.ENDED},
    State.ENDED: set(),
    State.CANCELLED: set(),
}

# What a deployment in use reads as where it may not be used any more: not a state, for nobody took it out.
TO_STOP = "to_stop"
