"""Placing a hold, and lifting it; setting the rule of a project."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, NotFound, Unusable, WrongState
from governance.materials.datasets import selectors as datasets
from governance.oversight.retention import selectors
from governance.oversight.retention.models import Hold, RetentionRule
from governance.oversight.retention.rules import DAYS_AT_MOST, PLACED, Basis, Thing
from governance.people.projects import selectors as projects
from governance.people.projects.services import hold as locked

ACT = "place a hold"
SET = "set a retention rule"


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
    locked(project.pk)  # what is being deleted at this moment finds the hold, or is gone before it
    faults = Faults()
    if basis not in PLACED:
        faults.add("basis", "Nobody places a hold on this basis.", "Choose another.")
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


@transaction.atomic
def set_rule(*, actor: Actor, project_id: UUID, days: Mapping[str, int | None], reason: str) -> RetentionRule:
    """Say how long a project keeps each kind of thing that nothing else has kept; None: until somebody says. What is
    left out counts as None. Nothing is deleted by it. Raises NotFound, NotAllowed, Unusable."""
    project = projects.require(actor, project_id, SET)
    locked(project.pk)
    faults = Faults()
    for name, count in days.items():
        if name not in set(Thing):
            faults.add("days", f"There is no kind of thing “{name}”.", f"Known: {', '.join(Thing)}.")
        elif count is not None and not 1 <= count <= DAYS_AT_MOST:
            faults.add(name, f"{count:,} days is no time to keep something.", f"From 1 to {DAYS_AT_MOST:,}, or none.")
    if not reason.strip():
        faults.add("reason", "Say why these are the right times.", "One sentence is enough.")
    faults.raise_if_any()
    before = selectors.rule(project.pk)
    made = RetentionRule.objects.create(
        project=project, number=before.number + 1 if before else 1,
        days={thing.value: days.get(thing.value) for thing in Thing}, reason=reason.strip(),
        set_by_id=actor.user_id, set_by_name=actor.name,
    )  # fmt: skip
    record(actor, "retention-rule.set", subject=made, facts={"days": made.days, "content": made.content_digest})
    return made
