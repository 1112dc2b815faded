"""Personal data and secrets in a dataset version: what was looked for and found, how reliable that is, what a person
says of special categories."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.rendering import pictures
from assay.web import redactions
from assay.web.forms.faults import attempt
from assay.web.forms.scans import SpecialCategoriesForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors as audit
from governance.foundation.jobs import selectors as jobs
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.scans import rules, selectors, services
from governance.materials.scans.models import Scan
from governance.materials.scans.rules import State
from governance.people.projects import selectors as projects
from preparation.persons import measuring
from preparation.persons.kinds import KINDS

SURE = {
    "checksum": gettext_lazy("checksum or numbering plan"),
    "form": gettext_lazy("form"),
    "context": gettext_lazy("words beside it"),
    "model": gettext_lazy("a model"),
}


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """One scan; while a worker is at it, how far it is."""
    scan = selectors.visible(request.actor, pk)
    context = {
        **_of_scan(request, scan),
        "may_cancel": scan.state == State.QUEUED and projects.may(request.actor, scan.project_id, services.SCAN),
        "events": list(audit.history(scan)[:20]),
        "crumbs": _crumbs(request, scan.version),
    }
    response = render(request, "scans/_state.html" if request.htmx else "scans/detail.html", context)
    if request.htmx and scan.state != State.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def create(request: PageRequest, pk: UUID) -> HttpResponse:
    scan = services.ask(actor=request.actor, version_id=pk)
    return redirect("scan-detail", pk=scan.pk)


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    services.cancel(actor=request.actor, scan_id=pk)
    return redirect("scan-detail", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def special(request: PageRequest, pk: UUID) -> HttpResponse:
    """The question that no pattern answers."""
    version = datasets.version_visible(request.actor, pk)
    projects.require(request.actor, version.project_id, services.ANSWER)
    form = SpecialCategoriesForm(request.POST or None)
    if form.is_valid():
        act = lambda: services.answer(actor=request.actor, version_id=pk, **form.cleaned_data)  # noqa: E731
        if attempt(form, act):
            messages.success(request, _("Your answer is on record, with your name and the time."))
            return redirect(f"{reverse('dataset-version-detail', args=[pk])}?tab=persons")
    context = {
        "form": form,
        "version": version,
        "special": rules.SPECIAL,
        "answers": version.special_categories.all(),
        "crumbs": _crumbs(request, version),
    }
    return render(request, "scans/special.html", context, status=422 if form.errors else 200)


def tab(request: PageRequest, version: DatasetVersion) -> dict[str, Any]:
    """What the version's tab “Personal data” shows: the newest scan that ended, and one under way."""
    latest, done = selectors.latest(version), selectors.latest_done(version)
    under_way = latest if latest and latest != done else None
    return {
        **(_of_scan(request, done) if done else {"scan": None, "reliability": _reliability()}),
        "under_way": under_way,
        "may_scan": datasets.may_work_on_rows(request.actor, version, services.SCAN)
        and (latest is None or latest.state != State.QUEUED),
        "answer": selectors.answer(version),
        "special": rules.SPECIAL,
        "redactions": redactions.rows_of(version),
        "may_redact": datasets.may_work_on_rows(request.actor, version, redactions.ACT),
        "may_answer": projects.may(request.actor, version.project_id, services.ANSWER),
    }


def _of_scan(request: PageRequest, scan: Scan) -> dict[str, Any]:
    may_read = datasets.may_read_rows(request.actor, scan.version)
    found = scan.found or {"kinds": []}
    return {
        "scan": scan,
        "job": scan.job,
        "alive": jobs.worker_is_alive(),
        "kinds": [_row(one, scan.samples if may_read else {}) for one in found["kinds"]],
        "drawn": _counts(found["kinds"]) if found["kinds"] else None,
        "may_read": may_read,
        "reliability": _reliability(),
    }


def _row(found: dict[str, Any], samples: dict[str, list[str]]) -> dict[str, Any]:
    kind = KINDS[found["kind"]]
    return {
        "title": _(kind.title),
        "secret": kind.group == "secret",
        "count": found["count"],
        "rows": found["rows"],
        "sure": [(SURE[name], count) for name, count in found["sure"].items()],
        "fields": list(found["fields"].items())[:3],
        "samples": samples.get(found["kind"], []),
        "figure": measuring.figure_of(found["kind"]),
        "reliable": measuring.can_be_relied_on(found["kind"]),
    }


def _counts(kinds: list[dict[str, Any]]) -> dict[str, Any]:
    ordered = sorted(kinds, key=lambda one: -one["count"])
    bars = [pictures.Bar(_(KINDS[one["kind"]].title), float(one["count"])) for one in ordered]
    title = _("Found, by kind")
    return {"title": title, "picture": pictures.bars_with_threshold(bars, title=title, x_label=_("times"), decimals=0)}


def _reliability() -> dict[str, Any]:
    """How much of each kind is found on labelled text, as measured, beside Presidio's own recognisers."""
    figures = measuring.figures()
    rows = []
    for name, figure in figures["kinds"].items():
        kind = measuring.MEASURED[name][1][0]
        rows.append(
            {
                "title": _(KINDS[kind].title),
                "figure": figure,
                "presidio": figures["presidio"].get(name),
                "reliable": measuring.can_be_relied_on(kind),
            }
        )
    bars = [
        pictures.Bar(row["title"], row["figure"]["recall"], n=row["figure"]["labelled"], limit=measuring.RELIABLE,
                     good="higher")
        for row in rows
    ]  # fmt: skip
    title = _("Recall on labelled text")
    picture = pictures.bars_with_threshold(bars, title=title, x_label=_("share found"), decimals=2)
    measured = {name for names in measuring.MEASURED.values() for name in names[1]}
    unmeasured = [_(kind.title) for name, kind in KINDS.items() if name not in measured]
    return {"rows": rows, "figures": figures, "title": title, "picture": picture, "unmeasured": unmeasured}


def _crumbs(request: PageRequest, version: DatasetVersion) -> list[dict[str, Any]]:
    line = (version.dataset.name, reverse("dataset-detail", args=[version.dataset_id]))
    own = (str(version), reverse("dataset-version-detail", args=[version.pk]))
    return crumbs(request, version.dataset.project, "dataset-list", line, own)
