"""What a project keeps, why and until when, and what may be deleted; the rule that it gives itself."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from assay.web import addresses
from assay.web.forms.disposals import ProposalForm
from assay.web.forms.faults import attempt
from assay.web.forms.retention import RuleForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.delivery.disposals import selectors as disposals
from governance.delivery.disposals import services as disposing
from governance.delivery.disposals.selectors import Kept
from governance.delivery.disposals.things import Found
from governance.foundation.audit import selectors as audit
from governance.oversight.retention import selectors, services
from governance.oversight.retention.rules import TITLES, Ground, Thing
from governance.people.projects import selectors as projects
from governance.work.model_versions.models import ModelVersion

SHOWN = 200
THINGS = {
    Thing.FILE: gettext_lazy("file that made no version"),
    Thing.RUN: gettext_lazy("run without a result"),
    Thing.DATA: gettext_lazy("data"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def overview(request: PageRequest, project: UUID) -> HttpResponse:
    """Everything that can be deleted, what keeps it, and what is due; posting proposes a disposal."""
    here = projects.visible(request.actor, project)
    may = projects.may(request.actor, project, disposing.ACT)
    if request.method == "POST":
        projects.require(request.actor, project, disposing.ACT)
    kept = disposals.kept(request.actor, here)
    form = ProposalForm(request.POST or None, due=kept.due)
    if form.is_valid():
        act = lambda: disposing.propose(actor=request.actor, project_id=project, **form.given())  # noqa: E731
        if made := attempt(form, act):
            return redirect("disposal-detail", pk=made.pk)
    found = disposals.visible_to(request.actor).filter(project=here)
    context = {
        "project_here": here,
        "due": [_row(each) for each in kept.due[:SHOWN]],
        "more_due": max(0, len(kept.due) - SHOWN),
        "due_bytes": sum(each.bytes for each in kept.due),
        "kept": [_row(each) for each in kept.kept[:SHOWN]],
        "more_kept": max(0, len(kept.kept) - SHOWN),
        "listed": [(each, kept.listed[each.record.pk]) for each in kept.found if each.record.pk in kept.listed],
        "documents": _documents(disposals.documents(request.actor, here)),
        "schedule": _schedule(kept),
        "rule": selectors.rule(here.pk),
        "rule_rows": _rule_rows(here.pk),
        "disposals": found[:20],
        "form": form if may else None,
        "chosen": request.POST.getlist("things"),
        "may_set": projects.may(request.actor, project, services.SET),
        "crumbs": crumbs(request, here),
    }
    return render(request, "retention/overview.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: PageRequest, project: UUID) -> HttpResponse:
    """Set the rule of a project: a new one, with the days of the one before filled in."""
    here = projects.require(request.actor, project, services.SET)
    before = selectors.rule(here.pk)
    form = RuleForm(request.POST or None, before=before.days if before else {})
    if form.is_valid():
        act = lambda: services.set_rule(actor=request.actor, project_id=project, **form.given())  # noqa: E731
        if attempt(form, act):
            messages.success(request, _("Set. Nothing is deleted by it: it says what is due."))
            return redirect("project-retention", project=project)
    step = (_("Retention"), reverse("project-retention", args=[project]))
    context = {"project_here": here, "form": form, "before": before, "crumbs": crumbs(request, here, step)}
    return render(request, "retention/rule.html", context, status=422 if form.errors else 200)


@require_safe
def rule_detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """One rule as it was set, for whoever finds it behind a disposal."""
    found = selectors.one_rule(request.actor, pk)
    now = selectors.rule(found.project_id)
    step = (_("Retention"), reverse("project-retention", args=[found.project_id]))
    context = {
        "rule": found,
        "is_newest": now == found,
        "rows": _days(found.days),
        "disposals": disposals.visible_to(request.actor).filter(rule=found),
        "events": audit.history(found)[:20],
        "crumbs": crumbs(request, found.project, step),
    }
    return render(request, "retention/rule_detail.html", context)


def ground(one: Ground) -> dict[str, Any]:
    """A ground as pages show it: the basis in words, the record behind it as a link."""
    return {"one": one, "basis": TITLES[one.basis], "url": addresses.of(one.kind, one.id) if one.kind else ""}


def _row(found: Found) -> dict[str, Any]:
    grounds = [ground(one) for one in found.standing]
    return {
        "found": found,
        "pk": str(found.record.pk),
        "kind": THINGS[found.thing],
        "url": addresses.of(found.record.kind, found.record.pk),
        "first": grounds[0] if grounds else None,
        "others": grounds[1:],
        "bytes": found.bytes,
        "free_from": found.free_from,
    }


def _documents(found: list[tuple[ModelVersion, list[Ground]]]) -> list[dict[str, Any]]:
    return [
        {"model": model, "url": addresses.of(model.kind, model.pk), "grounds": [ground(one) for one in grounds]}
        for model, grounds in found
    ]


def _schedule(kept: Kept) -> list[dict[str, Any]]:
    rows = kept.schedule()
    most = max((count for _year, count in rows), default=1)
    return [{"year": year, "count": count, "of": most} for year, count in rows]


def _rule_rows(project_id: UUID) -> list[tuple[str, int | None]]:
    found = selectors.rule(project_id)
    return _days(found.days) if found else []


def _days(days: dict[str, int | None]) -> list[tuple[str, int | None]]:
    return [(str(RuleForm.base_fields[RuleForm.name_of(thing)].label), days.get(thing)) for thing in Thing]
