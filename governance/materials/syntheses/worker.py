"""The worker's side of a synthesis."""

from pathlib import Path
from typing import Any

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.errors import Unusable
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.base_models import selectors as base_models
from governance.materials.datasets import services as datasets
from governance.materials.syntheses import rules
from governance.materials.syntheses.models import Synthesis
from governance.materials.syntheses.rules import State
from preparation import sieve
from preparation.examination import Examination

SCHEMA = "assay.synthesis/1"


def begin(*, lease: Lease, folder: Path) -> dict[str, Any]:
    """The specification for the library; the seed's file is laid into `folder`. The model's bytes are pinned.

    Raises LeaseLost.
    """
    found = errands.begun(lease, Synthesis)
    model = found.base_model
    spec: dict[str, Any] = {
        "schema": SCHEMA,
        "models": [
            {"name": "writer", "path": str(base_models.folder(model).resolve()), "sha256": model.folder_sha256}
        ],
        "synthesis": found.options,
    }  # fmt: skip
    if found.source is not None:
        reading = found.source.reading
        spec["seed"] = {
            "path": str(blobs.copy_to(found.source.readable, folder / "seed")), "name": found.source.file_name,
            "container": reading.container, "format": reading.format, "columns": dict(reading.columns),
        }  # fmt: skip
    return spec


@transaction.atomic
def finish(*, lease: Lease, done: dict[str, Any], examination: Examination, rows: Path, index: Path) -> Synthesis:
    """Register the rows as the dataset's next version, by the usual way. Raises LeaseLost."""
    found = errands.held(lease, Synthesis)
    if not examination.sound:
        _refuse(lease, found, str(datasets.faults_of(examination)[0]))
        return found
    sha256, size = blobs.put_path(rows)
    index_sha256, _ = blobs.put_path(index)
    told = found.source.licence_told if found.source else []
    said = datasets.Statement(found.licence, provenance_of(found, done), told)
    try:
        with transaction.atomic():
            version = datasets.keep(
                PLATFORM, found.dataset, said, examination,
                file=(_file_name(found), sha256, size), index_sha256=index_sha256,
                registered_by=(found.asked_by_id, found.asked_by_name),
            )  # fmt: skip
    except Unusable as unusable:  # the dataset has this very version: the same was asked for before
        _refuse(lease, found, str(unusable))
        return found
    errands.finish(lease, found, State.REGISTERED, version=version, done=done)
    facts = {"version": str(version.pk), "generated": done["generated"], "kept": done["kept"],
             "discarded": done["discarded"]}  # fmt: skip
    record(PLATFORM, "synthesis.done", subject=found, facts=facts)
    return found


@transaction.atomic
def refuse(*, lease: Lease, message: str) -> None:
    """Say what in the rows, in the model or in what was asked stands in the way. Raises LeaseLost."""
    _refuse(lease, errands.held(lease, Synthesis), message)


def provenance_of(found: Synthesis, done: dict[str, Any]) -> dict[str, Any]:
    """The seed's record, or one of the new rows' own, with what was written, by which model, from which prompt, and
    what of it was not kept."""
    source = found.source
    before = dict(source.provenance) if source else _own_record(found)
    said = {
        "synthetic_share": rules.share(done, before.get("synthetic_share")),
        "synthetic_model": _joined(before, "synthetic_model", str(found.base_model), "; "),
        "synthetic_by": _joined(before, "synthetic_by", _in_words(found, done), "\n"),
    }
    if source is not None:
        said["derived_from_versions"] = [{"id": str(source.pk), "name": str(source), "file_sha256": source.file_sha256}]
    return {**before, **said}


def _own_record(found: Synthesis) -> dict[str, Any]:
    """What is known of rows that come from no others."""
    looked = "Rows in which personal data was found were left out" if found.asked.filters.persons else "Not looked for"
    return {
        "source": f"Written by the model {found.base_model} for this dataset.",
        "issuer": found.dataset.project.organisation.name,
        "method": "A model answered a prompt; nothing was collected.",
        "personal_data": f"{looked}; a model may repeat what it was trained on.",
    }


def _in_words(found: Synthesis, done: dict[str, Any]) -> str:
    asked, discarded = found.asked, rules.discarded(done)
    reasons = ", ".join(f"{count:,} {sieve.WORDS[reason]}" for reason, count in done["discarded"].items())
    return (
        f"By Assay, {asked.kind} by {found.base_model} (folder sha256 {done['model']['sha256']}) of the prompt "
        f"“{asked.prompt}”, seed {asked.seed}, temperature {asked.temperature:g}, at most {asked.max_new_tokens:,} "
        f"tokens. {done['generated']:,} generated, {done['kept']:,} kept, {discarded:,} discarded"
        f"{f' ({reasons})' if reasons else ''}. Not kept: {rules.in_words(asked.filters)}. Nobody read the rows before "
        "they were registered."
    )


def _joined(before: dict[str, Any], name: str, now: str, between: str) -> str:
    """What was said before stays: a second model does not take the place of the first."""
    said = str(before.get(name) or "").strip()
    return said if now in said.split(between) else f"{said}{between}{now}" if said else now


def _file_name(found: Synthesis) -> str:
    stem = Path((found.source.file_name if found.source else found.dataset.slug).removesuffix(".gz")).stem
    return f"{stem.removesuffix('-by-model')[:180]}-by-model.jsonl"


def _refuse(lease: Lease, found: Synthesis, message: str) -> None:
    errands.refuse(lease, found, State.REFUSED, "unusable-synthesis", message)
