"""The model card, as it was assembled from the records."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from assay.web.place import crumbs
from assay.web.requests import PageRequest
from governance.documents.model_cards import selectors


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
def download(request: PageRequest, pk: UUID) -> HttpResponse:
    """The Markdown, with its Hugging Face metadata on top."""
    card = selectors.visible(request.actor, pk)
    response = HttpResponse(card.markdown, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="README.md"'
    return response
