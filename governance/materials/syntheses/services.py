"""Having a registered model write rows, and ending that. The worker's side is `worker`."""

from uuid import UUID

from django.db import transaction

from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, GateClosed, Unusable, WrongState
from governance.foundation.jobs import errands
from governance.materials.base_models import selectors as base_models
from governance.materials.base_models.services import check_licence
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.materials.syntheses import selectors
from governance.materials.syntheses.models import Synthesis
from governance.people.projects import selectors as projects
from preparation import synthesis
from preparation.findings import Refused

ACT = "register data"


@transaction.atomic
def ask(
    *,
    actor: Actor,
    base_model_id: UUID,
    asked: synthesis.Synthesis,
    version_id: UUID | None = None,
    dataset_id: UUID | None = None,
    licence: str = "",
) -> Synthesis:
    """Have a worker ask a model for rows, from the rows of a version or, in a dataset, from none. They become the
    dataset's next version. Rows from a seed have its licence; for others it is stated.

    Raises NotFound, NotAllowed, Unusable, WrongState, and GateClosed where the model is not approved in the project,
    the seed was withdrawn, or a rule of a licence speaks against such rows.
    """
    dataset, source = _place(actor, version_id, dataset_id)
    project = projects.require(actor, dataset.project_id, ACT)
    base_model = base_models.visible(actor, base_model_id)
    licence = source.licence if source else licence
    _check(asked, source, licence)
    if missing := list(selectors.missing(project, base_model, source, licence)):
        raise GateClosed("No rows may be written", missing)
    found = Synthesis(
        dataset=dataset,
        source=source,
        source_sha256=source.content_digest if source else "",
        base_model=base_model,
        base_model_sha256=base_model.content_digest,
        options=asked.to_json(),
        licence=licence,
        verdict=selectors.told(selectors.licence_verdict(project, base_model, source, licence)),
    )
    facts = {"base_model_sha256": found.base_model_sha256, "source_sha256": found.source_sha256 or None,
             "kind": asked.kind, "count": asked.count, "verdict": found.verdict["outcome"]}  # fmt: skip
    taken = WrongState(f"Rows are being written for {dataset.name} already.")
    return errands.ask(actor, found, facts=facts, otherwise=taken)


def again(*, actor: Actor, synthesis_id: UUID) -> Synthesis:
    """The same once more, where it failed. Raises as `ask` does."""
    found = selectors.visible(actor, synthesis_id)
    return ask(
        actor=actor, base_model_id=found.base_model_id, asked=found.asked, version_id=found.source_id,
        dataset_id=None if found.source_id else found.dataset_id, licence=found.licence,
    )  # fmt: skip


def cancel(*, actor: Actor, synthesis_id: UUID) -> Synthesis:
    """End a synthesis; nothing of it is kept. Raises NotAllowed, NotFound, WrongState."""
    return errands.cancel(actor, Synthesis, synthesis_id, _own)


def _place(actor: Actor, version_id: UUID | None, dataset_id: UUID | None) -> tuple[Dataset, DatasetVersion | None]:
    if (version_id is None) == (dataset_id is None):
        cure = "Give a version as the seed, or a dataset for rows from none."
        raise Unusable([Fault("version", "It is not clear where the rows go.", cure)])
    if version_id is not None:
        source = datasets.version_visible(actor, version_id)
        return source.dataset, source
    assert dataset_id is not None  # noqa: S101 - one of the two
    return datasets.visible(actor, dataset_id), None


def _check(asked: synthesis.Synthesis, source: DatasetVersion | None, licence: str) -> None:
    faults = Faults()
    if source is None:
        check_licence(licence, faults)
    try:
        asked.check(selectors.source_of(source) if source else None)
    except Refused as refused:
        faults.add(refused.field or "prompt", refused.message, refused.cure)
    faults.raise_if_any()


def _own(actor: Actor, synthesis_id: UUID) -> Synthesis:
    found = selectors.visible(actor, synthesis_id)
    projects.require(actor, found.project_id, ACT)
    return found
