"""An evaluation's report as a document, and who signed for it."""

import json
from dataclasses import replace
from typing import Any

from governance.documents.evaluation_reports import rules
from governance.documents.sources.gathering import evaluation_source, sources_of
from governance.foundation.core import blobs
from governance.people.approvals.models import Decision
from governance.people.approvals.rules import Verdict
from governance.work.envelopes import selectors as envelopes
from governance.work.evaluations.models import Evaluation


def document(evaluation: Evaluation) -> dict[str, Any]:
    """The document of `evaluation`, which has a report. The same evaluation always gives the same document.

    Raises ValueError where it has none.
    """
    if evaluation.report is None:
        raise ValueError(f"{evaluation} has no report.")
    known = replace(sources_of(evaluation.model_version), evaluation=evaluation_source(evaluation))
    return rules.assemble(known, _samples(evaluation.samples_sha256))


def seal(evaluation: Evaluation) -> dict[str, Any]:
    """Approvals to print beside it: of the run's plan, with its locked limits, or of the range in which it passed."""
    run = evaluation.model_version.run
    subjects = {run.pk, *(each.envelope_id for each in envelopes.passages_on([run.pk], run.project_id))}
    decisions = Decision.objects.filter(request__subject_id__in=subjects, verdict=Verdict.APPROVE)
    return {"signatures": [each.printed() for each in decisions.select_related("request").order_by("created_at")]}


def _samples(sha256: str) -> list[dict[str, Any]]:
    with blobs.opened(sha256) as handle:
        return [json.loads(line) for line in handle if line.strip()]
