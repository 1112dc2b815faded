"""Whether a plan asks for what can be measured. Pure.

A plan is locked before its run (AI Act, Article 9(8): metrics and thresholds defined beforehand), so a misspelt
task or a limit on a figure that no report will hold must be found when it is written: afterwards it could only be
"not measured", and would shut the gate of every model made under it.
"""

from collections.abc import Iterator, Mapping

from evaluation.spec import Option, Spec, TaskRequest, Threshold
from governance.foundation.core.errors import Fault
from governance.work.evaluation_plans.measures import Measure

LIMITS = {
    "max": "at most",
    "min": "at least",
    "max_rise": "rises by at most",
    "max_drop": "falls by at most",
    "margin": "shown no worse by more than",
}
AGAINST_BASE = frozenset({"max_rise", "max_drop", "margin"})


def faults(spec: Spec, known: Mapping[str, Measure]) -> list[Fault]:
    """Everything in the plan's tasks and thresholds that no evaluation could measure."""
    found = [fault for place, task in enumerate(spec.tasks) for fault in _task(f"tasks[{place}]", task, known)]
    seen: set[tuple[str, str, str | None, str]] = set()
    for place, threshold in enumerate(spec.thresholds):
        where = f"thresholds[{place}]"
        if measure := known.get(threshold.task):
            found += _threshold(where, threshold, measure)
        for kind in threshold.limits():
            cell = (threshold.task, threshold.metric, threshold.group, kind)
            if cell in seen:
                found.append(
                    Fault(f"{where}.{kind}", "The same figure has two limits of this kind.", "Keep one of them.")
                )
            seen.add(cell)
    return found


def _task(where: str, task: TaskRequest, known: Mapping[str, Measure]) -> Iterator[Fault]:
    measure = known.get(task.name)
    if measure is None:
        names = ", ".join(name for name, one in known.items() if one.usable)
        yield Fault(f"{where}.name", f"There is no task “{task.name}”.", f"Known tasks are {names}.")
        return
    if task.items is not None:
        yield Fault(
            f"{where}.items", "A plan names no file.", "Leave it out: the items come with the task or from the run."
        )
    elif not measure.usable:
        why = measure.unreadable or "It needs a file of items, and a plan names no file."
        yield Fault(f"{where}.name", f"“{task.name}” cannot be measured here: {why}", "Leave the task out.")
    if task.sha256 is not None and measure.suite is not None and task.sha256 != measure.suite.sha256:
        yield Fault(
            f"{where}.sha256", f"The suite of “{task.name}” is another one now.", "Leave it out; locking pins it."
        )
    for name, value in task.options.items():
        yield from _option(where, measure, name, value)


def _option(where: str, measure: Measure, name: str, value: Option) -> Iterator[Fault]:
    if name not in measure.options:
        offered = ", ".join(measure.options) or "none"
        yield Fault(f"{where}.{name}", f"“{measure.name}” has no option “{name}”.", f"Its options: {offered}.")
        return
    wanted = type(measure.options[name])
    if type(value) is not wanted:
        yield Fault(f"{where}.{name}", f"Expected {wanted.__name__}, found {type(value).__name__}.")
    elif isinstance(value, int) and not isinstance(value, bool) and value < 1:
        yield Fault(f"{where}.{name}", "It must be at least 1.")


def _threshold(where: str, threshold: Threshold, measure: Measure) -> Iterator[Fault]:
    metric = measure.metrics.get(threshold.metric)
    if metric is None:
        offered = ", ".join(measure.metrics)
        yield Fault(
            f"{where}.metric", f"“{measure.name}” has no metric “{threshold.metric}”.", f"It measures {offered}."
        )
        return
    groups = measure.suite.groups.get(metric.name, frozenset()) if measure.suite else frozenset()
    if threshold.group is None and not metric.overall:
        yield Fault(
            f"{where}.group",
            f"“{metric.name}” is measured by group only.",
            f"Name one of {', '.join(sorted(groups))}.",
        )
    if threshold.group is not None and threshold.group not in groups:
        cure = f"Its groups are {', '.join(sorted(groups))}." if groups else "It has none; leave the group empty."
        yield Fault(f"{where}.group", f"“{metric.name}” has no group “{threshold.group}”.", cure)
    against_base = AGAINST_BASE & threshold.limits().keys()
    if against_base and not (metric.compared and metric.of_base):
        yield Fault(
            f"{where}.{min(against_base)}",
            f"“{metric.name}” is not compared with the base.",
            "Limit its value: at most, or at least.",
        )
