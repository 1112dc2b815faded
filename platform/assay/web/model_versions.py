"""Models: what each is made of, what was measured on it, and whether it may be used."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assay.web import addresses, lineage, tabs, verdicts
from assay.web.deployments import deployment_rows
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from assay.web.states import look
from governance.delivery.releases import selectors as releases
from governance.delivery.releases.models import Release
from governance.documents.dossiers import selectors as dossiers
from governance.documents.dossiers.models import DossierVersion
from governance.documents.model_cards import selectors as model_cards
from governance.foundation.audit import selectors as audit
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.selectors import DECIDED
from governance.people.projects import selectors as projects
from governance.work.evaluations.models import Evaluation
from governance.work.evaluations.rules import State
from governance.work.model_versions import selectors
from governance.work.model_versions.models import ModelVersion
from governance.work.runs.models import RunData

PAGE = 25


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    rows = selectors.visible_to(request.actor)
    project = request.GET.get("project", "")
    if project:
        rows = rows.filter(project__slug=project)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "models": model_rows(list(page)),
        "project": project,
        "projects": projects.seen(request.actor),
    }
    return render(request, "model_versions/list.html", context)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    model = selectors.visible(request.actor, pk)
    dossier = dossiers.of(model)
    found: dict[str, list[Any]] = {
        "evaluations": list(model.evaluations.select_related("plan")),
        "releases": list(model.releases.all()),
        "requests": _requests(model, dossier.pk if dossier else None),
    }
    counts = {
        "overview": None, "evidence": len(model.files), "approvals": len(found["requests"]), "lineage": None,
        "history": None,
    }  # fmt: skip
    current, rows = tabs.of(request, counts)
    states = releases.states(found["releases"])
    context = {
        **found,
        "model": model,
        "tab": current,
        "tabs": rows,
        "crumbs": crumbs(request, model.project, "model-version-list"),
        "run": model.run,
        "release_rows": [(one, states[one.pk]) for one in found["releases"]],
        "manifest": model.run.manifest,
        "deployments": deployment_rows(request.actor, release__model_version=model),
        "measured": [(one, verdicts.sentence(one.report)) for one in found["evaluations"]],
        "card": model_cards.newest(model),
        "dossier": dossier,
        "frozen": dossiers.newest_version(dossier) if dossier else None,
        "facts": _facts(model),
        "lineage": lineage.of(model, model.project) if current == "lineage" else None,
        "events": audit.history(model)[:50] if current == "history" else [],
    }
    return render(request, "model_versions/detail.html", context)


def model_rows(models: Sequence[ModelVersion]) -> list[dict[str, Any]]:
    """Rows of the table of models, in a constant number of queries."""
    if not models:
        return []
    runs = [model.run_id for model in models]
    data: dict[UUID, dict[str, None]] = defaultdict(dict)  # each once, in order
    for link in RunData.objects.filter(run__in=runs).select_related("dataset_version__dataset"):
        data[link.run_id][str(link.dataset_version)] = None
    measured: dict[UUID, Evaluation] = {}
    for evaluation in Evaluation.objects.filter(model_version__in=models, state=State.SUCCEEDED):
        measured.setdefault(evaluation.model_version_id, evaluation)
    counts = _completeness(models)
    states: dict[UUID, str] = {}
    every = Release.objects.filter(model_version__in=models).order_by("created_at")
    for_release = list(every.select_related("project", "model_version", "dossier_version", "evaluation"))
    standing = releases.states(for_release)
    for release in for_release:
        states[release.model_version_id] = standing[release.pk]
    return [
        {
            "model": model,
            "data": data[model.run_id],
            "state": states.get(model.pk, ""),
            "completeness": counts.get(model.pk),
            "evaluation": measured.get(model.pk),
            "verdict": verdicts.sentence(measured[model.pk].report) if model.pk in measured else "",
        }
        for model in models
    ]


def _completeness(models: Sequence[ModelVersion]) -> dict[UUID, dict[str, int]]:
    """Prompts met and asked for in the newest frozen dossier of each model; the document itself stays where it is."""
    found = (
        DossierVersion.objects.filter(dossier__model_version__in=models)
        .order_by("number")
        .values_list("dossier__model_version", "document__completeness")
    )
    return {model: {"met": counts["prompts"] - counts["missing"], "of": counts["prompts"]} for model, counts in found}


def _requests(model: ModelVersion, dossier: UUID | None) -> list[ApprovalRequest]:
    """Every request about what the model rests on, and about the model's own documents, newest first."""
    run = model.run
    subjects = {run.pk, run.base_model_id, *(version.pk for version in run.data())}
    subjects |= set(model.releases.values_list("pk", flat=True))
    subjects |= set(DossierVersion.objects.filter(dossier=dossier).values_list("pk", flat=True))
    asked = ApprovalRequest.objects.filter(project_id=model.project_id, subject_id__in=subjects)
    return list(asked.select_related("project").prefetch_related(*DECIDED))


def _facts(model: ModelVersion) -> list[dict[str, Any]]:
    run = model.run
    newest = model.releases.first()
    return [
        {"term": _("Base"), "value": str(run.base_model), "url": addresses.of("base_model", run.base_model_id)},
        {"term": _("Made by"), "value": f"{run}", "url": addresses.of("run", run.pk)},
        {"term": _("Release"), "value": str(look(releases.states([newest])[newest.pk]).label) if newest else _("none")},
        {"term": _("Composed digest"), "value": "", "digest": model.digest},
    ]
