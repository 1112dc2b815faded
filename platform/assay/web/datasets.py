"""Datasets: a line of versions, what is in each, where it comes from, and who may use it for what."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import FileResponse, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from assay.rendering import numerals, pictures
from assay.web import addresses, annotations, lineage, quality, scans, splits, standings, syntheses, tabs
from assay.web.forms.datasets import DatasetForm, VersionForm, initial_of
from assay.web.forms.faults import attempt, onto
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.delivery.disposals import selectors as disposals
from governance.delivery.erasures import services as erasing
from governance.delivery.evidence import membership
from governance.delivery.lineage import selectors as withdrawals
from governance.delivery.lineage import services as withdrawing
from governance.foundation.audit import selectors as audit
from governance.foundation.core.errors import Fault, Unusable, WrongState
from governance.materials.base_models.rules import disagree
from governance.materials.datasets import derivation, provenance, rules, selectors, services
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.people.approvals import history
from governance.people.approvals import selectors as approvals
from governance.people.projects import selectors as projects
from governance.people.waivers import selectors as waivers
from governance.work.runs import selectors as runs
from preparation.formats import FORMATS

PAGE = 25
ROWS = 5
ROWS_OF_A_KIND = 10  # of the rows that were added, removed or changed
ACT = "register data"
# Beside the file a form posts its text and the lines between the parts; what is left of the room for those.
FORM_ALLOWANCE = 1024 * 1024


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    words, project = request.GET.get("q", "").strip(), request.GET.get("project", "")
    found = selectors.visible_to(request.actor)
    if words:
        found = found.filter(Q(name__icontains=words) | Q(description__icontains=words))
    if project:
        found = found.filter(project__slug=project)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    newest = selectors.newest(Dataset.objects.filter(pk__in=[dataset.pk for dataset in page]))
    answers = approvals.standings(newest.values())
    rows = []
    for dataset in page:
        version = newest.get(dataset.pk)
        state = standings.chip_of(answers[version.pk]) if version else ""
        rows.append({"dataset": dataset, "version": version, "state": state})
    context = {
        "page": page,
        "rows": rows,
        "q": words,
        "project": project,
        "projects": projects.seen(request.actor),
        "places": list(projects.where(request.actor, ACT)),
    }
    return render(request, "datasets/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: PageRequest, project: UUID) -> HttpResponse:
    place = projects.require(request.actor, project, ACT)
    form = DatasetForm(request.POST or None)
    if form.is_valid():
        act = lambda: services.create(actor=request.actor, project_id=project, **form.cleaned_data)  # noqa: E731
        if made := attempt(form, act):
            return redirect("dataset-version-create", pk=made.pk)
    context = {"form": form, "project": place, "crumbs": crumbs(request, place, "dataset-list")}
    return render(request, "datasets/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """The line of versions, newest first."""
    dataset = selectors.visible(request.actor, pk)
    versions = list(selectors.versions_visible_to(request.actor).filter(dataset=dataset))
    answers = approvals.standings(versions)
    events = list(audit.history(dataset)[:20])
    context = {
        "dataset": dataset,
        "rows": [{"version": one, "state": standings.chip_of(answers[one.pk])} for one in versions],
        "imports": selectors.unfinished_imports(dataset),
        "may_register": projects.may(request.actor, dataset.project_id, ACT),
        "crumbs": _crumbs(request, dataset),
        "events": events,
    }
    return render(request, "datasets/detail.html", context)


@csrf_exempt  # the size is looked at before the body is read; the token is checked right after, by the inner view
@require_http_methods(["GET", "HEAD", "POST"])
def version_create(request: PageRequest, pk: UUID) -> HttpResponse:
    """Upload a version. A body beyond the limit is refused unread: not a byte of it reaches the disk."""
    dataset = selectors.visible(request.actor, pk)
    projects.require(request.actor, dataset.project_id, ACT)
    limit = settings.ASSAY_UPLOAD_LIMIT
    sent = int(request.META.get("CONTENT_LENGTH") or 0)
    if request.method == "POST" and sent > limit + FORM_ALLOWANCE:
        form = VersionForm(last_answers(dataset), limit=limit)
        form.errors.clear()  # nothing was read, so nothing else can be said to be missing
        form.add_error("file", _too_large(sent, limit))
        return _version_page(request, dataset, form, status=413)
    return _receive(request, dataset)


@csrf_protect
def _receive(request: PageRequest, dataset: Dataset) -> HttpResponse:
    limit = settings.ASSAY_UPLOAD_LIMIT
    form = VersionForm(
        request.POST or None, request.FILES or None,
        limit=limit, initial=last_answers(dataset), versions=selectors.of_project(request.actor, dataset.project_id),
    )  # fmt: skip
    findings: list[Fault] = []
    if form.is_valid():
        upload = form.cleaned_data["file"]
        if upload.size > limit:
            form.add_error("file", _too_large(upload.size, limit))
            return _version_page(request, dataset, form, status=413)
        try:
            made = services.enter(
                actor=request.actor,
                dataset_id=dataset.pk,
                path=Path(upload.temporary_file_path()),
                file_name=upload.name,
                licence=form.cleaned_data["licence"],
                licence_told=form.cleaned_data["licence_told"],
                provenance=form.record(),
                reading=form.reading(),
            )
            if isinstance(made, DatasetVersion):
                messages.success(request, _("Registered. A data steward can be asked to approve it now."))
            return redirect(addresses.of(made.kind, made.pk))
        except Unusable as error:
            findings = [fault for fault in error.faults if fault.row is not None]
            onto(form, Unusable([fault for fault in error.faults if fault.row is None]))
            if findings:
                form.add_error("file", _("Some rows cannot be used; the table lists them. Nothing was kept."))
    return _version_page(request, dataset, form, findings)


def last_answers(dataset: Dataset) -> dict[str, Any]:
    """The last version's answers, to be read again and changed where the new version differs."""
    last = dataset.versions.first()
    return initial_of(last.provenance, last.licence, last.licence_told) if last else {}


