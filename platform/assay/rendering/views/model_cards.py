"""The model card on paper."""

from collections.abc import Mapping
from typing import Any

from assay.rendering.views.dossiers import signatures


def view(document: Mapping[str, Any], seal: Mapping[str, Any]) -> dict[str, Any]:
    """The template's context."""
    subject = document["subject"]
    return {
        "identifier": document["sha256"],
        "language": "en",
        "title": f"Model card of {subject['name']}",
        "running": f"Model card {subject['name']}",
        "document": document,
        "subject": subject,
        "signatures": signatures(seal),
        "metadata": [
            (key, value) for key, value in document["metadata"].items() if isinstance(value, str) or key == "language"
        ],
    }
