"""Scoring outputs that were made elsewhere: items and outputs joined by `id`, or by order without one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation import registry, runner, suites
from evaluation.report import File, ModelRecord, Report, Timing
from evaluation.runner import Prepared
from evaluation.spec import NAME, Invalid, Model, Spec, TaskRequest
from evaluation.tasks import Item, Sample, ScoresOutputs
from preparation.digests import sha256_file


@dataclass(frozen=True)
class Asked:
    """A task, the specification that stands for it in the report, and each model's outputs."""

    spec: Spec
    prepared: Prepared
    files: Mapping[str, Path]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]


def read(task: str, items: Path | None, named: Sequence[str]) -> Asked:
    """Read `items` and every `[NAME=]FILE` of outputs. Raises `Invalid`, or `SuiteError` for a bad file."""
    registered = registry.get(task)
    if not registered.scores_outputs:
        able = ", ".join(entry.name for entry in registry.every() if entry.scores_outputs)
        raise Invalid("task", f"'{task}' has to run the model; outputs can be scored for {able}.")
    files: dict[str, Path] = {}
    for index, text in enumerate(named):
        name, _, path = text.rpartition("=")
        name = name or ("outputs" if len(named) == 1 else f"outputs{index + 1}")
        if name in files or not NAME.fullmatch(name):
            raise Invalid("--outputs", f"the name '{name}' is there twice or is not a name.")
        files[name] = Path(path)
    asked = Spec(
        schema="assay.evaluation/1",
        models=tuple(Model(name, str(path)) for name, path in files.items()),
        tasks=(TaskRequest(task, items=str(items) if items else None),),
    )
    prepared = runner.prepare(asked)[0]
    if prepared.items is None:
        raise Invalid("--items", f"{prepared.reason}.")
    return Asked(asked, prepared, files, {name: suites.read_rows(path).rows for name, path in files.items()})


def score(asked: Asked, out: Path) -> Report:
    """Score every output and write the report. Raises `Invalid` where items and outputs do not fit together."""
    begun = time.monotonic()
    samples = [
        sample for name, rows in asked.rows.items() for sample in _scored(asked.prepared, name, asked.files[name], rows)
    ]
    count = len(asked.files)
    records = [
        ModelRecord(
            name=name, role=runner.role(index, count), path=None, sha256=None, adapter=None, adapter_sha256=None,
            parameters=None, tokenizer_sha256=None, chat_template_sha256=None, precision=None, device=None,
            outputs=File(path.name, sha256_file(path), len(asked.rows[name])),
        )
        for index, (name, path) in enumerate(asked.files.items())
    ]  # fmt: skip
    timing = {"total": Timing(round(time.monotonic() - begun, 3), 0, None)}
    return runner.finish(asked.spec, out, [(asked.prepared, samples)], records, timing)


def _scored(prepared: Prepared, model: str, path: Path, rows: Sequence[Mapping[str, Any]]) -> list[Sample]:
    scorer = prepared.registered.task
    if not isinstance(scorer, ScoresOutputs):
        raise TypeError(f"{prepared.request.name} does not score outputs")
    samples = []
    for item, row in _joined(prepared.drawn, rows, path):
        text = row.get("text") if row is not None else None
        if isinstance(text, str):
            samples.append(scorer.score(item, model, text))
        else:
            why = "there is no output for this item" if row is None else "the output has no 'text'"
            samples.append(Sample(model, item, input="", output=None, error=why))
    return samples


def _joined(
    items: Sequence[Item], rows: Sequence[Mapping[str, Any]], path: Path
) -> list[tuple[Item, Mapping[str, Any] | None]]:
    """Each item with its output row. An item without one is not measured; an output without an item is refused."""
    with_id = [row for row in rows if row.get("id") is not None]
    if not with_id:
        if len(rows) != len(items):
            raise Invalid(str(path), f"has {len(rows)} outputs for {len(items)} items; give every output its 'id'.")
        return list(zip(items, rows, strict=True))
    if len(with_id) != len(rows):
        raise Invalid(str(path), f"{len(rows) - len(with_id)} outputs have no 'id' while others do.")
    by_id = {str(row["id"]): row for row in rows}
    if len(by_id) != len(rows):
        raise Invalid(str(path), "has two outputs with the same 'id'.")
    if strangers := by_id.keys() - {item.id for item in items}:
        raise Invalid(str(path), f"has outputs for unknown items, such as '{sorted(strangers)[0]}'.")
    return [(item, by_id.get(item.id)) for item in items]
