"""The portfolio: how every project stands, beside one another, and who owes what to whom."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assay.web import tables
from assay.web.requests import PageRequest
from governance.delivery.releases import selectors as releases
from governance.documents.dossiers import selectors as dossiers
from governance.foundation.audit import watch
from governance.people.approvals import selectors as approvals
from governance.people.notifications import deadlines
from governance.people.projects import selectors as projects
from governance.people.projects.models import Member, Project
from governance.work.runs import selectors as runs
from governance.work.runs.rules import State

SOON = timedelta(days=30)
LIVE = (State.QUEUED, State.RUNNING)


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    """`project`, `person` and `role` in the address narrow both tables."""
    every = projects.seen(request.actor)
    wanted = {name: request.GET.get(name, "") for name in ("project", "person", "role")}
    shown = [project for project in every if wanted["project"] in ("", project.slug)]
    owed = _owed(request, shown)
    context = {
        "projects": every,
        "rows": _rows(request, shown),
        "verified": watch.latest(),
        "owed": [row for row in owed if _fits(row, wanted)],
        "people": sorted({person.name for row in owed for person in row["people"]}),
        "roles": sorted({role for row in owed for role in row["roles"]}),
        "query": request.GET.urlencode(),
        **wanted,
    }
    return render(request, "portfolio/list.html", context)


@require_safe
def export_projects(request: PageRequest) -> HttpResponse:
    """The table of projects."""
    every = projects.seen(request.actor)
    shown = [project for project in every if request.GET.get("project", "") in ("", project.slug)]
    head = ["project", "organisation", "open requests", "oldest open since", "released", "suspended", "runs under way",
            "runs failed", "dates within 30 days", "prompts missing", "prompts"]  # fmt: skip
    rows = (
        [row["project"].name, row["project"].organisation.name, row["open"], _day(row["oldest"]), row["released"],
         row["suspended"], row["live"], row["failed"], row["ending"], row["missing"], row["prompts"]]
        for row in _rows(request, shown)
    )  # fmt: skip
    return tables.as_csv("portfolio", head, rows)


@require_safe
def export_owed(request: PageRequest) -> HttpResponse:
    """Open requests, with who could decide on each."""
    wanted = {name: request.GET.get(name, "") for name in ("project", "person", "role")}
    every = projects.seen(request.actor)
    shown = [project for project in every if wanted["project"] in ("", project.slug)]
    head = ["project", "request", "asked by", "asked on", "age in days", "could decide", "roles"]
    rows = (
        [row["request"].project.name, str(row["request"]), row["request"].requested_by_name,
         _day(row["request"].created_at), row["days"], "; ".join(person.name for person in row["people"]),
         "; ".join(row["roles"])]
        for row in _owed(request, shown) if _fits(row, wanted)
    )  # fmt: skip
    return tables.as_csv("owed", head, rows)


def _rows(request: PageRequest, shown: Sequence[Project]) -> list[dict[str, Any]]:
    """How each project stands, in a number of queries that does not follow theirs."""
    ids = {project.pk for project in shown}
    asked = [each for each in approvals.open_requests(request.actor) if each.project_id in ids]
    waiting = Counter(each.project_id for each in asked)
    oldest: dict[UUID, Any] = {}
    for each in asked:
        oldest[each.project_id] = min(each.created_at, oldest.get(each.project_id, each.created_at))
    let_go = list(releases.visible_to(request.actor).filter(project__in=ids))
    stand = releases.states(let_go)
    released = Counter(each.project_id for each in let_go if stand[each.pk] == "released")
    held = approvals.visible_to(request.actor).filter(project__in=ids, state="suspended")
    suspended = Counter(held.values_list("project", flat=True))
    work = runs.visible_to(request.actor).filter(project__in=ids, state__in=[*LIVE, State.FAILED])
    states = Counter(work.values_list("project", "state"))
    ending = Counter(deadline.project_id for deadline in deadlines.soon(request.actor, SOON))
    prompts = _prompts(request, ids)
    return [
        {
            "project": project,
            "open": waiting[project.pk],
            "oldest": oldest.get(project.pk),
            "released": released[project.pk],
            "suspended": suspended[project.pk],
            "live": sum(states[project.pk, state] for state in LIVE),
            "failed": states[project.pk, State.FAILED],
            "ending": ending[project.pk],
            "missing": prompts[project.pk]["missing"] if project.pk in prompts else None,
            "prompts": prompts[project.pk]["prompts"] if project.pk in prompts else None,
        }
        for project in shown
    ]


def _prompts(request: PageRequest, ids: Collection[UUID]) -> dict[UUID, Counter[str]]:
    """Prompts missing and asked for, in the newest frozen dossier of each model; without it for who froze none."""
    newest: dict[UUID, tuple[UUID, dict[str, int]]] = {}
    found = dossiers.versions_visible_to(request.actor).filter(project__in=ids).order_by("number")
    for dossier, project, counts in found.values_list("dossier", "project", "document__completeness"):
        newest[dossier] = (project, counts)
    sums: dict[UUID, Counter[str]] = {}
    for project, counts in newest.values():
        sums.setdefault(project, Counter()).update(missing=counts["missing"], prompts=counts["prompts"])
    return sums


def _owed(request: PageRequest, shown: Sequence[Project]) -> list[dict[str, Any]]:
    """Open requests, the oldest first, with whoever could decide on each now."""
    ids = {project.pk for project in shown}
    asked = [each for each in reversed(approvals.open_requests(request.actor)) if each.project_id in ids]
    could = approvals.deciders(asked)
    held: dict[tuple[UUID, int], list[str]] = {}
    for member in Member.objects.filter(project__in=ids):
        held.setdefault((member.project_id, member.user_id), []).append(member.get_role_display())
    now = timezone.now()
    return [
        {
            "request": each,
            "people": could[each.pk],
            "roles": sorted(
                {role for one in could[each.pk] for role in held.get((each.project_id, one.lookup_id), [])}
            ),
            "days": (now - each.created_at).days,
        }
        for each in asked
    ]


def _fits(row: dict[str, Any], wanted: dict[str, str]) -> bool:
    names = {person.name for person in row["people"]}
    return (not wanted["person"] or wanted["person"] in names) and (
        not wanted["role"] or wanted["role"] in row["roles"]
    )


def _day(moment: Any) -> str:
    return timezone.localtime(moment).date().isoformat() if moment else ""
