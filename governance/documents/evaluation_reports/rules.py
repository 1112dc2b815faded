"""What stands in the report's document, and in which order a reader meets it. Pure.

Schema `assay.evaluation-document/1`: `report` is assay.evaluation-report/1 verbatim; `samples` shows a few of the
single answers and says how they were picked. The worst comes first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.documents.sources.records import Sources
from governance.foundation.core.canonical import digest, plain

SCHEMA = "assay.evaluation-document/1"
WORST_FIRST = ("worse", "not measured", "cannot tell", "no worse", "better")
SAMPLES_A_TASK = 3
LONGEST_SAMPLE = 700


@dataclass(frozen=True)
class Row:
    """One figure over all items, with what it is compared with and the limits that were set for it."""

    task: str
    metric: str
    unit: str
    better: str | None
    base: Mapping[str, Any] | None
    candidate: Mapping[str, Any] | None
    comparison: Mapping[str, Any] | None
    limits: tuple[Mapping[str, Any], ...]

    @property
    def verdict(self) -> str:
        return str(self.comparison["verdict"]) if self.comparison else "not compared"

    @property
    def failed(self) -> bool:
        return any(limit["outcome"] == "failed" for limit in self.limits)


def worst_first(report: Mapping[str, Any]) -> list[Row]:
    """Every overall figure of the candidate: broken limits first, then by verdict, in the report's order."""
    rows = [row for task in report["tasks"] for row in _rows(task, report)]
    return sorted(rows, key=lambda row: (not row.failed, _rank(row)))


def _rank(row: Row) -> int:
    return WORST_FIRST.index(row.verdict) if row.verdict in WORST_FIRST else len(WORST_FIRST)


def _rows(task: Mapping[str, Any], report: Mapping[str, Any]) -> Iterable[Row]:
    candidate = report["models"][-1]["name"]
    overall = [metric for metric in task["metrics"] if metric["group"] is None]
    compared = {each["metric"]: each for each in task["comparisons"] if each["group"] is None}
    for metric in overall:
        if metric["model"] != candidate:
            continue
        others = [each for each in overall if each["name"] == metric["name"] and each["model"] != candidate]
        limits = [
            each
            for each in report["thresholds"]
            if (each["task"], each["metric"], each["group"]) == (task["name"], metric["name"], None)
        ]
        yield Row(
            task=task["name"],
            metric=metric["name"],
            unit=metric["unit"],
            better=metric["better"],
            base=others[0] if others else None,
            candidate=metric,
            comparison=compared.get(metric["name"]),
            limits=tuple(limits),
        )


def assemble(sources: Sources, samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The document of `sources.evaluation` with its `sha256`. `samples` are the lines of its samples file.

    Raises ValueError without an evaluation that has a report.
    """
    evaluation, plan, version = sources.evaluation, sources.plan, sources.model_version
    if evaluation is None or plan is None or version is None:
        raise ValueError("A report needs an evaluation with its plan and its model version.")
    report = evaluation.facts.content()
    document: dict[str, Any] = plain(
        {
            "schema": SCHEMA,
            "subject": {
                "evaluation": evaluation.id,
                "model_version": version.id,
                "digest": version.facts["digest"],
                "name": version.facts["name"],
                "project": sources.project.name if sources.project else None,
                "organisation": sources.organisation.name if sources.organisation else None,
                "base_model": sources.base_model.name if sources.base_model else None,
                "run": sources.run.name if sources.run else None,
            },
            "plan": {
                "name": plan.name,
                "written_by": plan.facts["written_by"],
                "locked_at": plan.facts["locked_at"],
                "rationale": plan.facts["rationale"],
                "sha256": plan.sha256,
            },
            "measured_at": evaluation.at,
            "report": report,
            "samples": excerpt(report, samples),
            "evidence": [source.cited() for source in (evaluation, plan, version)],
            "disclaimer": "Drawn up from records; not a conformity assessment, not legal advice.",
        }
    )
    document["sha256"] = digest_of(document)
    return document


def digest_of(document: Mapping[str, Any]) -> str:
    """sha256 over the canonical JSON of the document without its `sha256`."""
    return digest({key: value for key, value in document.items() if key != "sha256"})


def excerpt(report: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first items of each task, every model's answer to them side by side: not picked by what they say."""
    shown: list[dict[str, Any]] = []
    for task in report["tasks"]:
        own = [line for line in samples if line["task"] == task["name"]]
        for item in list(dict.fromkeys(line["item"] for line in own))[:SAMPLES_A_TASK]:
            answers = [line for line in own if line["item"] == item]
            shown.append(
                {
                    "task": task["name"],
                    "item": item,
                    "input": _cut(answers[0]["input"]),
                    "answers": [_answer(line) for line in answers],
                }
            )
    return {
        "shown": shown,
        "lines": len(samples),
        "sha256": report["samples"]["sha256"],
        "picked": f"the first {SAMPLES_A_TASK} items of each task, whatever was answered",
    }


def _answer(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": line["model"],
        "output": _cut(line["output"]) if line["output"] is not None else None,
        "scores": [{key: each[key] for key in ("metric", "group", "value")} for each in line["scores"]],
        "error": line["error"],
    }


def _cut(text: str) -> str:
    if len(text) <= LONGEST_SAMPLE:
        return text
    return f"{text[:LONGEST_SAMPLE]} […] ({len(text) - LONGEST_SAMPLE:,} more characters)"
