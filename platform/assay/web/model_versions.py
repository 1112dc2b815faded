"""Models: what each is made of, what was measured on it, and whether it may be used."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from governance.delivery.releases import selectors as releases
from governance.documents.dossiers import selectors as dossiers
from governance.documents.model_cards.models import ModelCard
from governance.foundation.audit import selectors as audit
from governance.work.model_versions import selectors


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    rows = [{"model": model, "release": releases.live(model)} for model in selectors.visible_to(request.actor)[:100]]
    return render(request, "model_versions/list.html", {"rows": rows})


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    model = selectors.visible(request.actor, pk)
    events = list(audit.history(model)[:20])
    dossier = dossiers.of(model)
    context = {
        "model": model,
        "run": model.run,
        "manifest": model.run.manifest,
        "evaluations": model.evaluations.select_related("plan"),
        "card": ModelCard.objects.filter(model_version=model).first(),
        "dossier": dossier,
        "frozen": dossiers.newest_version(dossier) if dossier else None,
        "releases": model.releases.all(),
        "facts": [
            {"term": "Base", "value": str(model.run.base_model)},
            {"term": "Made by", "value": str(model.run)},
            {"term": "Composed digest", "value": "", "digest": model.digest},
        ],
        "events": events,
        "names": audit.names(events),
    }
    return render(request, "model_versions/detail.html", context)
