"""What every page shows around its content: navigation, counts, the person, whether work gets done."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.foundation.audit import watch
from governance.foundation.core.actor import Actor
from governance.foundation.jobs import selectors as jobs
from governance.foundation.jobs.rules import State as JobState
from governance.people.approvals import selectors as approvals
from governance.people.notifications import selectors as notifications
from governance.people.organisations import selectors as organisations
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.people.projects.rules import SPOKEN
from governance.work.runs import services as runs

NAV = [
    ("home", gettext_lazy("Home"), ("home",)),
    ("project-list", gettext_lazy("Projects"), ("project", "classification", "questionnaire")),
    ("dataset-list", gettext_lazy("Data"), ("dataset", "import", "split", "quality-profile", "annotation-task")),
    ("base-model-list", gettext_lazy("Base models"), ("base-model", "registration")),
    ("evaluation-plan-list", gettext_lazy("Evaluation plans"), ("evaluation-plan",)),
    ("run-list", gettext_lazy("Runs"), ("run",)),
    (
        "model-version-list",
        gettext_lazy("Models"),
        ("model-version", "evaluation", "model-card", "release", "deployment"),
    ),
    ("dossier-list", gettext_lazy("Dossiers"), ("dossier",)),
    (
        "approval-list",
        gettext_lazy("Approvals"),
        ("approval", "waiver", "envelope", "policy", "delegation", "project-delegations"),
    ),
    ("audit-list", gettext_lazy("Audit"), ("audit", "engagement", "access-review")),
]

# The lists, by the name of their address: what crumbs call them too.
LISTS = {name: label for name, label, _prefixes in NAV}


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor. Nothing for somebody who is not signed in: those pages stand alone.

    Worked out when a template first looks at it: the parts that htmx asks for every other second never do.
    """
    actor: Actor | None = getattr(request, "actor", None)
    return {"shell": SimpleLazyObject(lambda: _frame(request, actor))} if actor else {}


def _frame(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    seen = projects.seen(actor)
    ids = [project.pk for project in seen]
    here = current_project(request, seen)
    at_work = list(jobs.live(ids).values_list("task", "state"))
    live = [state for _task, state in at_work]
    waiting = len(approvals.inbox(actor))
    return {
        "nav": _nav(request, waiting=waiting, training=sum(task == runs.TASK for task, _state in at_work)),
        "settings": _settings(request, actor),
        "project": {"name": here.name, "url": reverse("project-detail", args=[here.pk])} if here else None,
        "projects": [
            {"name": p.name, "url": reverse("project-detail", args=[p.pk]), "current": p == here} for p in seen[:12]
        ],
        "all_projects_url": reverse("project-list"),
        "search_url": None,
        "jobs": {
            "url": reverse("job-list"),
            "running": live.count(JobState.RUNNING),
            "queued": live.count(JobState.QUEUED),
        },
        "notices": {"url": reverse("notification-list"), "count": notifications.unseen(actor)},
        "person": {
            "name": actor.first_name,
            "role": _roles(actor, here),
            "links": [
                {"label": _("Your account"), "url": reverse("account")},
                {"label": _("How you are told"), "url": reverse("notification-preferences")},
            ],
        },
        "sign_out_url": reverse("sign-out"),
        "no_worker": _no_worker(live),
        "audit": _verified(),
    }


def current_project(request: HttpRequest, seen: Sequence[Project]) -> Project | None:
    """The project that the page belongs to, by its view's crumbs or its list's filter; the only one there is."""
    found: Project | None = getattr(request, "project", None)
    asked = request.GET.get("project", "")
    if found is None and asked:
        found = next((project for project in seen if project.slug == asked), None)
    return found or (seen[0] if len(seen) == 1 else None)


def _verified() -> dict[str, Any] | None:
    found = watch.latest()
    if found is None:
        return None
    return {"url": reverse("audit-integrity"), "entry": found.entries, "at": found.at, "sound": found.sound}


def _roles(actor: Actor, project: Project | None) -> str:
    if project is None:
        return ""
    return ", ".join(sorted(SPOKEN[role] for role in projects.roles(actor, project.pk)))


def _nav(request: HttpRequest, *, waiting: int, training: int) -> list[dict[str, Any]]:
    counts = {"approval-list": waiting, "run-list": training}
    here = (request.resolver_match.url_name or "") if request.resolver_match else ""
    rows = []
    current_set = False
    for name, label, prefixes in NAV:
        current = not current_set and any(here.startswith(prefix) for prefix in prefixes)
        current_set = current_set or current
        count = counts.get(name) or None
        waits = bool(count) and name == "approval-list"
        rows.append({"label": label, "url": reverse(name), "count": count, "waits": waits, "current": current})
    return rows


def _settings(request: HttpRequest, actor: Actor) -> dict[str, Any] | None:
    organisation = organisations.visible_to(actor).first()
    if organisation is None:
        return None
    here = request.resolver_match.url_name if request.resolver_match else ""
    return {
        "label": _("Organisation"),
        "url": reverse("organisation-detail", args=[organisation.pk]),
        "current": here == "organisation-detail",
    }


def _no_worker(live: list[str]) -> dict[str, Any] | None:
    """Says so when work waits and nobody is there to do it."""
    worker = jobs.worker_seen() if live else None
    if not live or jobs.is_alive(worker):
        return None
    return {"waiting": len(live), "since": worker.seen_at if worker else None}
