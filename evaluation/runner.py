"""One evaluation from specification to report: items, models, samples, summary, gate, in this order."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation import __version__, gate, registry, summary
from evaluation.events import Events
from evaluation.registry import Registered
from evaluation.report import SAMPLE_SCHEMA, SCHEMA, File, ModelRecord, Report, TaskResult, Timing, sealed, write
from evaluation.spec import Invalid, Option, Spec, TaskRequest
from evaluation.suites import SuiteError, draw
from evaluation.tasks import Item, Items, Sample
from preparation.digests import sha256_file

if TYPE_CHECKING:
    from evaluation.generate import LanguageModel

PACKAGES = ("torch", "transformers", "peft", "tokenizers", "numpy")


@dataclass(frozen=True)
class Prepared:
    """A task with its options, its items and the sample of them; or the reason why it has none."""

    registered: Registered
    request: TaskRequest
    options: dict[str, Option]
    items: Items | None
    drawn: tuple[Item, ...]
    reason: str | None


def prepare(spec: Spec) -> list[Prepared]:
    """Every task of `spec` with its items. Raises `Invalid` for an unknown task, option or metric.

    A suite that is absent, unreadable or not the one the plan pinned is no error here: it becomes
    "not measured", which closes the gate.
    """
    prepared = [_prepare(request, spec.seed, f"spec.tasks[{i}]") for i, request in enumerate(spec.tasks)]
    known = {task.request.name: {m.name for m in task.registered.task.metrics} for task in prepared}
    for i, threshold in enumerate(spec.thresholds):
        if threshold.metric not in known[threshold.task]:
            names = ", ".join(sorted(known[threshold.task]))
            raise Invalid(
                f"spec.thresholds[{i}].metric",
                f"'{threshold.task}' has no metric '{threshold.metric}'; it has {names}.",
            )
    return prepared


def run(spec: Spec, out: Path, events: Events) -> Report:
    """Measure the models of `spec` and write `samples.jsonl` and then `report.json` into `out`."""
    started = time.monotonic()
    prepared = prepare(spec)
    from evaluation import loading

    events.emit("message", text="loading models", models=[model.name for model in spec.models])
    models = loading.load(spec)
    measured, timing = [], {"loading": _timing(started, 0)}
    for task in prepared:
        begun, before = time.monotonic(), sum(model.meter.tokens for model in models)
        samples = _samples(task, models, events)
        timing[task.request.name] = _timing(begun, sum(model.meter.tokens for model in models) - before)
        measured.append((task, samples))
    timing["total"] = _timing(started, sum(model.meter.tokens for model in models))
    records = [_model_record(model, index, len(models)) for index, model in enumerate(models)]
    return finish(spec, out, measured, records, timing)


def finish(
    spec: Spec,
    out: Path,
    measured: Sequence[tuple[Prepared, Sequence[Sample]]],
    models: Sequence[ModelRecord],
    timing: Mapping[str, Timing],
) -> Report:
    """Summarise the samples, judge them by the plan, and write both files; the report comes last."""
    tasks = _results(spec, measured)
    thresholds = gate.outcomes(spec, tasks)
    found = gate.findings(tasks, thresholds)
    samples = _write_samples(out / "samples.jsonl", measured)
    report = sealed(
        Report(
            schema=SCHEMA,
            written_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            spec_sha256=spec.sha256,
            spec=spec.content(),
            seed=spec.seed,
            models=tuple(models),
            tasks=tuple(tasks),
            thresholds=tuple(thresholds),
            findings=tuple(found),
            gate=gate.gate(found),
            limits=tuple(gate.limits(spec, tasks)),
            samples=samples,
            environment=environment(),
            timing=dict(timing),
            sha256="",
        )
    )
    write(report, out / "report.json")
    return report


def environment() -> dict[str, Any]:
    """What the numbers were made with. Names no host and no path."""
    found: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return {
        "evaluation": __version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cpu_count": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "packages": found,
    }


def _prepare(request: TaskRequest, seed: int, where: str) -> Prepared:
    registered = registry.get(request.name, f"{where}.name")
    options = _options(registered, request, where)
    try:
        items = registered.task.items(Path(request.items) if request.items else None)
        if request.sha256 is not None and items.suite.sha256 != request.sha256:
            raise SuiteError(f"{items.suite.file}: is not the file the plan was locked on (sha256 differs)")
    except SuiteError as error:
        return Prepared(registered, request, options, None, (), str(error).rstrip("."))
    return Prepared(registered, request, options, items, draw(items.items, request.limit, seed), None)


def _options(registered: Registered, request: TaskRequest, where: str) -> dict[str, Option]:
    """The task's defaults, overwritten by the request. Raises `Invalid` for an unknown option or a wrong type."""
    if registered.task.needs_items and request.items is None:
        raise Invalid(f"{where}.items", f"'{request.name}' needs a file of items.")
    options = dict(registered.task.options)
    for name, value in request.options.items():
        if name not in options:
            known = ", ".join(("items", "limit", "sha256", *options))
            raise Invalid(f"{where}.{name}", f"'{request.name}' has no option '{name}'; it has {known}.")
        if type(value) is not type(options[name]):
            kind = type(options[name]).__name__
            raise Invalid(f"{where}.{name}", f"expected {kind}, found {type(value).__name__}.")
        if isinstance(value, int) and not isinstance(value, bool) and value < 1:
            raise Invalid(f"{where}.{name}", "must be at least 1.")
        options[name] = value
    return options


