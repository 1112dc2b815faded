"""What a registrant says about where data comes from. Pure.

Fields after the Data & Trust Alliance's Data Provenance Standards 1.0.0 (source, provenance and use metadata),
in our own words, plus what fine-tuning needs: who made synthetic rows, and what was checked.
"""

from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any


@dataclass(frozen=True)
class Field:
    """One question of the record. `needed` ones must be answered before a version is registered."""

    name: str
    ask: str
    needed: bool = False
    long: bool = False
    part: str = ""  # the heading under which a form and a page show it


def _part(heading: str, *fields: Field) -> tuple[Field, ...]:
    return tuple(replace(field, part=heading) for field in fields)


FIELDS = (
    *_part(
        "Source",
        Field("source", "Where do the rows come from?", needed=True, long=True),
        Field("issuer", "Who gave them out, and answers for them?", needed=True),
        Field("origin_geography", "From which countries?"),
        Field("derived_from", "Which other data is it derived from?"),
    ),
    *_part(
        "Making",
        Field("method", "How were they collected or made?", needed=True, long=True),
        Field("collected_from", "Collected from (date)"),
        Field("collected_to", "Collected until (date)"),
        Field("selection", "How were rows chosen or left out, and who did it?", long=True),
        Field("labelling", "Who wrote or checked the answers, and by which guide?", long=True),
        Field("synthetic_by", "If a model wrote rows: which one, and what share of them?", long=True),
    ),
    *_part(
        "Persons",
        Field("personal_data", "Is there personal data in it, and on which legal basis?", needed=True, long=True),
        Field("consent", "Which consent was given, and where is it documented?", long=True),
        Field("privacy_tools", "What was done to protect persons (masking, pseudonyms, …)?", long=True),
    ),
    *_part(
        "Rights and use",
        Field("copyright", "Who holds copyright in it?", long=True),
        Field("text_and_data_mining", "If it was mined: were opt-outs checked, and how?", long=True),
        Field("licence_checked_by", "Who checked the licence, and where?"),
        Field("intended_purpose", "What was it made for?", long=True),
        Field("processing_allowed", "What may it be used for?", long=True),
        Field("processing_excluded", "What must it not be used for?", long=True),
    ),
    *_part(
        "Coverage",
        Field("languages", "Which languages?"),
        Field("known_gaps", "Which groups, cases or languages are missing or rare?", long=True),
    ),
)
NAMES = frozenset(field.name for field in FIELDS)


def unknown(record: dict[str, Any]) -> list[str]:
    """Keys that are no field of the record."""
    return sorted(set(record) - NAMES)


def not_text(record: dict[str, Any]) -> list[str]:
    """Fields whose answer is something else than text."""
    return sorted(name for name, answer in record.items() if answer is not None and not isinstance(answer, str))


def unanswered(record: dict[str, Any]) -> list[Field]:
    """Needed fields that have no answer."""
    return [field for field in FIELDS if field.needed and not str(record.get(field.name) or "").strip()]


def parts() -> list[tuple[str, list[Field]]]:
    """The fields under their headings, in the record's order."""
    return [(heading, list(fields)) for heading, fields in groupby(FIELDS, key=lambda field: field.part)]
