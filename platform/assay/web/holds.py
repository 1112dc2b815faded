"""Holds of a project: data that has to be kept, and what goes before what."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web.forms.faults import attempt
from assay.web.forms.holds import HoldForm, LiftForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.delivery.disposals import selectors as disposals
from governance.delivery.erasures import selectors as erasures
from governance.foundation.audit import selectors as audit
from governance.materials.datasets import selectors as datasets
from governance.oversight.retention import selectors, services
from governance.oversight.retention.models import Hold
from governance.people.projects import selectors as projects


@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: PageRequest, project: UUID) -> HttpResponse:
    """Every hold of a project; posting places one."""
    here = projects.visible(request.actor, project)
    may = projects.may(request.actor, project, services.ACT)
    if request.method == "POST":
        projects.require(request.actor, project, services.ACT)
    lines = [(str(one.pk), str(one)) for one in datasets.visible_to(request.actor).filter(project=here)]
    form = HoldForm(request.POST or None, datasets=lines)
    if form.is_valid():
        act = lambda: services.place(actor=request.actor, project_id=project, **form.given())  # noqa: E731
        if made := attempt(form, act):
            messages.success(request, _("Placed. What it holds is kept."))
            return redirect("hold-detail", pk=made.pk)
    found = selectors.visible_to(request.actor).filter(project=here)
    context = {
        "project_here": here,
        "rows": [{"hold": hold, "state": _state(hold)} for hold in found[:100]],
        "form": form if may else None,
        "crumbs": crumbs(request, here),
    }
    return render(request, "holds/list.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _detail(request, pk, LiftForm())


@require_POST
def lift(request: PageRequest, pk: UUID) -> HttpResponse:
    form = LiftForm(request.POST)
    hold = selectors.visible(request.actor, pk)
    projects.require(request.actor, hold.project_id, services.ACT)
    act = lambda: services.lift(actor=request.actor, hold_id=pk, **form.cleaned_data)  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Lifted. What waited for it can be taken up again."))
        return redirect("hold-detail", pk=pk)
    return _detail(request, pk, form)


def _detail(request: PageRequest, pk: UUID, form: LiftForm) -> HttpResponse:
    hold = selectors.visible(request.actor, pk)
    may = projects.may(request.actor, hold.project_id, services.ACT) and selectors.is_in_force(hold)
    context = {
        "hold": hold,
        "state": _state(hold),
        "form": form if may else None,
        "refused": erasures.visible_to(request.actor).filter(hold=hold),
        "kept": disposals.kept_by(hold)[:50],
        "events": audit.history(hold)[:50],
        "crumbs": _crumbs(request, hold),
    }
    return render(request, "holds/detail.html", context, status=422 if form.errors else 200)


def _state(hold: Hold) -> str:
    return "in_force" if selectors.is_in_force(hold) else "lifted" if hold.lifted_at else "expired"


def _crumbs(request: PageRequest, hold: Hold) -> list[dict[str, Any]]:
    return crumbs(request, hold.project, (_("Holds"), reverse("hold-list", args=[hold.project_id])))