def _version_page(
    request: PageRequest, dataset: Dataset, form: VersionForm, findings: list[Fault] | None = None, status: int = 0
) -> HttpResponse:
    context = {
        "dataset": dataset,
        "form": form,
        "formats": FORMATS.values(),
        "findings": findings or [],
        "hub_allowed": settings.ASSAY_ALLOW_HUB,
        "crumbs": _crumbs(request, dataset, within=True),
    }
    return render(request, "datasets/version_form.html", context, status=status or (422 if form.errors else 200))


def _too_large(size: int, limit: int) -> str:
    return _("The upload has %(size)s; at most %(limit)s are taken. Split the file, or ask the operator.") % {
        "size": numerals.size(size),
        "limit": numerals.size(limit),
    }


@require_safe
def version_detail(request: PageRequest, pk: UUID) -> HttpResponse:
    version = selectors.version_visible(request.actor, pk)
    used_by = runs.visible_to(request.actor).filter(data_links__dataset_version=version).distinct()
    others = list(version.dataset.versions.exclude(pk=version.pk))
    twins = selectors.twins(request.actor, version)
    chain, derived = derivation.ancestry(request.actor, version), derivation.derived(request.actor, version)
    counts = {
        "overview": None,
        "evidence": None,
        "quality": None,
        "persons": None,
        "approvals": None,
        "lineage": used_by.count() + len(others) + len(twins) + len(chain) + len(derived),
        "history": None,
    }
    current, rows = tabs.of(request, counts)
    may_read = selectors.may_read_rows(request.actor, version)
    shows_rows = may_read and version.has_file
    events = list(history.of(request.actor, version)[:50]) if current == "history" else []
    context = {
        "version": version,
        "tab": current,
        "tabs": rows,
        "crumbs": _crumbs(request, version.dataset, within=True),
        "facts": _facts(version),
        "standing": standings.of(version, version.dataset.project, request.actor),
        "is_withdrawn": withdrawals.is_withdrawn(version),
        "tombstone": disposals.tombstone(version) if version.disposed_at else None,
        "is_barred": bool(withdrawals.barred([version.pk])),
        "may_withdraw": projects.may(request.actor, version.project_id, withdrawing.ACT),
        "verdicts": waivers.by_purpose(version.dataset.project, version),
        "told": selectors.licence_told(version),
        "differs": disagree(version.licence, version.licence_told) or any(not twin.agrees for twin in twins),
        "may_read": may_read,
        "may_download": selectors.may_download(request.actor, version) and version.has_file,
        "may_erase": version.rows_erased_at is None and projects.may(request.actor, version.project_id, erasing.ACT),
        "events": events,
    }
    if current == "overview":
        context |= {
            "splits": splits.rows_of(version),
            "may_split": selectors.may_work_on_rows(request.actor, version, ACT),
            **syntheses.of_version(version),
        }
        context |= {"record": _record(version), "page": _rows_page(request, version) if shows_rows else None}
    if current == "evidence":
        context |= {"pictures": _pictures(version.profile), "columns": version.profile.get("columns", [])}
    if current == "persons":
        context |= scans.tab(request, version)
    if current == "quality":
        context |= quality.tab(request, version) | annotations.tab(request, version)
    if current == "lineage":
        context |= {"lineage": lineage.of(version, version.dataset.project)}
        context |= {"runs": used_by[:50], "others": others, "twins": twins, "chain": chain, "derived": derived}
    return render(request, "datasets/version_detail.html", context)


