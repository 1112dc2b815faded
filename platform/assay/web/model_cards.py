"""The model card, as it was assembled from the records."""

from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.documents.model_cards import selectors
from governance.documents.renderings import services as renderings
from governance.documents.renderings.documents import MODEL_CARD
from governance.people.projects import selectors as projects


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    card = selectors.visible(request.actor, pk)
    model = card.model_version
    metadata, body = _parts(card.markdown)
    steps = ("model-version-list", (str(model), reverse("model-version-detail", args=[model.pk])))
    context = {
        "card": card,
        "model": model,
        "metadata": metadata,
        "body": body,
        "crumbs": crumbs(request, card.project, *steps),
        "may_export": projects.may(request.actor, card.project_id, "export evidence"),
    }
    return render(request, "model_cards/detail.html", context)


def _parts(markdown: str) -> tuple[str, str]:
    """(the metadata between the rules on top, the text below without the title that the page's header says)."""
    head, body = "", markdown
    if markdown.startswith("---\n"):
        _before, head, body = markdown.split("---\n", 2)
    lines = body.strip().splitlines()
    if lines and lines[0].startswith("# "):
        lines = lines[1:]
    return head.strip(), "\n".join(lines)


@require_safe
def download(request: PageRequest, pk: UUID) -> FileResponse:
    """The Markdown, with its Hugging Face metadata on top."""
    return _file(request, pk, "md")


@require_safe
def notice(request: PageRequest, pk: UUID) -> FileResponse:
    """The NOTICE file that goes with the weights."""
    return _file(request, pk, "notice")


def _file(request: PageRequest, pk: UUID, form: str) -> FileResponse:
    taken = renderings.take(actor=request.actor, kind=MODEL_CARD, document_id=pk, form=form)
    return FileResponse(taken.file, as_attachment=True, filename=taken.name, content_type=taken.media_type)
