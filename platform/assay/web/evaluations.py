"""The evaluation report: verdict first, the worst first, samples behind every number."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assay.web import addresses, evaluation_pages, lineage, tabs, verdicts
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.documents.renderings import selectors as made
from governance.documents.renderings import services as renderings
from governance.documents.renderings.documents import EVALUATION_REPORT
from governance.foundation.audit import selectors as audit
from governance.foundation.core.actor import Actor
from governance.people.projects import selectors as projects
from governance.work.evaluations import selectors, services
from governance.work.evaluations.models import Evaluation
from governance.work.evaluations.rules import State

ITEMS_A_PAGE = 10


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    evaluation = selectors.visible(request.actor, pk)
    current, rows = tabs.of(request, {"overview": None, "evidence": None, "lineage": None, "history": None})
    model = evaluation.model_version
    context = {
        "evaluation": evaluation,
        "model": model,
        "tab": current,
        "tabs": rows,
        "crumbs": crumbs(
            request, evaluation.project, "model-version-list",
            (str(model), reverse("model-version-detail", args=[model.pk])),
        ),
        "job": selectors.job(evaluation),
        "report": evaluation.report or {},
        "facts": _facts(evaluation),
        "may_retry": projects.may(request.actor, evaluation.project_id, "launch a run"),
        "why_not_again": selectors.why_not_again(evaluation),
        "may_export": projects.may(request.actor, evaluation.project_id, "export evidence"),
        "live": evaluation.state in (State.QUEUED, State.RUNNING),
        "rendering": made.current(EVALUATION_REPORT, evaluation) if evaluation.report else None,
        **(_reading(request.actor, evaluation) if evaluation.report and current == "overview" else {}),
        "lineage": lineage.of(evaluation, model.project) if current == "lineage" else None,
        "events": audit.history(evaluation)[:50] if current == "history" else [],
    }  # fmt: skip
    return render(request, "evaluations/detail.html", context)


@require_safe
def samples(request: PageRequest, pk: UUID) -> HttpResponse:
    """The items behind the numbers, as the models answered them. Some hold offensive text on purpose."""
    evaluation = selectors.visible(request.actor, pk)
    task = request.GET.get("task", "")
    found = evaluation_pages.pairs(
        evaluation_pages.read_samples(
            evaluation.samples_sha256, task, closed=selectors.closed_to(request.actor, evaluation)
        )
    )
    model = evaluation.model_version
    context = {
        "evaluation": evaluation,
        "crumbs": crumbs(
            request, evaluation.project, "model-version-list",
            (str(model), reverse("model-version-detail", args=[model.pk])),
            (str(evaluation), reverse("evaluation-detail", args=[pk])),
        ),
        "page": Paginator(found, ITEMS_A_PAGE).get_page(request.GET.get("page")),
        "task": task,
        "tasks": [
            {"name": one["name"], "title": evaluation_pages.title(one["name"])}
            for one in (evaluation.report or {}).get("tasks", [])
        ],
    }  # fmt: skip
    return render(request, "evaluations/samples.html", context)


@require_POST
def export(request: PageRequest, pk: UUID) -> HttpResponse:
    renderings.ask(actor=request.actor, kind=EVALUATION_REPORT, document_id=pk)
    messages.success(request, _("The PDF is being made; this page offers it when it is ready."))
    return redirect("evaluation-detail", pk=pk)


@require_safe
def download(request: PageRequest, pk: UUID, form: str) -> FileResponse:
    """The report as the evaluator wrote it, or its PDF when that was made."""
    taken = renderings.take(actor=request.actor, kind=EVALUATION_REPORT, document_id=pk, form=form)
    return FileResponse(taken.file, as_attachment=True, filename=taken.name, content_type=taken.media_type)


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


def _facts(evaluation: Evaluation) -> list[dict[str, Any]]:
    plan = evaluation.plan
    rows: list[dict[str, Any]] = [
        {"term": _("Plan"), "value": str(plan), "url": addresses.of("evaluation_plan", plan.pk)},
        {"term": _("Against"), "value": str(evaluation.model_version.run.base_model)},
    ]
    if evaluation.report_sha256:
        rows.append({"term": _("Report file sha256"), "value": "", "digest": evaluation.report_sha256})
    return rows


def _reading(actor: Actor, evaluation: Evaluation) -> dict[str, Any]:
    report: dict[str, Any] = evaluation.report or {}
    closed = selectors.closed_to(actor, evaluation)
    samples = evaluation_pages.read_samples(evaluation.samples_sha256, closed=closed)
    return {
        "verdict": verdicts.sentence(report),
        "gate_words": verdicts.gate_sentence(report),
        "gate_colour": verdicts.gate_colour(report),
        "rows": evaluation_pages.results(report),
        "reach": evaluation_pages.reach(report),
        "limits": evaluation_pages.against_limits(report),
        "tasks": evaluation_pages.tasks(report, samples),
        "items": sum(task["n_used"] or 0 for task in report["tasks"]),
    }
