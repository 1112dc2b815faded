"""Derived versions without the personal data that was found, and what stands behind their pseudonyms."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from assay.web.forms.faults import attempt
from assay.web.forms.redactions import LookBehindForm, RedactionForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors as audit
from governance.foundation.jobs import selectors as jobs
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.redactions import selectors, services
from governance.materials.redactions.models import Redaction
from governance.materials.redactions.rules import State
from governance.materials.scans import selectors as scans
from governance.people.projects import selectors as projects
from preparation.persons import hipaa
from preparation.persons.kinds import KINDS

ACT = services.ACT


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, pk: UUID) -> HttpResponse:
    version = datasets.version_visible(request.actor, pk)
    projects.require(request.actor, version.project_id, ACT)
    scan = scans.latest_done(version)
    found = [one["kind"] for one in scan.told["kinds"]] if scan else []
    form = RedactionForm(request.POST or None, names=bool(settings.ASSAY_NAMES_MODEL), found=found)
    if form.is_valid():
        act = lambda: services.ask(actor=request.actor, version_id=pk, asked=form.asked())  # noqa: E731
        if made := attempt(form, act):
            return redirect("redaction-detail", pk=made.pk)
    context = {
        "form": form,
        "version": version,
        "scan": scan,
        "identifiers": _identifiers(names=form.names),
        "crumbs": _crumbs(request, version),
    }
    return render(request, "redactions/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """What was asked and done; posting a pseudonym shows once, and on record, which value it stands for."""
    found = selectors.visible(request.actor, pk)
    may_look = projects.may(request.actor, found.project_id, services.LOOK_BEHIND)
    form, value = LookBehindForm(request.POST or None), None
    if request.method == "POST":
        projects.require(request.actor, found.project_id, services.LOOK_BEHIND)
        if form.is_valid():
            act = lambda: services.look_behind(  # noqa: E731
                actor=request.actor, redaction_id=pk, **form.cleaned_data
            )
            value = attempt(form, act)
    may = projects.may(request.actor, found.project_id, ACT)
    context = {
        "redaction": found,
        "kinds": [_(KINDS[name].title) for name in found.options["kinds"]],
        "done": [(_(KINDS[name].title), count) for name, count in (found.done or {}).get("kinds", {}).items()],
        "identifiers": _identifiers(names="name" in found.options["kinds"]) if found.options["profile"] else [],
        "job": found.job,
        "alive": jobs.worker_is_alive(),
        "may_cancel": may and found.state == State.QUEUED,
        "pseudonyms": getattr(found, "pseudonyms", None),
        "may_look": may_look,
        "form": form,
        "value": value,
        "events": list(audit.history(found)[:20]),
        "crumbs": _crumbs(request, found.source),
    }
    template = "redactions/_state.html" if request.htmx else "redactions/detail.html"
    response = render(request, template, context, status=422 if form.errors else 200)
    if value is not None:
        response["Cache-Control"] = "no-store"
    if request.htmx and found.state != State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    services.cancel(actor=request.actor, redaction_id=pk)
    return redirect("redaction-detail", pk=pk)


@require_POST
def erase(request: PageRequest, pk: UUID) -> HttpResponse:
    services.erase_pseudonyms(actor=request.actor, redaction_id=pk)
    messages.success(request, _("Salt and map are gone. Nobody can look behind these pseudonyms any more."))
    return redirect("redaction-detail", pk=pk)


def rows_of(version: DatasetVersion) -> list[Redaction]:
    """The redactions of a version, as its tab lists them."""
    return list(version.redactions.select_related("version__dataset")[:20])


def _identifiers(*, names: bool) -> list[dict[str, Any]]:
    """The eighteen of Safe Harbor, each with what of it is found here."""
    chosen = set(hipaa.kinds(names=names))
    return [
        {
            "letter": one.letter,
            "title": _(one.title),
            "kinds": [_(KINDS[name].title) for name in one.kinds if name in chosen],
            "note": _(one.note) if one.note else "",
        }
        for one in hipaa.IDENTIFIERS
    ]


def _crumbs(request: PageRequest, version: DatasetVersion) -> list[dict[str, Any]]:
    line = (version.dataset.name, reverse("dataset-detail", args=[version.dataset_id]))
    own = (str(version), reverse("dataset-version-detail", args=[version.pk]))
    return crumbs(request, version.dataset.project, "dataset-list", line, own)
