"""Our own JSON, `assay.datasheet/1`, read back. It is written by `datasets.datasheet.assemble`. Pure."""

from collections.abc import Mapping
from typing import Any

from governance.foundation.core.canonical import digest
from governance.materials.datasets import provenance
from governance.materials.datasets.datasheet import SCHEMA
from governance.materials.datasets.exchange.description import Description, Found


def read(document: Mapping[str, Any]) -> Description:
    """What it says. A digest that does not fit is a finding: somebody changed the text afterwards."""
    found = Description(f"Assay datasheet ({SCHEMA})")
    _names(found, document.get("dataset"))
    record = document.get("provenance")
    if not isinstance(record, Mapping):
        found.note("provenance", "There is no provenance record in it.", "Answer its questions yourself.")
        record = {}
    for name, answer in record.items():
        if name in provenance.NAMES:
            found.answer(name, answer, f"provenance.{name}")
        else:
            found.note(
                f"provenance.{name}", "The provenance record has no such field.", "Say it elsewhere, or leave it."
            )
    _licence(found, document.get("licence"))
    kept = {key: value for key, value in document.items() if key != "sha256"}
    try:
        whole = digest(kept) == document.get("sha256")
    except (TypeError, ValueError):
        whole = False
    if not whole:
        found.note("sha256", "The digest is not that of the text.", "It was changed after it was written; ask why.")
    return found


def _names(found: Description, dataset: Any) -> None:
    if isinstance(dataset, Mapping):
        if isinstance(name := dataset.get("name"), str):
            found.name = Found(name, "dataset.name")
        if isinstance(summary := dataset.get("description"), str) and summary.strip():
            found.summary = Found(summary, "dataset.description")


def _licence(found: Description, licence: Any) -> None:
    if not isinstance(licence, Mapping):
        found.note("licence", "There is no licence in it.", "Give the licence yourself.")
        return
    if isinstance(declared := licence.get("declared"), str) and declared.strip():
        found.licence = Found(declared, "licence.declared")
    told = licence.get("told")
    for one in told if isinstance(told, list) else []:
        if isinstance(one, Mapping) and isinstance(one.get("where"), str) and isinstance(one.get("says"), str):
            found.tell(one["where"], one["says"])
