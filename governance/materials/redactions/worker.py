"""The worker's side of a redaction."""

from pathlib import Path
from typing import Any

from django.db import transaction

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.errors import Unusable
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import services as datasets
from governance.materials.redactions.models import PseudonymMap, Redaction
from governance.materials.redactions.rules import State
from governance.materials.redactions.services import kept_name
from preparation.examination import Examination
from preparation.persons.kinds import KINDS


def begin(*, lease: Lease, folder: Path) -> tuple[Redaction, Path]:
    """The redaction and its source's file, laid into `folder`. Raises LeaseLost."""
    found = errands.begun(lease, Redaction)
    return found, blobs.copy_to(found.source.readable, folder / "file")


@transaction.atomic
def finish(
    *,
    lease: Lease,
    done: dict[str, Any],
    examination: Examination,
    rows: Path,
    index: Path,
    salt: Path,
    pseudonyms: Path,
) -> Redaction:
    """Register the rows as the dataset's next version, by the usual way; keep salt and map apart. Raises LeaseLost."""
    found = errands.held(lease, Redaction)
    if not examination.sound:
        _refuse(lease, found, str(datasets.faults_of(examination)[0]))
        return found
    source = found.source
    sha256, size = blobs.put_path(rows)
    index_sha256, _ = blobs.put_path(index)
    said = datasets.Statement(source.licence, _provenance(found, done), source.licence_told)
    try:
        with transaction.atomic():
            version = datasets.keep(
                PLATFORM, source.dataset, said, examination,
                file=(kept_name(source.file_name), sha256, size), index_sha256=index_sha256,
                registered_by=(found.asked_by_id, found.asked_by_name),
            )  # fmt: skip
    except Unusable as unusable:  # nothing was taken out of rows that were canonical already
        _refuse(lease, found, str(unusable))
        return found
    if salt.exists():
        map_sha256, _ = blobs.put_path(pseudonyms)
        PseudonymMap.objects.create(redaction=found, salt=salt.read_bytes(), map_sha256=map_sha256)
    errands.finish(lease, found, State.REGISTERED, version=version, done=done)
    record(PLATFORM, "redaction.done", subject=found, facts={"version": str(version.pk), "done": done})
    return found


@transaction.atomic
def refuse(*, lease: Lease, message: str) -> None:
    """Say what in the rows stands in the way. Raises LeaseLost."""
    _refuse(lease, errands.held(lease, Redaction), message)


def _provenance(found: Redaction, done: dict[str, Any]) -> dict[str, Any]:
    """The source's record, with what was derived from it and how."""
    source, asked = found.source, found.asked
    kinds = ", ".join(f"{count:,} × {KINDS[name].title}" for name, count in done["kinds"].items()) or "nothing"
    how = {"mask": "masked", "pseudonym": "put under pseudonyms", "drop": "left out with their rows"}[asked.method]
    what = (
        f"By Assay, from {source}: found and {how}: {kinds}; {done['dropped']:,} of {done['rows']:,} rows left out. "
        f"Looked for: {', '.join(KINDS[name].title for name in asked.kinds)}."
    )
    if asked.profile:
        what += f" Kinds chosen by the profile {asked.profile}."
    before = str(source.provenance.get("privacy_tools") or "").strip()
    link = {"id": str(source.pk), "name": str(source), "file_sha256": source.file_sha256}
    return {
        **source.provenance,
        "derived_from_versions": [link],
        "privacy_tools": f"{before}\n{what}".strip(),
    }


def _refuse(lease: Lease, found: Redaction, message: str) -> None:
    errands.refuse(lease, found, State.REFUSED, "unusable-redaction", message)
