"""Where models are used: planning a deployment, taking a model into use and out of it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import lineage, standings, tabs
from assay.web.forms.deployments import DeploymentForm, EndForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from assay.web.run_plans import gate_row
from assay.web.states import STATES
from governance.delivery.deployments import gates, selectors, services
from governance.delivery.deployments.models import Deployment
from governance.delivery.deployments.rules import State
from governance.delivery.deployments.selectors import DEPLOY, END
from governance.delivery.releases import gates as release_gates
from governance.delivery.releases import selectors as releases
from governance.delivery.releases.models import Release
from governance.delivery.releases.rules import State as ReleaseState
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import WrongState
from governance.people.approvals import history
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.selectors import DECIDED
from governance.people.policies import selectors as policies
from governance.people.projects import selectors as projects
from governance.work.runs.gates import Light

PAGE = 25


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    """What is in use where, what is planned, and what is over."""
    project, state = request.GET.get("project", ""), request.GET.get("state", "")
    rows = selectors.visible_to(request.actor)
    if project:
        rows = rows.filter(project__slug=project)
    if state in set(State):
        rows = rows.filter(state=state)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    stand = selectors.states(list(page))
    context = {
        "page": page,
        "rows": [{"deployment": each, "state": stand[each.pk]} for each in page],
        "projects": projects.seen(request.actor),
        "project": project,
        "state": state,
        "states": [(one.value, STATES[one.value].label) for one in State],
    }
    return render(request, "deployments/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, pk: UUID) -> HttpResponse:
    """Plan to use the model of a release."""
    release = releases.visible(request.actor, pk)
    project = projects.require(request.actor, release.project_id, DEPLOY)
    if why := selectors.why_not_plan(release):
        raise WrongState(why)
    form = DeploymentForm(request.POST or None, initial={"deployer": project.organisation.name})
    if form.is_valid():
        act = lambda: services.plan(actor=request.actor, release_id=pk, **form.given())  # noqa: E731
        if made := attempt(form, act):
            messages.success(request, _("Planned. It is taken into use on this page once every gate is open."))
            return redirect("deployment-detail", pk=made.pk)
    return _form(request, form, release)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, pk: UUID) -> HttpResponse:
    """Describe a planned one anew."""
    found = selectors.visible(request.actor, pk)
    projects.require(request.actor, found.project_id, DEPLOY)
    if why := selectors.why_not_revise(found):
        raise WrongState(why)
    form = DeploymentForm(request.POST or None, initial=found.content())
    if form.is_valid():
        act = lambda: services.revise(actor=request.actor, deployment_id=pk, **form.given())  # noqa: E731
        if attempt(form, act):
            messages.success(request, _("Described anew."))
            return redirect("deployment-detail", pk=pk)
    return _form(request, form, found.release, found)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _page(request, selectors.visible(request.actor, pk), EndForm())


@require_POST
def begin(request: PageRequest, pk: UUID) -> HttpResponse:
    services.begin(actor=request.actor, deployment_id=pk)
    messages.success(request, _("Taken into use."))
    return redirect("deployment-detail", pk=pk)


@require_POST
def end(request: PageRequest, pk: UUID) -> HttpResponse:
    found = selectors.visible(request.actor, pk)
    form = EndForm(request.POST)
    if form.is_valid():
        act = lambda: services.end(actor=request.actor, deployment_id=pk, reason=form.cleaned_data["reason"])  # noqa: E731
        if ended := attempt(form, act):
            given_up = ended.state == State.CANCELLED
            messages.success(request, _("The plan is given up.") if given_up else _("Taken out of use."))
            return redirect("deployment-detail", pk=pk)
    return _page(request, found, form)


def deployment_rows(actor: Actor, **of: Any) -> list[tuple[Deployment, str]]:
    """Deployments with how each stands, for a list on the page of a release or a model."""
    found = list(selectors.visible_to(actor).filter(**of))
    stand = selectors.states(found)
    return [(one, stand[one.pk]) for one in found]


def _form(
    request: PageRequest, form: DeploymentForm, release: Release, found: Deployment | None = None
) -> HttpResponse:
    steps = [(str(release), reverse("release-detail", args=[release.pk]))]
    if found is not None:
        steps.append((str(found), reverse("deployment-detail", args=[found.pk])))
    context = {
        "form": form,
        "release": release,
        "deployment": found,
        "asked_for": policies.asks_for(Deployment.kind, release.project_id),
        "crumbs": crumbs(request, release.project, "model-version-list", *steps),
    }
    return render(request, "deployments/form.html", context, status=422 if form.errors else 200)


def _page(request: PageRequest, found: Deployment, form: EndForm) -> HttpResponse:
    release = found.release
    planned = found.state == State.PLANNED
    live = planned or found.state == State.IN_USE
    in_vain = release.state == ReleaseState.WITHDRAWN  # for good: nothing under it is worth an approval
    rows = gates.for_deployment(found) if live else []
    asked_for = policies.asks_for(found.kind, found.project_id)
    asked = ApprovalRequest.objects.filter(subject_kind=found.kind, subject_id=found.pk)
    counts: dict[str, int | None] = {"overview": None, "lineage": None, "history": None}
    if asked_for or asked:
        counts["approvals"] = len(asked)
    current, tab_rows = tabs.of(request, counts)
    may = {act: projects.may(request.actor, found.project_id, act) for act in (DEPLOY, END)}
    context: dict[str, Any] = {
        "deployment": found,
        "release": release,
        "model": release.model_version,
        "tab": current,
        "tabs": tab_rows,
        "crumbs": crumbs(
            request, found.project, "model-version-list",
            (str(release), reverse("release-detail", args=[release.pk])),
        ),
        "state": selectors.states([found])[found.pk],
        "why_stop": selectors.why_stop([found]).get(found.pk, ""),
        "gates": [gate_row(gate) for gate in rows],
        "shut": bool(release_gates.shut(rows)),
        "planned": planned,
        "in_vain": in_vain,
        # a policy that came later: nothing fell, and nobody decided on it
        "only_new_policy": not planned and all(gate.kind == found.kind for gate in rows if gate.light == Light.RED),
        "shown": standings.of(found, found.project, request.actor) if asked_for and live and not in_vain else None,
        "requests": asked.select_related("project").prefetch_related(*DECIDED),
        "may_deploy": may[DEPLOY],
        "form": form if may[END] and live else None,
        "lineage": lineage.of(found, found.project) if current == "lineage" else None,
        "events": history.of(request.actor, found)[:50] if current == "history" else [],
    }  # fmt: skip
    return render(request, "deployments/detail.html", context, status=422 if form.errors else 200)
