"""From samples to metrics, comparisons and group tests of one task.

A cell is one (metric, group); `None` is the mean over all groups. A cell without a measured item
has the value None and the reason, never 0. Comparisons take only items that both models answered.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evaluation import statistics
from evaluation.report import Comparison, GroupTest, Metric
from evaluation.statistics import Interval, Sums
from evaluation.tasks import Item, MetricDefinition, Sample, Score

Cell = tuple[str, str | None]
Values = dict[str, Score]  # item id -> its score in the cell


@dataclass(frozen=True)
class Measured:
    """The samples of one task by model and cell, with the cells its full suite would fill."""

    task: str
    seed: int
    definitions: Mapping[str, MetricDefinition]
    models: tuple[str, ...]
    cells: tuple[Cell, ...]
    values: Mapping[str, Mapping[Cell, Values]]
    clusters: Mapping[str, str]
    failed: Mapping[str, Mapping[Cell, int]]

    def sums(self, cell: Cell, model: str, among: Iterable[str] | None = None) -> Sums:
        """Per cluster sums of the cell's scores, over the items `among` (all of the model's by default)."""
        scores = self.values[model].get(cell, {})
        totals: dict[str, list[float]] = {}
        for item in scores if among is None else among:
            total = totals.setdefault(self.clusters[item], [0.0, 0.0])
            total[0] += scores[item].value * scores[item].weight
            total[1] += scores[item].weight
        pairs = np.array([totals[name] for name in sorted(totals)], dtype=np.float64).reshape(-1, 2)
        return Sums(pairs[:, 0], pairs[:, 1])


def measured(
    task: str,
    seed: int,
    definitions: Sequence[MetricDefinition],
    models: Sequence[str],
    items: Sequence[Item],
    samples: Sequence[Sample],
) -> Measured:
    """Sort `samples` into cells. `items` are all items of the suite, so that a group without a sample shows."""
    by_name = {definition.name: definition for definition in definitions}
    cells = _cells(by_name, items)
    values: dict[str, dict[Cell, Values]] = {model: defaultdict(dict) for model in models}
    failed: dict[str, dict[Cell, int]] = {model: defaultdict(int) for model in models}
    for sample in samples:
        for score in sample.scores:
            for cell in _home(by_name[score.metric], score.group):
                values[sample.model][cell][sample.item.id] = score
        if sample.error is not None:
            for cell in {c for metric, group in sample.item.targets for c in _home(by_name[metric], group)}:
                failed[sample.model][cell] += 1
    clusters = {item.id: item.cluster for item in items}
    return Measured(task, seed, by_name, tuple(models), cells, values, clusters, failed)


def metrics(data: Measured, missing: str | None = None) -> list[Metric]:
    """Every cell of every model. `missing` is the reason where nothing could be measured at all."""
    return [
        _metric(data, cell, model, missing)
        for cell in data.cells
        for number, model in enumerate(data.models)
        if number or data.definitions[cell[0]].of_base
    ]


def comparisons(data: Measured, margins: Mapping[Cell, float]) -> list[Comparison]:
    """The last model against every earlier one, in each cell of a compared metric; not yet corrected."""
    *others, candidate = data.models
    return [
        _comparison(data, cell, base, candidate, margins.get(cell))
        for cell in data.cells
        if data.definitions[cell[0]].compared and data.definitions[cell[0]].better
        for base in others
    ]


def corrected(found: Sequence[Comparison], definitions: Sequence[MetricDefinition]) -> list[Comparison]:
    """`found` (one family, each with its metric) with Holm's p, the verdicts, and the items a doubt needs."""
    tested = [comparison for comparison in found if comparison.p is not None]
    fixed = dict(zip(map(id, tested), statistics.holm([c.p for c in tested if c.p is not None]), strict=True))
    return [_judged(c, fixed.get(id(c)), m, len(tested)) for c, m in zip(found, definitions, strict=True)]


def group_tests(data: Measured) -> list[GroupTest]:
    """For metrics with an expected value: does a group's mean differ from it? Holm over one model's groups."""
    found = []
    for model in data.models:
        tests = [test for cell in data.cells if (test := _group_test(data, cell, model))]
        for metric in {test.metric for test in tests}:
            family = [test for test in tests if test.metric == metric]
            for test, p in zip(family, statistics.holm([test.p for test in family]), strict=True):
                found.append(replace(test, p_corrected=p))
    return sorted(found, key=lambda test: (test.metric, test.model, test.group))


def _cells(definitions: Mapping[str, MetricDefinition], items: Sequence[Item]) -> tuple[Cell, ...]:
    cells: dict[Cell, None] = {(name, None): None for name, metric in definitions.items() if metric.overall}
    for item in items:
        for metric, group in item.targets:
            cells.update(dict.fromkeys(_home(definitions[metric], group)))
    order = list(definitions)
    return tuple(sorted(cells, key=lambda cell: (order.index(cell[0]), cell[1] or "")))


