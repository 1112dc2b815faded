"""Asking for a file of an evaluation's report."""

from typing import Any
from uuid import UUID

from django.db import transaction

from governance.documents.evaluation_reports import selectors
from governance.documents.renderings import services as renderings
from governance.documents.renderings.models import Rendering
from governance.documents.renderings.rules import Format
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import WrongState
from governance.people.projects import selectors as projects
from governance.work.evaluations import selectors as evaluations

KIND = "evaluation_report"


@transaction.atomic
def export(*, actor: Actor, evaluation_id: UUID, file_format: Format = Format.PDF) -> Rendering:
    """Ask for a file of the report, with the signatures as they stand now.

    Raises NotAllowed, NotFound, and WrongState while there is no report.
    """
    evaluation = evaluations.visible(actor, evaluation_id)
    projects.require(actor, evaluation.project_id, "export evidence")
    if evaluation.report is None:
        raise WrongState(f"{evaluation} has no report yet; wait for it, or run it again.")
    document: dict[str, Any] = selectors.document(evaluation)
    return renderings.ask(
        actor=actor,
        project_id=evaluation.project_id,
        document_kind=KIND,
        document_id=evaluation.pk,
        document_sha256=document["sha256"],
        document=document,
        file_name=f"evaluation-report-{evaluation.model_version.name}.{file_format}",
        file_format=file_format,
        seal=selectors.seal(evaluation),
    )
