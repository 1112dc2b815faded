"""An evaluation's report laid out for reading: results worst first, limits as pictures, groups, samples in pairs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from assay.rendering import pictures
from governance.documents.evaluation_reports.rules import worst_first
from governance.foundation.core import blobs

LONGEST_READ = 20000  # lines of samples that a page looks through
WHISKER_REACH = (0.05, 0.5)
_ABBREVIATIONS = {"f1": "F1", "kl": "KL", "bbq": "BBQ"}


def title(name: str) -> str:
    """ "unsafe-compliance" as a heading says it."""
    words = " ".join(_ABBREVIATIONS.get(word, word) for word in name.replace("-", " ").replace("_", " ").split())
    return words[:1].upper() + words[1:]


def results(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a figure over all items, the worst first, each with its interval drawn beside it."""
    about = {task["name"]: task for task in report["tasks"]}
    rows = worst_first(report)
    span = reach(report)
    laid = []
    for row in rows:
        comparison = row.comparison or {}
        low, high = comparison.get("ci") or (None, None)
        drawn = pictures.whisker(comparison.get("difference"), low, high, reach=span) if comparison else ""
        laid.append(
            {
                "row": row,
                "title": title(row.metric),
                "task": title(row.task),
                "about": about[row.task]["metric_definitions"].get(row.metric, ""),
                "sampled": about[row.task]["sampled"],
                "limits": [{**limit, "words": _limit_words(limit)} for limit in row.limits],
                "whisker": drawn,
            }
        )
    return laid


def reach(report: Mapping[str, Any]) -> float:
    """How far the column of whiskers goes to either side of 0: to the widest interval that is no outlier."""
    least, most = WHISKER_REACH
    compared = [row.comparison for row in worst_first(report) if row.comparison]
    ends = [abs(end) for comparison in compared for end in comparison["ci"] or ()]
    return float(max([least, *(end for end in ends if end <= most)]))


def against_limits(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Pictures of the limits: values against absolute ones, differences against those on a rise."""
    absolute: list[pictures.Interval] = []
    rises: list[pictures.Interval] = []
    better = {
        (task["name"], metric["name"]): metric["better"]
        for task in report.get("tasks", [])
        for metric in task["metrics"]
    }
    candidate = _candidate(report)
    counted = {
        (task["name"], metric["name"], metric["group"]): metric["n"]
        for task in report.get("tasks", [])
        for metric in task["metrics"]
        if metric["model"] == candidate
    }
    for limit in report.get("thresholds", []):
        name = title(limit["metric"]) + (f", {limit['group']}" if limit["group"] else "")
        low, high = limit["ci"] or (None, None)
        good = better.get((limit["task"], limit["metric"]))
        n = counted.get((limit["task"], limit["metric"], limit["group"]))
        row = pictures.Interval(
            name, limit["value"], low, high, n=n, limit=limit["limit"], good=good, reason=limit["reason"]
        )
        (rises if limit["kind"] == "max_rise" else absolute).append(row)
    drawn = []
    if absolute:
        heading = _("Candidate against the limits")
        drawn.append(
            {
                "title": heading,
                "caption": _(
                    "Bar and dot: value; whisker: 95 % interval; dashed: limit; the arrow names the good side"
                ),
                "picture": pictures.bars_with_threshold(absolute, title=heading, x_label=_("value")),
            }
        )
    if rises:
        heading = _("Rise from base, against the limits")
        drawn.append(
            {
                "title": heading,
                "caption": _(
                    "Dot: candidate minus base; whisker: 95 % interval; dashed: the most that the plan allows"
                ),
                "picture": pictures.forest(rises, title=heading, x_label=_("difference")),
            }
        )
    return drawn


def tasks(report: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each task with its definition, its groups, all its numbers and its first samples."""
    laid = []
    for task in report.get("tasks", []):
        lead, _blank, rest = task["definition"].partition("\n\n")
        laid.append(
            {
                "task": task,
                "title": title(task["name"]),
                "lead": lead,
                "rest": [" ".join(part.split()) for part in rest.split("\n\n") if part],
                "groups": _groups(report, task),
                "picture": _forest(task),
                "samples": pairs([row for row in samples if row["task"] == task["name"]])[:2],
            }
        )
    return laid


def pairs(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Samples by item, every model's answer side by side, in the order they were measured."""
    items: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        item = items.setdefault(
            (row["task"], row["item"]),
            {"task": row["task"], "item": row["item"], "group": row["group"], "input": row["input"], "answers": []},
        )
        item["answers"].append(row)
    return list(items.values())


def read_samples(sha256: str, task: str = "", *, closed: frozenset[str]) -> list[dict[str, Any]]:
    """Lines of the samples' file, those of `task` alone and of no `closed` one; none where the file is gone."""
    if not sha256 or not blobs.exists(sha256):
        return []
    with blobs.opened(sha256) as handle:
        found = [json.loads(line) for line in islice(handle, LONGEST_READ)]
    return [row for row in found if row["task"] not in closed and (not task or row["task"] == task)]


def _candidate(report: Mapping[str, Any]) -> str | None:
    """The name under which the report measures the model that is judged."""
    return next((model["name"] for model in report.get("models", []) if model["role"] == "candidate"), None)


def _limit_words(limit: Mapping[str, Any]) -> str:
    words = {
        "max": _("at most %(n)g"),
        "min": _("at least %(n)g"),
        "max_rise": _("rise at most %(n)g"),
        "max_drop": _("drop at most %(n)g"),
        "margin": _("no worse by more than %(n)g"),
    }
    return str(words[limit["kind"]] % {"n": limit["limit"]})


def _groups(report: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any] | None:
    """The candidate's values by group, one column a metric, with the tone of each cell's nearness to its limit."""
    by_group = [metric for metric in task["metrics"] if metric["group"] is not None]
    if not by_group:
        return None
    models = {metric["model"] for metric in by_group}
    candidate = _candidate(report)
    wanted = candidate if candidate in models else next(iter(models))
    cells = {(m["group"], m["name"]): m for m in by_group if m["model"] == wanted}
    names = list(dict.fromkeys(name for _group, name in cells))
    limits = {
        limit["metric"]: limit["limit"]
        for limit in report["thresholds"]
        if limit["task"] == task["name"] and limit["kind"] in ("max", "min") and limit["group"] is None
    }
    groups = list(dict.fromkeys(group for group, _name in cells))
    return {
        "columns": [{"name": name, "title": title(name), "limit": limits.get(name)} for name in names],
        "rows": [
            {
                "group": group,
                "cells": [{"metric": cells.get((group, name)), "limit": limits.get(name)} for name in names],
            }
            for group in groups
        ],
        "model": wanted,
    }


def _forest(task: Mapping[str, Any]) -> pictures.Picture | None:
    """Differences between candidate and base by group, with their intervals; None where one line would stand alone."""
    rows = []
    for one in task["comparisons"]:
        low, high = one["ci"] or (None, None)
        name = f"{title(one['metric'])}, {one['group'] or _('all')}"
        rows.append(pictures.Interval(name, one["difference"], low, high, n=one["n"], reason=one["reason"] or ""))
    if len(rows) < 2:
        return None
    return pictures.forest(rows, title=_("Candidate minus base, by group"), x_label=_("difference"))
