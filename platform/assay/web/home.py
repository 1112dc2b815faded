"""My work: what waits for me, what changed, what has its day soon, what runs, and how far each model has come."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from assay.web import addresses, trail
from assay.web.model_versions import model_rows
from assay.web.requests import PageRequest
from assay.web.run_observed import look_of
from governance.delivery.deployments import selectors as deployments
from governance.delivery.releases import selectors as releases
from governance.foundation.core.actor import Actor
from governance.foundation.jobs import selectors as jobs
from governance.materials.annotations import selectors as annotations
from governance.people.approvals import selectors as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.engagements import selectors as engagements
from governance.people.notifications import deadlines
from governance.people.notifications import selectors as notifications
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.model_versions import selectors as model_versions
from governance.work.runs import selectors as runs
from governance.work.runs.models import Run
from governance.work.runs.rules import State

LIVE = (State.QUEUED, State.RUNNING)
SHOWN = 6  # rows of a list before the rest is a number
SOON = timedelta(days=60)
# Where a kind of record shows what changed; others do in their history.
DIFFERENCES = {"approval_request": "", "dossier_draft": "", "dossier": "compare/"}


@require_safe
def home(request: PageRequest) -> HttpResponse:
    seen = projects.seen(request.actor)
    ids = [project.pk for project in seen]
    waiting = [*_decisions(approvals.inbox(request.actor)), *_next_acts(request.actor), *_rows(request.actor)]
    waiting += _audits(request.actor)
    mine = [asked for asked in approvals.open_requests(request.actor) if asked.requested_by_id == request.actor.user_id]
    changed = _changed(request.actor)
    suspended = list(approvals.visible_to(request.actor).filter(state="suspended").prefetch_related("suspensions"))
    soon = _soon(request.actor, {project.pk: project for project in seen})
    now = timezone.localtime()
    context = {
        "greeting": _greeting(now, request.actor),
        "today": now,
        "waiting": waiting,
        "asked": mine[: -SHOWN - 1 : -1],  # the oldest first
        "changed": changed[:SHOWN],
        "changed_more": len(changed) - SHOWN,
        "soon": soon[:SHOWN],
        "soon_more": len(soon) - SHOWN,
        "suspended": _suspended(suspended[:SHOWN]),
        "suspended_more": len(suspended) - SHOWN,
        "runs": _runs(request.actor, ids),
        "worker": jobs.worker_seen(),
        "models": model_rows(list(model_versions.visible_to(request.actor)[:SHOWN])),
        "projects": seen,
        "may_open": not seen and request.actor.is_person,
    }
    return render(request, "home/home.html", context)


def _greeting(now: datetime, actor: Actor) -> str:
    name = {"name": actor.first_name}
    if now.hour < 12:
        return _("Good morning, %(name)s") % name
    return _("Good afternoon, %(name)s") % name if now.hour < 18 else _("Good evening, %(name)s") % name


def _decisions(waiting: Iterable[ApprovalRequest]) -> list[dict[str, Any]]:
    """Requests that wait for this person's word."""
    rows = []
    for asked in waiting:
        what = {"name": asked}
        signs = asked.subject_kind == "dossier"
        rows.append(
            {
                "title": _("Sign %(name)s") % what if signs else _("Decide on %(name)s") % what,
                "url": reverse("approval-detail", args=[asked.pk]),
                "under": _("%(project)s, asked by %(who)s")
                % {"project": asked.project, "who": asked.requested_by_name},
                "act": _("Sign") if signs else _("Decide"),
                "since": asked.created_at,
            }
        )
    return rows


def _next_acts(actor: Actor) -> list[dict[str, Any]]:
    """What only this person can move on: an own draft, a run that others approved, a model that may go."""
    rows = []
    own = Q(state=State.DRAFT, created_by=actor.person_id)
    ready = Q(state=State.SUBMITTED, project__in=projects.ids_where(actor, "launch a run"))
    found_runs = list(runs.visible_to(actor).filter(own | ready))
    for run in (run for run in found_runs if run.state == State.DRAFT):
        title = _("Submit run %(name)s, or give it up") % {"name": run}
        rows.append(_act(title, "run-detail", run, run.project, _("Draft"), under=run.title))
    for run in _granted([run for run in found_runs if run.state == State.SUBMITTED]):
        rows.append(_act(_("Launch run %(name)s") % {"name": run}, "run-detail", run, run.project, _("Launch")))
    lets_go = projects.ids_where(actor, "release a model")
    proposed = list(releases.visible_to(actor).filter(state="proposed", project__in=lets_go))
    for found in _granted(proposed):
        title = _("Release %(name)s") % {"name": found.model_version}
        rows.append(_act(title, "release-detail", found, found.project, _("Release")))
    return [*rows, *_deployments(actor)]


