"""The organisation: who it is, as every dossier states it, and its people."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from assay.accounts import factors
from assay.web.forms.faults import attempt
from assay.web.forms.organisations import MemberForm, OrganisationForm, bands_of
from assay.web.requests import PageRequest
from governance.people.organisations import selectors, services
from governance.people.organisations.models import Membership, Organisation
from governance.people.projects import selectors as projects


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """Shows it; for an administrator it is also the form that changes it."""
    organisation = selectors.visible(request.actor, pk)
    form = OrganisationForm(request.POST or None, initial=organisation.content())
    if form.is_valid():
        act = lambda: services.describe(actor=request.actor, organisation_id=pk, **form.cleaned_data)  # noqa: E731
        if attempt(form, act):
            messages.success(request, _("Saved. Documents frozen before keep what they said."))
            return redirect("organisation-detail", pk=pk)
    return _page(request, pk, form=form)


@require_POST
def add_member(request: PageRequest, pk: UUID) -> HttpResponse:
    selectors.visible(request.actor, pk)
    form = MemberForm(request.POST)
    if form.is_valid():
        act = lambda: services.add_member(actor=request.actor, organisation_id=pk, **form.cleaned_data)  # noqa: E731
        if attempt(form, act):
            messages.success(request, _("They belong to the organisation now. Appoint them in a project next."))
            return redirect("organisation-detail", pk=pk)
    return _page(request, pk, member_form=form)


def _page(
    request: PageRequest, pk: UUID, *, form: OrganisationForm | None = None, member_form: MemberForm | None = None
) -> HttpResponse:
    organisation = selectors.visible(request.actor, pk)
    memberships = list(organisation.memberships.select_related("user"))
    bad = (form is not None and form.errors) or (member_form is not None and member_form.errors)
    context = {
        "organisation": organisation,
        "form": form or OrganisationForm(initial=organisation.content()),
        "member_form": member_form or MemberForm(),
        "memberships": memberships,
        "resettable": _resettable(request, organisation, memberships),
        "projects": projects.visible_to(request.actor).filter(organisation=organisation),
        "users": dict(bands_of("users")()).get(organisation.users_band, organisation.users_band),
        "revenue": dict(bands_of("revenue")()).get(organisation.revenue_band, organisation.revenue_band),
        "facts": [
            {"term": _("Seat"), "value": organisation.seat},
            {"term": _("Opened"), "value": date_format(organisation.created_at, "j M Y")},
        ],
        "may_change": selectors.may(request.actor, organisation.pk, "describe the organisation"),
    }
    return render(request, "organisations/detail.html", context, status=422 if bad else 200)


def _resettable(request: PageRequest, organisation: Organisation, memberships: list[Membership]) -> set[int]:
    """Whose second factor this person could reset, should it be lost."""
    if not selectors.may(request.actor, organisation.pk, factors.ACT):
        return set()
    return factors.with_second({one.user_id for one in memberships} - {request.actor.person_id})
