"""The policies that ship with Assay, as data: the default edition. Pure: no Django, no models."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from governance.foundation.core.canonical import digest
from governance.people.policies.kinds import KINDS
from governance.people.policies.rules import Terms, parse

DEFAULT = Path(__file__).parent / "data" / "2026-11-26.yaml"


@dataclass(frozen=True)
class Edition:
    id: str
    terms: dict[str, Terms]  # by kind of subject


@cache
def default() -> Edition:
    """Raises ValueError where a kind of subject lacks its terms."""
    found = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    terms = {kind: parse(kind, given) for kind, given in found["subjects"].items()}
    if terms.keys() != KINDS.keys():
        raise ValueError(f"{DEFAULT.name} must know each of: {', '.join(KINDS)}")
    return Edition(found["id"], terms)


def digest_of(edition: str, subject_kind: str, terms: Terms) -> str:
    """What a request keeps of the terms that it was asked under, where no published policy holds."""
    return digest({"edition": edition, "subject_kind": subject_kind, "terms": terms.content()})