def _deployments(actor: Actor) -> Iterator[dict[str, Any]]:
    """What must be taken out of use, for whoever may."""
    places = projects.ids_where(actor, deployments.END)
    found = list(deployments.visible_to(actor).filter(state="in_use", project__in=places))
    stopped = deployments.why_stop(found)
    for one in (one for one in found if one.pk in stopped):
        title, under = _("Take out of use: %(name)s") % {"name": one.name}, stopped[one.pk]
        yield _act(
            title,
            "deployment-detail",
            one,
            one.project,
            _("Open"),
            under=under,
            since=one.release.withdrawn_at or one.begun_at,
        )


def _rows(actor: Actor) -> list[dict[str, Any]]:
    """Rows that wait for this person's answer."""
    rows = []
    for one in annotations.waiting_for(actor):
        task = one.annotator.task
        under = ngettext("%(n)s row waits for your answer", "%(n)s rows wait for your answer", one.left) % {
            "n": f"{one.left:,}"
        }
        rows.append(
            _act(str(task), "annotation-task-answer", task, task.version.dataset.project, _("Answer"), under=under)
        )
    return rows


def _audits(actor: Actor) -> list[dict[str, Any]]:
    """What auditors ask to be shown, for whoever may answer."""
    return [
        {
            "title": _("Answer %(what)s") % {"what": asked},
            "url": reverse("engagement-detail", args=[asked.engagement_id]),
            "under": asked.by_name,
            "act": _("Answer"),
            "since": asked.created_at,
        }
        for asked in engagements.waiting_for(actor)
    ]


def _granted(subjects: Sequence[Any]) -> list[Any]:
    standings = approvals.standings(subjects)
    return [subject for subject in subjects if standings[subject.pk].granted]


def _act(
    title: str, page: str, record: Any, project: Project, act: str, *, under: str = "", since: datetime | None = None
) -> dict[str, Any]:
    """A row that asks for an act; `since` where it is not since the record was made."""
    under = under or _("%(project)s, approved and ready") % {"project": project}
    url = reverse(page, args=[record.pk])
    return {"title": title, "url": url, "under": under, "act": act, "since": since or record.created_at}


def _changed(actor: Actor) -> list[dict[str, Any]]:
    """What others did to the records that this person opened: who, what, and where the difference is shown."""
    found = notifications.changes(actor)
    told = {row.event.seq: row for row in trail.told(change.event for change in found[:SHOWN])}
    names = trail.records((change.subject_kind, str(change.subject_id)) for change in found[:SHOWN])
    rows: list[dict[str, Any]] = []
    for change in found:
        row = told.get(change.event.seq)
        name = names.get((change.subject_kind, str(change.subject_id)))
        page = addresses.of(change.subject_kind, change.subject_id)
        rows.append(
            {
                "title": str(name or ""),
                "url": page and page + DIFFERENCES.get(change.subject_kind, "?tab=history"),
                "told": row,
                "looked_at": change.looked_at,
            }
        )
    return rows


def _soon(actor: Actor, by_id: dict[UUID, Project]) -> list[dict[str, Any]]:
    """Clocks: what ends or is due, the nearest day first."""
    today = timezone.localdate()
    return [
        {
            "title": deadline.what,
            "url": addresses.of(deadline.about.kind, deadline.about.pk),
            "under": str(by_id.get(deadline.project_id, "")) if deadline.project_id else "",
            "on": deadline.on,
            "days": (deadline.on - today).days,
        }
        for deadline in deadlines.soon(actor, SOON)
    ]


def _suspended(requests: Iterable[ApprovalRequest]) -> list[dict[str, Any]]:
    """Approvals without force, and why."""
    return [
        {
            "request": each,
            "url": addresses.of(each.subject_kind, each.subject_id) or reverse("approval-detail", args=[each.pk]),
            "because": "; ".join(one.because for one in each.suspensions.all() if one.lifted_at is None),
        }
        for each in requests
    ]


def _runs(actor: Actor, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Runs under way first, with how far they are; then the latest others."""
    at_work = {job.subject_id: job for job in jobs.live(ids)}
    found: list[Run] = list(runs.visible_to(actor).filter(state__in=LIVE)[:SHOWN])
    found += runs.visible_to(actor).exclude(state__in=LIVE)[: max(1, 4 - len(found))]
    rows = []
    for run in found:
        job = at_work.get(run.pk)
        rows.append(
            {"run": run, "look": look_of(run, job), "progress": job.progress if job else {}, "live": run.state in LIVE}
        )
    return rows
