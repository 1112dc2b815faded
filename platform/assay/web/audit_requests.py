"""What goes to and fro in an audit engagement: one request with its answers, one finding with what is done about it."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assay.web import addresses
from assay.web.engagements import crumbs
from assay.web.forms.engagements import AnswerForm, CloseFindingForm, RespondForm, SendBackForm
from assay.web.forms.faults import attempt
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors as audit
from governance.foundation.core import blobs
from governance.foundation.core.records import one_of
from governance.people.engagements import exchange, selectors
from governance.people.engagements.models import Finding, Request
from governance.people.engagements.rules import Asked, Found, State
from governance.people.projects.models import Member


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _request(request, _asked(request, pk))


@require_POST
def answer(request: PageRequest, pk: UUID) -> HttpResponse:
    asked = _asked(request, pk)
    selectors.require_answering(request.actor, asked)
    form = AnswerForm(request.POST, request.FILES)
    act = lambda: exchange.answer(actor=request.actor, request_id=pk, **form.cleaned_data)  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Answered."))
        return redirect("audit-request-detail", pk=pk)
    return _request(request, asked, answer_form=form)


@require_safe
def file(request: PageRequest, pk: UUID) -> FileResponse:
    """A file of an answer as it was sent: to be kept, never shown in the browser."""
    found = one_of(selectors.files_visible_to(request.actor), pk)
    kept = blobs.opened(found.sha256)
    return FileResponse(kept, as_attachment=True, filename=found.name, content_type="application/octet-stream")


@require_POST
def send_back(request: PageRequest, pk: UUID) -> HttpResponse:
    asked = _asked(request, pk)
    selectors.require_auditor(request.actor, asked.engagement)
    form = SendBackForm(request.POST)
    act = lambda: exchange.send_back(actor=request.actor, request_id=pk, **form.cleaned_data)  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Sent back."))
        return redirect("audit-request-detail", pk=pk)
    return _request(request, asked, send_back_form=form)


@require_POST
def settle(request: PageRequest, pk: UUID) -> HttpResponse:
    exchange.settle(actor=request.actor, request_id=pk)
    messages.success(request, _("Settled."))
    return redirect("audit-request-detail", pk=pk)


@require_safe
def finding(request: PageRequest, pk: UUID) -> HttpResponse:
    return _finding(request, _found(request, pk))


@require_POST
def respond(request: PageRequest, pk: UUID) -> HttpResponse:
    found = _found(request, pk)
    selectors.require_answering(request.actor, found)
    form = RespondForm(request.POST, people=_people(found))
    act = lambda: exchange.respond(actor=request.actor, finding_id=pk, **form.cleaned_data)  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("On record, with the day."))
        return redirect("audit-finding-detail", pk=pk)
    return _finding(request, found, respond_form=form)


@require_POST
def close_finding(request: PageRequest, pk: UUID) -> HttpResponse:
    found = _found(request, pk)
    selectors.require_auditor(request.actor, found.engagement)
    form = CloseFindingForm(request.POST)
    act = lambda: exchange.close_finding(actor=request.actor, finding_id=pk, **form.cleaned_data)  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Closed."))
        return redirect("audit-finding-detail", pk=pk)
    return _finding(request, found, close_form=form)


def _asked(request: PageRequest, pk: UUID) -> Request:
    return one_of(selectors.requests_visible_to(request.actor).prefetch_related("answers__files"), pk)


def _found(request: PageRequest, pk: UUID) -> Finding:
    return one_of(selectors.findings_visible_to(request.actor), pk)


def _request(
    request: PageRequest,
    asked: Request,
    *,
    answer_form: AnswerForm | None = None,
    send_back_form: SendBackForm | None = None,
) -> HttpResponse:
    open_now = selectors.standing(asked.engagement) == State.OPEN and asked.state != Asked.SETTLED
    answers = open_now and selectors.may_answer(request.actor, asked)
    audits = open_now and selectors.audits(request.actor, asked.engagement)
    back = audits and asked.state == Asked.ANSWERED
    bad = any(form is not None and form.errors for form in (answer_form, send_back_form))
    context = {
        "asked": asked,
        "engagement": asked.engagement,
        "crumbs": crumbs(asked.engagement, within=True),
        "answers": [
            {"answer": each, "links": links(each.records), "files": each.files.all()} for each in asked.answers.all()
        ],
        "answer_form": (answer_form or AnswerForm()) if answers else None,
        "send_back_form": (send_back_form or SendBackForm()) if back else None,
        "may_settle": audits,
        "events": audit.history(asked, *asked.answers.all())[:50],
    }
    return render(request, "engagements/request.html", context, status=422 if bad else 200)


def _finding(
    request: PageRequest,
    found: Finding,
    *,
    respond_form: forms.Form | None = None,
    close_form: CloseFindingForm | None = None,
) -> HttpResponse:
    going = found.state != Found.CLOSED
    answers = going and selectors.may_answer(request.actor, found)
    audits = going and selectors.audits(request.actor, found.engagement)
    given = {"response": found.response, "due": found.due, "owner": found.owner and found.owner.get_username()}
    bad = any(form is not None and form.errors for form in (respond_form, close_form))
    context = {
        "found": found,
        "engagement": found.engagement,
        "crumbs": crumbs(found.engagement, within=True),
        "links": links(found.records),
        "respond_form": (respond_form or RespondForm(people=_people(found), initial=given)) if answers else None,
        "close_form": (close_form or CloseFindingForm()) if audits else None,
        "events": audit.history(found)[:50],
    }
    return render(request, "engagements/finding.html", context, status=422 if bad else 200)


def _people(found: Finding) -> list[tuple[str, str]]:
    scope = [found.project_id] if found.project_id else selectors.scope(found.engagement)
    members = Member.objects.filter(project__in=scope).select_related("user")
    return list({each.user.get_username(): each.user.get_full_name() for each in members}.items())


def links(records: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [{**each, "url": addresses.of(each["kind"], each["id"])} for each in records]