def _home(metric: MetricDefinition, group: str | None) -> list[Cell]:
    overall: list[Cell] = [(metric.name, None)] if metric.overall else []
    return overall if group is None else [*overall, (metric.name, group)]


def _metric(data: Measured, cell: Cell, model: str, missing: str | None) -> Metric:
    name, group = cell
    definition, scores = data.definitions[name], data.values[model].get(cell, {})
    value: float | None = None
    interval: Interval | None = None
    reason = missing
    if scores:
        sums = data.sums(cell, model)
        value = sums.mean
        interval = _interval(data, cell, model, sums)
        if definition.kind == "exponential":
            value, interval = math.exp(value), interval and (math.exp(interval[0]), math.exp(interval[1]))
        reason = None if interval else "one item has no interval"
    failures = data.failed[model].get(cell, 0)
    if failures:
        reason = f"{failures} of {failures + len(scores)} items could not be measured"
    elif not scores and reason is None:
        reason = "no item of this group was measured"
    small = len(scores) < statistics.SMALL
    return Metric(
        name, model, group, value, len(scores), interval, definition.unit, definition.better, small, reason
    )  # fmt: skip


def _interval(data: Measured, cell: Cell, model: str, sums: Sums) -> Interval | None:
    if data.definitions[cell[0]].kind == "proportion":
        scores = data.values[model][cell]
        return statistics.wilson(round(sum(score.value for score in scores.values())), len(scores))
    return statistics.bootstrap(sums, statistics.random_source(data.seed, data.task, *cell, model))


def _comparison(data: Measured, cell: Cell, base: str, candidate: str, margin: float | None) -> Comparison:
    name, group = cell
    shared = sorted(data.values[base].get(cell, {}).keys() & data.values[candidate].get(cell, {}).keys())
    family = "overall" if group is None else f"groups of {data.task}"
    blank = Comparison(
        metric=name, group=group, base=base, candidate=candidate, n=len(shared), difference=None, ci=None, test=None,
        p=None, p_corrected=None, family=family, margin=margin, verdict="not measured", n_needed=None,
        reason="no item was measured for both models",
    )  # fmt: skip
    if not shared:
        return blank
    first, second = data.sums(cell, base, shared), data.sums(cell, candidate, shared)
    source = statistics.random_source(data.seed, data.task, name, group, base, candidate)
    if data.definitions[name].kind == "proportion":
        p, test, interval = _paired_shares(data.values[base][cell], data.values[candidate][cell], shared)
    else:
        p, test = statistics.paired_permutation(first, second, source), "paired permutation"
        interval = statistics.paired_bootstrap(first, second, source)
    return replace(
        blank, difference=second.mean - first.mean, ci=interval, test=test, p=p, verdict="cannot tell", reason=None
    )


def _paired_shares(base: Values, candidate: Values, shared: Sequence[str]) -> tuple[float, str, Interval | None]:
    pairs = [(base[item].value > 0.5, candidate[item].value > 0.5) for item in shared]
    first, second = pairs.count((True, False)), pairs.count((False, True))
    interval = statistics.paired_proportions(pairs.count((True, True)), first, second, pairs.count((False, False)))
    return statistics.mcnemar(first, second), "exact McNemar", interval


def _judged(found: Comparison, p: float | None, metric: MetricDefinition, tested: int) -> Comparison:
    if found.difference is None or metric.better is None:
        return found
    verdict = statistics.verdict(found.difference, found.ci, p, metric.better, found.margin)
    needed, reason = None, None
    if verdict == "cannot tell":
        needed = statistics.items_needed(found.n, found.difference, found.ci, metric.better, found.margin, tested)
        reason = f"{needed - found.n} more items needed" if needed else _why_unknowable(found)
    return replace(found, p_corrected=p, verdict=verdict, n_needed=needed, reason=reason)


def _why_unknowable(found: Comparison) -> str:
    if found.ci is None:
        return "one item shows no spread, so how many more are needed cannot be estimated"
    if found.margin is None:
        return "no difference was seen; only a margin in the plan would let 'no worse' be shown"
    return "the observed difference lies at the margin or beyond it, so more items would not show 'no worse'"


def _group_test(data: Measured, cell: Cell, model: str) -> GroupTest | None:
    name, group = cell
    definition, scores = data.definitions[name], data.values[model].get(cell, {})
    if definition.expected is None or group is None or len(scores) < 2:
        return None
    values = np.array([scores[item].value for item in sorted(scores)], dtype=np.float64)
    if definition.kind == "proportion":
        p, test = statistics.binomial_test(round(values.sum()), len(values), definition.expected), "exact binomial"
    else:
        source = statistics.random_source(data.seed, data.task, name, group, model, "sign")
        p, test = statistics.sign_flip(values - definition.expected, source), "sign-flip permutation"
    return GroupTest(name, model, group, definition.expected, float(values.mean()), len(values), test, p, p)
