"""The model card, as it was assembled from the records."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from assay.web.requests import PageRequest
from governance.documents.model_cards import selectors


@require_safe
def detail(request: PageRequest, pk: UUID) -> HttpResponse:
    card = selectors.visible(request.actor, pk)
    body = card.markdown.split("---\n", 2)[-1] if card.markdown.startswith("---") else card.markdown
    return render(request, "model_cards/detail.html", {"card": card, "model": card.model_version, "body": body})


@require_safe
def download(request: PageRequest, pk: UUID) -> HttpResponse:
    """The Markdown, with its Hugging Face metadata on top."""
    card = selectors.visible(request.actor, pk)
    response = HttpResponse(card.markdown, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="README.md"'
    return response
