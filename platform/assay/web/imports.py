"""A file on its way to being a version: how far a worker is, what is wrong with it, and how else it may be read."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from assay.web.forms.datasets import MappingForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.jobs import selectors as jobs
from governance.materials.datasets import selectors, services
from governance.materials.datasets.models import Import
from governance.materials.datasets.rules import TRANSITIONS, State
from governance.people.projects import selectors as projects
from preparation.formats import FORMATS

ACT = "register data"


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """Where the import stands; posting a reading has the file read again in that way."""
    found = selectors.visible_import(request.actor, pk)
    if found.version_id and not request.htmx:
        return redirect("dataset-version-detail", pk=found.version_id)
    columns = [column["name"] for column in (found.found or {}).get("columns", []) if "[]" not in column["name"]]
    if request.htmx and "format" in request.GET:  # another format was picked: its fields are others
        form = MappingForm(initial={"format": request.GET["format"]}, columns=columns)
        return render(request, "imports/_mapping.html", {"form": form})
    form = MappingForm(request.POST or None, initial=_initial(found), columns=columns)
    if request.method == "POST":
        projects.require(request.actor, found.project_id, ACT)
    if form.is_valid():
        act = lambda: services.read_again(  # noqa: E731
            actor=request.actor, import_id=pk, reading=form.reading()
        )
        if attempt(form, act):
            return redirect("import-detail", pk=pk)
    response = render(
        request,
        "imports/_state.html" if request.htmx else "imports/detail.html",
        _context(request, found, form),
        status=422 if form.errors else 200,
    )
    if request.htmx and found.state != State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    services.cancel(actor=request.actor, import_id=pk)
    messages.success(request, _("The reading ends. The file stays, to be read again or discarded."))
    return redirect("import-detail", pk=pk)


@require_POST
def discard(request: PageRequest, pk: UUID) -> HttpResponse:
    found = services.discard(actor=request.actor, import_id=pk)
    messages.success(request, _("Discarded. The file is gone; nothing was registered."))
    return redirect("dataset-detail", pk=found.dataset_id)


def _context(request: PageRequest, found: Import, form: MappingForm) -> dict[str, Any]:
    own = (found.dataset.name, reverse("dataset-detail", args=[found.dataset_id]))
    may = projects.may(request.actor, found.project_id, ACT)
    return {
        "found": found,
        "job": found.job,
        "alive": jobs.worker_is_alive(),
        "form": form,
        "formats": FORMATS.values(),
        "may_change": may,
        "may_discard": may and State.DISCARDED in TRANSITIONS[State(found.state)],
        "crumbs": crumbs(request, found.dataset.project, "dataset-list", own),
    }


def _initial(found: Import) -> dict[str, Any]:
    """What was asked for, and where that left it open, what the file showed."""
    shown = (found.found or {}).get("reading") or found.asked
    columns = "\n".join(f"{name}: {column}" for name, column in shown["columns"].items())
    return {
        "container": shown["container"], "format": shown["format"], "columns": columns, "mapped": shown["columns"],
    }  # fmt: skip
