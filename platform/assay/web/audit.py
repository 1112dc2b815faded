"""The audit log of what one may see, and whether the chain is whole."""

import json

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from assay.web import addresses
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects

PAGE = 50


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    seen = {project.pk: project for project in projects.visible_to(request.actor)}
    events = selectors.trail(
        projects=seen,
        organisations=organisations.visible_to(request.actor).values_list("pk", flat=True),
        action=request.GET.get("action", ""),
        text=request.GET.get("q", ""),
    )
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    names = selectors.names(page.object_list)
    rows = [
        {
            "event": event,
            "by": names.get(event.actor, "") if event.actor else "Assay",
            "project": seen.get(event.project),
            "url": addresses.of(event.subject_kind, event.subject_id),
            "facts": json.loads(event.body)["facts"],
            "reason": json.loads(event.personal.text) if hasattr(event, "personal") else None,
        }
        for event in page.object_list
    ]
    chain = selectors.verify() if "verify" in request.GET else None
    context = {
        "page": page,
        "rows": rows,
        "chain": chain,
        "q": request.GET.get("q", ""),
        "action": request.GET.get("action", ""),
    }
    return render(request, "audit/list.html", context)
