"""Audit engagements: the list, the plan, and one engagement with what lies in it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import addresses, places, tabs, trail
from assay.web.forms.engagements import CloseForm, FindingForm, LastDayForm, PlanForm, RequestForm
from assay.web.forms.faults import attempt
from assay.web.requests import PageRequest
from governance.documents.renderings import selectors as made
from governance.documents.renderings import services as renderings
from governance.documents.renderings.documents import AUDIT_REPORT
from governance.foundation.audit import selectors as audit
from governance.foundation.core.errors import NotAllowed, StaleSubject, WrongState
from governance.people.engagements import access, exchange, selectors, services
from governance.people.engagements.models import Engagement
from governance.people.engagements.rules import State
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    found = selectors.visible_to(request.actor).prefetch_related("projects", "auditors", "taken_out")
    context = {
        "rows": [_row(request, each) for each in found[:100]],
        "waiting": selectors.waiting_for(request.actor),
        "may_plan": bool(_scopes(request)),
    }
    return render(request, "engagements/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest) -> HttpResponse:
    scopes = _scopes(request)
    if not scopes:
        raise NotAllowed(_("To hold an audit takes an owner or compliance officer of a project, or an administrator."))
    form = PlanForm(request.POST or None, scopes=scopes)
    if form.is_valid():
        kind, first = form.cleaned_data["scope"][0]
        home = first if kind == "organisation" else projects.visible(request.actor, first).organisation_id
        act = lambda: services.plan(actor=request.actor, organisation_id=home, **form.given())  # noqa: E731
        if made := attempt(form, act):
            messages.success(request, _("Planned. It lays nothing open before you say so."))
            return redirect("engagement-detail", pk=made.pk)
    return render(request, "engagements/form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, pk: UUID) -> HttpResponse:
    """The plan again; of what is laid open already, its last day."""
    engagement = selectors.visible(request.actor, pk)
    selectors.require_hold(request.actor, engagement)
    if engagement.state == State.CLOSED:
        raise WrongState(_("It is closed; plan another."))
    planned, shown = engagement.state == State.PLANNED, request.POST.get("shown", engagement.content_digest)
    # The digest says nothing of the state: a plan's form must not move the last day of what was laid open meanwhile.
    if shown != engagement.content_digest or request.POST.get("state", engagement.state) != engagement.state:
        raise StaleSubject(_("It changed since it was shown to you. Look at it again; nothing was done."))
    form = (
        PlanForm(request.POST or None, scopes=_scopes(request, engagement), initial=PlanForm.of(engagement))
        if planned
        else LastDayForm(request.POST or None, initial={"access_until": engagement.access_until})
    )
    act = lambda: services.revise(  # noqa: E731
        actor=request.actor, engagement_id=pk, shown_sha256=shown, **form.given()
    )
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Changed, and on record."))
        return redirect("engagement-detail", pk=pk)
    context = {
        "form": form, "engagement": engagement, "planned": planned, "shown": shown,
        "crumbs": crumbs(engagement, within=True),
    }  # fmt: skip
    return render(request, "engagements/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _detail(request, selectors.visible(request.actor, pk))


@require_POST
def lay_open(request: PageRequest, pk: UUID) -> HttpResponse:
    services.lay_open(actor=request.actor, engagement_id=pk, shown_sha256=request.POST.get("shown", ""))
    messages.success(request, _("Laid open: on the days of access its auditors read the scope, and nothing else."))
    return redirect("engagement-detail", pk=pk)


@require_POST
def close(request: PageRequest, pk: UUID) -> HttpResponse:
    engagement = selectors.visible(request.actor, pk)
    selectors.require_whole(request.actor, engagement)
    form = CloseForm(request.POST)
    act = lambda: services.close(actor=request.actor, engagement_id=pk, **form.cleaned_data)  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Closed. Access has ended, and the report is frozen."))
        return redirect("engagement-report", pk=pk)
    return _detail(request, engagement, close_form=form)


@require_POST
def ask(request: PageRequest, pk: UUID) -> HttpResponse:
    engagement = _audited(request, pk)
    form = RequestForm(request.POST, projects=_about(request, engagement))
    if form.is_valid():
        given = {"text": form.cleaned_data["text"], "due": form.cleaned_data["due"]}
        about = form.cleaned_data["project"]
        act = lambda: exchange.ask(actor=request.actor, engagement_id=pk, project_id=about, **given)  # noqa: E731
        if made := attempt(form, act):
            messages.success(request, _("Asked. Whoever answers there finds it among what waits."))
            return redirect("audit-request-detail", pk=made.pk)
    return _detail(request, engagement, request_form=form)


@require_POST
def find(request: PageRequest, pk: UUID) -> HttpResponse:
    engagement = _audited(request, pk)
    form = FindingForm(request.POST, projects=_about(request, engagement))
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("severity", "text", "records")}
        about = form.cleaned_data["project"]
        act = lambda: exchange.find(actor=request.actor, engagement_id=pk, project_id=about, **given)  # noqa: E731
        if made := attempt(form, act):
            messages.success(request, _("On record. Its people say what they do about it."))
            return redirect("audit-finding-detail", pk=made.pk)
    return _detail(request, engagement, finding_form=form)


@require_safe
def report(request: PageRequest, pk: UUID) -> HttpResponse:
    engagement = selectors.reported(request.actor, pk)
    context = {
        "engagement": engagement,
        "report": engagement.report,
        "rendering": made.current(AUDIT_REPORT, engagement),
        "crumbs": crumbs(engagement),
    }
    return render(request, "engagements/report.html", context)


@require_POST
def export(request: PageRequest, pk: UUID) -> HttpResponse:
    renderings.ask(actor=request.actor, kind=AUDIT_REPORT, document_id=pk)
    messages.success(request, _("The PDF is being made; this page offers it when it is ready."))
    return redirect("engagement-report", pk=pk)


@require_safe
def download(request: PageRequest, pk: UUID, form: str) -> FileResponse:
    """The bytes that its digest was made of, and the digest; or its PDF when that was made."""
    taken = renderings.take(actor=request.actor, kind=AUDIT_REPORT, document_id=pk, form=form)
    return FileResponse(taken.file, as_attachment=True, filename=taken.name, content_type=taken.media_type)


def crumbs(engagement: Engagement, *, within: bool = False) -> list[dict[str, Any]]:
    way = [{"label": _("Audit engagements"), "url": reverse("engagement-list")}]
    if within:
        way.append({"label": str(engagement), "url": reverse("engagement-detail", args=[engagement.pk])})
    return way


def _audited(request: PageRequest, pk: UUID) -> Engagement:
    engagement = selectors.visible(request.actor, pk)
    selectors.require_auditor(request.actor, engagement)
    return engagement


def _scopes(request: PageRequest, of: Engagement | None = None) -> list[tuple[str, str]]:
    """What this person may lay open, as the form names it; of an engagement that is there: in its organisation."""
    wholes = organisations.where(request.actor, selectors.HOLD)
    own = projects.where(request.actor, selectors.HOLD)
    if of is not None:
        wholes, own = wholes.filter(pk=of.organisation_id), own.filter(organisation=of.organisation_id)
    return [
        *((f"project:{each.pk}", str(each)) for each in own),
        *((f"organisation:{each.pk}", _("all of %(name)s") % {"name": each}) for each in wholes),
    ]


def _row(request: PageRequest, engagement: Engagement) -> dict[str, Any]:
    return {
        "engagement": engagement,
        "state": selectors.standing(engagement),
        "auditors": [user.get_full_name() or user.get_username() for user in access.still_in(engagement)],
        "scope": _("all of %(name)s") % {"name": engagement.organisation} if engagement.whole_organisation else "",
        "projects": engagement.projects.all(),
    }


def _about(request: PageRequest, engagement: Engagement) -> list[tuple[str, str]]:
    return [(str(project.pk), str(project)) for project in selectors.scope_seen(request.actor, engagement)]


def _detail(
    request: PageRequest,
    engagement: Engagement,
    *,
    request_form: RequestForm | None = None,
    finding_form: FindingForm | None = None,
    close_form: CloseForm | None = None,
) -> HttpResponse:
    shown = selectors.scope_seen(request.actor, engagement)
    state = selectors.standing(engagement)
    audits, holds = selectors.audits(request.actor, engagement), selectors.holds(request.actor, engagement)
    works = audits and state == State.OPEN
    current, rows = tabs.of(request, {"overview": None, **({"read": None} if audits or holds else {}), "history": None})
    asked = list(selectors.requests_visible_to(request.actor).filter(engagement=engagement))
    found = list(selectors.findings_visible_to(request.actor).filter(engagement=engagement))
    bad = any(form is not None and form.errors for form in (request_form, finding_form, close_form))
    context = {
        "engagement": engagement,
        "state": state,
        "tab": current,
        "tabs": rows,
        "crumbs": crumbs(engagement),
        "scope": shown,
        "others": selectors.scope(engagement).count() - len(shown),
        "auditors": access.still_in(engagement),
        "taken_out": engagement.taken_out.all(),
        "requests": asked,
        "findings": found,
        "may_open": holds and engagement.state == State.PLANNED,
        "may_edit": holds and engagement.state != State.CLOSED,
        "may_report": (audits or holds) and engagement.report is not None,
        "request_form": (request_form or RequestForm(projects=_about(request, engagement))) if works else None,
        "finding_form": (finding_form or FindingForm(projects=_about(request, engagement))) if works else None,
        "close_form": (close_form or CloseForm()) if (audits or holds) and engagement.state != State.CLOSED else None,
        "read": _read(engagement) if current == "read" else [],
        "events": audit.history(engagement)[:50],
    }
    return render(request, "engagements/detail.html", context, status=422 if bad else 200)


def _read(engagement: Engagement) -> list[dict[str, Any]]:
    """What was read, with the names of the records and their pages."""
    rows = selectors.readings(engagement)
    records = trail.records((row.kind, row.id) for row in rows)
    return [
        {
            "reading": row,
            "pages": sorted({places.spoken(page) for page in row.pages}),
            "name": _("lists") if row.kind == Engagement.kind else str(records.get((row.kind, row.id), row.id)),
            "url": addresses.of(row.kind, row.id),
        }
        for row in rows
    ]
