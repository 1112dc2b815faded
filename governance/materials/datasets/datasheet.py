"""The datasheet of a version: what people ask of a dataset, answered from the record and from what was measured. Pure.

The topics follow Gebru et al., “Datasheets for Datasets” (2021), in our own words. Nothing is answered that neither a
registrant said nor a measurement showed; such a question reads “not answered”. Every field of the provenance record
is asked for exactly once, so that the datasheet is the whole record, and can be read back.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.foundation.core.canonical import digest
from governance.materials.datasets import provenance

SCHEMA = "assay.datasheet/1"
Facts = Mapping[str, Any]
DECLARED, MEASURED, MISSING = "declared", "measured", "missing"


@dataclass(frozen=True)
class Question:
    """What is asked, the fields of the record that answer it, and what the platform itself knows of it."""

    ask: str
    fields: tuple[str, ...] = ()
    known: tuple[Callable[[Facts], str | None], ...] = ()
    by: str = MEASURED  # whose word `known` is: the platform's, or the registrant's that it repeats


def _size(facts: Facts) -> str:
    file = facts["file"]
    return f"{file['rows']:,} rows, {file['bytes']:,} bytes."


def _lengths(facts: Facts) -> str | None:
    said = []
    for key, what in (("prompt_characters", "asked"), ("answer_characters", "learnt")):
        if found := facts["profile"].get(key):
            said.append(f"What is {what}: {found['min']:,} to {found['max']:,} characters, median {found['median']:,}.")
    return " ".join(said) or None


def _columns(facts: Facts) -> str | None:
    columns = facts["profile"].get("columns") or []
    named = [f"{one['name']} ({one['rows']:,} rows{'' if one['used'] else ', not read'})" for one in columns]
    return f"Columns: {', '.join(named)}." if named else None


def _reading(facts: Facts) -> str:
    file = facts["file"]
    mapped = "; ".join(f"{name} from the column {column}" for name, column in sorted(file["columns"].items()))
    return f"Read from {file['container']} as {file['format']}{f', {mapped}' if mapped else ''}."


def _turns(facts: Facts) -> str | None:
    turns = facts["profile"].get("turns") or {}
    return f"Messages a row: {', '.join(f'{n} in {rows:,} rows' for n, rows in turns.items())}." if turns else None


def _duplicates(facts: Facts) -> str | None:
    profile = facts["profile"]
    if profile.get("exact_duplicates") is None:
        return None
    said = f"{profile['exact_duplicates']:,} rows repeat an earlier one."
    if profile.get("contradicting_inputs") is not None:
        said += f" {profile['contradicting_inputs']:,} inputs have more than one answer."
    return said


def _unchanged(facts: Facts) -> str:
    return f"The file is kept as it came, sha256 {facts['file']['sha256']}; nothing was converted or cleaned."


def _licence(facts: Facts) -> str:
    return f"Declared at registration: {facts['licence']['declared']}."


def _told(facts: Facts) -> str | None:
    told = [f"{one['where']}: {one['says']}" for one in facts["licence"]["told"]]
    return "\n".join(["Other places:", *told]) if told else None


def _registered(facts: Facts) -> str:
    version = facts["version"]
    return (
        f"Version {version['number']}, registered by {version['registered_by']} on {version['registered_at'][:10]}; "
        f"record digest {version['sha256']}. A version never changes; a correction is a new version."
    )


SECTIONS: tuple[tuple[str, tuple[Question, ...]], ...] = (
    ("Why it exists", (
        Question("What was it made for?", ("intended_purpose",)),
        Question("Who answers for it?", ("issuer",)),
    )),
    ("What is in it", (
        Question("What is a row, and how is it read?", (), (_reading, _columns, _turns)),
        Question("How much is there?", (), (_size, _lengths)),
        Question("Is it made from other data?", ("derived_from_versions", "derived_from")),
        Question("Which languages is it in?", ("languages",)),
        Question("What is missing or rare?", ("known_gaps",)),
        Question("Do rows repeat or contradict each other?", (), (_duplicates,)),
    )),
    ("How it came about", (
        Question("Where do the rows come from, and how were they obtained?", ("source", "method")),
        Question("When and where?", ("collected_from", "collected_to", "places", "origin_geography")),
        Question("How were rows chosen?", ("selection",)),
        Question("Did a model write any of it?", ("synthetic_share", "synthetic_model", "synthetic_by")),
        Question("Did the sources object to mining?", ("mining_checked", "mining_checked_on", "text_and_data_mining")),
    )),
    ("What was done to it", (
        Question("Who wrote or checked the answers?", ("labelling",)),
        Question("Was it changed after it was handed in?", (), (_unchanged,)),
    )),
    ("Whom it concerns", (
        Question("Does it speak of persons, and what makes its use lawful?", ("personal_data", "legal_bases")),
        Question("Did they agree, and how are they protected?", ("consent", "privacy_tools")),
    )),
    ("What it may be used for", (
        Question("What may be done with it, and what not?", ("processing_allowed", "processing_excluded")),
        Question("Under which licence?", ("licence_checked_by",), (_licence, _told), DECLARED),
        Question("Who holds rights in it?", ("copyright",)),
    )),
    ("Who looks after it", (
        Question("Which version is this, and what becomes of it?", (), (_registered,)),
    )),
)  # fmt: skip


def assemble(facts: Facts) -> dict[str, Any]:
    """The datasheet as JSON, `assay.datasheet/1`. Its `sha256` covers its canonical JSON without that field.

    `facts`: dataset, version, file, licence, provenance, profile, as the document has them.
    """
    document = {
        "schema": SCHEMA,
        **facts,
        "sections": [
            {"title": title, "questions": [{"ask": one.ask, "answers": list(_answers(one, facts))} for one in asked]}
            for title, asked in SECTIONS
        ],
    }
    return {**document, "sha256": digest(document)}


def _answers(question: Question, facts: Facts) -> Iterator[dict[str, str]]:
    """What is known of it: the platform's own first, then each field under what it asks, answered or not."""
    for known in question.known:
        if said := known(facts):
            yield {"source": question.by, "field": "", "label": "", "text": said}
    for name in question.fields:
        said = provenance.words(facts["provenance"], name)
        label = provenance.BY_NAME[name].ask
        yield {"source": DECLARED if said else MISSING, "field": name, "label": label, "text": said}
