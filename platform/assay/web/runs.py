"""Run plans and running runs."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.rendering import pictures
from assay.web import addresses
from assay.web.forms.faults import attempt
from assay.web.forms.runs import RunForm, initial_of
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors as audit
from governance.law.regulation import rules as regulation
from governance.people.approvals.selectors import standing
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.runs import gates, selectors, services
from governance.work.runs.estimates import estimate_plan
from governance.work.runs.models import Run
from governance.work.runs.rules import ENDED, State

STATE_OF_LIGHT = {"green": "passed", "amber": "waits", "red": "shut"}


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    rows = selectors.visible_to(request.actor)
    state, project = request.GET.get("state", ""), request.GET.get("project", "")
    if state:
        rows = rows.filter(state=state)
    if project:
        rows = rows.filter(project__slug=project)
    context = {
        "runs": rows[:200],
        "projects": [
            p for p in projects.visible_to(request.actor) if projects.may(request.actor, p.pk, "prepare a run")
        ],
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
        initial = initial_of(selectors.visible(request.actor, UUID(source)))
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
    return render(request, "runs/_preview.html", _preview(found, form))


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    run = selectors.visible(request.actor, pk)
    events = list(audit.history(run)[:30])
    context = {
        **_live(run),
        "tab": request.GET.get("tab", "overview"),
        "facts": _facts(run),
        "gates": [gate_row(gate) for gate in gates.for_run(run)] if run.state not in ENDED else [],
        "standing": standing(run),
        "may_prepare": projects.may(request.actor, run.project_id, "prepare a run"),
        "may_launch": projects.may(request.actor, run.project_id, "launch a run"),
        "may_cancel": projects.may(request.actor, run.project_id, "cancel a run"),
        "events": events,
        "names": audit.names(events),
        "model_version": getattr(run, "model_version", None),
    }
    return render(request, "runs/detail.html", context)


@require_safe
def live(request: PageRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes while the run goes on."""
    run = selectors.visible(request.actor, pk)
    response = render(request, "runs/_live.html", _live(run))
    if run.state in ENDED:
        response["HX-Refresh"] = "true"
    return response


@require_safe
def log(request: PageRequest, pk: UUID) -> HttpResponse:
    run = selectors.visible(request.actor, pk)
    return render(request, "runs/log.html", {"run": run, "lines": _lines(run)})


@require_POST
def submit(request: PageRequest, pk: UUID) -> HttpResponse:
    services.submit(actor=request.actor, run_id=pk, note=request.POST.get("note", "")[:2000])
    messages.success(request, _("Submitted. The risk owner finds it among what waits."))
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


def _form_page(request: PageRequest, project: Project, form: RunForm, run: Run | None = None) -> HttpResponse:
    context = {"project": project, "form": form, "run": run, **_preview(project, form)}
    return render(request, "runs/form.html", context, status=422 if form.errors else 200)


def _preview(project: Project, form: RunForm) -> dict[str, Any]:
    given = getattr(form, "cleaned_data", {})
    base_model, data = given.get("base_model"), list(given.get("data") or [])
    rows = [gate_row(gate) for gate in gates.for_plan(project, base_model, data)]
    plan = given.get("evaluation_plan")
    rows.append(
        {
            "state": "passed" if plan else "waits",
            "title": _("Evaluation plan"),
            "detail": str(plan) if plan else _("Choose one before you submit."),
            "url": "",
        }
    )
    rows.append(
        {
            "state": "waits",
            "title": _("Run plan approved"),
            "detail": _("Needs one risk owner after you submit."),
            "url": "",
        }
    )
    complete = form.is_bound and not form.errors and base_model and data
    return {"gates": rows, "estimate": estimate_plan(base_model, data, form.plan()["training"]) if complete else None}


def gate_row(gate: gates.Gate) -> dict[str, Any]:
    shut = gate.light == gates.Light.RED
    return {
        "state": STATE_OF_LIGHT[gate.light.value],
        "title": gate.label,
        "detail": f"{gate.says}. {gate.cure}".strip() if gate.cure else gate.says,
        "url": addresses.of(gate.kind, gate.id) if shut else "",
        "action": _("Open it"),
    }


def _facts(run: Run) -> list[dict[str, Any]]:
    method = run.training["method"]
    words = f"LoRA r {method['r']}, alpha {method['alpha']:g}" if method["name"] == "lora" else _("full fine-tuning")
    facts = [{"term": _("Base"), "value": str(run.base_model), "url": addresses.of("base_model", run.base_model_id)}]
    for version in run.data():
        facts.append({"term": _("Data"), "value": str(version), "url": addresses.of("dataset_version", version.pk)})
    facts.append({"term": _("Method"), "value": words})
    facts.append({"term": _("Plan"), "value": "", "digest": run.content_digest})
    facts.append({"term": _("By"), "value": run.created_by_name})
    return facts


def _live(run: Run) -> dict[str, Any]:
    curves = selectors.curves(run)
    steps = [step for step, _loss in curves.train_loss]
    manifest: dict[str, Any] = run.manifest or {}
    return {
        "run": run,
        "job": selectors.job(run),
        "curves": curves,
        "loss": pictures.loss_curve(
            steps,
            [loss for _step, loss in curves.train_loss],
            validation=curves.validation_loss,
            total_steps=curves.steps,
            validation_n=curves.validation_rows,
        ),
        "learning_rate": pictures.learning_rate(
            [step for step, _rate in curves.learning_rate],
            [rate for _step, rate in curves.learning_rate],
            total_steps=curves.steps,
        ),
        "speed": [value for _step, value in curves.tokens_per_second],
        "memory": [value for _step, value in curves.memory_bytes],
        "peak_memory": max((value for _step, value in curves.memory_bytes), default=None),
        "energy": manifest.get("energy"),
        "observations": selectors.plan_and_observed(run),
        "lines": _lines(run, last=14),
        "meter": _meter(run),
        "live": run.state in (State.QUEUED, State.RUNNING),
    }


def _meter(run: Run) -> dict[str, Any] | None:
    """Compute against the indicative criterion: a figure with its working, never a role."""
    manifest: dict[str, Any] = run.manifest or {}
    legal = (manifest.get("compute") or {}).get("legal")
    if legal is None:
        return None
    base = run.base_model
    meter = regulation.provider_meter(legal["value"], base.training_flops, base.systemic_risk)
    return {"meter": meter, "legal": legal}


def _lines(run: Run, last: int | None = None) -> list[dict[str, Any]]:
    rows = list(selectors.events(run))
    rows = rows[-last:] if last else rows
    return [
        {"at": event.at, "type": event.type, "level": event.level, "text": _words(event.type, event.data)}
        for event in rows
    ]


def _words(kind: str, data: dict[str, Any]) -> str:
    match kind:
        case "message":
            return str(data.get("message", ""))
        case "state":
            return str(data.get("state", ""))
        case "checkpoint":
            return f"step {data.get('step', '?')}"
        case "metrics" if data.get("phase") == "validation":
            return f"step {data['step']}  validation {data['validation_loss']:.3f}"
        case "metrics":
            return f"step {data['step']}  loss {data['loss']:.3f}  lr {data['learning_rate']:.2g}"
    return ", ".join(f"{key} {value}" for key, value in data.items())
