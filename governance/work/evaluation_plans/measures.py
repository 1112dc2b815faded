"""What a plan can ask for, as the evaluation library itself lists it: tasks, options, metrics, groups.

There is one list, `evaluation.registry`; installed packages add to it. Listing it loads no model library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from evaluation import registry
from evaluation.spec import Option
from evaluation.suites import SuiteError
from evaluation.tasks import MetricDefinition

# Tasks that score the run's own held-out rows; the worker fills in where those lie.
ON_VALIDATION_ROWS = frozenset({"validation-loss", "exact-match"})


def reads_validation_rows(task: Mapping[str, Any]) -> bool:
    """Whether a task of a plan measures on rows held out from the data, and not on items of its own."""
    return task["name"] in ON_VALIDATION_ROWS and not task.get("items")


@dataclass(frozen=True)
class Suite:
    """The items that come with a task: named and pinned by digest. `groups` are the cells of each metric."""

    name: str
    version: str | None
    licence: str | None
    items: int
    sha256: str
    groups: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Measure:
    """One task. `definition` is the library's own text; `options` are their defaults.

    `suite` is None where the items are the run's held-out rows, or where its own suite cannot be read, which
    `unreadable` then says: such a task would be "not measured".
    """

    name: str
    category: str
    duty: str
    version: str
    definition: str
    options: Mapping[str, Option]
    metrics: Mapping[str, MetricDefinition]
    on_validation_rows: bool
    suite: Suite | None
    unreadable: str = ""

    @property
    def summary(self) -> str:
        """The first sentence of the definition."""
        return self.definition.split("\n\n", 1)[0].replace("\n", " ")

    @property
    def usable(self) -> bool:
        """Whether a plan can name it: a task that needs a file of somebody's has no place in one."""
        return self.on_validation_rows or self.suite is not None


@cache
def known() -> Mapping[str, Measure]:
    """Every task that is installed, by name."""
    return {registered.name: _measure(registered) for registered in registry.every()}


def usable() -> dict[str, Measure]:
    """The tasks that a plan can name, quality first: what was wanted, then what could harm."""
    order = {"quality": 0, "bias": 1, "safety": 2}
    rows = [measure for measure in known().values() if measure.usable]
    rows.sort(key=lambda measure: (order.get(measure.category, len(order)), measure.category, measure.name))
    return {measure.name: measure for measure in rows}


def _measure(registered: registry.Registered) -> Measure:
    task = registered.task
    suite, unreadable = None, ""
    if not task.needs_items:
        try:
            suite = _suite(registered)
        except SuiteError as error:
            unreadable = str(error)
    return Measure(
        name=registered.name,
        category=registered.category,
        duty=registered.duty,
        version=task.version,
        definition=registered.definition,
        options=task.options,
        metrics={metric.name: metric for metric in task.metrics},
        on_validation_rows=registered.name in ON_VALIDATION_ROWS,
        suite=suite,
        unreadable=unreadable,
    )


def _suite(registered: registry.Registered) -> Suite:
    found = registered.task.items(None)
    groups: dict[str, set[str]] = {}
    for item in found.items:
        for metric, group in item.targets:
            if group is not None:
                groups.setdefault(metric, set()).add(group)
    return Suite(
        name=found.suite.name,
        version=found.suite.version,
        licence=found.suite.licence,
        items=len(found.items),
        sha256=found.suite.sha256,
        groups={metric: frozenset(names) for metric, names in groups.items()},
    )
