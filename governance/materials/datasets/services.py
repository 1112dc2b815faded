"""Registering datasets, at once or through a worker. A version is read, checked, hashed and profiled as one act,
or not kept at all. The worker's side is `worker`."""

import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.dispatch import Signal
from django.utils.text import slugify

from governance.foundation.audit.services import record, record_alone
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, NotAllowed, Unusable
from governance.foundation.core.moves import move
from governance.foundation.jobs import errands
from governance.materials.base_models.services import check_licence
from governance.materials.datasets import derivation, rules, selectors
from governance.materials.datasets import provenance as standards
from governance.materials.datasets.models import Dataset, DatasetVersion, Import
from governance.materials.datasets.rules import TRANSITIONS, State
from governance.people.projects import selectors as projects
from governance.people.projects.rules import listing
from governance.people.projects.services import hold
from preparation import containers
from preparation.examination import Examination, examine
from preparation.findings import Finding, Refused
from preparation.hub import Place
from preparation.reading import AUTO, Reading

AS_IT_SHOWS = Reading()

# Sent inside the transaction that registers a version, with `version` and `actor`.
registered = Signal()


@dataclass(frozen=True)
class Statement:
    """What a registrant says about a file: its licence, what other places say of that, where the rows come from."""

    licence: str
    provenance: dict[str, Any]
    licence_told: list[dict[str, str]]


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


def enter(
    *,
    actor: Actor,
    dataset_id: UUID,
    path: Path,
    file_name: str,
    licence: str,
    provenance: dict[str, Any],
    reading: Reading = AS_IT_SHOWS,
    licence_told: list[dict[str, str]] | None = None,
) -> DatasetVersion | Import:
    """Register a file at once where that takes a second or two, and by a worker where it is large or packed.

    Raises NotFound, NotAllowed, and Unusable for what cannot be used. What a worker finds wrong stands in the import.
    """
    dataset = selectors.visible(actor, dataset_id)
    projects.require(actor, dataset.project_id, "register data")
    said = _checked(actor, licence, provenance, licence_told, reading)
    size = path.stat().st_size
    if rules.read_at_once(size, packed=_is_packed(path, file_name, reading)):
        return register_version(
            actor=actor, dataset_id=dataset_id, path=path, file_name=file_name, reading=reading, **vars(said)
        )
    sha256, size = blobs.put_path(path)
    refuse_erased(dataset, sha256)
    with transaction.atomic():
        blobs.claim(sha256)
        found = Import(
            dataset=dataset,
            file_name=Path(file_name).name[:200],
            file_sha256=sha256,
            file_bytes=size,
            asked=asdict(reading),
            **vars(said),
        )
        errands.ask(actor, found, facts=_facts(found))
    return found


@transaction.atomic
def fetch(
    *,
    actor: Actor,
    dataset_id: UUID,
    place: Place,
    licence: str,
    provenance: dict[str, Any],
    reading: Reading = AS_IT_SHOWS,
    licence_told: list[dict[str, str]] | None = None,
) -> Import:
    """Have a worker fetch rows from a hub, then read them as any file. What the hub says goes into the record.

    Raises NotFound, NotAllowed, and Unusable, also where the operator does not allow a hub.
    """
    dataset = selectors.visible(actor, dataset_id)
    projects.require(actor, dataset.project_id, "register data")
    check_hub_allowed()
    reading = replace(reading, container=containers.JSONL)
    faults = Faults()
    try:
        place.check()
    except Refused as refused:
        faults.add(refused.field or "repository", refused.message, refused.cure)
    faults.raise_if_any()
    found = Import(
        dataset=dataset,
        file_name=f"{place.repository.partition('/')[2]}-{place.split}.jsonl"[-200:],
        hub=asdict(place),
        asked=asdict(reading),
        **vars(_checked(actor, licence, provenance, licence_told, reading)),
    )
    return errands.ask(actor, found, facts=_facts(found))


def check_hub_allowed() -> None:
    """Raises Unusable where the operator lets nothing be fetched."""
    if not settings.ASSAY_ALLOW_HUB:
        cure = "Send the file, or ask the operator to set ASSAY_ALLOW_HUB=1."
        raise Unusable([Fault("repository", "Only files are taken here; nothing is fetched from a hub.", cure)])