@require_safe
def version_rows(request: PageRequest, pk: UUID) -> HttpResponse:
    """The part with the sample rows; without a script it is a page of its own."""
    version = selectors.version_visible(request.actor, pk)
    context = {
        "version": version,
        "page": _rows_page(request, version),
        "crumbs": _crumbs(request, version.dataset, within=True),
    }
    return render(request, "datasets/_rows.html" if request.htmx else "datasets/rows.html", context)


@require_safe
def version_file(request: PageRequest, pk: UUID) -> FileResponse:
    opened = services.download(actor=request.actor, version_id=pk)
    version = selectors.version_visible(request.actor, pk)
    return FileResponse(
        opened, as_attachment=True, filename=version.file_name, content_type="application/x-ndjson; charset=utf-8"
    )


@require_safe
def version_changes(request: PageRequest, pk: UUID) -> HttpResponse:
    """What became of the rows since another version of the dataset: `?since=`, or the version before."""
    version = selectors.version_visible(request.actor, pk)
    others = list(selectors.versions_visible_to(request.actor).filter(dataset=version.dataset).exclude(pk=pk))
    others.sort(key=lambda one: -one.number)
    chosen = [one for one in others if str(one.pk) == request.GET.get("since")]
    earlier = chosen or [one for one in others if one.number < version.number] or others
    context: dict[str, Any] = {
        "version": version,
        "others": others,
        "since": earlier[0] if earlier else None,
        "crumbs": _crumbs(request, version.dataset, within=True),
        "may_read": selectors.may_read_rows(request.actor, version),
        "shown": ROWS_OF_A_KIND,
    }
    if earlier:
        there = version.has_file and earlier[0].has_file
        context |= _changes(version, earlier[0], shows_rows=context["may_read"] and there)
    return render(request, "datasets/changes.html", context)


