"""Splits of a dataset version: which row goes to which part, and how that was decided."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web.forms.faults import attempt
from assay.web.forms.splits import SplitForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors as audit
from governance.foundation.jobs import selectors as jobs
from governance.materials.datasets import selectors, splitting
from governance.materials.datasets.models import DatasetVersion, Split
from governance.materials.datasets.rules import SPLIT_TRANSITIONS, SplitState
from governance.people.projects import selectors as projects
from governance.work.runs import selectors as runs


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, pk: Any) -> HttpResponse:
    version = selectors.version_visible(request.actor, pk)
    projects.require(request.actor, version.project_id, splitting.ACT)
    form = SplitForm(request.POST or None, version=version)
    if form.is_valid():
        act = lambda: splitting.split(actor=request.actor, version_id=pk, asked=form.asked())  # noqa: E731
        if made := attempt(form, act):
            if made.state == SplitState.READY:
                messages.success(request, _("Made. A run can train on its parts now."))
            return redirect("split-detail", pk=made.pk)
    context = {"form": form, "version": version, "crumbs": _crumbs(request, version)}
    return render(request, "splits/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: Any) -> HttpResponse:
    """The parts with their rows; while a worker makes them, how far it is."""
    split = selectors.visible_split(request.actor, pk)
    may = projects.may(request.actor, split.project_id, splitting.ACT)
    context = {
        "split": split,
        "how": words(split),
        "job": split.job,
        "alive": jobs.worker_is_alive(),
        "may_cancel": may and split.state == SplitState.QUEUED,
        "may_retry": may and SplitState.QUEUED in SPLIT_TRANSITIONS[SplitState(split.state)],
        "runs": runs.visible_to(request.actor).filter(data_links__split=split).distinct()[:50],
        "events": list(audit.history(split)[:20]),
        "crumbs": _crumbs(request, split.version),
    }
    response = render(request, "splits/_state.html" if request.htmx else "splits/detail.html", context)
    if request.htmx and split.state != SplitState.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def cancel(request: PageRequest, pk: Any) -> HttpResponse:
    splitting.cancel(actor=request.actor, split_id=pk)
    return redirect("split-detail", pk=pk)


@require_POST
def again(request: PageRequest, pk: Any) -> HttpResponse:
    splitting.again(actor=request.actor, split_id=pk)
    return redirect("split-detail", pk=pk)


def words(split: Split) -> str:
    """How rows were told apart: “by group of customer, seed 7”."""
    asked = split.asked
    said = {
        "random": _("at random"),
        "group": _("by group of %(column)s"),
        "time": _("by time in %(column)s"),
        "folds": _("%(folds)s folds"),
        "given": _("as the column %(column)s says"),
    }[asked.method] % {"column": asked.column, "folds": asked.folds}
    return said + _(", seed %(seed)s") % {"seed": asked.seed} if "seed" in split.options else said


def rows_of(version: DatasetVersion) -> list[dict[str, Any]]:
    """The splits of a version as its page lists them."""
    return [{"split": split, "how": words(split)} for split in version.splits.all()]


def _crumbs(request: PageRequest, version: DatasetVersion) -> list[dict[str, Any]]:
    line = (version.dataset.name, reverse("dataset-detail", args=[version.dataset_id]))
    own = (str(version), reverse("dataset-version-detail", args=[version.pk]))
    return crumbs(request, version.dataset.project, "dataset-list", line, own)
