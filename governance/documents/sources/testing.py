"""What was planned to be measured, what was found, and how sure that is. Pure."""

from collections.abc import Callable, Iterable

from evaluation.report import Comparison, Metric, Report, TaskResult, ThresholdOutcome
from governance.documents.sources import numbers as n
from governance.documents.sources.records import Source, Told, declared, measured, not_measured, remark

FORGETTING = "forgetting"
SECURITY = frozenset({"security", "privacy"})
LIMITS = {
    "max": "at most {}", "min": "at least {}", "max_rise": "rises by at most {} over the base",
    "max_drop": "drops by at most {} below the base", "margin": "shown to be no worse than the base by more than {}",
}  # fmt: skip


def plan(plan: Source) -> Told:
    """By which plan the model was validated and tested."""
    tasks = n.listing(_asked(task) for task in plan.facts["tasks"])
    locked = plan.facts["locked_at"]
    when = f"locked on {n.minute(locked)}" if locked else "not locked"
    return measured(
        f"Plan “{plan.name}”, written by {plan.facts['written_by']} and {when}: {tasks}. Base and tuned model are "
        f"measured on the same items, with seed {plan.facts['seed']}."
    )


def _asked(task: dict[str, object]) -> str:
    limit = task.get("limit")
    return f"{task['name']} (at most {limit} items)" if limit else str(task["name"])


def thresholds(plan: Source) -> Told | None:
    """Which limits were fixed before testing, when and by whom."""
    limits = [
        f"{_where(each['task'], each['metric'], each.get('group'))}: {_limit(each)}"
        for each in plan.facts["thresholds"]
    ]
    if not limits:
        return not_measured("Limits fixed beforehand", "the plan sets none")
    locked = plan.facts["locked_at"]
    when = f" They have stood unchanged since {n.minute(locked)}." if locked else ""
    return measured(f"Set by {plan.facts['written_by']} before the run: {'; '.join(limits)}.{when}")


def _where(task: str, metric: str, group: str | None) -> str:
    return f"{task}, {metric}{f' of {group}' if group else ''}"


def _limit(threshold: dict[str, object]) -> str:
    set_limits = {kind: threshold[kind] for kind in LIMITS if threshold.get(kind) is not None}
    return n.listing(LIMITS[kind].format(n.amount(float(str(value)))) for kind, value in set_limits.items())


def rationale(plan: Source) -> Told | None:
    """Why these metrics suit the purpose, in the words of who wrote the plan."""
    return declared(plan.facts["rationale"])


def outcome(plan: Source, evaluation: Source) -> Told | None:
    """How the model stands against the limits set beforehand."""
    report: Report = evaluation.facts
    if not report.thresholds:
        return not_measured("Limits fixed beforehand", "the plan sets none")
    kept = "; ".join(_kept(each) for each in report.thresholds)
    gate = "open" if report.gate.open else f"shut ({' '.join(report.gate.because)})"
    return measured(f"Under the plan “{plan.name}”: {kept}. The evaluation's gate is {gate}.")


def _kept(found: ThresholdOutcome) -> str:
    where = _where(found.task, found.metric, found.group)
    if found.value is None:
        return f"{where}: not measured ({found.reason})"
    doubt = "" if found.clear is not False else ", with an interval that crosses the limit"
    return f"{where}: {n.amount(found.value)} against {n.amount(found.limit)}, {found.outcome}{doubt}"


def items(evaluation: Source) -> Told | None:
    """Which items served for testing: number, kind, digest."""
    report: Report = evaluation.facts
    said = [_suite(task) for task in report.tasks if task.suite]
    return measured(" ".join(said)) if said else None


def _suite(task: TaskResult) -> str:
    suite = task.suite
    assert suite is not None  # noqa: S101 - the caller asked
    version = f", version {suite.version}" if suite.version else ""
    sampled = f" ({task.sampled})" if task.sampled else ""
    return (
        f"{task.name}: {n.count(task.n_used)} of {n.counted(task.n_total, 'item')}{sampled} of “{suite.name}”"
        f"{version}, sha256 {suite.sha256}."
    )


def performance(evaluation: Source) -> Told | None:
    """Results on the task."""
    return _results(
        evaluation, lambda task: task.category == "quality" and task.name != FORGETTING, "Results on the task"
    )


def bias(evaluation: Source) -> Told | None:
    """Differences between groups of people."""
    return _results(evaluation, lambda task: task.category == "bias", "Differences between groups", groups=True)


def safety(evaluation: Source) -> Told | None:
    """Unsafe answers and needless refusals."""
    return _results(evaluation, lambda task: task.category == "safety", "Safety")


def security(evaluation: Source) -> Told | None:
    """Attacks that were tried."""
    return _results(evaluation, lambda task: task.category in SECURITY, "Attacks on the model")


def robustness(evaluation: Source) -> Told | None:
    """Results under changed or unusual input."""
    return _results(evaluation, lambda task: task.category == "robustness", "Robustness")


