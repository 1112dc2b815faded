"""The quality of a version's rows: what was measured, as pictures, and the checklist that reads it."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assay.rendering import pictures
from assay.web.forms.faults import attempt
from assay.web.forms.quality import ProfileForm
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.foundation.audit import selectors as audit
from governance.foundation.jobs import selectors as jobs
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import measuring, rules, selectors
from governance.materials.datasets.models import DatasetVersion, QualityProfile
from governance.materials.datasets.rules import ProfileState
from governance.people.projects import selectors as projects
from preparation.quality import thresholds
from preparation.quality.checklist import State

BARS = 10  # of languages and labels the most frequent are drawn; the rest stands in the numbers
Picture = dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
def measure(request: PageRequest, pk: UUID) -> HttpResponse:
    """Have a version measured, with what it is to be held against."""
    version = selectors.version_visible(request.actor, pk)
    projects.require(request.actor, version.project_id, measuring.ACT)
    form = ProfileForm(request.POST or None, actor=request.actor, version=version)
    if form.is_valid():
        act = lambda: measuring.measure(  # noqa: E731
            actor=request.actor, version_id=pk, options=form.options()
        )
        if made := attempt(form, act):
            return redirect("quality-profile-detail", pk=made.pk)
    context = {"form": form, "version": version, "crumbs": _crumbs(request, version)}
    return render(request, "quality/form.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """One profile; while a worker measures, how far it is."""
    profile = selectors.visible_quality_profile(request.actor, pk)
    may = projects.may(request.actor, profile.project_id, measuring.ACT)
    context = {
        "profile": profile,
        "job": profile.job,
        "alive": jobs.worker_is_alive(),
        "may_cancel": may and profile.state == ProfileState.QUEUED,
        "may_measure": may and profile.state != ProfileState.QUEUED,
        "events": list(audit.history(profile)[:20]),
        "crumbs": _crumbs(request, profile.version),
        **shown(request, profile),
    }
    response = render(request, "quality/_state.html" if request.htmx else "quality/detail.html", context)
    if request.htmx and profile.state != ProfileState.QUEUED:
        response["HX-Refresh"] = "true"
    return response


@require_POST
def cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    measuring.cancel(actor=request.actor, profile_id=pk)
    messages.success(request, _("The measuring ends."))
    return redirect("quality-profile-detail", pk=pk)


def tab(request: PageRequest, version: DatasetVersion) -> dict[str, Any]:
    """What the tab of a version shows: its newest profile, and the one that is under way or ended without a result."""
    newest = version.quality_profiles.first()
    profile = selectors.quality(version)
    older = version.quality_profiles.exclude(pk=profile.pk) if profile else version.quality_profiles.all()
    return {
        "profile": profile,
        "pending": newest if newest is not None and newest.state != ProfileState.MEASURED else None,
        "older": older[:10],
        "may_measure": selectors.may_work_on_rows(request.actor, version, measuring.ACT),
        **(shown(request, profile) if profile else {}),
    }


def shown(request: PageRequest, profile: QualityProfile) -> dict[str, Any]:
    """Checklist and pictures of a profile; nothing where it was not measured."""
    if profile.result is None:
        return {"verdicts": [], "drawn": [], "counts": {}}
    found = profile.result
    linked = selectors.may_read_rows(request.actor, profile.version)
    verdicts = [{**one, "links": _links(profile.version, one) if linked else []} for one in found["checklist"]]
    states = [one["state"] for one in verdicts]
    order = [State.LOOK, State.NOT_MEASURED, State.GOOD]  # what a person has to do comes first
    return {
        "verdicts": sorted(verdicts, key=lambda one: order.index(State(one["state"]))),
        "counts": {state.value.replace("-", "_"): states.count(state.value) for state in State},
        "drawn": list(_pictures(found)),
        "looked": _looked(profile.options, found),
    }


def _links(version: DatasetVersion, verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Example rows by their number, with the page that shows each where it can be reached."""
    address = reverse("dataset-version-rows", args=[version.pk])
    return [
        {"number": number, "url": f"{address}?start={place}" if place < rules.ROWS_WITHIN_REACH else ""}
        for number, place in zip(verdict["rows"], verdict["places"], strict=True)
    ]


def _looked(options: Mapping[str, Any], found: Mapping[str, Any]) -> list[dict[str, str]]:
    """What the profile looked at, in words."""
    model = BaseModel.objects.filter(pk=options["base_model"]).first() if options["base_model"] else None
    against = found["measures"]["against"].get("others", [])
    return [
        {"term": _("Rows"), "value": f"{found['rows']:,}"},
        {"term": _("Tokens of"), "value": str(model) if model else _("no model")},
        {"term": _("Cut at"), "value": f"{options['limit']:,}" if options["limit"] else _("no length")},
        {"term": _("Held against"), "value": ", ".join(one["name"] for one in against) or _("nothing else")},
        {"term": _("Parts held against one another"), "value": found["asked"].get("parts") or _("of no split")},
    ]


