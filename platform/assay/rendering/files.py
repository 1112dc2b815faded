"""From a frozen document to a file: the one door of this package. Reads the document and nothing else."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from assay.rendering import markdown, pdf
from assay.rendering.engine import page
from assay.rendering.views import audit_reports, dossiers, evaluation_reports, model_cards

Document = Mapping[str, Any]
View = Callable[[Document, Document], dict[str, Any]]

# document kind -> its template and what the template is given
VIEWS: dict[str, tuple[str, View]] = {
    "dossier": ("documents/dossier/document.html", dossiers.view),
    "evaluation_report": ("documents/evaluation_report/document.html", evaluation_reports.view),
    "audit_report": ("documents/audit_report/document.html", audit_reports.view),
    "model_card": ("documents/model_card/document.html", model_cards.view),
}
FORMATS = ("pdf", "html", "md")


class UnknownDocument(ValueError):
    """No such kind of document or format; the message names those there are."""


def render(document_kind: str, document: Document, fmt: str = "pdf", seal: Document | None = None) -> bytes:
    """The file's bytes. The same renderer gives the same bytes for the same document and seal.

    `seal` holds what is printed beside the document and stands outside its digest: `{"signatures": [...]}`.
    Raises UnknownDocument.
    """
    if document_kind not in VIEWS:
        raise UnknownDocument(f"There is no document {document_kind!r}; known: {', '.join(VIEWS)}.")
    if fmt not in FORMATS:
        raise UnknownDocument(f"There is no format {fmt!r}; known: {', '.join(FORMATS)}.")
    template, view = VIEWS[document_kind]
    context = view(document, seal or {})
    if fmt == "md":
        return markdown.of(document_kind, document, context).encode()
    html = page(template, context)
    if fmt == "html":
        return html.encode()
    return pdf.made(html, identifier=context["identifier"], language=context["language"])


def renderer() -> dict[str, str]:
    """What makes the file, by name and version."""
    return {"renderer": f"Assay {version('assay')}, WeasyPrint {version('weasyprint')}"}