@require_safe
def version_row_proof(request: PageRequest, pk: UUID, place: int) -> HttpResponse:
    """The proof that a row is in the version, to be checked offline by the verifier."""
    proof = membership.prove(actor=request.actor, version_id=pk, place=place)
    response = JsonResponse(proof, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="membership-{place + 1}.json"'
    return response


def _changes(version: DatasetVersion, since: DatasetVersion, *, shows_rows: bool) -> dict[str, Any]:
    """The counts, and the first few rows of each kind for somebody who may read them."""
    try:
        found = selectors.changes(version, since)
    except WrongState as error:
        return {"why_not": str(error)}
    context: dict[str, Any] = {"found": found, "counts": {
        "added": len(found.added), "removed": len(found.removed), "changed": len(found.changed), "kept": found.kept,
    }}  # fmt: skip
    if shows_rows:
        added, removed = found.added[:ROWS_OF_A_KIND], found.removed[:ROWS_OF_A_KIND]
        changed = found.changed[:ROWS_OF_A_KIND]
        before = selectors.rows_at(since, [*removed, *(old for old, _ in changed)])
        after = selectors.rows_at(version, [*added, *(new for _, new in changed)])
        context |= {
            "added": [after[place] for place in added],
            "removed": [before[place] for place in removed],
            "changed": [(before[old], after[new]) for old, new in changed],
        }
    return context


def _rows_page(request: PageRequest, version: DatasetVersion) -> dict[str, Any]:
    """Five rows from `?start=`, and where the pages before and after begin (None at the ends)."""
    asked = request.GET.get("start", "")
    within = min(version.rows, rules.ROWS_WITHIN_REACH)
    start = min(int(asked), max(within - 1, 0)) // ROWS * ROWS if asked.isdecimal() and len(asked) < 10 else 0
    rows = selectors.rows_for(request.actor, version, count=ROWS, start=start)
    return {
        "rows": list(enumerate(rows, start=start)),
        "may_withdraw": projects.may(request.actor, version.project_id, withdrawing.ACT)
        and not withdrawals.is_withdrawn(version),
        "may_prove": bool(version.index_sha256) and projects.may(request.actor, version.project_id, "export evidence"),
        "first": start + 1,
        "last": start + len(rows),
        "within": within,
        "before": max(start - ROWS, 0) if start else None,
        "after": start + ROWS if start + ROWS < within else None,
    }


def _facts(version: DatasetVersion) -> list[dict[str, Any]]:
    return [
        {"term": _("Rows"), "value": f"{version.rows:,}"},
        {"term": _("Format"), "value": version.format},
        {"term": _("Licence"), "value": version.licence},
        {
            "term": _("File"),
            "value": f"{version.file_name}, {numerals.size(version.file_bytes)}",
            "digest": version.file_sha256,
        },
        {"term": _("Registered by"), "value": version.registered_by_name},
    ]


def _record(version: DatasetVersion) -> list[dict[str, Any]]:
    """The provenance record under its headings, with what nobody answered."""
    return [
        {
            "heading": _(heading),
            "answers": [
                {"ask": _(one.ask), "answer": provenance.words(version.provenance, one.name, _)} for one in fields
            ],
        }
        for heading, fields in provenance.parts()
    ]


def _pictures(profile: dict[str, Any]) -> list[dict[str, Any]]:
    """What was measured of the rows, as pictures: lengths in and out, and turns."""
    drawn = [
        _lengths(profile["prompt_characters"], _("Length of what is asked")),
        _lengths(profile["answer_characters"], _("Length of what is learnt")),
    ]
    turns = {int(count): number for count, number in profile["turns"].items()}
    if len(turns) > 1:
        low, high = min(turns), max(turns)
        edges = [count - 0.5 for count in range(low, high + 2)]
        counts = [turns.get(count, 0) for count in range(low, high + 1)]
        title = _("Messages in a row")
        picture = pictures.histogram(edges, counts, title=title, x_label=_("messages"), y_label=_("rows"))
        drawn.append({"title": title, "caption": "", "picture": picture})
    return [one for one in drawn if one]


def _lengths(found: dict[str, Any] | None, title: str) -> dict[str, Any] | None:
    if found is None:
        return None
    bars = found["histogram"]
    edges = [bars["from"] + place * bars["width"] for place in range(len(bars["counts"]) + 1)]
    picture = pictures.histogram(edges, bars["counts"], title=title, x_label=_("characters"), y_label=_("rows"))
    caption = _("Median %(median)s, 90 %% of rows between %(low)s and %(high)s, longest %(max)s.") % {
        "median": f"{found['median']:,}",
        "low": f"{found['p05']:,}",
        "high": f"{found['p95']:,}",
        "max": f"{found['max']:,}",
    }
    return {"title": title, "caption": caption, "picture": picture}


def _crumbs(request: PageRequest, dataset: Dataset, *, within: bool = False) -> list[dict[str, Any]]:
    """The way to the dataset; with `within`, the dataset itself too: the page lies inside it."""
    own = (dataset.name, reverse("dataset-detail", args=[dataset.pk]))
    return crumbs(request, dataset.project, "dataset-list", *([own] if within else []))
