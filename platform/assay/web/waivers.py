"""What licences come to in a project, and what people decide about them: picks among licences, and waivers."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assay.web import addresses
from assay.web.forms.faults import attempt
from assay.web.forms.waivers import LicenceTextForm, PickForm, RevokeForm, WaiverForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from assay.web.security_keys import challenge
from governance.foundation.core.errors import NotFound
from governance.law.licences.rules import TooManyAlternatives, Verdict
from governance.materials.base_models import selectors as base_models
from governance.materials.datasets import selectors as datasets
from governance.materials.licence_texts import selectors as texts
from governance.materials.licence_texts import services as licence_texts
from governance.materials.licence_texts.models import LicenceText
from governance.people.approvals import history
from governance.people.approvals import selectors as approvals
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.waivers import selectors, services
from governance.people.waivers.rules import MEANING, State

LOOKS = {"no-rule-against": "passed", "needs-review": "waiting", "rule-against": "forbidden"}


@require_safe
def licences(request: PageRequest, project: UUID) -> HttpResponse:
    """Every material that the project can use, what the rule table says of it here, and what was decided."""
    found = projects.visible(request.actor, project)
    return render(request, "waivers/licences.html", _context(request, found, request.GET.get("material", "")))


@require_POST
def ask(request: PageRequest, project: UUID, kind: str, pk: UUID) -> HttpResponse:
    """Ask the risk owner to accept a finding for a time."""
    found = projects.require(request.actor, project, "ask for an approval")
    material = selectors.material(found, kind, pk)
    form = WaiverForm(request.POST, findings=selectors.waivable(found, material))
    if form.is_valid():
        given = form.given()
        act = lambda: services.ask(actor=request.actor, project_id=project, kind=kind, subject_id=pk, **given)  # noqa: E731
        if made := attempt(form, act):
            messages.success(request, _("Asked. The risk owner finds it among what waits."))
            return redirect("waiver-detail", pk=made.pk)
    context = _context(request, found, f"{kind}:{pk}", waiver_form=form)
    return render(request, "waivers/licences.html", context, status=422)


@require_POST
def pick(request: PageRequest, project: UUID, kind: str, pk: UUID) -> HttpResponse:
    """Pick one alternative of a licence and sign for it."""
    found = projects.require(request.actor, project, "pick a licence")
    material = selectors.material(found, kind, pk)
    form = _pick_form(request, found, material, _alternatives(material)[0])
    if asked := challenge(request, form):
        return asked
    act = lambda: services.choose(  # noqa: E731
        actor=request.actor, project_id=project, kind=kind, subject_id=pk, proof=form.prove(), **form.own()
    )
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Your pick is recorded and signed."))
        return redirect(f"{reverse('project-licences', args=[project])}?material={kind}:{pk}")
    context = _context(request, found, f"{kind}:{pk}", pick_form=form)
    return render(request, "waivers/licences.html", context, status=422)


@require_POST
def keep_text(request: PageRequest, project: UUID, kind: str, pk: UUID) -> HttpResponse:
    """Keep the licence text under which somebody got a material."""
    found = projects.visible(request.actor, project)
    form = LicenceTextForm(request.POST)
    selectors.material(found, kind, pk)
    projects.require(request.actor, project, licence_texts.ACTS[kind])
    if form.is_valid():
        act = lambda: licence_texts.hand_in(  # noqa: E731
            actor=request.actor, project_id=project, kind=kind, subject_id=pk, **form.cleaned_data
        )
        if attempt(form, act):
            messages.success(request, _("Kept. A later registration with another text will be noticed."))
            return redirect(f"{reverse('project-licences', args=[project])}?material={kind}:{pk}")
    context = _context(request, found, f"{kind}:{pk}", text_form=form)
    return render(request, "waivers/licences.html", context, status=422)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _detail(request, pk, RevokeForm())


@require_POST
def revoke(request: PageRequest, pk: UUID) -> HttpResponse:
    form = RevokeForm(request.POST)
    act = lambda: services.revoke(actor=request.actor, waiver_id=pk, reason=form.cleaned_data["reason"])  # noqa: E731
    selectors.visible(request.actor, pk)
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Revoked. From now on it opens nothing."))
        return redirect("waiver-detail", pk=pk)
    return _detail(request, pk, form)


def _pick_form(
    request: PageRequest, project: Project, material: selectors.Licensed, alternatives: list[str]
) -> PickForm:
    """Bound where it was sent: the page has other forms."""
    sent = request.POST if request.resolver_match and request.resolver_match.url_name == "licence-pick" else None
    subject = material.content_digest
    return PickForm(sent, project_id=project.pk, alternatives=alternatives, signer=request.actor, subject=subject)


def _context(
    request: PageRequest,
    project: Project,
    wanted: str,
    *,
    waiver_form: WaiverForm | None = None,
    pick_form: PickForm | None = None,
    text_form: LicenceTextForm | None = None,
) -> dict[str, Any]:
    materials = _materials(request, project)
    verdicts = selectors.verdicts(project, materials)
    rows = [_row(project, material, verdicts[material.pk]) for material in materials]
    waivers = list(selectors.visible_to(request.actor).filter(project=project))
    standing = selectors.states(waivers)
    context: dict[str, Any] = {
        "project": project,
        "crumbs": crumbs(request, project),
        "rows": rows,
        "waivers": [{"waiver": one, "state": standing[one.pk]} for one in waivers],
        "choices": selectors.choices_visible_to(request.actor).filter(project=project),
        "one": None,
    }
    if wanted:
        material = _wanted(project, wanted)
        findings, (offered, too_many) = selectors.waivable(project, material), _alternatives(material)
        may_ask = projects.may(request.actor, project.pk, "ask for an approval")
        may_keep = projects.may(request.actor, project.pk, licence_texts.ACTS[material.kind])
        kept = texts.of(material.pk)
        may_pick = bool(offered) and projects.may(request.actor, project.pk, "pick a licence")
        context |= {
            "one": material,
            "kind": material.kind,
            "one_url": addresses.of(material.kind, material.pk),
            "verdicts": selectors.by_purpose(project, material),
            "waiver_form": (waiver_form or WaiverForm(findings=findings)) if findings and may_ask else None,
            "pick_form": (pick_form or _pick_form(request, project, material, offered)) if may_pick else None,
            "offered": offered,
            "too_many": too_many,
            "meaning": MEANING,
            "texts": [{"kept": one, "text": texts.text_of(one)} for one in kept],
            "drift": _drift(kept),
            "text_form": (text_form or LicenceTextForm()) if may_keep else None,
        }
    return context


def _drift(kept: list[LicenceText]) -> dict[str, Any] | None:
    """The texts of the registration before, beside which this one's differ."""
    found = texts.drift(kept)
    if found is None:
        return None
    return {"before": found.before, "texts": [{"kept": one, "text": texts.text_of(one)} for one in found.texts]}


