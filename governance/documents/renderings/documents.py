"""The documents that come as files: how each is found, what is printed of it, and in which forms it is there at once.

The list is closed. Whoever asks for a file or takes one names the kind and the record; page, API and command give out
nothing by another way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from governance.documents.dossiers import selectors as dossiers
from governance.documents.dossiers.models import DossierVersion
from governance.documents.evaluation_reports import selectors as reports
from governance.documents.model_cards import selectors as model_cards
from governance.documents.model_cards.models import ModelCard
from governance.documents.model_cards.rules import notice_file
from governance.documents.renderings.rules import Format
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import canonical
from governance.foundation.core.errors import WrongState
from governance.materials.datasets import descriptions
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.exchange.writing import FORMS
from governance.people.engagements import selectors as engagements
from governance.work.evaluations import selectors as evaluations
from governance.work.evaluations.models import Evaluation

DOSSIER, MODEL_CARD, EVALUATION_REPORT, DATASHEET = "dossier", "model_card", "evaluation_report", "datasheet"
AUDIT_REPORT = "audit_report"


@dataclass(frozen=True)
class Document:
    """One kind of frozen document. Each function takes the record that `find` gave."""

    find: Callable[[Actor, UUID], Any]  # raises NotFound, and WrongState before there is anything to give
    content: Callable[[Any], dict[str, Any]]  # what is printed, with its `sha256`
    seal: Callable[[Any], dict[str, Any]]  # what is printed beside it: the signatures as they stand now
    name: Callable[[Any, str], str]  # of the file in a form
    as_it_is: Mapping[str, Callable[[Any], bytes]]  # forms that are there at once
    printed: tuple[Format, ...]  # forms that a worker makes
    # For what goes over several projects and belongs to the organisation: the records whose files somebody sees, who
    # may also take them. None: it belongs to its project, and who exports evidence there takes it.
    seen: Callable[[Actor], QuerySet[Any]] | None = None


def _card_name(card: ModelCard, form: str) -> str:
    """A card's Markdown carries Hugging Face's metadata; under that name their hub reads it."""
    if form == "notice":
        return "NOTICE"
    return "README.md" if form == "md" else f"model-card-{card.model_version.name}-{card.number}.{form}"


def _reported(actor: Actor, evaluation_id: UUID) -> Evaluation:
    evaluation = evaluations.visible(actor, evaluation_id)
    if evaluation.report is None:
        raise WrongState(f"{evaluation} has no report yet; wait for it, or run it again.")
    return evaluation


def _as_the_evaluator_wrote_it(evaluation: Evaluation) -> bytes:
    with blobs.opened(evaluation.report_sha256) as kept:
        return kept.read()


def _document_of(frozen: DossierVersion | ModelCard) -> dict[str, Any]:
    return dict(frozen.document)


def _canonical(frozen: DossierVersion | ModelCard) -> bytes:
    """What its digest was made of, and the digest."""
    return canonical(frozen.document)


def _notice(card: ModelCard) -> bytes:
    """The file that goes with the weights: attributions, prescribed lines, duties."""
    return notice_file(card.document).encode()


DOCUMENTS: Mapping[str, Document] = {
    DOSSIER: Document(
        find=dossiers.version_visible,
        content=_document_of,
        seal=dossiers.seal,
        name=lambda version, form: f"dossier-{version.dossier.model_version.name}-{version.number}.{form}",
        as_it_is={"json": _canonical},
        printed=(Format.PDF, Format.MARKDOWN),
    ),
    MODEL_CARD: Document(
        find=model_cards.visible,
        content=_document_of,
        seal=lambda card: {},
        name=_card_name,
        as_it_is={"json": _canonical, "md": lambda card: card.markdown.encode(), "notice": _notice},
        printed=(Format.PDF,),
    ),
    EVALUATION_REPORT: Document(
        find=_reported,
        content=reports.document,
        seal=reports.seal,
        name=lambda evaluation, form: f"evaluation-report-{evaluation.model_version.name}.{form}",
        as_it_is={"json": _as_the_evaluator_wrote_it},
        printed=(Format.PDF,),
    ),
    AUDIT_REPORT: Document(
        find=engagements.reported,
        content=lambda engagement: dict(engagement.report),
        seal=lambda engagement: {},
        name=lambda engagement, form: f"audit-report-{engagement.closed_at:%Y-%m-%d}.{form}",
        as_it_is={"json": lambda engagement: canonical(engagement.report)},
        printed=(Format.PDF,),
        seen=engagements.seen_whole,
    ),
    DATASHEET: Document(
        find=datasets.version_visible,
        content=descriptions.sheet_of,
        seal=lambda version: {},
        name=descriptions.file_name,
        as_it_is={form: partial(descriptions.written, form=form) for form in FORMS},
        printed=(),
    ),
}