def effect(evaluation: Source) -> Told | None:
    """What tuning changed, compared with the base model, forgetting included."""
    report: Report = evaluation.facts
    said = [
        f"{_where(task.name, each.metric, None)}: {_difference(each)}"
        for task in report.tasks
        for each in _overall(task)
    ]
    return measured(f"Tuned model minus base model. {'; '.join(said)}.") if said else None


def _overall(task: TaskResult) -> Iterable[Comparison]:
    return (each for each in task.comparisons if each.group is None)


def samples(evaluation: Source) -> Told:
    """Where the single answers are."""
    report: Report = evaluation.facts
    rows = f" with {n.counted(report.samples.rows, 'line')}" if report.samples.rows else ""
    return measured(
        f"Every single answer stands in {report.samples.path}{rows}, kept under the sha256 {report.samples.sha256}."
    )


def signed(signature: Source, evaluation: Source) -> Told:
    """Who signed for the report, and when: by a decision on an earlier dossier that holds it."""
    facts, report = signature.facts, evaluation.facts
    when = f" on {n.minute(signature.at)}" if signature.at else ""
    return measured(
        f"{signature.by} ({n.listing(facts['roles'])}) signed{when}, over a dossier that cites the report with the "
        f"digest {report.sha256}: “{facts['meaning']}”"
    )


def resources(evaluation: Source) -> Told:
    """Which resources validation and testing took."""
    report: Report = evaluation.facts
    tasks = {name: timing for name, timing in report.timing.items() if name != "total"}  # the sum stands among them
    seconds = sum(timing.seconds for timing in tasks.values())
    tokens = sum(timing.tokens for timing in tasks.values())
    around = report.environment
    devices = n.listing(sorted({f"“{model.device}”" for model in report.models if model.device}))
    where = f" on {devices}" if devices else ""
    cores = f", {n.counted(around['cpu_count'], 'processor core')}" if around.get("cpu_count") else ""
    return measured(
        f"{n.duration(seconds)} in {n.counted(len(tasks), 'task')}, {n.counted(tokens, 'token')} generated or "
        f"scored{where}, Python {around.get('python')}{cores}. Energy of the evaluation: not measured."
    )


def limits(evaluation: Source) -> Told | None:
    """What the report itself says it cannot tell; beside the answer, no answer itself."""
    report: Report = evaluation.facts
    return remark("What the report cannot tell: " + " ".join(report.limits)) if report.limits else None


def metric_words(found: Metric) -> str:
    """“1.402 nats per token (n 7, 95 % interval 1.21 to 1.62)”, or that it was not measured."""
    if found.value is None:
        return f"not measured ({(found.reason or 'no reason given').rstrip('.')})"
    unit = f" {found.unit}" if found.unit not in ("1", "share") else ""
    certain = f", 95 % interval {n.interval(found.ci)}" if found.ci else ", no interval"
    return f"{n.amount(found.value)}{unit} (n {n.count(found.n)}{certain})"


def _results(
    evaluation: Source, wanted: Callable[[TaskResult], bool], what: str, *, groups: bool = False
) -> Told | None:
    report: Report = evaluation.facts
    tasks = [task for task in report.tasks if wanted(task)]
    if not tasks:
        return None
    if all(task.status == "not measured" for task in tasks):
        return not_measured(what, "; ".join(task.reason or "no reason given" for task in tasks))
    return measured(" ".join(_task(task, report.models[-1].name, groups=groups) for task in tasks))


def _task(task: TaskResult, candidate: str, *, groups: bool) -> str:
    if task.status == "not measured":
        return f"{task.name}: not measured ({task.reason})."
    said = [_metric(task, metric) for metric in task.metrics if metric.model == candidate and metric.group is None]
    if groups:
        said += [
            f"{metric.name} of {metric.group}: {metric_words(metric)}"
            for metric in task.metrics
            if metric.model == candidate and metric.group is not None
        ]
    return f"{task.name}: {'; '.join(said)}." if said else f"{task.name}: no overall figure."


def _metric(task: TaskResult, metric: Metric) -> str:
    words = f"{metric.name} {metric_words(metric)}"
    base = next(
        (m for m in task.metrics if m.name == metric.name and m.group is None and m.model != metric.model), None
    )
    if base is not None and base.value is not None:
        words += f", base model {n.amount(base.value)}"
    found = next((c for c in _overall(task) if c.metric == metric.name), None)
    return f"{words}, {_difference(found)}" if found else words


def _difference(found: Comparison) -> str:
    if found.difference is None:
        return f"not compared ({found.reason})"
    certain = f" [{n.interval(found.ci)}]" if found.ci else ""
    why = f" ({found.reason})" if found.verdict == "cannot tell" and found.reason else ""
    return f"difference {n.amount(found.difference)}{certain}, verdict: {found.verdict}{why}"
