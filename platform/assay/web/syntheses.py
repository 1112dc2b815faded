"""Rows that a registered model writes: asked for from a version or for a dataset, followed, and what came of it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web.forms.faults import attempt
from assay.web.forms.syntheses import KINDS, SynthesisForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors as audit
from governance.foundation.jobs import selectors as jobs
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.materials.syntheses import rules, selectors, services
from governance.materials.syntheses.models import Synthesis
from governance.materials.syntheses.rules import State
from governance.people.projects import selectors as projects
from preparation import sieve

ACT = services.ACT


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, pk: UUID) -> HttpResponse:
    """From the rows of a version."""
    source = datasets.version_visible(request.actor, pk)
    return _form(request, source.dataset, source)


@require_http_methods(["GET", "HEAD", "POST"])
def create_from_none(request: PageRequest, pk: UUID) -> HttpResponse:
    """For a dataset, from a prompt alone."""
    return _form(request, datasets.visible(request.actor, pk), None)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    found = selectors.visible(request.actor, pk)
    may = projects.may(request.actor, found.project_id, ACT)
    context = {
        **written(found),
        "job": found.job,
        "alive": jobs.worker_is_alive(),
        "may_cancel": may and found.state == State.QUEUED,
        "events": list(audit.history(found)[:20]),
        "crumbs": _crumbs(request, found.dataset, found.source),
    }
    response = render(request, "syntheses/_state.html" if request.htmx else "syntheses/detail.html", context)
    if request.htmx and found.state != State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    services.cancel(actor=request.actor, synthesis_id=pk)
    return redirect("synthesis-detail", pk=pk)


def written(found: Synthesis) -> dict[str, Any]:
    """What a synthesis asked for and what became of it, in words."""
    asked, done = found.asked, found.done
    return {
        "synthesis": found,
        "asked": asked,
        "kind": KINDS[asked.kind],
        "filters": rules.in_words(asked.filters),
        "discarded": rules.discarded(done) if done else 0,
        "reasons": [(_(sieve.WORDS[reason]), count) for reason, count in done["discarded"].items()] if done else [],
        "share": found.version.provenance["synthetic_share"] if found.version else None,
    }


def of_version(version: DatasetVersion) -> dict[str, Any]:
    """What the version's page shows: what it was written by, if a model wrote it, and what was written from it."""
    own = Synthesis.objects.filter(version=version).select_related("base_model", "source__dataset", "dataset").first()
    return {
        "by_model": written(own) if own else None,
        "syntheses": list(version.syntheses.select_related("base_model", "version__dataset", "dataset")[:20]),
    }


def _form(request: PageRequest, dataset: Dataset, source: DatasetVersion | None) -> HttpResponse:
    project = projects.require(request.actor, dataset.project_id, ACT)
    offers = selectors.offers(request.actor, project, source)
    rows = selectors.source_of(source) if source else None
    form = SynthesisForm(request.POST or None, offers=offers, source=rows)
    if form.is_valid():
        place = {"version_id": source.pk} if source else {"dataset_id": dataset.pk}
        act = lambda: services.ask(  # noqa: E731
            actor=request.actor, base_model_id=UUID(form.cleaned_data["base_model"]), asked=form.asked(),
            licence=form.cleaned_data.get("licence", ""), **place,
        )  # fmt: skip
        if made := attempt(form, act):
            return redirect("synthesis-detail", pk=made.pk)
    context = {
        "form": form,
        "offers": offers,
        "project": project,
        "dataset": dataset,
        "source": source,
        "crumbs": _crumbs(request, dataset, source),
    }
    return render(request, "syntheses/form.html", context, status=422 if form.errors else 200)


def _crumbs(request: PageRequest, dataset: Dataset, source: DatasetVersion | None) -> list[dict[str, Any]]:
    way = [(dataset.name, reverse("dataset-detail", args=[dataset.pk]))]
    if source:
        way.append((str(source), reverse("dataset-version-detail", args=[source.pk])))
    return crumbs(request, dataset.project, "dataset-list", *way)
