"""The inbox, and the panel beside what is decided."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import addresses, envelopes, steps
from assay.web.forms.approvals import CommentForm, DecisionForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from assay.web.shell import current_project
from governance.foundation.core.errors import NotAllowed
from governance.people.approvals import lines, opening, selectors, services, subjects
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Seat, State, Verdict
from governance.people.policies.kinds import KINDS
from governance.people.projects import selectors as projects

PAGE = 25


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    """What waits for me first; then everything that was asked in my projects."""
    asked = selectors.visible_to(request.actor).prefetch_related(*selectors.DECIDED)
    seen = projects.seen(request.actor)
    wanted = {name: request.GET.get(name, "") for name in ("state", "kind", "project")}
    for field, value in (("state", "state"), ("subject_kind", "kind"), ("project__slug", "project")):
        if wanted[value]:
            asked = asked.filter(**{field: wanted[value]})
    page = Paginator(asked, PAGE).get_page(request.GET.get("page"))
    context = {
        "waiting": selectors.inbox(request.actor),
        "page": page,
        "requests": list(page),
        "states": list(State),
        "kinds": [(kind, known.noun) for kind, known in KINDS.items()],
        "projects": seen,
        "here": current_project(request, seen),
        **wanted,
    }
    return render(request, "approvals/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """The request with what is asked about; over it the panel, for somebody who may decide."""
    asked = selectors.visible(request.actor, pk)
    # A page that may not decide never asks who one is; a forged post is refused before anything is looked at.
    if request.method == "POST" and (why := selectors.objection(request.actor, asked)):
        raise NotAllowed(why.text)
    form = _form(request, asked)
    if form.is_valid() and attempt(form, lambda: _decide(request, asked, form)):
        messages.success(request, _("Your decision is recorded and signed."))
        return redirect("approval-detail", pk=pk)
    return render(request, "approvals/detail.html", _context(request, asked, form), status=422 if form.errors else 200)


@require_POST
def ask(request: PageRequest, project: UUID, kind: str, pk: UUID) -> HttpResponse:
    """Ask about a subject as it is now, from its own page."""
    # Before the subject is looked for: whether another project has it is nobody's business here.
    projects.require(request.actor, project, "ask for an approval")
    subject = subjects.load(kind, pk)
    asked = services.ask(
        actor=request.actor, subject=subject, project_id=project, note=request.POST.get("note", "")[:2000]
    )
    waits = _("Asked. The deciders find it among what waits for them.")
    messages.success(request, envelopes.asked_words(asked, waits))
    return redirect("approval-detail", pk=asked.pk)


@require_POST
def withdraw(request: PageRequest, pk: UUID) -> HttpResponse:
    services.withdraw(actor=request.actor, request_id=pk)
    messages.success(request, _("The request is taken back."))
    return redirect("approval-detail", pk=pk)


@require_POST
def comment(request: PageRequest, pk: UUID) -> HttpResponse:
    """Say something beside the decision."""
    asked = selectors.visible(request.actor, pk)
    form = CommentForm(request.POST)
    act = lambda: services.comment(actor=request.actor, request_id=pk, text=form.cleaned_data["text"])  # noqa: E731
    if form.is_valid() and attempt(form, act):
        return redirect(f"{reverse('approval-detail', args=[pk])}?read#comments")
    context = _context(request, asked, _form(request, asked, bound=False), form)
    return render(request, "approvals/detail.html", context, status=422)


def _form(request: PageRequest, asked: ApprovalRequest, *, bound: bool = True) -> DecisionForm:
    seats = selectors.seats(request.actor, asked)
    return DecisionForm(
        (request.POST or None) if bound else None,
        signer=request.actor,
        subject=asked.subject_digest,
        accepts=selectors.accepted(seats),
        seats=seats,
    )


def _decide(request: PageRequest, asked: ApprovalRequest, form: DecisionForm) -> Any:
    given = form.cleaned_data
    verdict = Verdict(given["verdict"] or Verdict.APPROVE)
    proof = form.prove(verdict)
    return services.decide(
        actor=request.actor,
        request_id=asked.pk,
        verdict=verdict,
        reason=given["reason"],
        proof=proof,
        step=given["step"],
    )


def _context(
    request: PageRequest, asked: ApprovalRequest, form: DecisionForm, comment_form: CommentForm | None = None
) -> dict[str, Any]:
    subject = subjects.load(asked.subject_kind, asked.subject_id)
    approved = selectors.standing(subject, asked.project_id)
    stale = subject.content_digest != asked.subject_digest
    why_not = selectors.objection(request.actor, asked) if asked.state == State.OPEN else None
    # what the digest no longer names is not told as if it had been asked about
    summary = [] if stale else subjects.summary(subject, asked.project)
    changes, since = _changes(asked, summary)
    summary = [*_noes(asked), *summary]
    may_decide = asked.state == State.OPEN and why_not is None and not stale
    reading = "read" in request.GET or comment_form is not None
    seats = selectors.seats(request.actor, asked) if may_decide and not reading else []
    deciders = selectors.deciders([asked])[asked.pk] if asked.state == State.OPEN and not stale else []
    lacking = selectors.cannot_sign(asked, deciders)
    panel = _panel(request, asked, subject, changes, since, seats) if seats else None
    return {
        "asked": asked,
        "crumbs": crumbs(request, asked.project, "approval-list"),
        "facts": [
            {"term": _("Asked by"), "value": asked.requested_by_name},
            {"term": _("Over digest"), "value": "", "digest": asked.subject_digest},
        ],
        "stages": steps.of_request(asked),
        "deciders": [person.name for person in deciders if person not in lacking],
        "lacking": [person.name for person in lacking],
        "stands": approved.granted and approved.request,
        "renews": asked.state == State.OPEN and approved.renewal == asked and approved,
        "later": lines.later(asked),
        "state": asked.state_now,
        "decisions": asked.standing_decisions(),
        "carried": {each.decision_id for each in asked.carried.all()},
        "comments": asked.comments.all(),
        "comment_form": comment_form or CommentForm(),
        "kind": KINDS[asked.subject_kind],
        "subject_url": addresses.of(asked.subject_kind, asked.subject_id),
        "parts": subject.signed_parts(),
        "stale": stale,
        "summary": summary,
        "why_not": why_not,
        "changes": changes,
        "since": since,
        # a dossier is read point by point in its reader, never as a heap of fields
        "content": None if asked.subject_kind == "dossier" else asked.subject_content,
        "panel": panel,
        "form": form,
        "may_withdraw": asked.state == State.OPEN and asked.requested_by_id == request.actor.user_id,
        "may_decide": may_decide and panel is None,
    }


def _noes(asked: ApprovalRequest) -> list[subjects.Fact]:
    """What earlier deciders had against the very same."""
    words = {Verdict.REJECT: _("Rejected before"), Verdict.CHANGES: _("Changes were asked for before")}
    return [
        subjects.Fact(
            words[Verdict(each.verdict)], each.by_name, f"{each.created_at:%d %b %Y}: {each.reason}", warns=True
        )
        for each in lines.said_no(asked)
    ]


def _changes(asked: ApprovalRequest, summary: list[subjects.Fact]) -> tuple[list[dict[str, Any]], str]:
    """What differs from the approval before, and which one that was; nothing where there was none.

    The same record with another content is compared field by field; an earlier one of its line by what a decider
    is told of both.
    """
    before = lines.last_decided(asked)
    if before is None:
        return [], ""
    if before.subject_id == asked.subject_id:
        rows = [
            {"label": field.replace("_", " ").replace(".", ", "), "before": _said(old), "after": _said(new)}
            for field, old, new in lines.changes(before.subject_content, asked.subject_content)
        ]
        if before.state == State.CHANGES:
            return rows, _("Changed since changes of %(what)s were asked for:") % {"what": before.subject_digest[:12]}
        return rows, _("Changed since %(what)s was approved:") % {"what": before.subject_digest[:12]}
    then = _by_label(subjects.summary(subjects.load(before.subject_kind, before.subject_id), asked.project))
    now = _by_label(summary)
    labels = [label for label in {**now, **then} if then.get(label) != now.get(label)] if now else []
    rows = [{"label": label, "before": then.get(label), "after": now.get(label)} for label in labels]
    return rows, _("Changed since %(what)s was approved:") % {"what": before.subject_name}


def _by_label(summary: list[subjects.Fact]) -> dict[str, str]:
    said: dict[str, list[str]] = {}
    for fact in summary:
        said.setdefault(fact.label, []).append(fact.says)
    return {label: "; ".join(words) for label, words in said.items()}


def _opened(request: PageRequest, asked: ApprovalRequest, subject: subjects.Approvable) -> list[dict[str, Any]] | None:
    """What this person opened so far of what they are about to sign, with where to open the rest."""
    found = opening.opened(request.actor, asked, subject)
    if found is None:
        return None
    return [
        {"label": each.part.label, "name": each.part.name, "at": each.at, "url": addresses.of(*each.part.shown)}
        for each in found
        if each.part.shown
    ]


def _said(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def _panel(
    request: PageRequest,
    asked: ApprovalRequest,
    subject: subjects.Approvable,
    changes: list[dict[str, Any]],
    since: str,
    seats: Sequence[Seat],
) -> dict[str, Any]:
    kind = KINDS[asked.subject_kind]
    act = _("Sign this %(noun)s") if asked.subject_kind == "dossier" else _("Approve this %(noun)s")
    return {
        "title": _("Decide on %(what)s") % {"what": asked},
        "action": reverse("approval-detail", args=[asked.pk]),
        "close_url": reverse("approval-detail", args=[asked.pk]) + "?read",
        "subjects": [
            {"label": part.label, "words": part.name, "digest": part.sha256} for part in subject.signed_parts()
        ],
        "opened": _opened(request, asked, subject),
        "changes": changes,
        "since": since,
        "gates": [
            {
                "state": "passed",
                "title": _("You neither made nor asked for it, and your role decides on it."),
                "detail": "",
                "url": "",
            }
        ],
        "meaning": kind.meaning,
        "seat": steps.of_seat(asked, seats[0]) if len(seats) == 1 and len(asked.terms.steps) > 1 else None,
        "asked": asked,
        "record_url": addresses.of(asked.subject_kind, asked.subject_id),
        "verdicts": [
            {"value": Verdict.APPROVE, "label": act % {"noun": kind.noun}, "kind": "primary"},
            {"value": Verdict.CHANGES, "label": _("Ask for changes"), "kind": ""},
            {"value": Verdict.ABSTAIN, "label": _("Abstain"), "kind": ""},
            {"value": Verdict.REJECT, "label": _("Reject"), "kind": "danger"},
        ],
        "note": _("Good for this one decision, for two minutes. The act and its digest go to the audit log."),
    }
