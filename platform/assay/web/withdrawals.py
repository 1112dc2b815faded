"""Withdrawing data: what it reaches before anybody decides, what was done about each, and the way back."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.web import addresses, standings, tables
from assay.web.forms.faults import attempt
from assay.web.forms.withdrawals import RowNumbers, TakeBackForm, WithdrawalForm
from assay.web.lineage import NOUNS
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.delivery.lineage import radius, selectors, services
from governance.delivery.lineage.models import Affected, Withdrawal
from governance.delivery.lineage.radius import Reached
from governance.delivery.lineage.rules import MEANING
from governance.delivery.lineage.services import ACT
from governance.foundation.core.errors import NotAllowed
from governance.foundation.core.records import Record
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import history
from governance.people.approvals import selectors as approvals
from governance.people.approvals.selectors import Standing
from governance.people.policies import selectors as policies
from governance.people.policies.kinds import KINDS
from governance.people.projects import selectors as projects


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, pk: UUID) -> HttpResponse:
    """What withdrawing the version, or `?rows=` of it, would reach; and the form that does it."""
    version = datasets.version_visible(request.actor, pk)
    projects.require(request.actor, version.project_id, ACT)
    asked = request.GET.get("rows", "")
    form = WithdrawalForm(request.POST or None, initial={"rows": asked})
    if form.is_valid():
        act = lambda: services.withdraw(actor=request.actor, version_id=pk, **form.cleaned_data)  # noqa: E731
        if made := attempt(form, act):
            messages.success(request, _("Withdrawn. What rests on it has lost its approval."))
            return redirect("withdrawal-detail", pk=made.pk)
    context = {
        "version": version,
        "form": form,
        **_foreseen(version, request.POST.get("rows", asked) if request.method == "POST" else asked),
        "crumbs": _crumbs(request, version),
    }
    if request.htmx and request.method == "GET":
        return render(request, "withdrawals/_foreseen.html", context)
    return render(request, "withdrawals/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    return _detail(request, selectors.visible(request.actor, pk))


@require_POST
def take_back(request: PageRequest, pk: UUID) -> HttpResponse:
    found = selectors.visible(request.actor, pk)
    form = TakeBackForm(request.POST, signer=request.actor, subject=found.content_digest)
    projects.require(request.actor, found.project_id, ACT)
    if why := selectors.why_not_take_back(request.actor, found):
        raise NotAllowed(why)
    act = lambda: services.take_back(actor=request.actor, withdrawal_id=pk, proof=form.prove(), **form.own())  # noqa: E731
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Taken back. What was suspended for this has its approvals again."))
        return redirect("withdrawal-detail", pk=pk)
    return _detail(request, found, form)


@require_safe
def export(request: PageRequest, pk: UUID) -> HttpResponse:
    """What it reached, as a table for whoever has to follow each up."""
    found = selectors.visible(request.actor, pk)
    projects.require(request.actor, found.project_id, "export evidence")
    rows, _elsewhere = selectors.affected_seen(request.actor, found)
    head = ["kind", "name", "project", "how", "done", "id", "sha256"]
    cells = ([row.kind, row.name, row.project.name, row.how, row.done, row.object_id, row.sha256] for row in rows)
    return tables.as_csv(f"withdrawal-{str(pk)[:8]}", head, cells)


def _detail(request: PageRequest, found: Withdrawal, form: TakeBackForm | None = None) -> HttpResponse:
    form = form or TakeBackForm(signer=request.actor, subject=found.content_digest)
    rows, elsewhere = selectors.affected_seen(request.actor, found)
    may = projects.may(request.actor, found.project_id, ACT)
    asked_for = found.why_not_take_back is None and policies.asks_for(found.kind, found.project_id)
    context = {
        "withdrawal": found,
        "groups": _grouped([_row_of(row) for row in rows]),
        "count": len(rows),
        "elsewhere": elsewhere,
        "may_export": projects.may(request.actor, found.project_id, "export evidence"),
        "form": form if may and found.why_not_take_back is None else None,
        "why_not": selectors.why_not_take_back(request.actor, found),
        "meaning": MEANING,
        "standing": standings.of(found, found.project, request.actor) if asked_for else None,
        "trace": getattr(found, "trace", None),
        "crumbs": _crumbs(request, found.version),
        "events": history.of(request.actor, found)[:50],
    }
    return render(request, "withdrawals/detail.html", context, status=422 if form.errors else 200)


def _foreseen(version: DatasetVersion, asked: str) -> dict[str, Any]:
    """What would be reached, in the project and beside it; nothing where the rows cannot be read from the form."""
    try:
        rows = RowNumbers(required=False).clean(asked)
    except ValidationError as error:
        return {"wrong": " ".join(error.messages)}
    if rows and (rows[0] < 1 or rows[-1] > version.rows):
        says = _("%(version)s has rows from 1 to %(count)s.") % {"version": version, "count": f"{version.rows:,}"}
        return {"wrong": says}
    inside, outside = radius.within(selectors.reached(version, rows), version.dataset.project)
    return {"groups": _grouped(_foreseen_rows(inside)), "elsewhere": len(outside)}


def _foreseen_rows(reached: list[Reached]) -> list[dict[str, Any]]:
    by_kind: dict[str, list[Record]] = defaultdict(list)
    for each in reached:
        by_kind[each.record.kind].append(each.record)
    answers: dict[UUID, Standing] = {}
    for kind in by_kind.keys() & KINDS.keys():
        answers |= approvals.standings(by_kind[kind])
    rows = []
    for each in reached:
        record = each.record
        stands = record.pk in answers and answers[record.pk].granted
        rows.append(
            {
                "kind": record.kind,
                "name": str(record),
                "url": addresses.of(record.kind, record.pk),
                "how": each.how,
                "done": _("its approval would be suspended") if stands else "",
            }
        )
    return rows


def _row_of(row: Affected) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "name": row.name,
        "url": addresses.of(row.kind, row.object_id),
        "how": row.how,
        "done": row.done,
    }


def _grouped(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows by what they are, in the order in which one comes from the other."""
    order = list(NOUNS)
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["kind"], []).append(row)
    return [{"noun": NOUNS[kind], "rows": groups[kind]} for kind in sorted(groups, key=order.index)]


def _crumbs(request: PageRequest, version: DatasetVersion) -> list[dict[str, Any]]:
    dataset, own = version.dataset, reverse("dataset-version-detail", args=[version.pk])
    steps = (dataset.name, reverse("dataset-detail", args=[dataset.pk])), (str(version), own)
    return crumbs(request, dataset.project, "dataset-list", *steps)
