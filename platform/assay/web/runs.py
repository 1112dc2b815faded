"""Run plans and running runs."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import envelopes, lineage, run_observed, run_plans, standings, tabs
from assay.web.forms.faults import attempt
from assay.web.forms.runs import RunForm, initial_of
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.delivery.disposals import selectors as disposals
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound
from governance.people.approvals import foresight, history, subjects
from governance.people.approvals import selectors as approvals
from governance.people.approvals.selectors import DECIDED
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.envelopes import selectors as held
from governance.work.envelopes.candidates import Asked
from governance.work.envelopes.services import WRITE
from governance.work.runs import gates, selectors, services
from governance.work.runs.models import Run
from governance.work.runs.rules import ENDED, State, can_end_otherwise

PAGE = 25
LEFT = {State.FAILED, State.CANCELLED}  # ended without a result


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    rows = selectors.visible_to(request.actor)
    state, project = request.GET.get("state", ""), request.GET.get("project", "")
    if state:
        rows = rows.filter(state=state)
    if project:
        rows = rows.filter(project__slug=project)
    page = Paginator(rows.prefetch_related("dataset_versions__dataset"), PAGE).get_page(request.GET.get("page"))
    jobs = selectors.jobs_of(page)
    context = {
        "page": page,
        "rows": [{"run": run, "look": run_observed.look_of(run, jobs.get(run.pk))} for run in page],
        "places": list(projects.where(request.actor, "prepare a run")),
        "projects": projects.seen(request.actor),
        "states": list(State),
        "state": state,
        "project": project,
    }
    return render(request, "runs/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, project: UUID) -> HttpResponse:
    """Prepare a plan; with `from` in the address it begins as a copy of another run."""
    found = projects.require(request.actor, project, "prepare a run")
    initial = {}
    if source := request.GET.get("from"):
        initial = initial_of(selectors.visible(request.actor, _id(source)))
    form = RunForm(request.POST or None, project=found, initial=initial)
    if form.is_valid():
        act = lambda: services.prepare(actor=request.actor, project_id=project, **form.plan())  # noqa: E731
        if run := attempt(form, act):
            return redirect("run-detail", pk=run.pk)
    return _form_page(request, found, form)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, pk: UUID) -> HttpResponse:
    run = selectors.visible(request.actor, pk)
    projects.require(request.actor, run.project_id, "prepare a run")
    form = RunForm(request.POST or None, project=run.project, initial=initial_of(run))
    if form.is_valid():
        act = lambda: services.revise(actor=request.actor, run_id=pk, **form.plan())  # noqa: E731
        if attempt(form, act):
            messages.success(request, _("Saved. A changed plan needs its approval anew."))
            return redirect("run-detail", pk=pk)
    return _form_page(request, run.project, form, run)


@require_POST
def preview(request: PageRequest, project: UUID) -> HttpResponse:
    """Gates and estimate for what is typed so far; swapped in beside the form."""
    found = projects.require(request.actor, project, "prepare a run")
    form = RunForm(request.POST, project=found)
    form.is_valid()
    return render(request, "runs/_preview.html", run_plans.preview(found, form, request.actor))


@require_POST
def preview_row(request: PageRequest, project: UUID) -> HttpResponse:
    """One row as the model will see it, under what is typed so far; swapped in under the form."""
    found = projects.require(request.actor, project, "prepare a run")
    form = RunForm(request.POST, project=found)
    form.is_valid()
    asked = request.GET.get("row", "1")
    number = min(int(asked), 500) if asked.isdecimal() and int(asked) else 1
    context = {"project": found, **run_plans.row_preview(found, form, number)}
    return render(request, "runs/_row.html", context)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    run = selectors.visible(request.actor, pk)
    counts = {"overview": None, "evidence": None, "approvals": None, "lineage": None, "history": None}
    current, rows = tabs.of(request, counts)
    standing = approvals.standing(run)
    asked = approvals.visible_to(request.actor).filter(subject_kind=run.kind, subject_id=run.pk)
    may = {act: projects.may(request.actor, run.project_id, f"{act} a run") for act in ("prepare", "launch", "cancel")}
    same_again = not can_end_otherwise(run.error)
    context = {
        **run_observed.live(run),
        "tab": current,
        "tabs": rows,
        "crumbs": crumbs(request, run.project, "run-list"),
        "facts": run_plans.facts(run),
        "gates": _gates(run, standing, request.actor) if run.state not in ENDED else [],
        "estimate": run_plans.foreseen(run.estimate),
        "standing": standing,
        "shown": standings.of(run, run.project, request.actor),
        "requests": asked.prefetch_related(*DECIDED) if current == "approvals" else [],
        "settings": run_plans.settings(run),
        "may": may,
        "may_write_envelope": projects.may(request.actor, run.project_id, WRITE) and not held.why_no_reference(run),
        "may_take_up": may["launch"] and _can_go_on(run),
        "ends_the_same": same_again,
        "tombstone": disposals.tombstone(run) if run.disposed_at else None,
        "lineage": lineage.of(run, run.project) if current == "lineage" else None,
        "events": history.of(request.actor, run)[:50] if current == "history" else [],
        "model_version": getattr(run, "model_version", None),
    }
    return render(request, "runs/detail.html", context)


@require_safe
def live(request: PageRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes while the run goes on."""
    run = selectors.visible(request.actor, pk)
    context = run_observed.live(run)
    response = render(request, "runs/_live.html", context)
    # the header stands outside this part: a run that has ended or that waits again is another page
    if run.state in ENDED or context["look"] != request.GET.get("look", context["look"]):
        response["HX-Refresh"] = "true"
    return response


