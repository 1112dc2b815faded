"""The evaluation report: verdict first, the worst first, samples behind every number."""

import json
from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assay.rendering import pictures
from assay.web.requests import PageRequest
from governance.foundation.core import blobs
from governance.people.projects import selectors as projects
from governance.work.evaluations import selectors, services
from governance.work.evaluations.rules import State

# Worst first: what a person has to look at before what went well.
ORDER = {"worse": 0, "cannot tell": 1, "not measured": 2, "no worse": 3, "better": 4}
SAMPLES = 20


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    evaluation = selectors.visible(request.actor, pk)
    report: dict[str, Any] = evaluation.report or {}
    context = {
        "evaluation": evaluation,
        "model": evaluation.model_version,
        "job": selectors.job(evaluation),
        "report": report,
        "rows": _rows(report),
        "forests": _forests(report),
        "may_retry": projects.may(request.actor, evaluation.project_id, "launch a run"),
        "live": evaluation.state in (State.QUEUED, State.RUNNING),
        "facts": [
            {"term": _("Plan"), "value": str(evaluation.plan), "digest": evaluation.plan.content_digest},
            {"term": _("Report"), "value": "", "digest": evaluation.report_sha256},
        ],
    }
    return render(request, "evaluations/detail.html", context)


@require_safe
def samples(request: PageRequest, pk: UUID) -> HttpResponse:
    """The items behind the numbers, as the models answered them. Some hold offensive text on purpose."""
    evaluation = selectors.visible(request.actor, pk)
    task = request.GET.get("task", "")
    rows = [row for row in _samples(evaluation.samples_sha256) if not task or row["task"] == task]
    page = Paginator(rows, SAMPLES).get_page(request.GET.get("page"))
    context = {
        "evaluation": evaluation,
        "page": page,
        "task": task,
        "tasks": (evaluation.report or {}).get("tasks", []),
    }
    return render(request, "evaluations/samples.html", context)


@require_POST
def retry(request: PageRequest, pk: UUID) -> HttpResponse:
    services.retry(actor=request.actor, evaluation_id=pk)
    messages.success(request, _("Queued again, under the same locked plan."))
    return redirect("evaluation-detail", pk=pk)


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    services.cancel(actor=request.actor, evaluation_id=pk)
    messages.success(request, _("It ends within seconds; what it would have measured stays not measured."))
    return redirect("evaluation-detail", pk=pk)


def _samples(sha256: str) -> list[dict[str, Any]]:
    if not sha256 or not blobs.exists(sha256):
        return []
    with blobs.opened(sha256) as handle:
        return [json.loads(line) for line in islice(handle, 5000)]


def _rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a comparison over all items, the worst verdict first."""
    rows = []
    for task in report.get("tasks", []):
        metrics = {(m["name"], m["model"], m["group"]): m for m in task["metrics"]}
        for comparison in task["comparisons"]:
            if comparison["group"] is not None:
                continue
            key = (comparison["metric"],)
            rows.append(
                {
                    "task": task,
                    "comparison": comparison,
                    "base": metrics.get((*key, comparison["base"], None)),
                    "candidate": metrics.get((*key, comparison["candidate"], None)),
                    "limits": [
                        t for t in report["thresholds"]
                        if t["task"] == task["name"] and t["metric"] == comparison["metric"] and t["group"] is None
                    ],
                }
            )  # fmt: skip
    return sorted(rows, key=lambda row: ORDER[row["comparison"]["verdict"]])


def _forests(report: dict[str, Any]) -> list[dict[str, Any]]:
    """A picture a task: differences between candidate and base by group, with their intervals."""
    found = []
    for task in report.get("tasks", []):
        intervals = [
            pictures.Interval(
                f"{c['metric']}, {c['group']}" if c["group"] else f"{c['metric']}, all",
                c["difference"],
                *(c["ci"] or (None, None)),
                n=c["n"],
                reason=c["reason"] or "",
            )
            for c in task["comparisons"]
        ]
        if intervals:
            title = _("%(task)s: candidate minus base") % {"task": task["name"]}
            found.append(
                {
                    "task": task,
                    "picture": pictures.forest(intervals, title=title, x_label=_("difference")),
                    "title": title,
                }
            )
    return found
