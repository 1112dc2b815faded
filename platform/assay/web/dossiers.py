"""The dossier reader: points on the left, the text of one point, the evidence beside it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assay.web import addresses
from assay.web.forms.dossiers import DeclarationForm
from assay.web.forms.faults import attempt
from assay.web.requests import PageRequest
from governance.delivery.evidence import services as evidence
from governance.documents.dossiers import rules, selectors, services
from governance.documents.dossiers.models import Dossier, DossierVersion
from governance.documents.renderings import selectors as renderings
from governance.documents.renderings.rules import State as RenderingState
from governance.foundation.core import blobs
from governance.foundation.core.canonical import canonical
from governance.foundation.core.errors import NotFound
from governance.people.approvals.selectors import standing
from governance.people.projects import selectors as projects


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    rows = []
    for dossier in selectors.visible_to(request.actor)[:100]:
        newest = selectors.newest_version(dossier)
        rows.append({"dossier": dossier, "version": newest, "standing": standing(newest) if newest else None})
    return render(request, "dossiers/list.html", {"rows": rows})


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    """The working copy: what the dossier would say if it were frozen now."""
    return _reader(request, selectors.visible(request.actor, pk), None, None)


@require_safe
def version(request: PageRequest, pk: UUID) -> HttpResponse:
    """A frozen version, exactly as it was signed or waits to be."""
    frozen = selectors.version_visible(request.actor, pk)
    return _reader(request, frozen.dossier, frozen, None)


@require_POST
def declare(request: PageRequest, pk: UUID) -> HttpResponse:
    dossier = selectors.visible(request.actor, pk)
    form = DeclarationForm(request.POST)
    if form.is_valid() and attempt(form, lambda: _declare(request, dossier, form.cleaned_data)):
        messages.success(request, _("Kept under your name. It stands in the next version that is frozen."))
        return redirect(f"{reverse('dossier-detail', args=[pk])}?point={request.POST.get('point', '')}")
    return _reader(request, dossier, None, form)


@require_POST
def take_back(request: PageRequest, pk: UUID) -> HttpResponse:
    services.take_back(actor=request.actor, dossier_id=pk, prompt=request.POST.get("prompt", ""))
    messages.success(request, _("Taken back; it stays in the history."))
    return redirect(f"{reverse('dossier-detail', args=[pk])}?point={request.POST.get('point', '')}")


@require_POST
def freeze(request: PageRequest, pk: UUID) -> HttpResponse:
    frozen = services.freeze(actor=request.actor, dossier_id=pk)
    messages.success(request, _("Frozen as version %(n)s. Ask for its signature next.") % {"n": frozen.number})
    return redirect("dossier-version-detail", pk=frozen.pk)


@require_safe
def compare(request: PageRequest, pk: UUID) -> HttpResponse:
    """Point by point, what differs between a frozen version and what stands now."""
    frozen = selectors.version_visible(request.actor, pk)
    now = selectors.draft(frozen.dossier)
    return render(request, "dossiers/compare.html", {"frozen": frozen, "changes": selectors.changed(frozen, now)})


@require_safe
def download(request: PageRequest, pk: UUID, form: str) -> HttpResponse:
    """A file of a frozen version: its JSON at once, a PDF when it was made."""
    frozen = selectors.version_visible(request.actor, pk)
    if form == "json":
        response = HttpResponse(canonical(frozen.document), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="dossier-{frozen.number}.json"'
        return response
    rendering = renderings.of(frozen.kind, frozen.sha256)
    if form != "pdf" or rendering is None or rendering.state != RenderingState.READY:
        raise NotFound("file")
    return FileResponse(blobs.opened(rendering.file_sha256), as_attachment=True, filename=rendering.file_name)


@require_POST
def export(request: PageRequest, pk: UUID) -> HttpResponse:
    services.export(actor=request.actor, version_id=pk)
    messages.success(request, _("The PDF is being made; this page offers it when it is ready."))
    return redirect("dossier-version-detail", pk=pk)


@require_POST
def bundle(request: PageRequest, pk: UUID) -> HttpResponse:
    made = evidence.export(actor=request.actor, dossier_version_id=pk)
    return FileResponse(blobs.opened(made.file_sha256), as_attachment=True, filename="evidence.zip")


def _declare(request: PageRequest, dossier: Dossier, given: dict[str, Any]) -> Any:
    if given["not_applicable"]:
        return services.mark_not_applicable(
            actor=request.actor, dossier_id=dossier.pk, prompt=given["prompt"], reason=given["text"], seen=given["seen"]
        )
    return services.declare(
        actor=request.actor, dossier_id=dossier.pk, prompt=given["prompt"], text=given["text"], seen=given["seen"]
    )


def _reader(
    request: PageRequest, dossier: Dossier, frozen: DossierVersion | None, form: DeclarationForm | None
) -> HttpResponse:
    known = None if frozen else selectors.sources(dossier)
    document = frozen.document if frozen else selectors.draft(dossier, known=known)
    sections = document["sections"]
    wanted = request.POST.get("point") or request.GET.get("point", "")
    index = next((i for i, section in enumerate(sections) if section["ref"] == wanted), 0)
    newest = frozen or selectors.newest_version(dossier)
    changes = selectors.changed(newest, selectors.draft(dossier)) if newest else []
    context = {
        "dossier": dossier,
        "frozen": frozen,
        "newest": newest,
        "document": document,
        "groups": _groups(sections, {change.ref for change in changes}),
        "section": sections[index],
        "point": _point(sections[index], dossier, writable=frozen is None, form=form),
        "before": sections[index - 1] if index else None,
        "after": sections[index + 1] if index + 1 < len(sections) else None,
        "place": index + 1,
        "total": len(sections),
        "missing_in_duties": sum(
            rules.kind_of(prompt, section) == "missing"
            for section in sections if section["duty"] == "required" for prompt in section["prompts"]
        ),
        "missing": rules.missing(document) if request.GET.get("show") == "missing" else None,
        "changes": changes,
        "standing": standing(newest) if newest else None,
        "rendering": renderings.of(newest.kind, newest.sha256) if newest else None,
        "lint": selectors.contradictions(dossier, known=known) if frozen is None else [],
        "may_declare": frozen is None and projects.may(request.actor, dossier.project_id, "declare dossier text"),
        "may_freeze": frozen is None and projects.may(request.actor, dossier.project_id, "freeze a document"),
        "may_ask": frozen is not None and projects.may(request.actor, dossier.project_id, "ask for an approval"),
        "may_export": projects.may(request.actor, dossier.project_id, "export evidence"),
        "may_propose": frozen is not None and projects.may(request.actor, dossier.project_id, "propose a release"),
    }  # fmt: skip
    return render(request, "dossiers/reader.html", context, status=422 if form is not None and form.errors else 200)


def _groups(sections: list[dict[str, Any]], changed: set[str]) -> list[dict[str, Any]]:
    """The rail: points by annex, each with its counts for the ring."""
    groups: list[dict[str, Any]] = []
    for section in sections:
        name, _, short = _split(section["ref"])
        if not groups or groups[-1]["name"] != name:
            groups.append({"name": name, "points": []})
        counts = rules.completeness([section])
        asked = counts["prompts"] - counts["not_applicable"]
        groups[-1]["points"].append(
            {
                "ref": section["ref"],
                "short": short,
                "title": section["title"],
                "duty": section["duty"],
                "counts": counts,
                "met": asked - counts["missing"],
                "asked": asked,
                "changed": section["ref"] in changed,
            }
        )
    return groups


def _split(ref: str) -> tuple[str, str, str]:
    """“Annex IV(2)(d)” -> (“Annex IV”, “”, “2(d)”); “Annex XI, Section 1, point 2(d)” -> (“Annex XI, Section 1”, …)."""
    if ", point " in ref:
        name, _, short = ref.partition(", point ")
        return name, "", short
    name, _, rest = ref.partition("(")
    return name, "", rest.replace(")", "", 1) if rest else ""


def _point(
    section: dict[str, Any], dossier: Dossier, *, writable: bool, form: DeclarationForm | None
) -> dict[str, Any]:
    """One point as it is read: each prompt with its statements, and evidence cards numbered once."""
    cards: dict[tuple[str, str], dict[str, Any]] = {}
    standing_texts = {each.prompt: each for each in selectors.declarations(dossier)} if writable else {}
    prompts = []
    for prompt in section["prompts"]:
        statements = []
        for index in prompt["met_by"]:
            statement = section["statements"][index]
            numbers = []
            for cited in statement["evidence"]:
                key = (cited["kind"], cited["id"])
                card = cards.setdefault(key, {**cited, "number": len(cards) + 1, "url": addresses.of(*key)})
                numbers.append(card["number"])
            statements.append({**statement, "numbers": numbers})
        text = standing_texts.get(prompt["id"])
        this = form if form is not None and form.data.get("prompt") == prompt["id"] else None
        initial = {"prompt": prompt["id"], "text": text.text if text else "", "seen": text.pk if text else None}
        prompts.append(
            {
                **prompt,
                "state": rules.kind_of(prompt, section),
                "statements": statements,
                "form": (this or DeclarationForm(initial=initial, auto_id=f"{prompt['id']}-%s")) if writable else None,
                "open": this is not None,
                "declared": text,
            }
        )
    return {"prompts": prompts, "cards": list(cards.values())}
