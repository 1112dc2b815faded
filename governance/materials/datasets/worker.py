"""The worker's side of a file on its way to being a version."""

from pathlib import Path
from typing import Any

from django.db import transaction

from governance.foundation.core import blobs
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.errors import Unusable
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import services
from governance.materials.datasets.models import Import
from governance.materials.datasets.rules import State
from preparation.examination import Examination
from preparation.hub import Fetched


def begin(*, lease: Lease, folder: Path) -> tuple[Import, Path]:
    """The import and the path of its file in `folder`, where it lies unless it has to be fetched. Raises LeaseLost."""
    found, path = errands.begun(lease, Import), folder / "file"
    return found, blobs.copy_to(found.file_sha256, path) if found.file_sha256 else path


@transaction.atomic
def finish(*, lease: Lease, examination: Examination, folder: Path, index: Path, fetched: Fetched | None) -> Import:
    """Register what was examined, or keep what is wrong with it; either ends the job. `fetched`: the file in `folder`
    has just come from a hub. Raises LeaseLost."""
    found = errands.held(lease, Import)
    if fetched is not None:
        try:
            _take_in(found, folder / "file", fetched)
        except Unusable as unusable:  # rows of these bytes were erased
            return _refuse(lease, found, examination, unusable.faults)
    if not examination.sound:
        return _refuse(lease, found, examination, services.faults_of(examination))
    index_sha256, _ = blobs.put_path(index)
    said = services.Statement(found.licence, found.provenance, found.licence_told)
    try:
        with transaction.atomic():
            version = services.keep(
                PLATFORM, found.dataset, said, examination,
                file=(found.file_name, found.file_sha256, found.file_bytes), index_sha256=index_sha256,
                registered_by=(found.asked_by_id, found.asked_by_name),
            )  # fmt: skip
    except Unusable as unusable:  # the dataset has this very version
        return _refuse(lease, found, examination, unusable.faults)
    errands.finish(lease, found, State.REGISTERED, version=version, found=_shown(examination))
    return found


def _take_in(found: Import, path: Path, fetched: Fetched) -> None:
    """Keep what was fetched, and say in the record where it comes from and what licence the hub names. Raises
    Unusable."""
    sha256, size = blobs.put_path(path)
    services.refuse_erased(found.dataset, sha256)
    blobs.claim(sha256)
    asked: dict[str, str] = found.hub or {}
    part = f"configuration {asked['config']}, split {asked['split']}" if asked["config"] else f"split {asked['split']}"
    said = f"Fetched from {fetched.address} at {fetched.commit}, {part}."
    where = f"{fetched.address} at {fetched.commit[:12]}"
    found.file_sha256, found.file_bytes, found.hub = sha256, size, {**asked, "commit": fetched.commit}
    found.provenance = {**found.provenance, "source": f"{found.provenance['source']}\n{said}"}
    found.licence_told = [*found.licence_told, *({"where": where, "says": one} for one in fetched.licences)]
    found.save(update_fields=["file_sha256", "file_bytes", "hub", "provenance", "licence_told"])


def _refuse(lease: Lease, found: Import, examination: Examination, faults: list[Any]) -> Import:
    shown = _shown(examination) | {"faults": [vars(fault) for fault in faults]}
    findings = {"findings": examination.inspection.findings_total}
    errands.refuse(lease, found, State.REFUSED, "unusable-file", str(faults[0]), facts=findings, found=shown)
    return found


def _shown(examination: Examination) -> dict[str, Any]:
    """What the reading showed, for the import's page."""
    inspection = examination.inspection
    resolved = inspection.resolved
    return {
        "reading": {"container": resolved.reading.container, "format": resolved.reading.format,
                    "columns": dict(resolved.reading.columns)} if resolved else None,
        "evidence": resolved.evidence if resolved else "",
        "rows": inspection.rows,
        "columns": services.columns_of(examination),
        "findings_total": inspection.findings_total,
    }  # fmt: skip
