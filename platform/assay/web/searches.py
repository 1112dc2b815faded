"""Looking for a person or a phrase through the rows of all versions: the form, how far it is, what was found."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web.forms.faults import attempt
from assay.web.forms.searches import SearchForm, WasItForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.delivery.erasures import services as erasing
from governance.delivery.lineage import services as withdrawing
from governance.delivery.searches import selectors, services
from governance.delivery.searches.models import Part
from governance.delivery.searches.rules import State
from governance.foundation.audit import selectors as audit
from governance.foundation.jobs import selectors as jobs
from governance.materials.datasets.rules import ROWS_WITHIN_REACH
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project

ROWS_SHOWN = 50  # of a version; all of them are counted
ROWS_IN_ADDRESS = 3_500  # characters; a form of withdrawal takes 4,000, a server 8,000
FOUND = {
    "exact": gettext_lazy("as written"),
    "number": gettext_lazy("the number, written otherwise"),
    "e-mail": gettext_lazy("the mailbox, written otherwise"),
    "words": gettext_lazy("the words, nearly"),
}


@require_safe
def listing(request: PageRequest, project: UUID) -> HttpResponse:
    found = selectors.of_project(request.actor, project)
    here = projects.visible(request.actor, project)
    context = {
        "project_here": here,
        "searches": list(found[:100]),
        "may_search": projects.may(request.actor, project, selectors.ACT),
        "crumbs": crumbs(request, here),
    }
    return render(request, "searches/list.html", context)


@sensitive_post_parameters("term")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, project: UUID) -> HttpResponse:
    here = projects.require(request.actor, project, selectors.ACT)
    form = SearchForm(request.POST or None)
    if form.is_valid():
        act = lambda: services.ask(actor=request.actor, project_id=project, **form.cleaned_data)  # noqa: E731
        if made := attempt(form, act):
            return redirect("search-detail", pk=made.pk)
    context = {"form": form, "project_here": here, "crumbs": _crumbs(request, here)}
    return render(request, "searches/form.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters("term")
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """What was found, by version; posting a term says whether the search was for that."""
    search = selectors.visible(request.actor, pk)
    form = WasItForm(request.POST or None)
    was_it = None
    if form.is_valid():
        act = lambda: services.was_it(actor=request.actor, search_id=pk, term=form.cleaned_data["term"])  # noqa: E731
        was_it = attempt(form, act)
    parts, others = selectors.parts_seen(request.actor, search)
    may = projects.may(request.actor, search.project_id, selectors.ACT)
    context = {
        "search": search,
        "parts": [_shown(request, part) for part in parts if part.rows_hit],
        "without": [part for part in parts if part.rows is not None and not part.rows_hit],
        "looked": sum(part.rows is not None for part in parts),
        "of": len(parts),
        "others": others,
        "rows_hit": selectors.rows_found(parts),
        "job": search.job,
        "alive": jobs.worker_is_alive(),
        "may_search": may,
        "may_cancel": may and search.state == State.QUEUED,
        "form": form if may else None,
        "was_it": was_it,
        "not_searched": selectors.not_searched(request.actor, search),
        "events": list(audit.history(search)[:20]),
        "crumbs": _crumbs(request, search.project),
    }
    template = "searches/_state.html" if request.htmx else "searches/detail.html"
    response = render(request, template, context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    if request.htmx and search.state != State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    services.cancel(actor=request.actor, search_id=pk)
    return redirect("search-detail", pk=pk)


def _shown(request: PageRequest, part: Part) -> dict[str, Any]:
    """A version with its first rows; those within the reach of the page of rows are links."""
    rows_at = reverse("dataset-version-rows", args=[part.version_id])
    return {
        "part": part,
        "rows": [
            {
                "number": hit["place"] + 1,
                "url": f"{rows_at}?start={hit['place']}" if hit["place"] < ROWS_WITHIN_REACH else "",
                "places": [
                    {"path": path, "found": FOUND[found], "excerpt": excerpt}
                    for path, found, excerpt in (one.values() for one in hit["places"])
                ],
            }
            for hit in part.hits[:ROWS_SHOWN]
        ],
        "unseen": part.rows_hit - min(len(part.hits), ROWS_SHOWN),
        **_next(request, part),
    }


def _next(request: PageRequest, part: Part) -> dict[str, Any]:
    """What can be done about the rows of a version: the same addresses as from its page, the rows filled in."""
    version = part.version
    rows = _ranges([hit["place"] + 1 for hit in part.hits])
    if not rows or len(rows) > ROWS_IN_ADDRESS or not version.has_file:
        return {"is_too_long": len(rows) > ROWS_IN_ADDRESS}
    may = {"withdraw": withdrawing.ACT, "erase": erasing.ACT}
    return {
        verb: f"{reverse(f'dataset-version-{verb}', args=[version.pk])}?rows={rows}"
        for verb, act in may.items()
        if projects.may(request.actor, version.project_id, act)
    }


def _ranges(numbers: list[int]) -> str:
    """1,2,3,7 as “1-3,7”."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in parts)


def _crumbs(request: PageRequest, project: Project) -> list[dict[str, Any]]:
    return crumbs(request, project, (_("Searches"), reverse("search-list", args=[project.pk])))