def register_version(
    *,
    actor: Actor,
    dataset_id: UUID,
    path: Path,
    file_name: str,
    licence: str,
    provenance: dict[str, Any],
    reading: Reading = AS_IT_SHOWS,
    licence_told: list[dict[str, str]] | None = None,
) -> DatasetVersion:
    """Register the file at `path` as the dataset's next version, now.

    Raises NotFound, NotAllowed, and Unusable with one fault per row and field that cannot be used (the first
    hundred); then nothing is kept.
    """
    dataset = selectors.visible(actor, dataset_id)
    projects.require(actor, dataset.project_id, "register data")
    said = _checked(actor, licence, provenance, licence_told, reading)
    with tempfile.TemporaryFile() as index:
        found = examine(path, reading, name=file_name, index=index)
        if not found.sound:
            raise Unusable(faults_of(found))
        sha256, size = blobs.put_path(path)
        refuse_erased(dataset, sha256)
        index_sha256, _ = blobs.put(index)
    with transaction.atomic():
        return keep(
            actor, dataset, said, found,
            file=(Path(file_name).name[:200], sha256, size), index_sha256=index_sha256,
            registered_by=(actor.user_id, actor.name),
        )  # fmt: skip


def keep(
    actor: Actor,
    dataset: Dataset,
    said: Statement,
    found: Examination,
    *,
    file: tuple[str, str, int],
    index_sha256: str,
    registered_by: tuple[int | None, str],
) -> DatasetVersion:
    """The version of what was examined and is sound, in the caller's transaction. `file`: name, sha256, bytes.

    Raises Unusable where the dataset has it already; the index, which by its salts is nobody else's, is gone then.
    Raises WrongState where the bytes were let go of meanwhile.
    """
    assert found.inspection.resolved is not None and found.profile is not None  # noqa: S101 - sound
    resolved = found.inspection.resolved
    hold(dataset.project_id)  # a withdrawal at this moment finds the version, or is found by it
    Dataset.objects.select_for_update().get(pk=dataset.pk)  # version numbers are given one at a time
    last = DatasetVersion.objects.filter(dataset=dataset).aggregate(Max("number"))
    name, sha256, size = file
    blobs.claim(sha256)
    version = DatasetVersion(
        dataset=dataset,
        number=(last["number__max"] or 0) + 1,
        file_name=name,
        file_sha256=sha256,
        file_bytes=size,
        **asdict(resolved.reading),
        rows=found.inspection.rows,
        rows_root=found.rows_root or "",
        index_sha256=index_sha256,
        profile=found.profile
        | {"columns": columns_of(found), "format_evidence": resolved.evidence, "gzipped": resolved.gzipped},
        **vars(said),
        registered_by_id=registered_by[0],
        registered_by_name=registered_by[1],
    )
    try:
        with transaction.atomic():
            version.save()
    except IntegrityError:
        blobs.remove(index_sha256)
        blobs.let_go(sha256, selectors.is_used)  # where that version's file was deleted, it does not come back by this
        raise Unusable([_registered_before(dataset, sha256)]) from None
    facts = {"file_sha256": sha256, "rows": version.rows, "content": version.content_digest}
    record(actor, "dataset-version.registered", subject=version, facts=facts)
    registered.send(sender=DatasetVersion, version=version, actor=actor)
    return version


@transaction.atomic
def read_again(*, actor: Actor, import_id: UUID, reading: Reading | None = None) -> Import:
    """Have a file read once more, in the same way or in another. Raises NotAllowed, NotFound, Unusable, WrongState."""
    found = _own_import(actor, import_id)
    if not found.file_sha256:
        check_hub_allowed()
    asked = found.reading if reading is None else reading
    _check_reading(asked).raise_if_any()
    found.asked = asdict(asked)
    return errands.ask_again(actor, found, facts=_facts(found), asked=found.asked, found=None)


def cancel(*, actor: Actor, import_id: UUID) -> Import:
    """End the reading of a file; it stays, to be read again or discarded. Raises NotAllowed, NotFound, WrongState."""
    return errands.cancel(actor, Import, import_id, _own_import)


