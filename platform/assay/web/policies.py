"""Policies: what it takes to approve, where each holds, and what a draft would have changed."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import steps
from assay.web.forms.faults import attempt
from assay.web.forms.policies import PolicyForms, ScopeForm
from assay.web.forms.proof import ProofForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors as audit
from governance.foundation.core.errors import NotFound, Unusable, WrongState
from governance.people.approvals import foresight, publishing
from governance.people.approvals.selectors import DECIDED
from governance.people.organisations import selectors as organisations
from governance.people.policies import editions, kinds, rules, selectors, services
from governance.people.policies.models import Policy
from governance.people.policies.rules import State, Terms
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.projects.rules import SPOKEN


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    """What governs each kind of subject in a project, then every edition that was written."""
    seen = projects.seen(request.actor)
    wanted = request.GET.get("project", "")
    here = next((project for project in seen if project.slug == wanted), seen[0] if seen else None)
    found = selectors.counted(request.actor).order_by("-created_at")
    if here is not None:
        request.project = here
        found = found.filter(organisation=here.organisation_id).exclude(project__in=[p for p in seen if p != here])
    context = {
        "here": here,
        "projects": seen,
        "project": here.slug if here else "",
        "governing": list(_governing(here)) if here else [],
        "policies": found,
        "may_draft": bool(_scopes(request)),
    }
    return render(request, "policies/list.html", context)


def _governing(project: Project) -> Iterable[dict[str, Any]]:
    for kind, known in kinds.KINDS.items():
        found = selectors.governing(project.pk, kind)
        nobody = known.by_policy_alone and found.policy is None
        stages = [] if nobody else steps.of_terms(kind, found.terms)
        yield {"noun": known.noun, "found": found, "stages": stages, "kind": kind, "nobody": nobody}


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest) -> HttpResponse:
    """The next edition for a scope, begun with what governs there now."""
    offered = _scopes(request)
    if not offered:
        raise NotFound("project")
    scope = ScopeForm(request.POST or request.GET or None, places=offered)
    if not scope.is_valid():
        first = request.method != "POST" and not request.GET
        scope = ScopeForm(places=offered) if first else scope
        return render(request, "policies/scope.html", {"scope": scope}, status=200 if first else 422)
    kind, where = scope.cleaned_data["subject_kind"], scope.where()
    start = _start(kind, where)
    given = {**where, "subject_kind": kind, "risk_class": scope.cleaned_data["risk_class"]}

    def keep(terms: dict[str, Any]) -> Policy:
        return services.draft(actor=request.actor, terms=terms, **given)

    return _form(request, kind, start, keep, scope=scope, people=_people(where))


def _start(kind: str, where: dict[str, UUID | None]) -> Terms:
    """What governs there now; for a whole organisation, what ships with Assay."""
    project = where["project_id"]
    return selectors.governing(project, kind).terms if project else editions.default().terms[kind]


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, pk: UUID) -> HttpResponse:
    policy = selectors.visible(request.actor, pk)
    selectors.require(request.actor, policy.organisation_id, policy.project_id)
    if policy.state != State.DRAFT:
        raise WrongState(f"{policy} is {policy.state} and never changes; write the next edition.")

    def keep(terms: dict[str, Any]) -> Policy:
        return services.revise(actor=request.actor, policy_id=pk, terms=terms)

    where = {"project_id": policy.project_id, "organisation_id": policy.organisation_id}
    return _form(request, policy.subject_kind, policy.terms, keep, policy=policy, people=_people(where))


def _form(
    request: PageRequest,
    kind: str,
    start: Terms,
    keep: Callable[[dict[str, Any]], Policy],
    *,
    people: list[tuple[int, str]],
    policy: Policy | None = None,
    scope: ScopeForm | None = None,
) -> HttpResponse:
    """The form of terms; a button that adds or drops a step sends everything typed along and gets it back."""
    posted = request.method == "POST" and "form-TOTAL_FORMS" in request.POST
    forms = PolicyForms.posted(request.POST, kind, people) if posted else PolicyForms.of(start, kind, people)
    if "add_row" in request.POST:
        forms = forms.with_rows_changed(add=True)
    elif request.POST.get("drop_row", "").isdecimal():
        forms = forms.with_rows_changed(drop=int(request.POST["drop_row"]))
    elif posted and forms.is_valid():
        try:
            kept = keep(forms.content())
        except Unusable as error:
            forms.refuse(error)
        else:
            messages.success(request, _("Saved as a draft. It governs nothing before it is published."))
            return redirect("policy-detail", pk=kept.pk)
    context = {"forms": forms, "form": forms.terms, "rows": forms.rows, "policy": policy, "scope": scope}
    context["noun"] = kinds.KINDS[kind].noun
    return render(request, "policies/form.html", context, status=422 if forms.refused else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _detail(request, selectors.visible(request.actor, pk))


def _detail(request: PageRequest, policy: Policy, form: ProofForm | None = None) -> HttpResponse:
    """The page of a policy; `form`: in which whoever publishes it was refused."""
    form = form or ProofForm(signer=request.actor, subject=policy.content_digest)
    terms = policy.terms
    tried = foresight.try_out(request.actor, policy) if policy.state == State.DRAFT else []
    used = policy.requests.filter(project__in=projects.visible_to(request.actor)).select_related("project")
    context = {
        "policy": policy,
        "noun": kinds.KINDS[policy.subject_kind].noun,
        "terms": terms,
        "crumbs": _crumbs(request, policy),
        "stages": steps.of_terms(policy.subject_kind, terms),
        "barred": [kinds.SPOKEN[act] for act in kinds.Act if act in terms.barred],
        "not_barred": [kinds.SPOKEN[act] for act in kinds.KINDS[policy.subject_kind].bars - terms.barred],
        "escalate_to": SPOKEN[terms.escalate_to] if terms.escalate_to else "",
        "faults": rules.unsound(policy.subject_kind, terms) + selectors.strangers(policy),
        "unstaffed": selectors.unstaffed(policy) if policy.state != State.RETIRED else [],
        "tried": tried,
        "tried_says": _tried_says(tried),
        "requests": used.prefetch_related(*DECIDED)[:50],
        "used": used.count(),
        "may_set": selectors.may_set(request.actor, policy.organisation_id, policy.project_id),
        "form": form,
        "meaning": publishing.MEANING,
        "facts": [
            {"term": _("Holds in"), "value": policy.place},
            {"term": _("Digest"), "value": "", "digest": policy.content_digest},
        ],
        "events": list(audit.history(policy)[:20]),
    }
    return render(request, "policies/detail.html", context, status=422 if form.errors else 200)


def _tried_says(tried: list[foresight.Tried]) -> str:
    if not tried:
        return _("Nothing of this kind was decided here yet, so there is nothing to try it on.")
    same = sum(each.same for each in tried)
    said = ngettext("Of %(n)d past request: %(same)d same", "Of %(n)d past requests: %(same)d same", len(tried))
    words = said % {"n": len(tried), "same": same}
    return words + (_(", %(n)d would have ended otherwise") % {"n": len(tried) - same} if same < len(tried) else "")


@require_POST
def publish(request: PageRequest, pk: UUID) -> HttpResponse:
    policy = selectors.visible(request.actor, pk)
    selectors.require(request.actor, policy.organisation_id, policy.project_id)
    form = ProofForm(request.POST, signer=request.actor, subject=policy.content_digest)
    act = lambda: publishing.publish(actor=request.actor, policy_id=pk, proof=form.prove())  # noqa: E731
    if form.is_valid() and attempt(form, act):
        said = _("Published. It governs what is asked from now on; what was asked before stays as it was.")
        messages.success(request, said)
        return redirect("policy-detail", pk=pk)
    return _detail(request, policy, form)


@require_POST
def retire(request: PageRequest, pk: UUID) -> HttpResponse:
    services.retire(actor=request.actor, policy_id=pk)
    messages.success(request, _("Retired. What holds more widely governs again."))
    return redirect("policy-detail", pk=pk)


@require_POST
def discard(request: PageRequest, pk: UUID) -> HttpResponse:
    services.discard(actor=request.actor, policy_id=pk)
    messages.success(request, _("The draft is discarded."))
    return redirect("policy-list")


def _crumbs(request: PageRequest, policy: Policy) -> list[dict[str, Any]]:
    if policy.project is not None:
        here = (_("Policies"), f"{reverse('policy-list')}?project={policy.project.slug}")
        return crumbs(request, policy.project, here)
    return [{"label": _("Policies"), "url": reverse("policy-list")}]


def _scopes(request: PageRequest) -> list[tuple[str, str]]:
    """Where the reader may write policies: (“project:id” or “organisation:id”, its name)."""
    own = [(f"project:{each.pk}", str(each)) for each in projects.where(request.actor, selectors.SET)]
    wide = [
        (f"organisation:{each.pk}", _("All of %(organisation)s") % {"organisation": each})
        for each in organisations.visible_to(request.actor)
        if organisations.may(request.actor, each.pk, selectors.SET)
    ]
    return own + wide


def _people(where: dict[str, UUID | None]) -> list[tuple[int, str]]:
    """Who can be named in a step there."""
    return selectors.nameable(where["organisation_id"], where["project_id"])
