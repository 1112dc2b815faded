"""Loans of a deciding role in a project: who decides in whose stead, and until when."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from assay.web.forms.approvals import DelegationForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.core.errors import NotAllowed
from governance.people.approvals import delegations
from governance.people.projects import selectors as projects
from governance.people.projects.rules import READERS, SPOKEN


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: PageRequest, project: UUID) -> HttpResponse:
    """Every loan; for somebody who holds a deciding role it is also the form that lends it."""
    here = projects.visible(request.actor, project)
    held = sorted(projects.roles(request.actor, project) - READERS)
    if request.method == "POST" and not held:
        raise NotAllowed(_("Only somebody who decides can lend a role, and it is a role of their own."))
    form = DelegationForm(
        request.POST or None,
        roles=[(role.value, capfirst(SPOKEN[role])) for role in held],
        people=delegations.takers(request.actor, project),
    )
    if form.is_valid() and attempt(
        form, lambda: delegations.delegate(actor=request.actor, project_id=project, **form.cleaned_data)
    ):
        messages.success(request, _("Lent. They find what waits for that role among what waits for them."))
        return redirect("project-delegations", project=project)
    today = timezone.localdate()
    context = {
        "here": here,
        "crumbs": crumbs(request, here, "approval-list"),
        "form": form if held else None,
        "loans": [
            {"loan": loan, "over": loan.ended_at is not None or loan.ends_on < today, "ahead": loan.starts_on > today}
            for loan in delegations.visible_to(request.actor).filter(project=project)
        ],
        "may_appoint": projects.may(request.actor, project, "appoint people"),
    }
    return render(request, "approvals/delegations.html", context, status=422 if form.errors else 200)


@require_POST
def end(request: PageRequest, pk: UUID) -> HttpResponse:
    ended = delegations.end(actor=request.actor, delegation_id=pk)
    messages.success(request, _("The loan is over; what was decided under it stays."))
    return redirect("project-delegations", project=ended.project_id)
