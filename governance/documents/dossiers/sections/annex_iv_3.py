"""Annex IV, points 3 to 9: working and limits, metrics, risks, changes. Most of it only people can say."""

from governance.documents.sources import model, people, testing
from governance.documents.sources.binding import answer

ANSWERS = (
    answer("iv-3.capability", testing.performance, "evaluation"),
    answer("iv-3.capability", testing.limits, "evaluation"),
    answer("iv-3.groups", testing.bias, "evaluation"),
    answer("iv-3.expected", testing.thresholds, "plan"),
    answer("iv-3.unintended", people.misuse, "project"),
    answer("iv-3.input", model.input_kind, "base_model", "manifest"),
    answer("iv-4.metrics", testing.thresholds, "plan"),
    answer("iv-4.purpose", testing.rationale, "plan"),
    answer("iv-5.tests", testing.outcome, "plan", "evaluation"),
    answer("iv-6.changes", model.changes, "model_version", "base_model", "manifest", "earlier?"),
)
