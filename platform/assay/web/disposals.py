"""A disposal: what is on the list, who confirms it, what became of each thing."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assay.web import addresses
from assay.web.forms.disposals import ConfirmForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from assay.web.retention import THINGS, ground
from governance.delivery.disposals import rules, selectors, services
from governance.delivery.disposals.models import Disposal, DisposalItem
from governance.delivery.disposals.rules import Fate, State
from governance.foundation.audit import selectors as audit
from governance.foundation.core.errors import NotAllowed
from governance.foundation.jobs import selectors as jobs
from governance.oversight.retention.rules import Thing
from governance.people.projects import selectors as projects


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _detail(request, selectors.visible(request.actor, pk))


@require_POST
def confirm(request: PageRequest, pk: UUID) -> HttpResponse:
    found = selectors.visible(request.actor, pk)
    projects.require(request.actor, found.project_id, services.CONFIRM)
    if why := _why_not(request, found):
        raise NotAllowed(why)
    form = ConfirmForm(request.POST, signer=request.actor, subject=found.content_digest)
    act = lambda: services.confirm(actor=request.actor, disposal_id=pk, proof=form.prove())  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Confirmed. A worker deletes what nothing keeps."))
        return redirect("disposal-detail", pk=pk)
    return _detail(request, found, form)


@require_POST
def again(request: PageRequest, pk: UUID) -> HttpResponse:
    services.again(actor=request.actor, disposal_id=pk)
    return redirect("disposal-detail", pk=pk)


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    services.cancel(actor=request.actor, disposal_id=pk)
    messages.success(request, _("Ended. What is gone by now stays gone."))
    return redirect("disposal-detail", pk=pk)


def _detail(request: PageRequest, found: Disposal, form: ConfirmForm | None = None) -> HttpResponse:
    form = form or ConfirmForm(signer=request.actor, subject=found.content_digest)
    may = projects.may(request.actor, found.project_id, services.ACT)
    may_confirm = projects.may(request.actor, found.project_id, services.CONFIRM) and found.state == State.PROPOSED
    items = list(found.items.all())
    context = {
        "disposal": found,
        "rows": [_row(item) for item in items],
        "counts": {fate.value: sum(item.state == fate for item in items) for fate in Fate},
        "freed": sum(item.bytes for item in items if item.state == Fate.GONE and not item.is_shared),
        "job": found.job,
        "alive": jobs.worker_is_alive(),
        "form": form if may_confirm else None,
        "why_not": _why_not(request, found),
        "meaning": _(rules.MEANING),
        "may_again": may and found.state == State.FAILED,
        "may_cancel": may and State.CANCELLED in rules.TRANSITIONS[State(found.state)],
        "events": list(audit.history(found)[:20]),
        "crumbs": crumbs(
            request, found.project, (_("Retention"), reverse("project-retention", args=[found.project_id]))
        ),
    }
    template = "disposals/_state.html" if request.htmx else "disposals/detail.html"
    response = render(request, template, context, status=422 if form.errors else 200)
    if request.htmx and found.state != State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


def _why_not(request: PageRequest, found: Disposal) -> str:
    return rules.why_not_confirm(person=request.actor.user_id, asked_by=found.asked_by_id)


def _row(item: DisposalItem) -> dict[str, Any]:
    return {
        "item": item,
        "kind": THINGS[Thing(item.thing)],
        "url": addresses.of(item.subject_kind, item.subject_id),
        "grounds": [ground(one) for one in item.grounds],
    }
