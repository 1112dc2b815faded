"""The evaluation report on paper: the verdict, the worst first, pictures with their tables, samples, limits."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from assay.rendering import pictures
from assay.rendering.views.dossiers import cited_kind, signatures
from governance.documents.evaluation_reports import rules
from governance.documents.sources import numbers

OUTCOMES = {"passed": "kept", "failed": "broken", "not measured": "not measured"}
LIMITS = {
    "max": "at most {}", "min": "at least {}", "max_rise": "rises by at most {}", "max_drop": "drops by at most {}",
    "margin": "no worse by more than {}",
}  # fmt: skip


def view(document: Mapping[str, Any], seal: Mapping[str, Any]) -> dict[str, Any]:
    """The template's context."""
    report, subject = document["report"], document["subject"]
    rows = rules.worst_first(report)
    return {
        "identifier": document["sha256"],
        "language": "en",
        "title": f"Evaluation report of {subject['name']}",
        "running": f"Evaluation report {subject['name']}",
        "document": document,
        "subject": subject,
        "report": report,
        "models": [_model(model) for model in report["models"]],
        "verdict": verdict(rows, report),
        "rows": [_row(row) for row in rows],
        "limits": [_limit(limit) for limit in report["thresholds"]],
        "tasks": [_task(task, report) for task in report["tasks"]],
        "signatures": signatures(seal),
        "evidence": [{**each, "kind_name": cited_kind(each["kind"])} for each in document["evidence"]],
        "packages": sorted((report["environment"].get("packages") or {}).items()),
    }


def verdict(rows: list[rules.Row], report: Mapping[str, Any]) -> str:
    """One sentence: what broke, what is worse, what nobody can tell."""
    broken = [f"{row.task}, {row.metric}" for row in rows if row.failed]
    by_verdict = {
        words: [f"{row.task}, {row.metric}" for row in rows if row.verdict == words] for words in rules.WORST_FIRST
    }
    said = [f"{len(broken)} of the limits set beforehand broken ({numbers.listing(broken)})"] if broken else []
    for words in rules.WORST_FIRST:
        if by_verdict[words]:
            said.append(f"{words} on {len(by_verdict[words])} ({numbers.listing(by_verdict[words])})")
    if not said:
        return "Nothing was compared with the base model."
    against = "Against the base model: " if len(report["models"]) > 1 else ""
    return f"{against}{'; '.join(said)}."


def _model(model: Mapping[str, Any]) -> dict[str, Any]:
    return {**model, "digest": model["adapter_sha256"] or model["sha256"]}


def _row(row: rules.Row) -> dict[str, Any]:
    comparison = row.comparison
    return {
        "task": row.task,
        "metric": row.metric,
        "unit": "" if row.unit == "1" else row.unit,
        "good": {"lower": gettext("lower is better"), "higher": gettext("higher is better"), None: ""}[row.better],
        "base": value(row.base),
        "candidate": value(row.candidate),
        "n": row.candidate["n"] if row.candidate else None,
        "ci": interval(row.candidate["ci"]) if row.candidate else "",
        "difference": value({**comparison, "value": comparison["difference"]}) if comparison else "",
        "difference_ci": interval(comparison["ci"]) if comparison else "",
        "verdict": row.verdict,
        "why": comparison["reason"] if comparison else None,
        "limits": [_limit(limit) for limit in row.limits],
        "failed": row.failed,
        "small": bool(row.candidate and row.candidate["small"]),
    }


def value(found: Mapping[str, Any] | None) -> str:
    """The number, or that it was not measured and why."""
    if found is None:
        return gettext("not measured")
    if found["value"] is None:
        reason = found.get("reason")
        return gettext("not measured") + (f" ({reason})" if reason else "")
    return numbers.amount(found["value"])


def interval(ci: list[float] | None) -> str:
    return f"[{numbers.amount(ci[0])}, {numbers.amount(ci[1])}]" if ci else ""


def _limit(limit: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **limit,
        "says": LIMITS[limit["kind"]].format(numbers.amount(limit["limit"])),
        "found": value(limit),
        "interval": interval(limit["ci"]),
        "word": OUTCOMES[limit["outcome"]],
    }


def _task(task: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """One task with a picture of its differences, and its groups in a table."""
    candidate = report["models"][-1]["name"]
    rows = [_interval(each, task, report) for each in task["comparisons"]]
    picture = None
    if rows:
        title = f"{task['name']}: {gettext('tuned model minus base model')}"
        picture = pictures.forest(rows, title=title, x_label=gettext("difference, with its 95 % interval"), width=610)
    groups = [
        {**metric, "shown": value(metric), "interval": interval(metric["ci"])}
        for metric in task["metrics"]
        if metric["group"] is not None and metric["model"] == candidate
    ]
    return {
        **task,
        "picture": picture,
        "groups": groups,
        "definition": task["definition"].split("\n\n")[0],
        "timing": report["timing"].get(task["name"]),
    }


def _interval(comparison: Mapping[str, Any], task: Mapping[str, Any], report: Mapping[str, Any]) -> pictures.Interval:
    low, high = comparison["ci"] or (None, None)
    metric = next((each for each in task["metrics"] if each["name"] == comparison["metric"]), None)
    limits = [
        each["limit"] if each["kind"] == "max_rise" else -each["limit"]
        for each in report["thresholds"]
        if (each["task"], each["metric"], each["group"]) == (task["name"], comparison["metric"], comparison["group"])
        and each["kind"] in ("max_rise", "max_drop")
    ]
    return pictures.Interval(
        comparison["metric"] + (f", {comparison['group']}" if comparison["group"] else ""),
        comparison["difference"],
        low,
        high,
        n=comparison["n"],
        limit=limits[0] if limits else None,
        good=metric["better"] if metric else None,
        reason=comparison["reason"] or "",
    )
