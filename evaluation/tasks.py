"""The shapes every task shares: items in, samples out, metrics defined beside the scorer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from evaluation.report import Better, Suite
from evaluation.spec import Option

if TYPE_CHECKING:
    from evaluation.generate import LanguageModel

ALL = "all"


@dataclass(frozen=True)
class MetricDefinition:
    """What a metric means and how its samples become one number.

    `kind`: `mean` (weighted), `proportion` (of 0/1 values), `exponential` (exp of the weighted mean).
    `overall`: whether the mean over all groups means anything. `compared`: whether candidate and
    base are tested on it. `of_base`: whether the base has it too, or it is measured from the base.
    `expected`: the value of every group if groups are treated alike.
    """

    name: str
    unit: str
    better: Better | None
    definition: str
    kind: Literal["mean", "proportion", "exponential"] = "mean"
    overall: bool = True
    compared: bool = True
    of_base: bool = True
    expected: float | None = None


@dataclass(frozen=True)
class Item:
    """One thing to ask. `targets` are the (metric, group) cells its result counts towards."""

    id: str
    stratum: str
    targets: tuple[tuple[str, str | None], ...]
    content: Mapping[str, Any]
    cluster: str


@dataclass(frozen=True)
class Items:
    """All items of a suite or file, before any sampling."""

    suite: Suite
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Score:
    """One value of one metric; `weight` is the number of tokens, or 1."""

    metric: str
    group: str | None
    value: float
    weight: float = 1.0


@dataclass(frozen=True)
class Sample:
    """What one model did with one item. With `error`, the item is not measured and has no scores."""

    model: str
    item: Item
    input: str
    output: str | None
    scores: tuple[Score, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


Progress = Callable[[int, int], None]


def shifted(progress: Progress, before: int, of: int) -> Progress:
    """`progress` for one part of a task: `before` of `of` were done when the part began."""
    return lambda done, _: progress(before + done, of)


class Task(Protocol):
    """One measurement. Its docstring is its definition and is printed in the report."""

    version: str
    metrics: tuple[MetricDefinition, ...]
    options: Mapping[str, Option]
    needs_items: bool

    def items(self, path: Path | None) -> Items:
        """The items: of `path`, or of the suite that comes with the task. Raises `SuiteError`."""

    def measure(
        self, items: Sequence[Item], models: Sequence[LanguageModel], options: Mapping[str, Any], progress: Progress
    ) -> Iterator[Sample]:
        """One sample for each item and model. The first model is the base."""

    def limits(self, samples: Sequence[Sample], options: Mapping[str, Any]) -> list[str]:
        """What this task, as it ran, cannot tell; whole sentences."""


@runtime_checkable
class ScoresOutputs(Protocol):
    """A task that can also score answers which were made elsewhere."""

    def score(self, item: Item, model: str, text: str) -> Sample:
        """The sample for the answer `text` of `model` to `item`."""
