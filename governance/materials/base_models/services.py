"""Registering a base model. It never changes afterwards: another folder is another record."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, Unusable
from governance.law.licences import rules as licences
from governance.materials.base_models.inspection import inspect
from governance.materials.base_models.models import BaseModel
from governance.people.projects import selectors as projects

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


def register(*, actor: Actor, project_id: UUID, folder: str, name: str, licence: str, **declared: Any) -> BaseModel:
    """Register a folder of the operator's models for the project's organisation.

    Reads every byte of it (the digest), which takes about a second per gigabyte.
    Raises NotAllowed, and Unusable for a folder or a licence that cannot be used.
    """
    project = projects.require(actor, project_id, "register a base model")
    _check(folder=folder, name=name, licence=licence, declared=declared)
    found = inspect(Path(settings.ASSAY_MODELS_DIR) / folder)
    with transaction.atomic():
        base_model = BaseModel(
            organisation_id=project.organisation_id,
            name=name.strip(),
            folder=folder,
            folder_sha256=found.folder_sha256,
            files=found.files,
            architecture=found.architecture,
            modality=" and ".join(found.architecture["inputs"]),
            conversion=found.conversion,
            licence=licence,
            licence_told=found.licence_told,
            registered_by_id=actor.user_id,
            registered_by_name=actor.name,
            **declared,
        )
        try:
            with transaction.atomic():
                base_model.save()
        except IntegrityError:
            raise Unusable(
                [Fault("folder", f"{base_model} is registered already, with the same weights.", "Use that record.")]
            ) from None
        record(
            actor,
            "base-model.registered",
            subject=base_model,
            facts={"folder_sha256": found.folder_sha256, "licence": licence, "content": base_model.content_digest},
        )
    return base_model


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
