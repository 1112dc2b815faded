"""The dossier reader: points on the left, the text of one point, the evidence beside it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assay.web import dossier_pages as pages
from assay.web import tabs
from assay.web.forms.dossiers import DeclarationForm
from assay.web.forms.faults import attempt
from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.delivery.evidence import services as evidence
from governance.delivery.releases import selectors as releases
from governance.documents.dossiers import rules, selectors, services
from governance.documents.dossiers.models import Dossier, DossierVersion
from governance.documents.renderings import selectors as made
from governance.documents.renderings import services as renderings
from governance.documents.renderings.documents import DOSSIER
from governance.foundation.core import blobs
from governance.people.approvals import history
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.selectors import DECIDED, standing, standings
from governance.people.projects import selectors as projects

PAGE = 25


@require_safe
def listing(request: PageRequest) -> HttpResponse:
    found = selectors.visible_to(request.actor).order_by("-created_at")
    project = request.GET.get("project", "")
    if project:
        found = found.filter(project__slug=project)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    newest: dict[UUID, DossierVersion] = {}
    for each in DossierVersion.objects.filter(dossier__in=list(page)).defer("document").order_by("number"):
        newest[each.dossier_id] = each
    answers = standings(newest.values())
    rows = []
    for dossier in page:
        version = newest.get(dossier.pk)
        rows.append({"dossier": dossier, "version": version, "standing": answers[version.pk] if version else None})
    context = {"page": page, "rows": rows, "project": project, "projects": projects.seen(request.actor)}
    return render(request, "dossiers/list.html", context)


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
def state_fact(request: PageRequest, pk: UUID) -> HttpResponse:
    """Answer one of the edition's facts with yes or no; what does not apply follows from it by rule."""
    selectors.visible(request.actor, pk)
    fact, value = request.POST.get("fact", ""), request.POST.get("value") == "yes"
    services.state_fact(
        actor=request.actor, dossier_id=pk, fact=fact, value=value, reason=request.POST.get("reason", "")[:2000]
    )
    messages.success(request, _("Kept under your name."))
    return redirect(reverse("dossier-detail", args=[pk]) + "#facts")


@require_POST
def freeze(request: PageRequest, pk: UUID) -> HttpResponse:
    frozen = services.freeze(actor=request.actor, dossier_id=pk)
    messages.success(request, _("Frozen as version %(n)s. Ask for its signature next.") % {"n": frozen.number})
    return redirect("dossier-version-detail", pk=frozen.pk)


@require_safe
def compare(request: PageRequest, pk: UUID) -> HttpResponse:
    """Prompt by prompt, what differs between a frozen version and what stands now."""
    frozen = selectors.version_visible(request.actor, pk)
    now = selectors.draft(frozen.dossier)
    context = {
        "frozen": frozen,
        "rows": pages.compared(selectors.changed(frozen, now), frozen.dossier.edition),
        "crumbs": crumbs(
            request, frozen.project, "dossier-list", (str(frozen), reverse("dossier-version-detail", args=[pk]))
        ),
    }
    return render(request, "dossiers/compare.html", context)


@require_safe
def download(request: PageRequest, pk: UUID, form: str) -> FileResponse:
    """A file of a frozen version: its JSON at once, a PDF when it was made."""
    taken = renderings.take(actor=request.actor, kind=DOSSIER, document_id=pk, form=form)
    return FileResponse(taken.file, as_attachment=True, filename=taken.name, content_type=taken.media_type)


@require_POST
def export(request: PageRequest, pk: UUID) -> HttpResponse:
    renderings.ask(actor=request.actor, kind=DOSSIER, document_id=pk)
    messages.success(request, _("The PDF is being made; this page offers it when it is ready."))
    return redirect("dossier-version-detail", pk=pk)


@require_POST
def bundle(request: PageRequest, pk: UUID) -> FileResponse:
    sealed = evidence.export(actor=request.actor, dossier_version_id=pk)
    return FileResponse(blobs.opened(sealed.file_sha256), as_attachment=True, filename="evidence.zip")


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
    now = selectors.draft(dossier, known=known)
    document = frozen.document if frozen else now
    sections = document["sections"]
    wanted = request.POST.get("point") or request.GET.get("point", "")
    index = next((i for i, section in enumerate(sections) if section["ref"] == wanted), 0)
    section = sections[index]
    newest = frozen or selectors.newest_version(dossier)
    changes = selectors.changed(newest, now) if newest else []
    versions = list(selectors.versions_visible_to(request.actor).filter(dossier=dossier).order_by("-number"))
    requests = ApprovalRequest.objects.filter(subject_kind="dossier", subject_id__in=[each.pk for each in versions])
    current, rows = tabs.of(request, {"overview": None, "approvals": len(requests), "history": None})
    context = {
        "dossier": dossier,
        "frozen": frozen,
        "newest": newest,
        "document": document,
        "tab": current,
        "tabs": rows,
        "crumbs": _crumbs(request, dossier, frozen),
        "groups": pages.groups(sections, {change.ref for change in changes}),
        "section": section,
        "lead": pages.lead(section),
        "because": pages.because(section["because"], dossier.edition),
        "point": pages.point(section, dossier, writable=frozen is None, form=form),
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
        "rendering": made.current(DOSSIER, newest) if newest else None,
        "lint": selectors.contradictions(dossier, known=known) if frozen is None else [],
        "stated": pages.facts_of_the_edition(dossier) if frozen is None else [],
        "versions": versions,
        "requests": requests.select_related("project").prefetch_related(*DECIDED) if current == "approvals" else [],
        "events": history.of(request.actor, frozen or dossier)[:50] if current == "history" else [],
        **_may(request, dossier, frozen),
    }  # fmt: skip
    return render(request, "dossiers/reader.html", context, status=422 if form is not None and form.errors else 200)


def _may(request: PageRequest, dossier: Dossier, frozen: DossierVersion | None) -> dict[str, bool]:
    """What the page offers this reader; the services ask again."""
    may = {
        act: projects.may(request.actor, dossier.project_id, act)
        for act in (
            "declare dossier text", "freeze a document", "ask for an approval", "export evidence", "propose a release",
        )
    }  # fmt: skip
    return {
        "may_declare": frozen is None and may["declare dossier text"],
        "may_freeze": frozen is None and may["freeze a document"],
        "may_ask": frozen is not None and may["ask for an approval"],
        "may_export": may["export evidence"],
        "may_propose": frozen is not None and may["propose a release"] and releases.live(dossier.model_version) is None,
    }


def _crumbs(request: PageRequest, dossier: Dossier, frozen: DossierVersion | None) -> list[dict[str, Any]]:
    if frozen is None:
        return crumbs(request, dossier.project, "dossier-list")
    return crumbs(
        request, dossier.project, "dossier-list", (str(dossier), reverse("dossier-detail", args=[dossier.pk]))
    )
