"""The open list of tasks: ours by name, other people's by the entry point group `assay.evaluation_tasks`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import TypeVar

from evaluation.spec import NAME, Invalid
from evaluation.tasks import ScoresOutputs, Task

GROUP = "assay.evaluation_tasks"
BUILT_IN = (
    "evaluation.quality.validation_loss",
    "evaluation.quality.exact_match",
    "evaluation.quality.forgetting",
    "evaluation.bias.counterfactual",
    "evaluation.safety.both_ways",
)

TaskClass = TypeVar("TaskClass", bound=type)


@dataclass(frozen=True)
class Registered:
    """A task with the facts it was registered with. `duty` is the provision it is evidence for."""

    name: str
    category: str
    duty: str
    task: Task
    source: str

    @property
    def definition(self) -> str:
        """The task's own definition: its docstring."""
        return inspect.getdoc(type(self.task)) or ""

    @property
    def scores_outputs(self) -> bool:
        """Whether `evaluation score` can run it."""
        return isinstance(self.task, ScoresOutputs)


_REGISTERED: dict[str, Registered] = {}


def task(name: str, category: str, duty: str) -> Callable[[TaskClass], TaskClass]:
    """Register the decorated class as the task `name`. Raises ValueError for a doubled or malformed name."""

    def register(cls: TaskClass) -> TaskClass:
        if not NAME.fullmatch(name):
            raise ValueError(f"the task name {name!r} must be letters, digits, '.', '_' or '-', at most 64.")
        if name in _REGISTERED:
            raise ValueError(f"the task '{name}' is registered twice; known tasks are {_known()}.")
        source = f"{cls.__module__}.{cls.__qualname__}"
        _REGISTERED[name] = Registered(name, category, duty, cls(), source)
        return cls

    return register


@cache
def load() -> None:
    """Import our tasks, then those of installed packages. Loads no model library."""
    for module in BUILT_IN:
        importlib.import_module(module)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        entry.load()


def get(name: str, where: str = "task") -> Registered:
    """The task `name`. Raises `Invalid` listing the known names."""
    load()
    if name not in _REGISTERED:
        raise Invalid(where, f"there is no task '{name}'; known tasks are {_known()}.")
    return _REGISTERED[name]


def every() -> list[Registered]:
    """All tasks, by name."""
    load()
    return [_REGISTERED[name] for name in sorted(_REGISTERED)]


def _known() -> str:
    return ", ".join(sorted(_REGISTERED))
