"""Proposing, releasing and withdrawing a model."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import addresses, evaluation_pages, lineage, standings, tabs, verdicts
from assay.web.deployments import deployment_rows
from assay.web.forms.faults import attempt
from assay.web.forms.releases import ProposalForm, WithdrawalForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from assay.web.run_plans import gate_row
from governance.delivery.deployments import selectors as deployments
from governance.delivery.deployments.rules import State as Use
from governance.delivery.releases import gates, selectors, services
from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State
from governance.documents.dossiers import selectors as dossiers
from governance.foundation.core.records import Record
from governance.people.approvals import history
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.selectors import DECIDED, standing
from governance.people.projects import selectors as projects
from governance.work.evaluations import selectors as evaluations


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: PageRequest, pk: UUID) -> HttpResponse:
    """From a frozen dossier: what is proposed is exactly what that dossier is about."""
    frozen = dossiers.version_visible(request.actor, pk)
    projects.require(request.actor, frozen.project_id, "propose a release")
    evaluation = evaluations.latest(frozen.dossier.model_version)
    findings = list((evaluation.report or {})["gate"]["because"]) if evaluation else []
    form = ProposalForm(request.POST or None, findings=findings)
    if form.is_valid():
        act = lambda: services.propose(actor=request.actor, dossier_version_id=pk, **form.cleaned_data)  # noqa: E731
        if release := attempt(form, act):
            messages.success(request, _("Proposed. The risk owner finds it among what waits."))
            return redirect("release-detail", pk=release.pk)
    steps = ("dossier-list", (str(frozen), reverse("dossier-version-detail", args=[pk])))
    context = {
        "form": form,
        "frozen": frozen,
        "model": frozen.dossier.model_version,
        "findings": findings,
        "evaluation": evaluation,
        "report": evaluation.report if evaluation else None,
        "results": evaluation_pages.results(evaluation.report) if evaluation and evaluation.report else [],
        "crumbs": crumbs(request, frozen.project, *steps),
    }
    return render(request, "releases/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _page(request, selectors.visible(request.actor, pk), WithdrawalForm())


@require_POST
def release(request: PageRequest, pk: UUID) -> HttpResponse:
    services.release(actor=request.actor, release_id=pk)
    messages.success(request, _("Released. The digest now answers yes to whoever asks for this purpose."))
    return redirect("release-detail", pk=pk)


@require_POST
def withdraw(request: PageRequest, pk: UUID) -> HttpResponse:
    found = selectors.visible(request.actor, pk)
    form = WithdrawalForm(request.POST)
    if form.is_valid():
        act = lambda: services.withdraw(actor=request.actor, release_id=pk, reason=form.cleaned_data["reason"])  # noqa: E731
        if attempt(form, act):
            messages.success(request, _("Withdrawn. The digest no longer answers yes."))
            return redirect("release-detail", pk=pk)
    return _page(request, found, form)


def _page(request: PageRequest, found: Release, form: WithdrawalForm) -> HttpResponse:
    model = found.model_version
    rows = gates.for_release(found) if found.state == State.PROPOSED else []
    answer = standing(found)
    asked = ApprovalRequest.objects.filter(subject_kind=found.kind, subject_id=found.pk)
    uses = deployment_rows(request.actor, release=found)
    counts = {"overview": None, "approvals": len(asked), "lineage": None, "history": None}
    current, tab_rows = tabs.of(request, counts)
    context = {
        "release": found,
        "model": model,
        "tab": current,
        "tabs": tab_rows,
        "crumbs": crumbs(
            request, found.project, "model-version-list",
            (str(model), reverse("model-version-detail", args=[model.pk])),
        ),
        "gates": [gate_row(gate) for gate in rows],
        "shut": bool(gates.shut(rows)),
        "standing": answer,
        "state": selectors.states([found])[found.pk],
        "shown": standings.of(found, found.project, request.actor),
        "requests": asked.select_related("project").prefetch_related(*DECIDED),
        "verdict": verdicts.sentence(found.evaluation.report),
        "form": form,
        "may_release": projects.may(request.actor, found.project_id, "release a model"),
        "deployments": uses,
        "in_use": sum(one.state == Use.IN_USE for one, _how in uses),
        "may_deploy": not deployments.why_not_plan(found)
        and projects.may(request.actor, found.project_id, deployments.DEPLOY),
        "may_withdraw": projects.may(request.actor, found.project_id, "withdraw a release"),
        "facts": [
            _fact(_("Model"), model) | {"digest": model.digest},
            _fact(_("Dossier"), found.dossier_version),
            {"term": _("Proposed by"), "value": found.proposed_by_name},
        ],
        "lineage": lineage.of(found, found.project) if current == "lineage" else None,
        "events": history.of(request.actor, found)[:50] if current == "history" else [],
    }  # fmt: skip
    return render(request, "releases/detail.html", context, status=422 if form.errors else 200)


def _fact(term: str, record: Record) -> dict[str, str]:
    return {"term": term, "value": str(record), "url": addresses.of(record.kind, record.pk)}
