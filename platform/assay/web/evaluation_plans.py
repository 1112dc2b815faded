"""Evaluation plans: what is measured and what counts as good enough, written before the run."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import standings, tabs
from assay.web.forms.evaluation_plans import PlanForms, limit_words
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.core.errors import Unusable, WrongState
from governance.people.approvals import history
from governance.people.policies import selectors as policies
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.evaluation_plans import measures, selectors, services
from governance.work.evaluation_plans.models import EvaluationPlan
from governance.work.runs import selectors as runs

PAGE = 25
ACT = "write an evaluation plan"
STATES = {"open": True, "locked": False}  # whether the moment of locking is missing


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    words, project, state = (request.GET.get(name, "").strip() for name in ("q", "project", "state"))
    found = selectors.visible_to(request.actor).annotate(run_count=Count("runs")).order_by("name", "-created_at")
    if words:
        found = found.filter(name__icontains=words)
    if project:
        found = found.filter(project__slug=project)
    if state in STATES:
        found = found.filter(locked_at__isnull=STATES[state])
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "q": words,
        "project": project,
        "state": state,
        "projects": projects.seen(request.actor),
        "places": list(projects.where(request.actor, ACT)),
    }
    return render(request, "evaluation_plans/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, project: UUID) -> HttpResponse:
    """Begins with the standard plan filled in; `?blank` begins with nothing."""
    place = projects.require(request.actor, project, ACT)
    start = {} if "blank" in request.GET else services.standard_plan() | {"name": ""}
    return _write(request, place, start)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, pk: UUID) -> HttpResponse:
    plan = selectors.visible(request.actor, pk)
    place = projects.require(request.actor, plan.project_id, ACT)
    if plan.locked_at:
        raise WrongState(f"{plan} is locked: a run was submitted under it. Copy it to change it.")
    return _write(request, place, plan.content() | {"tasks": services.without_pins(plan.tasks)}, plan)


@require_POST
def copy(request: PageRequest, pk: UUID) -> HttpResponse:
    made = services.copy(actor=request.actor, plan_id=pk)
    messages.success(request, _("Copied. This plan is open: change it, then choose it for a run."))
    return redirect("evaluation-plan-edit", pk=made.pk)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    plan = selectors.visible(request.actor, pk)
    used_by = runs.visible_to(request.actor).filter(evaluation_plan=plan)
    current, rows = tabs.of(request, {"overview": None, "lineage": used_by.count(), "history": None})
    events = list(history.of(request.actor, plan)[:50]) if current == "history" else []
    asked_for = policies.asks_for(plan.kind, plan.project_id)
    context = {
        "plan": plan,
        "standing": standings.of(plan, plan.project, request.actor) if asked_for else None,
        "crumbs": crumbs(request, plan.project, "evaluation-plan-list"),
        "tab": current,
        "tabs": rows,
        "facts": _facts(plan),
        "tasks": _tasks(plan),
        "thresholds": _thresholds(plan),
        "may_write": projects.may(request.actor, plan.project_id, ACT),
        "runs": used_by[:50] if current == "lineage" else [],
        "events": events,
    }
    return render(request, "evaluation_plans/detail.html", context)


def _write(
    request: PageRequest, project: Project, start: dict[str, Any], plan: EvaluationPlan | None = None
) -> HttpResponse:
    """The form; a button that adds or drops a row sends everything typed along and gets it back."""
    forms = PlanForms.posted(request.POST, start) if request.method == "POST" else PlanForms.of(start)
    if "add_row" in request.POST:
        forms = forms.with_rows_changed(add=True)
    elif request.POST.get("drop_row", "").isdecimal():
        forms = forms.with_rows_changed(drop=int(request.POST["drop_row"]))
    elif request.method == "POST" and forms.is_valid():
        try:
            written = _save(request, project, forms.content(), plan)
            return redirect("evaluation-plan-detail", pk=written.pk)
        except Unusable as error:
            forms.refuse(error)
    gone = [task["name"] for task in start.get("tasks", []) if task["name"] not in measures.usable()]
    context = {
        "form": forms.plan,
        "rows": forms.rows,
        "project": project,
        "crumbs": crumbs(request, project, "evaluation-plan-list"),
        "plan": plan,
        "gone": gone,
        "groups": sorted({name for task in forms.plan.task_fields() for _m, names in task.groups for name in names}),
    }
    return render(request, "evaluation_plans/form.html", context, status=422 if forms.refused else 200)


def _save(
    request: PageRequest, project: Project, content: dict[str, Any], plan: EvaluationPlan | None
) -> EvaluationPlan:
    if plan is None:
        return services.write(actor=request.actor, project_id=project.pk, **content)
    return services.revise(actor=request.actor, plan_id=plan.pk, **content)


def _facts(plan: EvaluationPlan) -> list[dict[str, Any]]:
    return [
        {"term": _("Project"), "value": plan.project.name},
        {"term": _("Tasks"), "value": len(plan.tasks)},
        {"term": _("Limits"), "value": sum(len(limit_words(threshold)) for threshold in plan.thresholds)},
        {"term": _("Written by"), "value": plan.content()["written_by"]},
        {"term": _("Record digest"), "value": "", "digest": plan.content_digest},
    ]


def _tasks(plan: EvaluationPlan) -> list[dict[str, Any]]:
    """Each task beside what the library says about it; None where it is not installed here."""
    known = measures.known()
    rows = []
    for task in plan.tasks:
        measure = known.get(task["name"])
        options = dict(measure.options) if measure else {}
        options |= {key: value for key, value in task.items() if key not in ("name", "limit", "items", "sha256")}
        rows.append({"task": task, "measure": measure, "options": options})
    return rows


def _thresholds(plan: EvaluationPlan) -> list[dict[str, Any]]:
    known = measures.known()
    rows = []
    for threshold in plan.thresholds:
        measure = known.get(threshold["task"])
        metric = measure.metrics.get(threshold["metric"]) if measure else None
        rows += [{"threshold": threshold, "metric": metric, "limit": limit} for limit in limit_words(threshold)]
    return rows
