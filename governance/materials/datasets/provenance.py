"""What a registrant says about where data comes from. Pure.

Fields after the Data & Trust Alliance's Data Provenance Standards 1.0.0 (source, provenance and use metadata),
in our own words, plus what fine-tuning needs: who made synthetic rows, and what was checked.

What can be compared has a form of its own: a date, countries, a choice from a list, a share, links to versions.
Words stand beside it, never in its place. Records of before there were forms hold words everywhere; they are shown
as they are, and only what is registered anew is held to the form.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import Any
from uuid import UUID

from governance.materials.datasets import legal_bases, places

CHECKED, NOT_CHECKED, NOT_MINED = "checked", "not-checked", "not-mined"
MINING = {
    CHECKED: "Opt-outs were checked",
    NOT_CHECKED: "Opt-outs were not checked",
    NOT_MINED: "Nothing was mined",
}
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_LINK = {"id", "name", "file_sha256"}


class Form(StrEnum):
    """What an answer looks like."""

    TEXT = "text"
    DATE = "date"  # 2024, 2024-05 or 2024-05-31
    PLACES = "places"  # a list of ISO 3166-1 alpha-2 codes
    CHOICE = "choice"  # a key of `options`
    CHOICES = "choices"  # a list of keys of `options`
    SHARE = "share"  # a number from 0 to 100
    VERSIONS = "versions"  # a list of {"id", "name", "file_sha256"} of versions in Assay


@dataclass(frozen=True)
class Field:
    """One question of the record. `needed` ones must be answered before a version is registered."""

    name: str
    ask: str
    needed: bool = False
    long: bool = False
    form: Form = Form.TEXT
    options: Mapping[str, str] = field(default_factory=dict)
    part: str = ""  # the heading under which a form and a page show it


@dataclass(frozen=True)
class Flaw:
    """What is wrong with an answer, and the cure."""

    field: str
    message: str
    cure: str


def _part(heading: str, *fields: Field) -> tuple[Field, ...]:
    return tuple(replace(field, part=heading) for field in fields)


FIELDS = (
    *_part(
        "Source",
        Field("source", "Where do the rows come from?", needed=True, long=True),
        Field("issuer", "Who gave them out, and answers for them?", needed=True),
        Field("places", "From which countries?", form=Form.PLACES),
        Field("origin_geography", "What else is to be said of the place?"),
        Field("derived_from_versions", "Which versions in Assay is it derived from?", form=Form.VERSIONS),
        Field("derived_from", "Which other data is it derived from?"),
    ),
    *_part(
        "Making",
        Field("method", "How were they collected or made?", needed=True, long=True),
        Field("collected_from", "Collected from (date)", form=Form.DATE),
        Field("collected_to", "Collected until (date)", form=Form.DATE),
        Field("selection", "How were rows chosen or left out, and who did it?", long=True),
        Field("labelling", "Who wrote or checked the answers, and by which guide?", long=True),
        Field("synthetic_share", "What share of the rows did a model write (per cent)?", form=Form.SHARE),
        Field("synthetic_model", "Which model wrote them (name and version)?"),
        Field("synthetic_by", "How did a model write rows, and what of it was checked?", long=True),
    ),
    *_part(
        "Persons",
        Field("personal_data", "Is there personal data in it? Which, and of whom?", needed=True, long=True),
        Field("legal_bases", "On which legal basis is it used?", form=Form.CHOICES, options=legal_bases.LEGAL_BASES),
        Field("consent", "Which consent was given, and where is it documented?", long=True),
        Field("privacy_tools", "What was done to protect persons (masking, pseudonyms, …)?", long=True),
    ),
    *_part(
        "Rights and use",
        Field("copyright", "Who holds copyright in it?", long=True),
        Field("mining_checked", "If it was mined: were opt-outs checked?", form=Form.CHOICE, options=MINING),
        Field("mining_checked_on", "Opt-outs checked on (date)", form=Form.DATE),
        Field("text_and_data_mining", "How were opt-outs from mining checked?", long=True),
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
BY_NAME = {field.name: field for field in FIELDS}
NAMES = frozenset(BY_NAME)


def flaws(record: Mapping[str, Any]) -> list[Flaw]:
    """Everything that keeps `record` from being registered: unknown fields, wrong forms, what contradicts itself,
    needed answers that are missing."""
    found = [
        Flaw(name, "The provenance record has no such field.", "See the list of fields.")
        for name in sorted(set(record) - NAMES)
    ]
    misshapen = [flaw for one in FIELDS if _answered(record, one) and (flaw := _misshapen(one, record[one.name]))]
    found += misshapen
    if not misshapen:
        found += _contradictions(record)
    return [*found, *(
        Flaw(one.name, f"Not answered: {one.ask}", "Ask who made the data, or say “not known”.")
        for one in unanswered(record)
    )]  # fmt: skip


def unanswered(record: Mapping[str, Any]) -> list[Field]:
    """Needed fields that have no answer."""
    return [one for one in FIELDS if one.needed and not _answered(record, one)]


def answered(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record without empty answers and unknown fields, in the order of the fields."""
    return {one.name: record[one.name] for one in FIELDS if _answered(record, one)}


def parts() -> list[tuple[str, list[Field]]]:
    """The fields under their headings, in the record's order."""
    return [(heading, list(fields)) for heading, fields in groupby(FIELDS, key=lambda field: field.part)]


