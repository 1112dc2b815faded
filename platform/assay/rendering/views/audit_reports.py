"""The closing report of an audit on paper: what was laid open, what was found, asked and answered, what was read."""

from collections.abc import Mapping
from typing import Any

from assay.rendering.views.dossiers import cited_kind

STATES = {
    "waiting": "Waiting for an answer", "answered": "Answered", "settled": "Settled",
    "open": "Open", "in_hand": "In hand", "closed": "Closed",
}  # fmt: skip
DISCLAIMER = "As it stood when the audit was closed. What was done since stands in Assay."


def view(report: Mapping[str, Any], seal: Mapping[str, Any]) -> dict[str, Any]:
    """The template's context."""
    engagement = report["engagement"]
    return {
        "identifier": report["sha256"],
        "language": "en",
        "title": f"Audit report: {engagement['title']}",
        "running": f"Audit report {engagement['title']}",
        "document": {"sha256": report["sha256"], "disclaimer": DISCLAIMER},
        "subject": {"organisation": report["organisation"]},
        "engagement": engagement,
        "report": report,
        "findings": [_stated(each) for each in report["findings"]],
        "requests": [_stated(each) for each in report["requests"]],
        "read": [{**each, "kind": cited_kind(each["kind"])} for each in report["read"]],
    }


def _stated(part: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, "state": STATES.get(part["state"], part["state"])}
