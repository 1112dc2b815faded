"""One readable file per method of training; the list is closed."""

from collections.abc import Callable

from training.errors import UserError
from training.job import Job
from training.recipes import sft

RECIPES: dict[str, Callable[[Job], None]] = {"sft": sft.train}


def recipe(name: str) -> Callable[[Job], None]:
    """The recipe of a task. Raises UserError that lists the known ones."""
    if name not in RECIPES:
        raise UserError("unknown-task", f"There is no task {name!r}; known are {', '.join(RECIPES)}.", "spec.task")
    return RECIPES[name]