def words(record: Mapping[str, Any], name: str, say: Callable[[str], str] = str) -> str:
    """The answer to a field as a person reads it, "" where there is none; `say` translates what is ours.

    An answer of before the field had a form is words already.
    """
    one = BY_NAME[name]
    if not _answered(record, one):
        return ""
    answer: Any = record[name]
    if isinstance(answer, str) and one.form != Form.CHOICE:
        return answer.strip()
    match one.form:
        case Form.CHOICE:
            return say(one.options[answer]) if answer in one.options else str(answer)
        case Form.CHOICES:
            return "; ".join(say(one.options.get(key, key)) for key in answer)
        case Form.PLACES:
            return ", ".join(places.named(code) for code in answer)
        case Form.SHARE:
            return f"{answer:.12g} %"
        case Form.VERSIONS:
            return ", ".join(link["name"] for link in answer)
    return str(answer)


def linked_ids(record: Mapping[str, Any]) -> list[UUID]:
    """The ids of the versions in Assay that it says it is derived from."""
    links = record.get("derived_from_versions") or []
    return [UUID(str(link["id"] if isinstance(link, dict) else link)) for link in links]


def writers(record: Mapping[str, Any]) -> list[str]:
    """The models that it says wrote rows, each once, as they are named there: several stand apart by ";"."""
    named = str(record.get("synthetic_model") or "").split(";")
    return list(dict.fromkeys(name for each in named if (name := each.strip())))


def is_date(text: str) -> bool:
    """Whether `text` is a year, a month or a day that there is."""
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    try:
        date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        return False
    return True


def _answered(record: Mapping[str, Any], one: Field) -> bool:
    answer = record.get(one.name)
    return bool(answer.strip()) if isinstance(answer, str) else answer is not None and answer != []


def _misshapen(one: Field, answer: Any) -> Flaw | None:
    for holds, message, cure in _demands(one, answer):
        if not holds:
            return Flaw(one.name, message, cure)
    return None


def _demands(one: Field, answer: Any) -> Iterator[tuple[bool, str, str]]:
    """What the form demands, from the outside in: (whether it holds, what is wrong, the cure)."""
    match one.form:
        case Form.TEXT:
            yield isinstance(answer, str), "The answer must be text.", "Write it as one text, or leave it out."
        case Form.DATE:
            cure = "Write 2024-05-31, 2024-05 or 2024; leave it out where nobody knows."
            yield isinstance(answer, str) and is_date(answer), f"“{_short(answer)}” is not a date.", cure
        case Form.PLACES:
            yield isinstance(answer, list), "Countries are a list.", 'Write ["DE", "FR"].'
            wrong = [code for code in answer if not places.is_code(code)]
            cure = "Use two letters after ISO 3166-1, for example DE; say anything else in words."
            yield not wrong, f"“{_short(*wrong[:1])}” is not the code of a country.", cure
        case Form.CHOICE:
            cure = f"Use one of: {', '.join(one.options)}."
            yield isinstance(answer, str) and answer in one.options, f"“{_short(answer)}” is no choice.", cure
        case Form.CHOICES:
            cure = f"Use some of: {', '.join(one.options)}."
            yield isinstance(answer, list), "The answer is a list of choices.", cure
            wrong = [key for key in answer if not isinstance(key, str) or key not in one.options]
            yield not wrong, f"“{_short(*wrong[:1])}” is no choice.", cure
        case Form.SHARE:
            fits = isinstance(answer, int | float) and not isinstance(answer, bool) and 0 <= answer <= 100
            yield fits, f"“{_short(answer)}” is not a share.", "Give a number from 0 to 100."
        case Form.VERSIONS:
            cure = "Give the ids of dataset versions as a list."
            yield isinstance(answer, list), "Versions are a list.", cure
            yield all(_is_link(link) for link in answer), "This names no version.", cure


def _is_link(link: Any) -> bool:
    if isinstance(link, dict) and (set(link) != _LINK or not all(isinstance(text, str) for text in link.values())):
        return False
    try:
        UUID(str(link["id"] if isinstance(link, dict) else link))
    except ValueError:
        return False
    return isinstance(link, str | dict)


def _contradictions(record: Mapping[str, Any]) -> Iterator[Flaw]:
    start, end = record.get("collected_from"), record.get("collected_to")
    if start and end and end[: len(start)] < start[: len(end)]:
        yield Flaw("collected_to", "The end lies before the beginning.", "Change one of the two dates.")
    if why := legal_bases.contradiction(record.get("legal_bases") or []):
        yield Flaw("legal_bases", why, "Change the choice.")
    if record.get("synthetic_share") == 0 and (record.get("synthetic_model") or "").strip():
        yield Flaw("synthetic_share", "A model is named, and its share is 0.", "Change one of the two.")
    if record.get("mining_checked") == CHECKED:
        how = {"mining_checked_on": "It is not said when.", "text_and_data_mining": "It is not said how."}
        for name, message in how.items():
            if not (record.get(name) or "").strip():
                yield Flaw(name, f"Opt-outs were checked. {message}", "Say it, or choose “not checked”.")


def _short(answer: Any = "") -> str:
    text = str(answer)
    return text if len(text) <= 40 else f"{text[:39]}…"
