"""The audit log of what one may see, and whether the chain is whole."""

import json
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from assay.web import trail
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors, verification
from governance.people.engagements import access
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project

PAGE = 50


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    seen = {project.pk: project for project in projects.visible_to(request.actor)}
    wanted = {name: request.GET.get(name, "") for name in ("q", "action", "project")}
    only = [pk for pk, project in seen.items() if not wanted["project"] or project.slug == wanted["project"]]
    belongs = organisations.visible_to(request.actor).values_list("pk", flat=True)
    events = selectors.trail(
        projects=only,
        organisations=() if wanted["project"] else belongs,
        action=wanted["action"],
        text=wanted["q"],
    )
    if access.is_auditing(request.actor):
        events = events.filter(access.entries(request.actor))
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "groups": [
            [_row(told, seen.get(told.event.project or UUID(int=0))) for told in group]
            for group in trail.bursts(trail.told(page.object_list))
        ],
        "chain": verification.verify() if "verify" in request.GET else None,
        "head": selectors.head(),
        "nouns": trail.NOUNS,
        "projects": list(seen.values()),
        **wanted,
    }
    return render(request, "audit/list.html", context)


def _row(told: trail.Told, project: Project | None) -> dict[str, Any]:
    return {"told": told, "project": project, "facts": _facts(told.event.body)}


def _facts(body: str) -> dict[str, Any]:
    """What the entry binds itself to, beside the record: digests and outcomes."""
    facts: dict[str, Any] = json.loads(body)["facts"]
    return facts
