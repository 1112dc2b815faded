"""What came from what, as a picture: base model and data, the runs, their models, and what was written about them."""

from collections import defaultdict
from typing import cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assay.rendering import pictures
from assay.rendering.pictures import Picture
from assay.web import addresses, standings
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from assay.web.states import look
from governance.delivery.deployments import selectors as deployments
from governance.delivery.deployments.models import Deployment
from governance.delivery.lineage import graph, selectors
from governance.delivery.lineage.graph import Graph
from governance.delivery.releases import selectors as releases
from governance.delivery.releases.models import Release
from governance.foundation.core.records import Record
from governance.people.approvals import selectors as approvals
from governance.people.policies import selectors as policies
from governance.people.policies.kinds import KINDS
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project
from governance.work.runs.models import Run
from governance.work.runs.rules import State

# More boxes than this nobody can follow; the newest are drawn then.
BOXES = 60
NOUNS = {
    "base_model": gettext_lazy("base model"),
    "dataset_version": gettext_lazy("data"),
    "evaluation_plan": gettext_lazy("evaluation plan"),
    "run": gettext_lazy("run"),
    "model_version": gettext_lazy("model"),
    "evaluation": gettext_lazy("evaluation"),
    "model_card": gettext_lazy("model card"),
    "dossier": gettext_lazy("dossier"),
    "release": gettext_lazy("release"),
    "deployment": gettext_lazy("deployment"),
}
WORDS = {
    "derived from": gettext_lazy("was made into"),
    "written by": gettext_lazy("wrote"),
    "trained on": gettext_lazy("trained"),
    "validated on": gettext_lazy("validated"),
    "tunes": gettext_lazy("was tuned by"),
    "measured by": gettext_lazy("was the plan of"),
    "made by": gettext_lazy("made"),
    "measures": gettext_lazy("was measured by"),
    "describes": gettext_lazy("is described by"),
    "documents": gettext_lazy("is documented by"),
    "lets go": gettext_lazy("is let go by"),
    "uses": gettext_lazy("is used by"),
}


@require_safe
def of_project(request: PageRequest, pk: UUID) -> HttpResponse:
    """Everything of a project, from data and base models to what was let go; and what was withdrawn in it."""
    project = projects.visible(request.actor, pk)
    every = graph.load(Project.objects.filter(pk=project.pk))
    context = {
        "project": project,
        "crumbs": crumbs(request, project),
        "picture": _drawn(every.newest(BOXES), project, title=_("Lineage of %(project)s") % {"project": project}),
        "count": len(every.records),
        "shown": min(len(every.records), BOXES),
        "withdrawals": selectors.visible_to(request.actor).filter(version__dataset__project=project),
    }
    return render(request, "lineage/project.html", context)


def of(record: Record, project: Project) -> Picture:
    """All that `record` came from and all that came of it, within its project."""
    every = graph.load(Project.objects.filter(pk=project.pk))
    around = every.around(every.records.get(record.pk, record))
    title = _("Lineage of %(record)s") % {"record": record}
    return _drawn(around if len(around.records) <= BOXES else around.newest(BOXES), project, here=record, title=title)


def _drawn(found: Graph, project: Project, *, title: str, here: Record | None = None) -> Picture:
    states = _states(found, project)
    nodes = [_node(record, states.get(record.pk, ""), here) for record in found.records.values()]
    edges = [
        pictures.Edge(str(edge.source), str(edge.target), str(WORDS[edge.words]))
        for edge in dict.fromkeys(found.edges)
        if edge.source in found.records
    ]
    return pictures.lineage(nodes, edges, title=title)


def _states(found: Graph, project: Project) -> dict[UUID, str]:
    """How each record stands: withdrawn, or with its approval; a release and a deployment in their own words."""
    by_kind: dict[str, list[Record]] = defaultdict(list)
    for record in found.records.values():
        by_kind[record.kind].append(record)
    states: dict[UUID, str] = {}
    for kind in by_kind.keys() & KINDS.keys():
        if not policies.asks_for(kind, project.pk):
            continue
        answers = approvals.standings(by_kind[kind], project.pk)
        states |= {pk: standings.chip_of(answer) for pk, answer in answers.items()}
    for run in cast("list[Run]", by_kind["run"]):
        if run.state in (State.FAILED, State.CANCELLED) and states[run.pk] != "suspended":
            states[run.pk] = run.state
    states |= releases.states(cast("list[Release]", by_kind["release"]))
    states |= deployments.states(cast("list[Deployment]", by_kind["deployment"]))
    barred = selectors.barred([version.pk for version in by_kind["dataset_version"]])
    return states | dict.fromkeys(barred, "withdrawn")


def _node(record: Record, state: str, here: Record | None) -> pictures.Node:
    is_here = here is not None and record.pk == here.pk
    found = look(state) if state else None
    return pictures.Node(
        str(record.pk),
        str(record),
        str(NOUNS[record.kind]),
        note=str(standings.CHOICES.get(state, found.label)).lower() if found else "",
        colour=found.colour if found else "",
        here=is_here,
        gone=state in ("withdrawn", "suspended", "to_stop"),
        url="" if is_here else addresses.of(record.kind, record.pk),
    )
