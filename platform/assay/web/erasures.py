"""Erasing rows: what goes and what stays, before and after; the second person decides under Approvals."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import addresses
from assay.web.forms.erasures import ErasureForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from assay.web.security_keys import challenge
from governance.delivery.erasures import rules, selectors, services
from governance.delivery.erasures.rules import State
from governance.foundation.audit import selectors as audit
from governance.foundation.jobs import selectors as jobs
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import WITH_FILE, DatasetVersion
from governance.materials.datasets.rules import ROWS_WITHIN_REACH
from governance.oversight.retention import selectors as retention
from governance.people.approvals import selectors as approvals
from governance.people.projects import selectors as projects

TOMBSTONES_SHOWN = ROWS_SHOWN = 50
DESTROYED = {
    "file": gettext_lazy("file"),
    "salts": gettext_lazy("salts and hashes of rows"),
    "data files in run folders": gettext_lazy("copies of the file in run folders"),
    "rows held out in run folders": gettext_lazy("rows held out for validation, in run folders"),
    "rows shown to annotators": gettext_lazy("copies of rows that were shown to annotators"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, pk: UUID) -> HttpResponse:
    """Ask for the erasure of rows, `?rows=` of them filled in."""
    version = datasets.version_visible(request.actor, pk)
    projects.require(request.actor, version.project_id, services.ACT)
    given = {"rows": request.GET.get("rows", "")}
    form = ErasureForm(request.POST or None, initial=given, signer=request.actor, subject=version.content_digest)
    if asked := challenge(request, form):
        return asked
    act = lambda: services.ask(actor=request.actor, version_id=pk, proof=form.prove(), **form.own())  # noqa: E731
    if form.is_valid() and (made := attempt(form, act)):
        return redirect("erasure-detail", pk=made.pk)
    context = {
        "form": form,
        "version": version,
        "hold": retention.before_erasure(version.dataset),
        "twins": datasets.same_bytes(version).filter(WITH_FILE).count(),
        "crumbs": _crumbs(request, version),
    }
    return render(request, "erasures/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    erasure = selectors.visible(request.actor, pk)
    may = projects.may(request.actor, erasure.project_id, services.ACT)
    hold = retention.before_erasure(erasure.version.dataset)
    context = {
        "erasure": erasure,
        "hold": hold,
        "standing": approvals.standing(erasure),
        "not_unlearned": _(rules.NOT_UNLEARNED),
        "job": erasure.job,
        "alive": jobs.worker_is_alive(),
        "may_cancel": may and State.CANCELLED in rules.TRANSITIONS[State(erasure.state)],
        "may_again": may and erasure.state in (State.HELD, State.FAILED) and hold is None,
        "destroyed": [{"what": DESTROYED[one["what"]], "count": one["count"]} for one in erasure.destroyed],
        "tombstones": erasure.tombstones[:TOMBSTONES_SHOWN],
        "more_tombstones": max(0, len(erasure.tombstones) - TOMBSTONES_SHOWN),
        "remaining": [
            {"one": one, "url": addresses.of(one.kind, one.id) if one.kind else ""}
            for one in selectors.remaining(request.actor, erasure)
        ],
        "copies": selectors.copies(erasure),
        "rows": [(row, row <= ROWS_WITHIN_REACH) for row in erasure.rows[:ROWS_SHOWN]],
        "may_read": erasure.version.has_file and datasets.may_read_rows(request.actor, erasure.version),
        "events": list(audit.history(erasure)[:20]),
        "crumbs": _crumbs(request, erasure.version),
    }
    response = render(request, "erasures/_state.html" if request.htmx else "erasures/detail.html", context)
    if request.htmx and erasure.state != State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def again(request: PageRequest, pk: UUID) -> HttpResponse:
    services.again(actor=request.actor, erasure_id=pk)
    return redirect("erasure-detail", pk=pk)


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    services.cancel(actor=request.actor, erasure_id=pk)
    messages.success(request, _("Ended. Nothing was erased."))
    return redirect("erasure-detail", pk=pk)


def _crumbs(request: PageRequest, version: DatasetVersion) -> list[dict[str, Any]]:
    line = (version.dataset.name, reverse("dataset-detail", args=[version.dataset_id]))
    own = (str(version), reverse("dataset-version-detail", args=[version.pk]))
    return crumbs(request, version.dataset.project, "dataset-list", line, own)
