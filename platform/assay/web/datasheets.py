"""Descriptions of data: the datasheet of a version, its files, and a version registered from somebody's description."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from assay.rendering import numerals
from assay.web import addresses
from assay.web.datasets import ACT, FORM_ALLOWANCE
from assay.web.forms.datasets import DescriptionForm, VersionForm, initial_of
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.documents.renderings import services as renderings
from governance.documents.renderings.documents import DATASHEET
from governance.materials.datasets import derivation, descriptions, provenance, selectors
from governance.materials.datasets.exchange.description import Description
from governance.materials.datasets.exchange.reading import LARGEST
from governance.materials.datasets.exchange.writing import FORMS
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.people.projects import selectors as projects
from preparation.formats import FORMATS


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """The datasheet, to be read and printed."""
    version = selectors.version_visible(request.actor, pk)
    sheet = descriptions.sheet_of(version)
    context = {
        "version": version,
        "sheet": sheet,
        "answered": len(provenance.answered(version.provenance)),
        "asked": len(provenance.FIELDS),
        "chain": derivation.ancestry(request.actor, version),
        "forms": [(name, _(form.title)) for name, form in FORMS.items()],
        "may_export": projects.may(request.actor, version.project_id, "export evidence"),
        "crumbs": _crumbs(request, version.dataset, version),
    }
    return render(request, "datasets/datasheet.html", context)


@require_safe
def download(request: PageRequest, pk: UUID, form: str) -> FileResponse:
    taken = renderings.take(actor=request.actor, kind=DATASHEET, document_id=pk, form=form)
    return FileResponse(taken.file, as_attachment=True, filename=taken.name, content_type=taken.media_type)


@csrf_exempt  # the size is looked at before the body is read; the token is checked right after, by the inner view
@require_http_methods(["GET", "HEAD", "POST"])
def describe(request: PageRequest, pk: UUID) -> HttpResponse:
    """Fill the form of a new version from somebody's description; nothing is registered by it."""
    dataset = selectors.visible(request.actor, pk)
    projects.require(request.actor, dataset.project_id, ACT)
    sent = int(request.META.get("CONTENT_LENGTH") or 0)
    if request.method == "POST" and sent > LARGEST + FORM_ALLOWANCE:
        form = DescriptionForm()
        form.cleaned_data = {}
        form.add_error("file", _("A description has at most %(size)s.") % {"size": numerals.size(LARGEST)})
        return _ask(request, dataset, form, status=413)
    return _receive(request, dataset)


@csrf_protect
def _receive(request: PageRequest, dataset: Dataset) -> HttpResponse:
    form = DescriptionForm(request.POST, request.FILES) if request.method == "POST" else DescriptionForm()
    if form.is_valid():
        act = lambda: descriptions.read(actor=request.actor, dataset_id=dataset.pk, data=form.data_given())  # noqa: E731
        if found := attempt(form, act):
            return _filled(request, dataset, found)
    return _ask(request, dataset, form, status=422 if form.errors else 200)


def _ask(request: PageRequest, dataset: Dataset, form: DescriptionForm, status: int) -> HttpResponse:
    context = {"dataset": dataset, "form": form, "crumbs": _crumbs(request, dataset)}
    return render(request, "datasets/describe.html", context, status=status)


def _filled(request: PageRequest, dataset: Dataset, found: Description) -> HttpResponse:
    """The form of a version with what was found, each answer under the place where it stood."""
    form = VersionForm(
        limit=settings.ASSAY_UPLOAD_LIMIT,
        initial=initial_of(found.values(), found.licence.value if found.licence else "", found.licence_told),
        versions=selectors.of_project(request.actor, dataset.project_id),
        found_in=found.found_in(),
    )
    context = {
        "dataset": dataset,
        "form": form,
        "action": reverse("dataset-version-create", args=[dataset.pk]),
        "description": found,
        "formats": FORMATS.values(),
        "findings": [],
        "hub_allowed": settings.ASSAY_ALLOW_HUB,
        "crumbs": _crumbs(request, dataset),
    }
    return render(request, "datasets/version_form.html", context)


def _crumbs(request: PageRequest, dataset: Dataset, *way: Dataset | DatasetVersion) -> list[dict[str, Any]]:
    """The way to a page about the last of `way`."""
    steps = [(str(one), addresses.of(one.kind, one.pk)) for one in (dataset, *way)]
    return crumbs(request, dataset.project, "dataset-list", *steps)
