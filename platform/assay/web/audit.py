"""The audit log of what one may see, with its proofs, and whether the whole trail is sound."""

import json
from collections.abc import Iterable
from datetime import MAXYEAR, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.timezone import make_aware
from django.views.decorators.http import require_POST, require_safe

from assay.web import acts, trail
from assay.web.requests import PageRequest
from governance.delivery.evidence import examining, verify
from governance.delivery.evidence.rules import State
from governance.foundation.audit import clocks, extracts, heads, sealing, selectors, stamps, verification, watch
from governance.foundation.audit.models import AuditEvent, TreeHead
from governance.foundation.audit.rules import LARGEST_SEQ
from governance.foundation.core.errors import NotFound
from governance.foundation.jobs import selectors as jobs
from governance.people.engagements import access
from governance.people.organisations import selectors as organisations
from governance.people.organisations.models import Membership
from governance.people.projects import selectors as projects
from governance.people.projects.models import Member, Project

PAGE = 50
FILTERS = ("q", "action", "project", "person", "since", "until")


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    seen = {project.pk: project for project in projects.seen(request.actor)}
    wanted = {name: request.GET.get(name, "") for name in FILTERS}
    events = _wanted(request, seen, wanted)
    before = request.GET.get("before", "")
    if before.isdecimal():
        events = events.filter(seq__lt=int(before[:18]))
    # By entry, not by page: how many there are in all would be counted through the whole trail.
    rows = list(events[: PAGE + 1])
    context = {
        "groups": [
            [_row(told, seen.get(told.event.project or UUID(int=0))) for told in group]
            for group in trail.bursts(trail.told(rows[:PAGE]))
        ],
        "older": rows[PAGE - 1].seq if len(rows) > PAGE else None,
        "is_newest": not before,
        "is_filtered": any(wanted.values()),
        "head": selectors.head(),
        "signed": heads.last(),
        "nouns": acts.NOUNS,
        "people": selectors.people(_users(request, seen)),
        "projects": list(seen.values()),
        **wanted,
    }
    return render(request, "audit/list.html", context)


@require_safe
def extract(request: PageRequest) -> HttpResponse:
    """The entries that the filter leaves, with a proof for them all (`verify.py` checks it)."""
    seen = {project.pk: project for project in projects.seen(request.actor)}
    wanted = {name: request.GET.get(name, "") for name in FILTERS}
    events = _wanted(request, seen, wanted)[: extracts.LARGEST + 1]
    return _handed_out(extracts.of(list(events)), "audit.json")


@require_safe
def proof(request: PageRequest, pk: int) -> HttpResponse:
    """One entry with its proof."""
    seen = {project.pk: project for project in projects.seen(request.actor)}
    event = _wanted(request, seen, dict.fromkeys(FILTERS, "")).filter(pk=min(pk, LARGEST_SEQ)).first()
    if event is None:
        raise NotFound("audit entry")
    return _handed_out(extracts.of([event]), f"audit-{pk}.json")


@require_safe
def integrity(request: PageRequest) -> HttpResponse:
    """What the last verification found, what is signed, and by which keys; while one is under way, how far it is."""
    examination = examining.newest()
    if request.htmx:
        response = render(request, "audit/_examination.html", {"examination": examination})
        if examination is None or examination.state != State.QUEUED:
            response["HX-Refresh"] = "true"
        return response
    last = watch.latest()
    context = {
        "examination": examination,
        "may_verify": examining.may_ask(request.actor),
        "alive": jobs.worker_is_alive(),
        "last": last,
        "most_named": verification.MOST_NAMED,
        "may_adopt": last is not None and sealing.concerns_records(last.faults),
        "earlier": watch.earlier(),
        "wrong_clocks": clocks.wrong_now(),
        "end": selectors.head(),
        "signed": heads.last(),
        "heads": _with_signatures(heads.newest_first()[:20]),
        "waiting": stamps.waiting(),
        "trouble": stamps.trouble(),
        "keys": heads.verifier_keys(),
    }
    return render(request, "audit/integrity.html", context)


def _with_signatures(found: Iterable[TreeHead]) -> list[tuple[TreeHead, stamps.Signature | None]]:
    """Heads, and what is known here of who signed their time stamps."""
    return [(head, stamps.signature(head.stamp) if hasattr(head, "stamp") else None) for head in found]


@require_POST
def verify_now(request: PageRequest) -> HttpResponse:
    """A worker is asked to verify everything; the page then shows how far it is."""
    examining.ask(actor=request.actor)
    return redirect("audit-integrity")


@require_safe
def checkpoint(request: PageRequest, pk: int) -> HttpResponse:
    """A signed head as it is: a C2SP checkpoint."""
    head = heads.at(pk)
    response = HttpResponse(head.checkpoint, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="checkpoint-{head.size}.txt"'
    return response


@require_safe
def timestamp(request: PageRequest, pk: int) -> HttpResponse:
    """The authority's answer about a signed head, as it came (RFC 3161, DER)."""
    stamp = stamps.of(heads.at(pk))
    if stamp is None:
        raise NotFound("time stamp")
    response = HttpResponse(bytes(stamp.response), content_type="application/timestamp-reply")
    response["Content-Disposition"] = f'attachment; filename="checkpoint-{stamp.pk}.tsr"'
    return response


@require_safe
def verifier(request: PageRequest) -> FileResponse:
    return FileResponse(
        open(verify.__file__, "rb"),  # noqa: PTH123 (the response closes it)
        as_attachment=True, filename="verify.py", content_type="text/x-python; charset=utf-8",
    )  # fmt: skip


def _wanted(request: PageRequest, seen: dict[UUID, Project], wanted: dict[str, str]) -> QuerySet[AuditEvent]:
    until = _day(wanted["until"])
    events = selectors.trail(
        projects=[pk for pk, project in seen.items() if not wanted["project"] or project.slug == wanted["project"]],
        organisations=() if wanted["project"] else _organisations(request),
        action=wanted["action"],
        text=wanted["q"],
        actor=_uuid(wanted["person"]),
        since=_day(wanted["since"]),
        until=until + timedelta(days=1) if until and until.year < MAXYEAR else None,
    )
    return events.filter(access.entries(request.actor)) if access.is_auditing(request.actor) else events


def _organisations(request: PageRequest) -> list[UUID]:
    return list(organisations.visible_to(request.actor).values_list("pk", flat=True))


def _users(request: PageRequest, seen: dict[UUID, Project]) -> set[int]:
    belonging = Membership.objects.filter(organisation__in=_organisations(request)).values_list("user", flat=True)
    return {*belonging, *Member.objects.filter(project__in=seen).values_list("user", flat=True)}


def _day(text: str) -> datetime | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return make_aware(datetime.combine(day, time())) if day else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _handed_out(found: dict[str, Any], name: str) -> HttpResponse:
    response = JsonResponse(found)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _row(told: trail.Told, project: Project | None) -> dict[str, Any]:
    return {"told": told, "project": project, "facts": _facts(told.event.body)}


def _facts(body: str) -> dict[str, Any]:
    """What the entry binds itself to, beside the record: digests and outcomes."""
    facts: dict[str, Any] = json.loads(body)["facts"]
    return facts
