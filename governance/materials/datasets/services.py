"""Registering datasets. A version is read, checked, hashed and profiled as one act, or not kept at all."""

from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.text import slugify

from governance.foundation.audit.services import record, record_alone
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, NotAllowed, Unusable
from governance.materials.base_models.services import check_licence
from governance.materials.datasets import provenance as standards
from governance.materials.datasets import rules, selectors
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.materials.datasets.profile import profile
from governance.people.projects import selectors as projects
from governance.people.projects.rules import listing
from preparation import rows as reading

FAULTS_SHOWN = 100


@transaction.atomic
def create(*, actor: Actor, project_id: UUID, name: str, description: str = "") -> Dataset:
    """Open a named line of versions. Raises NotAllowed, Unusable."""
    project = projects.require(actor, project_id, "register data")
    slug = slugify(name)[:50]
    if not slug:
        raise Unusable([Fault("name", "A dataset needs a name.", "For example “support tickets”.")])
    try:
        with transaction.atomic():
            dataset = Dataset.objects.create(project=project, name=name.strip(), slug=slug, description=description)
    except IntegrityError:
        taken = Fault("name", f"{project} has a dataset “{slug}” already.", "Register a new version of it.")
        raise Unusable([taken]) from None
    record(actor, "dataset.created", subject=dataset, facts={"name": dataset.name})
    return dataset


def register_version(
    *,
    actor: Actor,
    dataset_id: UUID,
    path: Path,
    file_name: str,
    licence: str,
    provenance: dict[str, Any],
    format: str = "auto",
    licence_told: list[dict[str, str]] | None = None,
) -> DatasetVersion:
    """Register the file at `path` as the dataset's next version.

    Raises NotFound, NotAllowed, and Unusable with one fault per row and field that cannot be used (the first
    hundred); then nothing is kept.
    """
    dataset = selectors.visible(actor, dataset_id)
    projects.require(actor, dataset.project_id, "register data")
    _check_record(licence, provenance)
    inspection = inspect(path, format)
    measured = profile(
        row for row in reading.read_rows(path, inspection.format or format) if isinstance(row, reading.Row)
    )
    measured["columns"] = [{"name": c.name, "rows": c.rows, "used": c.used} for c in inspection.columns]
    measured["format_evidence"] = inspection.evidence
    sha256, size = blobs.put_path(path)
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)  # version numbers are given one at a time
        last = DatasetVersion.objects.filter(dataset=dataset).aggregate(Max("number"))
        version = DatasetVersion(
            dataset=dataset,
            number=(last["number__max"] or 0) + 1,
            file_name=Path(file_name).name[:200],
            file_sha256=sha256,
            file_bytes=size,
            format=str(inspection.format),
            rows=inspection.rows,
            profile=measured,
            licence=licence,
            licence_told=licence_told or [],
            provenance=provenance,
            registered_by_id=actor.user_id,
            registered_by_name=actor.name,
        )
        try:
            with transaction.atomic():
                version.save()
        except IntegrityError:
            raise Unusable(
                [Fault("file", f"{dataset} has a version with these very bytes and licence.", "Use that version.")]
            ) from None
        record(
            actor,
            "dataset-version.registered",
            subject=version,
            facts={"file_sha256": sha256, "rows": version.rows, "content": version.content_digest},
        )
    return version


def download(*, actor: Actor, version_id: UUID) -> BinaryIO:
    """The version's file, opened for reading; that it was taken goes on record before the first byte leaves.

    Raises NotFound, NotAllowed (the refusal is recorded too).
    """
    version = selectors.version_visible(actor, version_id)
    facts = {"file_sha256": version.file_sha256}
    if not selectors.may_download(actor, version):
        record_alone(actor, "dataset-version.file-refused", subject=version, facts=facts)
        raise NotAllowed(f"To download the file of {version} takes {listing(rules.DOWNLOADERS)} of its project.")
    opened = blobs.opened(version.file_sha256)
    record_alone(actor, "dataset-version.file-taken", subject=version, facts=facts)
    return opened


def inspect(path: Path, format: str = "auto") -> reading.Inspection:
    """Read the whole file as the trainer will. Raises Unusable with every finding, row by row."""
    inspection = reading.inspect(path, format, max_findings=FAULTS_SHOWN)
    if not inspection.sound:
        faults = [Fault(f.field or "file", f.message, f.cure, row=f.row) for f in inspection.findings]
        unseen = inspection.findings_total - len(faults)
        if unseen > 0:
            faults.append(Fault("file", f"And {unseen:,} more findings.", "Mend these first, then try again."))
        raise Unusable(faults)
    return inspection


def _check_record(licence: str, provenance: dict[str, Any]) -> None:
    faults = Faults()
    check_licence(licence, faults)
    for name in standards.unknown(provenance):
        faults.add(f"provenance.{name}", "The provenance record has no such field.", "See the list of fields.")
    for name in standards.not_text(provenance):
        faults.add(f"provenance.{name}", "The answer must be text.", "Write it as one text, or leave it out.")
    for field in standards.unanswered(provenance):
        faults.add(
            f"provenance.{field.name}", f"Not answered: {field.ask}", "Ask who made the data, or say “not known”."
        )
    faults.raise_if_any()