def _pictures(found: Mapping[str, Any]) -> Iterator[Picture]:
    measures = found["measures"]
    yield _concerned(found)
    unit = "characters" if "not_measured" in measures["tokens"] else "tokens"
    limit = measures["tokens"].get("truncation", {}).get("limit") if unit == "tokens" else None
    words = {"characters": _("characters"), "tokens": _("tokens")}[unit]
    lengths = measures[unit]
    for part, title in (("asked", _("Length of what is asked")), ("learnt", _("Length of what is learnt"))):
        if lengths[part]:
            yield _lengths(lengths[part], title, words, lengths)
    if lengths["whole"] and limit:
        yield _lengths(lengths["whole"], _("Length of whole rows"), words, lengths, limit)
    yield from _turns(measures["turns"])
    yield from _bars(measures["languages"], "rows_by_language", _("Languages"))
    yield from _bars(measures["labels"], "rows_by_label", _("Labels"))


def _concerned(found: Mapping[str, Any]) -> Picture:
    """Of how many rows in a hundred something is to be said, beside the share from which a person should look."""
    rows, measures = found["rows"], found["measures"]
    told = (
        (_("exact copies"), measures["exact_duplicates"], thresholds.EXACT_SHARE),
        (_("near copies"), measures["near_duplicates"], thresholds.NEAR_SHARE),
        (_("contradicting"), measures["contradictions"], thresholds.NONE_AT_ALL),
        (_("unusual length"), measures["outliers"]["length"], thresholds.LENGTH_OUTLIERS),
        (_("repeating itself"), measures["outliers"]["repetition"], thresholds.REPETITION),
        (_("chat markup"), measures["template"]["control"], thresholds.NONE_AT_ALL),
        (_("wrong encoding"), measures["encoding"]["mojibake"], thresholds.NONE_AT_ALL),
    )
    bars = [
        pictures.Bar(
            name,
            None if "not_measured" in one else 100 * one.get("rows", one["count"]) / rows,
            limit=100 * threshold.value or None,
            good="lower",
            n=rows,
        )
        for name, one, threshold in told
    ]
    title = _("Rows of which something is to be said")
    picture = pictures.bars_with_threshold(bars, title=title, x_label=_("% of rows"), decimals=2)
    caption = _("Dashed: the share from which a person should look; without a dash, from the first row on.")
    return {"title": title, "caption": caption, "picture": picture}


def _lengths(
    spread: Mapping[str, Any], title: str, unit: str, of: Mapping[str, Any], limit: int | None = None
) -> Picture:
    bars = spread["histogram"]
    edges = [bars["from"] + place * bars["width"] for place in range(len(bars["counts"]) + 1)]
    picture = pictures.histogram(
        edges, bars["counts"], title=title, x_label=unit, y_label=_("rows"), limit=limit, limit_label=_("cut here")
    )
    caption = _("Median %(median)s, 90 %% of rows between %(low)s and %(high)s, longest %(max)s.") % {
        "median": f"{spread['median']:,}",
        "low": f"{spread['p05']:,}",
        "high": f"{spread['p95']:,}",
        "max": f"{spread['max']:,}",
    }
    return {"title": title, "caption": f"{caption}{_sampled(of)}", "picture": picture}


def _turns(found: Mapping[str, Any]) -> Iterator[Picture]:
    turns = {int(count): rows for count, rows in found.get("rows_by_messages", {}).items()}
    if len(turns) < 2:
        return
    low, high = min(turns), max(turns)
    step = -(-(high - low + 1) // 40)  # so many bars can be told apart
    edges = [low - 0.5 + step * place for place in range(-(-(high - low + 1) // step) + 1)]
    counts = [0] * (len(edges) - 1)
    for count, rows in turns.items():
        counts[(count - low) // step] += rows
    title = _("Messages in a row")
    picture = pictures.histogram(edges, counts, title=title, x_label=_("messages"), y_label=_("rows"))
    yield {"title": title, "caption": "", "picture": picture}


def _bars(found: Mapping[str, Any], key: str, title: str) -> Iterator[Picture]:
    counts = list(found.get(key, {}).items())
    if not counts:
        return
    bars = [pictures.Bar(name, rows) for name, rows in counts[:BARS]]
    picture = pictures.bars_with_threshold(bars, title=title, x_label=_("rows"), decimals=0)
    left = len(counts) - len(bars)
    caption = _("The %(n)s most frequent of %(all)s.") % {"n": len(bars), "all": len(counts)} if left else ""
    if found.get("too_short"):
        caption += " " + _("%(n)s rows are too short to tell.") % {"n": f"{found['too_short']:,}"}
    yield {"title": title, "caption": f"{caption}{_sampled(found)}".strip(), "picture": picture}


def _sampled(found: Mapping[str, Any]) -> str:
    return " " + _("A sample of %(n)s rows.") % {"n": f"{found['n']:,}"} if found["sampled"] else ""


def _crumbs(request: PageRequest, version: DatasetVersion) -> list[dict[str, Any]]:
    line = (version.dataset.name, reverse("dataset-detail", args=[version.dataset_id]))
    own = (str(version), reverse("dataset-version-detail", args=[version.pk]))
    return crumbs(request, version.dataset.project, "dataset-list", line, own)