@require_safe
def log(request: PageRequest, pk: UUID) -> HttpResponse:
    run = selectors.visible(request.actor, pk)
    context = {
        "run": run,
        "lines": run_observed.lines(run),
        "crumbs": crumbs(request, run.project, "run-list", (str(run), reverse("run-detail", args=[pk]))),
    }
    return render(request, "runs/log.html", context)


@require_POST
def submit(request: PageRequest, pk: UUID) -> HttpResponse:
    asked = services.submit(actor=request.actor, run_id=pk, note=request.POST.get("note", "")[:2000])
    waits = _("Submitted. The risk owner finds it among what waits.")
    messages.success(request, envelopes.asked_words(asked, waits))
    return redirect("run-detail", pk=pk)


@require_POST
def launch(request: PageRequest, pk: UUID) -> HttpResponse:
    services.launch(actor=request.actor, run_id=pk)
    return redirect("run-detail", pk=pk)


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    run = services.cancel(actor=request.actor, run_id=pk)
    running = run.state == State.RUNNING
    messages.success(request, _("It ends within seconds, with a checkpoint.") if running else _("Cancelled."))
    return redirect("run-detail", pk=pk)


@require_POST
def resume(request: PageRequest, pk: UUID) -> HttpResponse:
    services.resume(actor=request.actor, run_id=pk)
    messages.success(request, _("Queued again; it goes on from its last checkpoint."))
    return redirect("run-detail", pk=pk)


def _can_go_on(run: Run) -> bool:
    """Whether it was launched, ended without a result, and another try can help."""
    was_left = run.launched_at is not None and run.state in LEFT and run.disposed_at is None
    return was_left and can_end_otherwise(run.error)


def _gates(run: Run, standing: approvals.Standing, actor: Actor) -> list[dict[str, Any]]:
    """Every gate; the plan's own approval waits for a person, and its cure is the request."""
    found = gates.for_run(run)
    rows = [run_plans.gate_row(gate) for gate in found]
    for gate, row in zip(found, rows, strict=True):
        if row["url"] and gate.key == "evaluation_plan":
            row |= {"url": reverse("run-edit", args=[run.pk]), "action": _("Edit the plan")}
    if standing.granted:
        return rows
    foreseen = foresight.foresee_asking(actor, run, run.project_id)
    if standing.request is not None and standing.request.state == "open":
        url = reverse("approval-detail", args=[standing.request.pk])
        rows[-1] |= {"state": "waits", "url": url, "action": _("Open the request")}
    else:
        # what opens it stands on this very page
        rows[-1] |= {"detail": run_plans.approval_row(foreseen)["detail"], "url": ""}
    rows += envelopes.gates(held.held_plan(run.project, Asked.of(run), subjects.touched(run)), foreseen)
    return rows


def _form_page(request: PageRequest, project: Project, form: RunForm, run: Run | None = None) -> HttpResponse:
    steps: list[Any] = ["run-list"]
    if run is not None:
        steps.append((str(run), reverse("run-detail", args=[run.pk])))
    context = {
        "project": project,
        "form": form,
        "run": run,
        "crumbs": crumbs(request, project, *steps),
        **run_plans.preview(project, form, request.actor),
    }
    return render(request, "runs/form.html", context, status=422 if form.errors else 200)


def _id(text: str) -> UUID:
    """An id out of an address. What is none names no run."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("run") from None