def _materials(request: PageRequest, project: Project) -> list[selectors.Licensed]:
    lines = datasets.visible_to(request.actor).filter(project=project)
    models = base_models.visible_to(request.actor).filter(organisation=project.organisation)
    return [*models, *datasets.newest(lines).values()]


def _alternatives(material: selectors.Licensed) -> tuple[list[str], str]:
    """What can be picked, or why nothing can."""
    try:
        return selectors.alternatives(material), ""
    except TooManyAlternatives as many:
        return [], str(many)


def _row(project: Project, material: selectors.Licensed, verdict: Verdict) -> dict[str, Any]:
    return {
        "name": str(material),
        "licence": material.licence,
        "verdict": verdict,
        "look": "waiting" if verdict.open and verdict.waivers else LOOKS[verdict.outcome],
        "url": f"{reverse('project-licences', args=[project.pk])}?material={material.kind}:{material.pk}",
    }


def _wanted(project: Project, wanted: str) -> selectors.Licensed:
    kind, _colon, pk = wanted.partition(":")
    try:
        return selectors.material(project, kind, UUID(pk))
    except ValueError:
        raise NotFound("material") from None


def _detail(request: PageRequest, pk: UUID, form: RevokeForm) -> HttpResponse:
    waiver = selectors.visible(request.actor, pk)
    state = selectors.states([waiver])[waiver.pk]
    may_revoke = projects.may(request.actor, waiver.project_id, "revoke a waiver")
    url = reverse("project-licences", args=[waiver.project_id])
    context = {
        "waiver": waiver,
        "state": state,
        "standing": approvals.standing(waiver),
        "subject_url": addresses.of(waiver.subject_kind, waiver.subject_id),
        "crumbs": crumbs(request, waiver.project, (_("Licences"), url)),
        "form": form if may_revoke and state in (State.ASKED, State.IN_FORCE) else None,
        "events": history.of(request.actor, waiver)[:50],
    }
    return render(request, "waivers/detail.html", context, status=422 if form.errors else 200)