def _samples(task: Prepared, models: Sequence[LanguageModel], events: Events) -> list[Sample]:
    name = task.request.name
    if task.items is None:
        events.emit("message", "warning", task=name, text=f"not measured: {task.reason}")
        return []
    events.progress(name, 0, len(task.drawn) * len(models))
    return list(
        task.registered.task.measure(task.drawn, models, task.options, lambda done, of: events.progress(name, done, of))
    )


def _results(spec: Spec, measured: Sequence[tuple[Prepared, Sequence[Sample]]]) -> list[TaskResult]:
    """Each task's result. Holm's families: all overall comparisons of the report; one task's group comparisons."""
    names = [model.name for model in spec.models]
    data = {
        task.request.name: summary.measured(
            task.request.name, spec.seed, task.registered.task.metrics, names,
            task.items.items if task.items else (), samples,
        )
        for task, samples in measured
    }  # fmt: skip
    margins = {
        name: {(t.metric, t.group): t.margin for t in spec.thresholds if t.task == name and t.margin is not None}
        for name in data
    }
    compared = [(name, c) for name in data for c in summary.comparisons(data[name], margins[name])]
    judged: dict[str, list[Any]] = {name: [] for name in data}
    for family in dict.fromkeys(c.family for _, c in compared):
        members = [(name, c) for name, c in compared if c.family == family]
        definitions = [data[name].definitions[c.metric] for name, c in members]
        for (name, _), found in zip(members, summary.corrected([c for _, c in members], definitions), strict=True):
            judged[name].append(found)
    return [_result(task, samples, data[task.request.name], judged[task.request.name], spec.seed)
            for task, samples in measured]  # fmt: skip


def _result(
    task: Prepared, samples: Sequence[Sample], data: summary.Measured, comparisons: Sequence[Any], seed: int
) -> TaskResult:
    request, registered = task.request, task.registered
    errors = [sample for sample in samples if sample.error is not None]
    total, used = len(task.items.items) if task.items else 0, len(task.drawn)
    reason, status = task.reason, "not measured"
    if samples:
        status = "measured" if not errors else "partly measured" if len(errors) < len(samples) else "not measured"
    if errors:
        reason = f"{len(errors)} of {len(samples)} answers could not be measured; the first: {errors[0].error}"
    limits = registered.task.limits(samples, task.options) if samples else []
    return TaskResult(
        name=request.name, category=registered.category, duty=registered.duty, version=registered.task.version,
        definition=registered.definition,
        metric_definitions={metric.name: metric.definition for metric in registered.task.metrics},
        source=registered.source, status=status, reason=reason,  # type: ignore[arg-type]
        suite=task.items.suite if task.items else None, options=task.options,
        n_total=total, n_used=used, n_errors=len(errors), sampled=_sampled(used, total, seed),
        metrics=tuple(summary.metrics(data, missing=None if samples else reason)), comparisons=tuple(comparisons),
        tests=tuple(summary.group_tests(data)), limits=tuple(limits),
    )  # fmt: skip


def _sampled(used: int, total: int, seed: int) -> str | None:
    return f"sampled {used} of {total}, shared among the groups by size, seed {seed}" if used < total else None


def _write_samples(path: Path, measured: Sequence[tuple[Prepared, Sequence[Sample]]]) -> File:
    rows = 0
    with path.open("w", encoding="utf-8") as file:
        for task, samples in measured:
            for sample in samples:
                line = json.dumps(_sample_line(task, sample), ensure_ascii=False, allow_nan=False)
                file.write(line + "\n")
                rows += 1
    return File(path.name, sha256_file(path), rows)


def _sample_line(task: Prepared, sample: Sample) -> dict[str, Any]:
    # An exponential metric is the exponential of a mean: what stands for one item is the exponential of its own.
    exponential = {metric.name for metric in task.registered.task.metrics if metric.kind == "exponential"}
    scores = [
        {
            "metric": score.metric,
            "group": score.group,
            "value": math.exp(score.value) if score.metric in exponential else score.value,
            "weight": score.weight,
        }
        for score in sample.scores
    ]
    return {
        "schema": SAMPLE_SCHEMA, "task": task.request.name, "model": sample.model, "item": sample.item.id,
        "group": sample.item.stratum, "input": sample.input, "output": sample.output, "scores": scores,
        "detail": dict(sample.detail), "error": sample.error,
    }  # fmt: skip


def _model_record(model: LanguageModel, index: int, count: int) -> ModelRecord:
    weights = model.weights
    return ModelRecord(
        name=model.name, role=role(index, count), path=model.path, sha256=weights.sha256,
        adapter=model.adapter_path, adapter_sha256=model.adapter_sha256, parameters=weights.parameters,
        tokenizer_sha256=model.vocabulary_sha256, chat_template_sha256=model.chat_template_sha256,
        precision=weights.precision, device=weights.device.type,
    )  # fmt: skip


def role(index: int, count: int) -> Any:
    """The first of several models is the base, the last the candidate; a single one is the candidate."""
    return "candidate" if index == count - 1 else "base" if index == 0 else "other"


def _timing(begun: float, tokens: int) -> Timing:
    seconds = round(time.monotonic() - begun, 3)
    return Timing(seconds, tokens, round(tokens / seconds, 1) if tokens and seconds else None)
