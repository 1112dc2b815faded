"""Registering rows that lie on a Hugging Face hub: which they are and what is said of them; a worker fetches them."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from assay.web.datasets import ACT, last_answers
from assay.web.forms.datasets import HubForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.materials.datasets import selectors, services
from governance.people.projects import selectors as projects
from preparation.formats import FORMATS


@require_http_methods(["GET", "HEAD", "POST"])
def fetch(request: PageRequest, pk: UUID) -> HttpResponse:
    dataset = selectors.visible(request.actor, pk)
    projects.require(request.actor, dataset.project_id, ACT)
    form = HubForm(
        request.POST or None,
        initial=last_answers(dataset),
        versions=selectors.of_project(request.actor, dataset.project_id),
    )
    if form.is_valid():
        act = lambda: services.fetch(  # noqa: E731
            actor=request.actor,
            dataset_id=dataset.pk,
            place=form.place(),
            licence=form.cleaned_data["licence"],
            licence_told=form.cleaned_data["licence_told"],
            provenance=form.record(),
            reading=form.reading(),
        )
        if made := attempt(form, act):
            return redirect("import-detail", pk=made.pk)
    own = (dataset.name, reverse("dataset-detail", args=[dataset.pk]))
    context = {
        "dataset": dataset,
        "form": form,
        "hub_allowed": settings.ASSAY_ALLOW_HUB,
        "formats": FORMATS.values(),
        "crumbs": crumbs(request, dataset.project, "dataset-list", own),
    }
    return render(request, "datasets/hub_form.html", context, status=422 if form.errors else 200)