@transaction.atomic
def discard(*, actor: Actor, import_id: UUID) -> Import:
    """Let go of a file that became no version. Its bytes go too, unless a version or another import has them.

    Raises NotAllowed, NotFound, WrongState.
    """
    found = _own_import(actor, import_id)
    move(found, TRANSITIONS, State.DISCARDED)
    record(actor, "import.discarded", subject=found)
    if found.file_sha256:
        transaction.on_commit(lambda: blobs.let_go(found.file_sha256, selectors.is_used))
    return found


def _registered_before(dataset: Dataset, sha256: str) -> Fault:
    """The version that has these very bytes, or had them."""
    gone = dataset.versions.filter(file_sha256=sha256).exclude(disposed_at=None).first()
    if gone is not None:
        return Fault("file", f"{gone.why_no_file}", "Register it in another dataset, if it is needed after all.")
    return Fault("file", f"{dataset} has a version with these very bytes and licence.", "Use that version.")


def faults_of(found: Examination) -> list[Fault]:
    """What keeps a file from being used, for a person: the first findings, and how many more there are."""
    faults = [fault_of(one) for one in found.inspection.findings]
    unseen = found.inspection.findings_total - len(faults)
    if unseen > 0:
        faults.append(Fault("file", f"And {unseen:,} more findings.", "Mend these first, then try again."))
    return faults


def fault_of(finding: Finding) -> Fault:
    return Fault(finding.field or "file", finding.message, finding.cure, row=finding.row)


def columns_of(found: Examination) -> list[dict[str, Any]]:
    return [{"name": one.name, "rows": one.rows, "used": one.used} for one in found.inspection.columns]


def _own_import(actor: Actor, import_id: UUID) -> Import:
    found = selectors.visible_import(actor, import_id)
    projects.require(actor, found.project_id, "register data")
    return found


def _facts(found: Import) -> dict[str, Any]:
    facts = {"file_sha256": found.file_sha256, "licence": found.licence, "reading": found.asked}
    return facts | {"hub": found.hub} if found.hub else facts


def refuse_erased(dataset: Dataset, sha256: str) -> None:
    """Bytes of which rows were erased do not come back by another upload. Raises Unusable."""
    if selectors.erased_before(dataset.project.organisation_id, sha256) is not None:
        blobs.let_go(sha256, selectors.is_used)  # another organisation's own copy stays
        message = "Rows of these very bytes were erased in this organisation."
        raise Unusable([Fault("file", message, "Leave those rows out.")])


def _is_packed(path: Path, file_name: str, reading: Reading) -> bool:
    try:
        asked = None if reading.container == AUTO else reading.container
        detected = containers.detect(path, file_name, asked)
    except Refused as refused:
        raise Unusable([fault_of(refused.at(None))]) from None
    return detected.gzipped or detected.container == containers.PARQUET


def download(*, actor: Actor, version_id: UUID) -> BinaryIO:
    """The version's file, opened for reading; that it was taken goes on record before the first byte leaves.

    Raises NotFound, NotAllowed (the refusal is recorded too).
    """
    actor = actor.acting()
    version = selectors.version_visible(actor, version_id)
    facts = {"file_sha256": version.file_sha256}
    if not selectors.may_download(actor, version):
        record_alone(actor, "dataset-version.file-refused", subject=version, facts=facts)
        raise NotAllowed(f"To download the file of {version} takes {listing(rules.DOWNLOADERS)} of its project.")
    opened = blobs.opened(version.readable)
    record_alone(actor, "dataset-version.file-taken", subject=version, facts=facts)
    return opened


def _checked(
    actor: Actor, licence: str, provenance: dict[str, Any], told: Iterable[dict[str, str]] | None, reading: Reading
) -> Statement:
    """The registrant's word where every part of it can be used, its links to versions whole. Raises Unusable."""
    faults = _check_reading(reading)
    check_licence(licence, faults)
    for flaw in standards.flaws(provenance):
        faults.add(f"provenance.{flaw.field}", flaw.message, flaw.cure)
    faults.raise_if_any()
    return Statement(licence, derivation.linked(actor, provenance), list(told or []))


def _check_reading(reading: Reading) -> Faults:
    faults = Faults()
    try:
        reading.check()
    except Refused as refused:
        faults.add(refused.field or "format", refused.message, refused.cure)
    return faults
