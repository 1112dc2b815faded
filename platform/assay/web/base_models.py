"""Base models: what the operator put into the folder of models, registered, inspected and approved per project."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from assay.web import addresses, standings, tabs
from assay.web.forms.base_models import BaseModelForm
from assay.web.forms.faults import attempt
from assay.web.requests import PageRequest
from governance.foundation.jobs import selectors as jobs
from governance.materials.base_models import rules, selectors, services
from governance.materials.base_models.models import BaseModel
from governance.materials.base_models.rules import TRANSITIONS, State
from governance.people.approvals import history
from governance.people.approvals.selectors import standings_by_project
from governance.people.projects import selectors as projects
from governance.work.runs import selectors as runs

PAGE = 25
ACT = "register a base model"


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()
    found = selectors.visible_to(request.actor).annotate(run_count=Count("runs")).order_by("name", "-created_at")
    if words:
        found = found.filter(
            Q(name__icontains=words)
            | Q(provider__icontains=words)
            | Q(licence__icontains=words)
            | Q(folder_sha256__startswith=words.lower())
        )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [{"model": model, "differs": rules.disagree(model.licence, model.licence_told)} for model in page],
        "q": words,
        "places": list(projects.where(request.actor, ACT)),
        "unfinished": selectors.unfinished(request.actor)[:10],
    }
    return render(request, "base_models/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, project: UUID) -> HttpResponse:
    """Choose a folder of the operator's and say what it is; what can be measured is measured."""
    place = projects.require(request.actor, project, ACT)
    form = BaseModelForm(
        request.POST or None, folders=selectors.offered(), registered=selectors.registered_under(request.actor)
    )
    if form.is_valid():
        act = lambda: services.enter(actor=request.actor, project_id=project, **form.cleaned_data)  # noqa: E731
        if made := attempt(form, act):
            return redirect(addresses.of(made.kind, made.pk))
    context = {"form": form, "project": place, "folders": selectors.offered(), "crumbs": _crumbs()}
    return render(request, "base_models/form.html", context, status=422 if form.errors else 200)


@require_safe
def registration(request: PageRequest, pk: UUID) -> HttpResponse:
    """How far a worker is with a large folder; where it is done, the base model's own page."""
    found = selectors.visible_registration(request.actor, pk)
    if found.base_model_id and not request.htmx:
        return redirect("base-model-detail", pk=found.base_model_id)
    context = {
        "registration": found,
        "project": found.project,
        "job": found.job,
        "crumbs": _crumbs(),
        "alive": jobs.worker_is_alive(),
        "may_retry": State.QUEUED in TRANSITIONS[State(found.state)]
        and projects.may(request.actor, found.project_id, ACT),
    }
    template = "base_models/_registration.html" if request.htmx else "base_models/registration.html"
    response = render(request, template, context)
    if request.htmx and found.state != State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    model = selectors.visible(request.actor, pk)
    used_by = runs.visible_to(request.actor).filter(base_model=model)
    places = list(projects.visible_to(request.actor).filter(organisation=model.organisation))
    answers = standings_by_project(model, [place.pk for place in places])
    counts = {"overview": None, "evidence": None, "approvals": len(places), "lineage": used_by.count(), "history": None}
    current, rows = tabs.of(request, counts)
    events = list(history.of(request.actor, model)[:50]) if current == "history" else []
    context = {
        "model": model,
        "crumbs": _crumbs(),
        "tab": current,
        "tabs": rows,
        "facts": _facts(model),
        "verdicts": selectors.licence_by_purpose(model),
        "told": selectors.licence_told(model),
        "differs": rules.disagree(model.licence, model.licence_told),
        "standings": [standings.shown(answers[place.pk], place, request.actor) for place in places],
        "architecture": _architecture(model),
        "bytes": sum(file["bytes"] for file in model.files),
        "runs": used_by[:50] if current == "lineage" else [],
        "events": events,
    }
    return render(request, "base_models/detail.html", context)


def _crumbs() -> list[dict[str, str]]:
    return [{"label": _("Base models"), "url": reverse("base-model-list")}]


def _facts(model: BaseModel) -> list[dict[str, Any]]:
    return [
        {"term": _("Provider"), "value": model.provider or _("not stated")},
        {"term": _("Licence"), "value": model.licence},
        {"term": _("Parameters"), "value": f"{model.parameters:,}"},
        {"term": _("Folder sha256"), "value": "", "digest": model.folder_sha256},
        {"term": _("Registered by"), "value": model.registered_by_name},
    ]


def _architecture(model: BaseModel) -> list[tuple[str, Any]]:
    """What was measured of it, in words; None where its config does not say."""
    found = model.architecture
    stored = ", ".join(f"{dtype} ({numbers:,})" for dtype, numbers in found.get("stored_as", {}).items())
    return [
        (_("Kind"), found.get("class") or found["model_type"]),
        (_("Parameters"), f"{model.parameters:,}"),
        (_("Layers"), found.get("layers")),
        (_("Hidden size"), found.get("hidden_size")),
        (_("Attention heads"), found.get("heads")),
        (_("Vocabulary"), _counted(found.get("vocabulary"))),
        (_("Context length in tokens"), _counted(found.get("context_length"))),
        (_("Stored as"), stored or None),
    ]


def _counted(value: Any) -> str | None:
    """A count as people write it; None where there is none."""
    return f"{value:,}" if isinstance(value, int) else None
