"""Thresholds, findings and the gate: what the plan demanded, and what a person has to look at.

Whatever was not measured closes the gate: a gate that opens for want of evidence is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evaluation.report import Comparison, Finding, Gate, Outcome, TaskResult, ThresholdOutcome
from evaluation.spec import LimitKind, Spec, Threshold
from evaluation.statistics import ALPHA, SMALL, Interval


def outcomes(spec: Spec, tasks: Sequence[TaskResult]) -> list[ThresholdOutcome]:
    """One outcome for each limit of each threshold; limits on rise, drop and margin compare with the base."""
    results = {task.name: task for task in tasks}
    return [
        _outcome(threshold, kind, limit, results[threshold.task], spec)
        for threshold in spec.thresholds
        for kind, limit in threshold.limits().items()
    ]


def findings(tasks: Sequence[TaskResult], thresholds: Sequence[ThresholdOutcome]) -> list[Finding]:
    """Everything a person has to look at, the gravest first."""
    found = [
        *(finding for task in tasks for finding in _missing(task)),
        *(finding for outcome in thresholds for finding in _broken(outcome)),
        *(finding for task in tasks for finding in _observed(task, thresholds)),
    ]
    order = {"high": 0, "medium": 1, "low": 2}
    return sorted(found, key=lambda finding: order[finding.severity])


def gate(found: Sequence[Finding]) -> Gate:
    """The gate that follows from the findings."""
    because = tuple(finding.message for finding in found if finding.closes_gate)
    return Gate(open=not because, because=because)


def limits(spec: Spec, tasks: Sequence[TaskResult]) -> list[str]:
    """Sentences on what the report as a whole cannot tell."""
    sentences = [
        "Only the tasks listed were run; nothing here speaks about other languages, longer conversations, tools, "
        "attacks by a determined person, or memorised training data.",
        "Whether items of the suites stood in the training text was not checked.",
        "Intervals are 95 % and not corrected; p values are corrected by Holm's method within their family.",
    ]
    if not spec.thresholds:
        sentences.append("No threshold was fixed before the run, so the gate judges only whether all was measured.")
    if len(spec.models) == 1:
        sentences.append("One model was measured; nothing was compared.")
    small = [f"{task.name} ({small} of {total})" for task in tasks for small, total in [_small(task)] if small]
    if small:
        sentences.append(
            f"Fewer than {SMALL} items stand behind some figures, which then can only show large effects: "
            f"{', '.join(small)}."
        )
    return sentences


def _outcome(threshold: Threshold, kind: LimitKind, limit: float, task: TaskResult, spec: Spec) -> ThresholdOutcome:
    candidate, base = spec.models[-1].name, spec.models[0].name
    value: float | None = None
    interval: Interval | None = None
    verdict, reason = None, None
    cell = (threshold.metric, threshold.group)
    if kind in ("max", "min"):
        metric = {(m.name, m.group): m for m in task.metrics if m.model == candidate}.get(cell)
        value, interval, reason = (metric.value, metric.ci, metric.reason) if metric else (None, None, None)
    else:
        comparison = {(c.metric, c.group): c for c in task.comparisons if c.base == base}.get(cell)
        if comparison:
            value, interval, verdict, reason = (
                comparison.difference, comparison.ci, comparison.verdict, comparison.reason
            )  # fmt: skip
    outcome, why = _judge(kind, limit, value, verdict, reason)
    clear = None if interval is None or kind == "margin" else _within(kind, limit, interval)
    return ThresholdOutcome(
        threshold.task, threshold.metric, threshold.group, kind, limit, value, interval, clear, outcome, why
    )


def _judge(
    kind: LimitKind, limit: float, value: float | None, verdict: str | None, reason: str | None
) -> tuple[Outcome, str]:
    if value is None:
        return "not measured", reason or "there is no such figure in this report"
    if kind == "margin":
        if verdict == "cannot tell":
            return "not measured", f"that it is no worse by more than {limit:g} could not be shown: {reason}"
        return ("failed" if verdict == "worse" else "passed"), f"verdict: {verdict}"
    kept = {"max": value <= limit, "min": value >= limit, "max_rise": value <= limit, "max_drop": -value <= limit}[kind]
    said = {"max": "at most", "min": "at least", "max_rise": "a rise of at most", "max_drop": "a fall of at most"}[kind]
    return ("passed" if kept else "failed"), f"{value:.4g} where the plan allows {said} {limit:g}"


def _within(kind: LimitKind, limit: float, interval: Interval) -> bool:
    """Whether the whole interval lies on one side of the limit."""
    edge = -limit if kind == "max_drop" else limit
    return not interval[0] < edge < interval[1]


def _missing(task: TaskResult) -> Iterator[Finding]:
    if task.status == "not measured":
        message = f"{task.name} was not measured: {task.reason}."
        yield Finding("high", "not-measured", task.name, None, None, message, closes_gate=True)
    elif task.n_errors:
        message = f"{task.name}: {task.reason}."
        yield Finding("high", "items-not-measured", task.name, None, None, message, closes_gate=True)


def _broken(outcome: ThresholdOutcome) -> Iterator[Finding]:
    where = f"{outcome.task}, {_name(outcome.metric, outcome.group)}"
    cell = (outcome.task, outcome.metric, outcome.group)
    if outcome.outcome == "failed":
        yield Finding("high", "threshold-failed", *cell, f"{where}: {outcome.reason}.", closes_gate=True)
    elif outcome.outcome == "not measured":
        message = f"{where}: the plan's limit {outcome.kind} {outcome.limit:g} was not measured: {outcome.reason}."
        yield Finding("high", "threshold-not-measured", *cell, message, closes_gate=True)
    elif outcome.clear is False:
        message = f"{where}: kept, but the interval reaches over the limit {outcome.limit:g}."
        yield Finding("low", "threshold-unclear", *cell, message, closes_gate=False)


def _observed(task: TaskResult, thresholds: Sequence[ThresholdOutcome]) -> Iterator[Finding]:
    """Losses no limit spoke about, and groups that are treated differently."""
    judged = {(outcome.task, outcome.metric, outcome.group) for outcome in thresholds}
    for comparison in task.comparisons:
        if comparison.verdict == "worse" and (task.name, comparison.metric, comparison.group) not in judged:
            yield _worse(task.name, comparison)
    candidates = {comparison.candidate for comparison in task.comparisons}
    for test in task.tests:
        if test.p_corrected < ALPHA and (not candidates or test.model in candidates):
            message = (
                f"{task.name}, {_name(test.metric, test.group)}: {test.model} gives {test.value:.3g} where equal "
                f"treatment gives {test.expected:.3g} (n {test.n}, corrected p {test.p_corrected:.2g})."
            )
            yield Finding("low", "group-differs", task.name, test.metric, test.group, message, closes_gate=False)


def _worse(task: str, comparison: Comparison) -> Finding:
    message = (
        f"{task}, {_name(comparison.metric, comparison.group)}: {comparison.candidate} is worse than "
        f"{comparison.base} by {abs(comparison.difference or 0):.3g} (corrected p {comparison.p_corrected:.2g}), "
        "and the plan set no limit."
    )
    return Finding("medium", "worse", task, comparison.metric, comparison.group, message, closes_gate=False)


def _small(task: TaskResult) -> tuple[int, int]:
    measured = [metric for metric in task.metrics if metric.value is not None]
    return sum(metric.small for metric in measured), len(measured)


def _name(metric: str, group: str | None) -> str:
    return f"{metric} of '{group}'" if group else metric
