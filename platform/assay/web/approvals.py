"""The inbox, and the panel beside what is decided."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import addresses
from assay.web.forms.approvals import DecisionForm
from assay.web.forms.faults import attempt
from assay.web.requests import PageRequest
from governance.foundation.core.errors import NotAllowed
from governance.people.approvals import reauthentication, selectors, services, subjects
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import POLICIES, State, Verdict


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    """What waits for me first; then everything that was asked in my projects."""
    waiting = selectors.inbox(request.actor)
    others = selectors.visible_to(request.actor).prefetch_related("decisions")
    if state := request.GET.get("state", ""):
        others = others.filter(state=state)
    context = {"waiting": waiting, "requests": others[:100], "states": list(State), "state": state}
    return render(request, "approvals/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """The request with what is asked about; over it the panel, for somebody who may decide."""
    asked = selectors.visible(request.actor, pk)
    form = DecisionForm(request.POST or None)
    if form.is_valid() and attempt(form, lambda: _decide(request, asked, form.cleaned_data)):
        messages.success(request, _("Your decision is recorded and signed."))
        return redirect("approval-detail", pk=pk)
    return render(request, "approvals/detail.html", _context(request, asked, form), status=422 if form.errors else 200)


@require_POST
def ask(request: PageRequest, project: UUID, kind: str, pk: UUID) -> HttpResponse:
    """Ask about a subject as it is now, from its own page."""
    subject = subjects.load(kind, pk)
    asked = services.ask(
        actor=request.actor, subject=subject, project_id=project, note=request.POST.get("note", "")[:2000]
    )
    messages.success(request, _("Asked. The deciders find it among what waits for them."))
    return redirect("approval-detail", pk=asked.pk)


@require_POST
def withdraw(request: PageRequest, pk: UUID) -> HttpResponse:
    services.withdraw(actor=request.actor, request_id=pk)
    messages.success(request, _("The request is taken back."))
    return redirect("approval-detail", pk=pk)


def _decide(request: PageRequest, asked: ApprovalRequest, given: dict[str, Any]) -> Any:
    verdict = Verdict(given["verdict"] or Verdict.APPROVE)
    # A page that may not decide never asks for a password; a forged post is refused before one is looked at.
    if why := selectors.objection(request.actor, asked):
        raise NotAllowed(why.text)
    proof = reauthentication.by_password(
        actor=request.actor, password=given["password"], subject_digest=asked.subject_digest, verdict=verdict
    )
    return services.decide(
        actor=request.actor, request_id=asked.pk, verdict=verdict, reason=given["reason"], proof=proof
    )


def _context(request: PageRequest, asked: ApprovalRequest, form: DecisionForm) -> dict[str, Any]:
    subject = subjects.load(asked.subject_kind, asked.subject_id)
    stale = subject.content_digest != asked.subject_digest
    before = selectors.last_granted(asked)
    why_not = selectors.objection(request.actor, asked) if asked.state == State.OPEN else None
    changes = list(selectors.changes(before.subject_content, asked.subject_content)) if before else []
    policy = POLICIES[asked.subject_kind]
    panel = None
    if asked.state == State.OPEN and why_not is None and not stale and "read" not in request.GET:
        panel = {
            "title": _("Decide on %(what)s") % {"what": asked},
            "action": reverse("approval-detail", args=[asked.pk]),
            "close_url": reverse("approval-detail", args=[asked.pk]) + "?read",
            "subjects": [{"label": a, "words": b, "digest": c} for a, b, c in subject.signed_parts()],
            "changes": [{"label": field, "before": old, "after": new} for field, old, new in changes],
            "since": _("Changed since the last approval:") if changes else "",
            "meaning": policy.meaning,
            "verdicts": [
                {
                    "value": Verdict.APPROVE,
                    "label": _("Approve this %(noun)s") % {"noun": policy.noun},
                    "kind": "primary",
                },
                {"value": Verdict.CHANGES, "label": _("Ask for changes"), "kind": ""},
                {"value": Verdict.REJECT, "label": _("Reject"), "kind": "danger"},
            ],
            "note": _("Good for this one decision. The act and its digest go to the audit log under your name."),
        }
    return {
        "asked": asked,
        "policy": policy,
        "subject_url": addresses.of(asked.subject_kind, asked.subject_id),
        "parts": subject.signed_parts(),
        "stale": stale,
        "why_not": why_not,
        "changes": [{"label": field, "before": old, "after": new} for field, old, new in changes],
        "content": asked.subject_content,
        "panel": panel,
        "form": form,
        "may_withdraw": asked.state == State.OPEN and asked.requested_by_id == request.actor.user_id,
        "may_decide": panel is None and asked.state == State.OPEN and why_not is None and not stale,
    }
