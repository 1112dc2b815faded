"""Registering a base model, at once or through a worker. It never changes afterwards: another folder is another
record."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Fault, Faults, Unusable, WrongState
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.law.licences import rules as licences
from governance.materials.base_models import rules, selectors
from governance.materials.base_models.inspection import Inspection, bytes_to_read, inspect
from governance.materials.base_models.models import BaseModel, Registration
from governance.materials.base_models.rules import State
from governance.materials.licence_texts import services as licence_texts
from governance.people.projects import selectors as projects
from governance.people.projects.models import Project

DECLARED = (
    "revision",
    "provider",
    "source",
    "general_purpose",
    "systemic_risk",
    "training_flops",
    "training_flops_source",
    "upstream_notes",
)


def enter(
    *, actor: Actor, project_id: UUID, folder: str, name: str, licence: str, **declared: Any
) -> BaseModel | Registration:
    """Register a folder at once where it is read in a few seconds, and by a worker where it is larger.

    Raises NotAllowed, and Unusable for a folder or a licence that cannot be used. What a worker finds wrong with a
    large folder stands in the registration.
    """
    project = projects.require(actor, project_id, "register a base model")
    _check(folder=folder, name=name, licence=licence, declared=declared)
    declared = {"name": name.strip(), "licence": licence, **declared}
    if bytes_to_read(selectors.place_of(folder)) <= rules.READ_AT_ONCE:
        return register(actor=actor, project_id=project_id, folder=folder, **declared)
    registration = Registration(project=project, folder=folder, declared=declared)
    taken = Fault("folder", "It is being read already.", "Wait for it: the list of jobs says how far it is.")
    with transaction.atomic():
        return errands.ask(
            actor, registration, facts={"folder": folder, "licence": licence}, otherwise=Unusable([taken])
        )


def register(*, actor: Actor, project_id: UUID, folder: str, name: str, licence: str, **declared: Any) -> BaseModel:
    """Register a folder of the operator's models for the project's organisation, now.

    Reads every byte of it (the digest), which takes about a second per gigabyte.
    Raises NotAllowed, and Unusable for a folder or a licence that cannot be used.
    """
    project = projects.require(actor, project_id, "register a base model")
    _check(folder=folder, name=name, licence=licence, declared=declared)
    found = inspect(selectors.place_of(folder))
    with transaction.atomic():
        base_model = _keep(project, folder, found, (actor.user_id, actor.name), name=name, licence=licence, **declared)
        _record(actor, base_model, found)
    return base_model


@transaction.atomic
def retry(*, actor: Actor, registration_id: UUID) -> Registration:
    """Have a folder read once more that made no base model. Raises NotAllowed, NotFound, WrongState."""
    registration = selectors.visible_registration(actor, registration_id)
    projects.require(actor, registration.project_id, "register a base model")
    taken = WrongState(f"{registration.folder} is being read already.")
    return errands.ask_again(actor, registration, facts={"folder": registration.folder}, otherwise=taken)


# the worker's side


def begin(*, lease: Lease) -> tuple[Path, int]:
    """The folder to read, and how many bytes of it. Raises LeaseLost."""
    folder = selectors.place_of(errands.begun(lease, Registration).folder)
    return folder, bytes_to_read(folder)


@transaction.atomic
def finish(*, lease: Lease, found: Inspection) -> BaseModel:
    """Keep what was found as a base model, and end the job. Raises LeaseLost, and Unusable where it exists already."""
    registration = errands.held(lease, Registration)
    asked_by = (registration.asked_by_id, registration.asked_by_name)
    base_model = _keep(registration.project, registration.folder, found, asked_by, **registration.declared)
    errands.finish(lease, registration, State.REGISTERED, base_model=base_model)
    _record(PLATFORM, base_model, found)
    return base_model


@transaction.atomic
def refuse(*, lease: Lease, refused: Unusable) -> None:
    """Say why there is no base model; it is for who put the folder there to mend. Raises LeaseLost."""
    registration = errands.held(lease, Registration)
    told = [{"field": fault.field, "message": fault.message, "cure": fault.cure} for fault in refused.faults]
    errands.refuse(lease, registration, State.REFUSED, "not-registered", str(refused), told={"faults": told})


def _keep(
    project: Project, folder: str, found: Inspection, registered_by: tuple[int | None, str], **declared: Any
) -> BaseModel:
    """The record of what was found, in the caller's transaction. Raises Unusable where it exists already."""
    base_model = BaseModel(
        organisation_id=project.organisation_id,
        folder=folder,
        folder_sha256=found.folder_sha256,
        files=found.files,
        architecture=found.architecture,
        modality=" and ".join(found.architecture["inputs"]),
        conversion=found.conversion,
        licence_told=found.licence_told,
        registered_by_id=registered_by[0],
        registered_by_name=registered_by[1],
        **{**declared, "name": declared["name"].strip()},
    )
    try:
        with transaction.atomic():
            base_model.save()
    except IntegrityError:
        raise Unusable(
            [Fault("folder", f"{base_model} is registered already, with the same weights.", "Use that record.")]
        ) from None
    return base_model


def _record(actor: Actor, base_model: BaseModel, found: Inspection) -> None:
    """Put the registration on record, with the licence texts that lay beside the weights."""
    facts = {"folder_sha256": base_model.folder_sha256, "licence": base_model.licence}
    record(actor, "base-model.registered", subject=base_model, facts={**facts, "content": base_model.content_digest})
    by = (base_model.registered_by_id, base_model.registered_by_name)
    for where, text in found.licence_texts:
        if text.strip():
            licence_texts.keep(actor, base_model, where=where, text=text, kept_by=by)


def _check(*, folder: str, name: str, licence: str, declared: dict[str, Any]) -> None:
    unknown = set(declared) - set(DECLARED)
    if unknown:
        raise TypeError(f"A base model has no {', '.join(sorted(unknown))}")
    faults = Faults()
    if not name.strip():
        faults.add("name", "A base model needs a name.")
    if not folder or Path(folder).name != folder or folder.startswith("."):
        faults.add("folder", f"{folder!r} is not a folder's name.", "Choose one of the operator's folder of models.")
    check_licence(licence, faults)
    flops = declared.get("training_flops")
    if flops is not None and flops <= 0:
        faults.add(
            "training_flops", "Training compute is a positive number of FLOP.", "Leave it empty if it is not known."
        )
    if flops is not None and not declared.get("training_flops_source"):
        faults.add("training_flops_source", "Say where the figure comes from.", "An address or a paper.")
    faults.raise_if_any()


def check_licence(licence: str, faults: Faults) -> None:
    """A licence must be readable; whether it may be used is the verdict's business, not the form's."""
    if not licence.strip():
        faults.add("licence", "No licence is given.", "Give an SPDX expression, e.g. Apache-2.0, or “unknown”.")
        return
    try:
        licences.parse(licence)
    except licences.LicenceSyntaxError as error:
        faults.add(
            "licence", f"“{licence}” cannot be read ({error}).", "Give an SPDX expression, e.g. MIT OR Apache-2.0."
        )
