"""What was found: the report `assay.evaluation-report/1`, its parts, and the strict reading of it.

Standard library only. `null` always means "not measured" and stands beside a reason; a number is
never a guess. `sha256` covers the report without itself and without `timing` and `written_at`, so
that the same evaluation with the same seed has the same digest.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from evaluation.spec import Invalid, LimitKind, decode
from preparation.digests import sha256_of

SCHEMA: Literal["assay.evaluation-report/1"] = "assay.evaluation-report/1"
SAMPLE_SCHEMA = "assay.evaluation-sample/1"
EVENT_SCHEMA = "assay.evaluation-event/1"
UNDIGESTED = ("sha256", "timing", "written_at")

Better = Literal["lower", "higher"]
Verdict = Literal["better", "no worse", "worse", "cannot tell", "not measured"]
Outcome = Literal["passed", "failed", "not measured"]
Severity = Literal["high", "medium", "low"]


@dataclass(frozen=True)
class File:
    """A file beside the report, or one that was read."""

    path: str
    sha256: str
    rows: int | None = None


@dataclass(frozen=True)
class Suite:
    """The items a task measured: a suite of ours, or a file the specification named."""

    name: str
    version: str | None
    licence: str | None
    source: str | None
    sha256: str
    file: str


@dataclass(frozen=True)
class ModelRecord:
    """A model that was measured, or whose outputs were scored (then only `name` and `outputs` are known)."""

    name: str
    role: Literal["base", "candidate", "other"]
    path: str | None
    sha256: str | None
    adapter: str | None
    adapter_sha256: str | None
    parameters: int | None
    tokenizer_sha256: str | None
    chat_template_sha256: str | None
    precision: str | None
    device: str | None
    outputs: File | None = None


@dataclass(frozen=True)
class Metric:
    """One number: `metric` of `model` over the items of `group` (null: over all), with its 95 % interval."""

    name: str
    model: str
    group: str | None
    value: float | None
    n: int
    ci: tuple[float, float] | None
    unit: str
    better: Better | None
    small: bool
    reason: str | None


@dataclass(frozen=True)
class Comparison:
    """Candidate minus base on the same items; `p_corrected` is Holm's over the comparisons of `family`."""

    metric: str
    group: str | None
    base: str
    candidate: str
    n: int
    difference: float | None
    ci: tuple[float, float] | None
    test: str | None
    p: float | None
    p_corrected: float | None
    family: str
    margin: float | None
    verdict: Verdict
    n_needed: int | None
    reason: str | None


@dataclass(frozen=True)
class GroupTest:
    """Whether one group's mean differs from the value it would have if groups were treated alike."""

    metric: str
    model: str
    group: str
    expected: float
    value: float
    n: int
    test: str
    p: float
    p_corrected: float


@dataclass(frozen=True)
class Timing:
    """Wall seconds and, where tokens were generated or scored, how many a second."""

    seconds: float
    tokens: int
    tokens_per_second: float | None


@dataclass(frozen=True)
class TaskResult:
    """One task: what it is, on what it was measured, what came out and what its n cannot tell."""

    name: str
    category: str
    duty: str
    version: str
    definition: str
    metric_definitions: dict[str, str]
    source: str
    status: Literal["measured", "partly measured", "not measured"]
    reason: str | None
    suite: Suite | None
    options: dict[str, bool | int | float | str]
    n_total: int
    n_used: int
    n_errors: int
    sampled: str | None
    metrics: tuple[Metric, ...]
    comparisons: tuple[Comparison, ...]
    tests: tuple[GroupTest, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True)
class ThresholdOutcome:
    """One limit of the plan and whether the candidate kept it. `clear`: the whole interval lies on the same side."""

    task: str
    metric: str
    group: str | None
    kind: LimitKind
    limit: float
    value: float | None
    ci: tuple[float, float] | None
    clear: bool | None
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Finding:
    """Something a person has to look at. One that closes the gate blocks a release until it is mended or waived."""

    severity: Severity
    code: str
    task: str
    metric: str | None
    group: str | None
    message: str
    closes_gate: bool


@dataclass(frozen=True)
class Gate:
    """Open only when nothing was missing and no limit was broken; otherwise the reasons."""

    open: bool
    because: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """The whole report. Written last, so its existence means that the evaluation is complete."""

    schema: Literal["assay.evaluation-report/1"]
    written_at: str
    spec_sha256: str
    spec: dict[str, Any]
    seed: int
    models: tuple[ModelRecord, ...]
    tasks: tuple[TaskResult, ...]
    thresholds: tuple[ThresholdOutcome, ...]
    findings: tuple[Finding, ...]
    gate: Gate
    limits: tuple[str, ...]
    samples: File
    environment: dict[str, Any]
    timing: dict[str, Timing]
    sha256: str

    def content(self) -> dict[str, Any]:
        """The report as JSON values."""
        content: dict[str, Any] = json.loads(json.dumps(asdict(self), allow_nan=False))
        return content

    def task(self, name: str) -> TaskResult:
        """The result of the task `name`. Raises KeyError."""
        return {task.name: task for task in self.tasks}[name]

    def metric(self, task: str, name: str, model: str, group: str | None = None) -> Metric:
        """One metric. Raises KeyError."""
        return {(m.name, m.model, m.group): m for m in self.task(task).metrics}[name, model, group]


def content_digest(content: Mapping[str, Any]) -> str:
    """The report's digest: of everything but itself, the timing and the time of writing."""
    return sha256_of({key: value for key, value in content.items() if key not in UNDIGESTED})


def sealed(report: Report) -> Report:
    """`report` with its `sha256` filled in."""
    content = report.content()
    content["sha256"] = content_digest(content)
    return parse(content)


def parse(content: object, where: str = "report") -> Report:
    """The report in `content`. Raises `Invalid` for a wrong shape or a digest that does not fit."""
    report = decode(Report, content, where)
    if report.sha256 != content_digest(report.content()):
        raise Invalid(f"{where}.sha256", "does not fit the report's content: it was changed after it was written.")
    return report


def read(path: Path) -> Report:
    """The report in the file `path`. Raises `Invalid` when it is absent, no JSON, or not a sound report."""
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise Invalid(str(path), "there is no report: the evaluation did not finish.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Invalid(str(path), f"is not JSON: {error}.") from None


def write(report: Report, path: Path) -> None:
    """Write `report` to `path` in one step: a reader sees the whole file or none."""
    text = json.dumps(report.content(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
