"""Access reviews: what is due, the review itself, and what was signed."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from assay.web.forms.access_reviews import ReviewForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from assay.web.security_keys import challenge
from governance.foundation.audit import selectors as audit
from governance.people.access_reviews import rules, selectors, services
from governance.people.access_reviews.selectors import REVIEW
from governance.people.organisations import selectors as organisations
from governance.people.organisations.models import Organisation
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    places = [{"due": one, "url": _address(one.place)} for one in selectors.due(request.actor)]
    context = {"places": places, "reviews": selectors.visible_to(request.actor)[:100]}
    return render(request, "access_reviews/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def of_project(request: PageRequest, pk: UUID) -> HttpResponse:
    project = projects.require(request.actor, pk, REVIEW)
    return _review(request, project, crumbs(request, project), project_id=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def of_organisation(request: PageRequest, pk: UUID) -> HttpResponse:
    organisation = organisations.require(request.actor, pk, REVIEW)
    way = [{"label": str(organisation), "url": reverse("organisation-detail", args=[pk])}]
    return _review(request, organisation, way, organisation_id=pk)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    review = selectors.visible(request.actor, pk)
    context = {
        "review": review,
        "rows": [_shown(row) for row in review.rows],
        "crumbs": [{"label": _("Access reviews"), "url": reverse("access-review-list")}],
        "events": audit.history(review)[:50],
    }
    return render(request, "access_reviews/detail.html", context)


def _review(
    request: PageRequest, place: Project | Organisation, way: list[dict[str, Any]], **where: UUID
) -> HttpResponse:
    rows = selectors.rows_of(request.actor, place)
    roles = [(role, rules.spoken(role)) for role in selectors.roles_of(place)]
    shown = request.POST.get("shown") or selectors.shown_sha256(rows)
    form = ReviewForm(
        request.POST or None, rows=rows, roles=roles, signer=request.actor, subject=shown, initial={"shown": shown}
    )
    if asked := challenge(request, form):
        return asked
    act = lambda: services.sign(  # noqa: E731
        actor=request.actor, decided=form.given(), shown_sha256=shown, proof=form.prove(), **where
    )
    if form.is_valid() and (made := attempt(form, act)):
        messages.success(request, _("Signed. What you took away is gone; the review stays."))
        return redirect("access-review-detail", pk=made.pk)
    context = {
        "place": place,
        "form": form,
        "rows": [{**row, "spoken": rules.spoken(row["row"].role)} for row in form.by_row()],
        "meaning": rules.MEANING,
        "crumbs": way,
    }
    return render(request, "access_reviews/form.html", context, status=422 if form.errors else 200)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it was signed; the oldest do not say how somebody had access."""
    days = {name: date.fromisoformat(row[name]) if row.get(name) else None for name in ("begins", "until")}
    return {**row, **days, "spoken": rules.spoken(row["role"]), "spoken_to": rules.spoken(row["to"])}


def _address(place: Project | Organisation) -> str:
    page = "project-review-access" if isinstance(place, Project) else "organisation-review-access"
    return reverse(page, args=[place.pk])
