"""My work: what waits for me, what runs, what changed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from governance.delivery.releases import selectors as releases
from governance.foundation.audit import selectors as audit
from governance.people.approvals import selectors as approvals
from governance.people.projects import selectors as projects
from governance.work.runs import selectors as runs
from governance.work.runs.rules import State


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    seen = list(projects.visible_to(request.actor))
    mine = approvals.visible_to(request.actor).filter(requested_by_id=request.actor.user_id, state="open")
    events = list(audit.trail(projects=[project.pk for project in seen])[:12])
    context = {
        "waiting": approvals.inbox(request.actor),
        "asked": mine.order_by("created_at")[:8],
        "runs": runs.visible_to(request.actor).filter(state__in=[State.QUEUED, State.RUNNING])[:8],
        "recent_runs": runs.visible_to(request.actor).exclude(state__in=[State.QUEUED, State.RUNNING])[:5],
        "releases": releases.visible_to(request.actor).filter(state="released")[:5],
        "events": events,
        "names": audit.names(events),
        "projects": seen,
    }
    return render(request, "home/home.html", context)
