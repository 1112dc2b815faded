"""Placing a hold, and lifting it."""

from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, NotFound, Unusable, WrongState
from governance.materials.datasets import selectors as datasets
from governance.oversight.retention import selectors
from governance.oversight.retention.models import Hold
from governance.oversight.retention.rules import Basis
from governance.people.projects import selectors as projects

ACT = "place a hold"


@transaction.atomic
def place(
    *,
    actor: Actor,
    project_id: UUID,
    basis: Basis,
    ground: str,
    until: date | None = None,
    dataset_id: UUID | None = None,
) -> Hold:
    """Have the data of a project, or of one dataset, kept until a day or until the hold is lifted.

    Raises NotFound, NotAllowed, Unusable.
    """
    project = projects.require(actor, project_id, ACT)
    dataset = datasets.visible(actor, dataset_id) if dataset_id else None
    if dataset is not None and dataset.project_id != project.pk:
        raise NotFound("dataset")
    faults = Faults()
    if not ground.strip():
        faults.add("ground", "A hold needs its ground.", "Name the law with its paragraph, or the claim.")
    if until is None and basis == Basis.STATUTORY:
        faults.add("until", "Statutory retention has an end.", "Name the last day on which the law has it kept.")
    if until is not None and until < timezone.localdate():
        faults.add("until", "The last day is over already.", "Choose a day to come.")
    faults.raise_if_any()
    hold = Hold.objects.create(
        project=project, dataset=dataset, basis=basis, ground=ground.strip(), until=until,
        placed_by_id=actor.user_id, placed_by_name=actor.name,
    )  # fmt: skip
    facts = {"basis": basis, "dataset": hold.dataset_id, "until": until, "content": hold.content_digest}
    record(actor, "hold.placed", subject=hold, facts=facts, personal={"ground": hold.ground})
    return hold


@transaction.atomic
def lift(*, actor: Actor, hold_id: UUID, reason: str) -> Hold:
    """End a hold before its day. Raises NotFound, NotAllowed, WrongState, Unusable."""
    projects.require(actor, selectors.visible(actor, hold_id).project_id, ACT)
    hold = Hold.objects.select_for_update(of=("self",)).select_related("project", "dataset").get(pk=hold_id)
    if not selectors.is_in_force(hold):
        raise WrongState("This hold is over; there is nothing to lift.")
    if not reason.strip():
        raise Unusable([Fault("reason", "Say why it need not be kept any more.", "One sentence is enough.")])
    hold.lifted_at, hold.lifted_because = timezone.now(), reason.strip()
    hold.lifted_by_id, hold.lifted_by_name = actor.user_id, actor.name
    hold.save()
    record(actor, "hold.lifted", subject=hold, personal={"reason": hold.lifted_because})
    return hold
