"""Change envelopes: ranges of retrains that are approved once, and what passed under each."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import addresses, steps
from assay.web.forms.envelopes import EnvelopeForm, RevokeForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.core.errors import WrongState
from governance.people.approvals import history
from governance.people.approvals import selectors as approvals
from governance.people.approvals.foresight import Foreseen
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State as Request
from governance.people.projects import selectors as projects
from governance.work.envelopes import selectors, services
from governance.work.envelopes.models import Passage
from governance.work.envelopes.rules import State
from governance.work.runs import selectors as runs

PAGE = 25
REVOCABLE = frozenset({State.ASKED, State.IN_FORCE, State.SUSPENDED})


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    rows = selectors.visible_to(request.actor)
    project = request.GET.get("project", "")
    if project:
        rows = rows.filter(project__slug=project)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    now = selectors.states(list(page))
    context = {
        "page": page,
        "rows": [{"envelope": each, "state": now[each.pk]} for each in page],
        "projects": projects.seen(request.actor),
        "project": project,
    }
    return render(request, "envelopes/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, pk: UUID) -> HttpResponse:
    """Write one about retrains of a run."""
    run = runs.visible(request.actor, pk)
    projects.require(request.actor, run.project_id, services.WRITE)
    if why := selectors.why_no_reference(run):
        raise WrongState(why)
    form = EnvelopeForm(request.POST or None)
    if form.is_valid():
        act = lambda: services.write(actor=request.actor, run_id=pk, **form.given())  # noqa: E731
        if made := attempt(form, act):
            messages.success(request, _("Written. Nothing passes before it is approved."))
            return redirect("envelope-detail", pk=made.pk)
    url = reverse("run-detail", args=[pk])
    context = {"run": run, "form": form, "crumbs": crumbs(request, run.project, "run-list", (str(run), url))}
    return render(request, "envelopes/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _detail(request, pk, RevokeForm())


@require_POST
def revoke(request: PageRequest, pk: UUID) -> HttpResponse:
    form = RevokeForm(request.POST)
    selectors.visible(request.actor, pk)
    act = lambda: services.revoke(actor=request.actor, envelope_id=pk, **form.cleaned_data)  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Revoked. Nothing passes under it any more; what passed stands."))
        return redirect("envelope-detail", pk=pk)
    return _detail(request, pk, form)


def _detail(request: PageRequest, pk: UUID, form: RevokeForm) -> HttpResponse:
    envelope = selectors.visible(request.actor, pk)
    state = selectors.states([envelope])[envelope.pk]
    may_revoke = projects.may(request.actor, envelope.project_id, services.REVOKE)
    url = f"{reverse('envelope-list')}?project={envelope.project.slug}"
    context = {
        "envelope": envelope,
        "state": state,
        "fallen": selectors.fallen(envelope) if state == State.SUSPENDED else [],
        "standing": approvals.standing(envelope),
        "bounds": selectors.bounds(envelope),
        "passages": [_passage(each) for each in envelope.passages.all()],
        "crumbs": crumbs(request, envelope.project, "approval-list", (_("Change envelopes"), url)),
        "form": form if may_revoke and state in REVOCABLE else None,
        "events": history.of(request.actor, envelope)[:50],
    }
    return render(request, "envelopes/detail.html", context, status=422 if form.errors else 200)


def _passage(passage: Passage) -> dict[str, Any]:
    asked: ApprovalRequest = passage.request
    return {"passage": passage, "asked": asked, "url": addresses.of(asked.subject_kind, asked.subject_id)}


def gates(held: Iterable[selectors.Held], foreseen: Foreseen) -> list[dict[str, Any]]:
    """Each envelope beside a plan, as the list of gates shows it: who approved it beforehand, or who will decide."""
    rows, full_way = [], _("It takes the full way: %(steps)s.") % {"steps": steps.of_people(foreseen)}
    for one in held:
        name = f"E-{one.envelope.number}"
        said = "; ".join(map(str, one.outside))
        title = _("Outside change envelope %(name)s") if one.outside else _("Inside change envelope %(name)s")
        by = approvals.standing(one.envelope).by
        inside = _("Submitted as it is, the plan passes: %(who)s approved it beforehand, until %(day)s.") % {
            "who": by, "day": formats.date_format(one.envelope.expires_on, "j M Y"),
        }  # fmt: skip
        rows.append(
            {
                "state": "waits" if one.outside else "passed",
                "title": title % {"name": name},
                "detail": f"{said}. {full_way}" if one.outside else inside,
                "url": reverse("envelope-detail", args=[one.envelope.pk]),
                "action": _("Open the envelope"),
            }
        )
    return rows


def asked_words(asked: ApprovalRequest, otherwise: str) -> str:
    """What a page says once something was asked about: it may have passed already."""
    if asked.state == Request.GRANTED and (passage := selectors.passages([asked.pk]).first()):
        return _("It passed under %(name)s, as approved beforehand.") % {"name": passage.envelope}
    return otherwise
