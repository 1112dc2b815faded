"""State changes: a conditional UPDATE whose row count is checked, so that one of two racers loses cleanly."""

from typing import Any

from governance.foundation.core.errors import WrongState


def move(row: Any, transitions: dict[Any, set[Any]], to: Any, **also: Any) -> None:
    """Move `row.state` to `to`, writing `also` with it.

    Raises WrongState when the dictionary has no such step, or when somebody else moved the row first.
    """
    was = row.state
    if to not in transitions.get(was, set()):
        raise WrongState(f"This {noun(row)} is {spoken(row, was)} and cannot become {spoken(row, to)}.")
    moved = type(row)._default_manager.filter(pk=row.pk, state=was).update(state=to, **also)
    if moved != 1:
        raise WrongState(f"This {noun(row)} changed meanwhile; reload it and try again.")
    row.state = to
    for name, value in also.items():
        setattr(row, name, value)


def noun(row: Any) -> str:
    return str(row._meta.verbose_name)


def spoken(row: Any, state: Any) -> str:
    labels = dict(row._meta.get_field("state").flatchoices)
    return f"“{labels.get(state, state)}”"
