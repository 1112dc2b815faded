"""What a registrant says about where data comes from. Pure.

Fields after the Data & Trust Alliance's Data Provenance Standards 1.0.0 (source, provenance and use metadata),
in our own words, plus what fine-tuning needs: who made synthetic rows, and what was checked.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One question of the record. `needed` ones must be answered before a version is registered."""

    name: str
    ask: str
    needed: bool = False
    long: bool = False


FIELDS = (
    Field("source", "Where do the rows come from?", needed=True, long=True),
    Field("issuer", "Who gave them out, and answers for them?", needed=True),
    Field("origin_geography", "From which countries?"),
    Field("method", "How were they collected or made?", needed=True, long=True),
    Field("collected_from", "Collected from (date)"),
    Field("collected_to", "Collected until (date)"),
    Field("selection", "How were rows chosen or left out, and who did it?", long=True),
    Field("labelling", "Who wrote or checked the answers, and by which guide?", long=True),
    Field("personal_data", "Is there personal data in it, and on which legal basis?", needed=True, long=True),
    Field("consent", "Which consent was given, and where is it documented?", long=True),
    Field("privacy_tools", "What was done to protect persons (masking, pseudonyms, …)?", long=True),
    Field("processing_allowed", "What may it be used for?", long=True),
    Field("processing_excluded", "What must it not be used for?", long=True),
    Field("copyright", "Who holds copyright in it?", long=True),
    Field("text_and_data_mining", "If it was mined: were opt-outs checked, and how?", long=True),
    Field("intended_purpose", "What was it made for?", long=True),
    Field("derived_from", "Which other data is it derived from?"),
    Field("synthetic_by", "If a model wrote rows: which one, and what share of them?", long=True),
    Field("languages", "Which languages?"),
    Field("known_gaps", "Which groups, cases or languages are missing or rare?", long=True),
    Field("licence_checked_by", "Who checked the licence, and where?"),
)
NAMES = frozenset(field.name for field in FIELDS)


def unknown(record: dict[str, Any]) -> list[str]:
    """Keys that are no field of the record."""
    return sorted(set(record) - NAMES)


def unanswered(record: dict[str, Any]) -> list[Field]:
    """Needed fields that have no answer."""
    return [field for field in FIELDS if field.needed and not str(record.get(field.name) or "").strip()]
