"""JSON about a dataset that follows no standard: what is clear by its name is taken, the rest is told. Pure."""

from collections.abc import Mapping
from typing import Any

from governance.materials.datasets import provenance
from governance.materials.datasets.exchange.description import Description, Found

KIND = "JSON without a known schema"
# Other names of what the record asks for, as such files have them.
ALIASES = {
    "purpose": "intended_purpose",
    "use": "processing_allowed",
    "creator": "issuer",
    "publisher": "issuer",
    "language": "languages",
    "license_checked_by": "licence_checked_by",
    "limitations": "known_gaps",
}
LICENCES = ("licence", "license", "spdx")


def read(document: Mapping[str, Any]) -> Description:
    """What is clear; the name and the place of everything else."""
    found = Description(KIND)
    for key, value in document.items():
        name = ALIASES.get(key, key)
        if name in provenance.NAMES:
            found.answer(name, value, key)
        elif key in LICENCES and isinstance(value, str):
            found.license(value, key)
        elif key == "name" and isinstance(value, str):
            found.name = Found(value, key)
        elif key == "description" and isinstance(value, str):
            found.summary = Found(value, key)
        elif key not in ("repo", "repository", "url", "commit", "revision"):
            found.unplaced(key, value)
    found.answer("source", _source(document), "repo, commit" if "repo" in document else "url")
    return found


def _source(document: Mapping[str, Any]) -> str | None:
    """“owner/name, commit …” or the address, as text."""
    place = next((document[key] for key in ("repo", "repository", "url") if isinstance(document.get(key), str)), None)
    commit = next((document[key] for key in ("commit", "revision") if isinstance(document.get(key), str)), None)
    return f"{place}, commit {commit}" if place and commit else place
