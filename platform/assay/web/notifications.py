"""What a person is told: the page of all notices, how they come, and the calendar."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.accounts import services as accounts
from assay.jobs import mailing
from assay.web import addresses, calendars
from assay.web.forms.faults import attempt
from assay.web.forms.notifications import KINDS, PreferencesForm
from assay.web.requests import PageRequest
from governance.people.notifications import feeds, selectors, services
from governance.people.notifications.models import Notice
from governance.people.notifications.rules import Kind
from governance.people.projects import selectors as projects

PAGE = 50


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    """All of one's own, newest first; `project` and `only=new` narrow them."""
    found = selectors.visible_to(request.actor)
    project, only = request.GET.get("project", ""), request.GET.get("only", "")
    if project:
        found = found.filter(project__slug=project)
    if only == "new":
        found = found.filter(seen_at=None)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [{"notice": one, "kind": KINDS[Kind(one.kind)]} for one in page],
        "unseen": found.filter(seen_at=None).count(),
        "projects": projects.seen(request.actor),
        "project": project,
        "only": only,
    }
    return render(request, "notifications/list.html", context)


@require_safe
def follow(request: PageRequest, pk: UUID) -> HttpResponse:
    """To the record that a notice is about; there it counts as seen."""
    return redirect(_page_of(selectors.visible(request.actor, pk)))


@require_POST
def mark_seen(request: PageRequest, pk: UUID) -> HttpResponse:
    services.mark_seen(actor=request.actor, notice_id=pk)
    return redirect(_back(request))


@require_POST
def mark_all_seen(request: PageRequest) -> HttpResponse:
    """All that the page shows: those of one project where it is narrowed to it."""
    project = projects.visible_to(request.actor).filter(slug=request.POST.get("project", "")).first()
    services.mark_all_seen(actor=request.actor, project_id=project.pk if project else None)
    return redirect(_back(request))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: PageRequest) -> HttpResponse:
    """By which way one is told of what, at which address, and the calendar."""
    form = _form(request, request.POST or None)
    if form.is_valid() and attempt(form, lambda: _choose(request, form)):
        messages.success(request, _("Saved. It holds from now on."))
        return redirect("notification-preferences")
    return _preferences(request, form)


@never_cache
@require_POST
def open_calendar(request: PageRequest) -> HttpResponse:
    """A new secret address, shown in this answer and nowhere else; an earlier one opens nothing any more."""
    token = feeds.make(actor=request.actor)
    url = settings.ASSAY_URL + reverse("calendar-feed", args=[token])
    return _preferences(request, _form(request), calendar_url=url)


@require_POST
def close_calendar(request: PageRequest) -> HttpResponse:
    feeds.close(actor=request.actor)
    messages.success(request, _("Closed. The address opens nothing any more."))
    return redirect("notification-preferences")


@never_cache
@require_safe
def calendar_feed(request: PageRequest, token: str) -> HttpResponse:
    """A person's calendar, for a program that cannot sign in: who holds the address reads it."""
    actor, found = feeds.read(token)
    text = calendars.of(actor, found)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="assay.ics"'
    return response


def _preferences(request: PageRequest, form: PreferencesForm, calendar_url: str = "") -> HttpResponse:
    context = {
        "form": form,
        "mail_is_on": mailing.is_on(),
        "calendar": selectors.feed(request.actor),
        "calendar_url": calendar_url,
    }
    return render(request, "notifications/preferences.html", context, status=422 if form.errors else 200)


def _form(request: PageRequest, sent: QueryDict | None = None) -> PreferencesForm:
    """Filled with what holds now; with what was sent in its place, where something was."""
    chosen = selectors.preferences(request.actor)
    channels = {kind.value: chosen.channel(kind) for kind in KINDS}
    email = accounts.address_of(request.actor)
    return PreferencesForm(sent, initial={"digest_hour": chosen.digest_hour, "email": email, **channels})


def _choose(request: PageRequest, form: PreferencesForm) -> Any:
    given = form.cleaned_data
    if given["email"] != accounts.address_of(request.actor):
        accounts.change_address(actor=request.actor, email=given["email"])
    channels = {kind.value: given[kind.value] for kind in KINDS}
    return services.choose(actor=request.actor, channels=channels, digest_hour=given["digest_hour"])


def _page_of(notice: Notice) -> str:
    return addresses.of(notice.subject_kind, notice.subject_id) or reverse("notification-list")


def _back(request: PageRequest) -> str:
    """The list as it was narrowed."""
    query = urlsplit(request.headers.get("referer", "")).query
    return reverse("notification-list") + (f"?{query}" if query else "")
