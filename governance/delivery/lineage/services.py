"""Withdrawing data, and taking a withdrawal back."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.delivery.lineage import radius, selectors
from governance.delivery.lineage.models import Affected, Trace, Withdrawal
from governance.delivery.lineage.radius import Reached, project_of
from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, Faults, GateClosed, NotAllowed, Unusable, WrongState
from governance.foundation.core.events import reinstated, withdrawn
from governance.foundation.core.writes import note
from governance.foundation.jobs import errands
from governance.materials.datasets import provenance
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.rules import Verdict
from governance.people.projects import selectors as projects
from governance.people.projects.services import hold

ACT = "withdraw data"
ROWS_AT_MOST = 10_000  # beyond that the version itself is not fit for use


@transaction.atomic
def withdraw(
    *,
    actor: Actor,
    version_id: UUID,
    reason: str,
    rows: Sequence[int] | None = None,
    case_number: str = "",
    is_final: bool = False,
) -> Withdrawal:
    """Say that a version, or rows of it (by number, from 1), must not be used any more. Everything in the project
    that rests on it is found and kept with the withdrawal, its approvals are suspended, and what still trains on it
    is ended. Versions that lie apart are then looked through by a worker, and what they lead to follows.

    `is_final`: what follows cannot be undone, and rows are gone before a worker could look: all is looked through now.
    Raises NotFound, NotAllowed, Unusable, and WrongState where it is withdrawn already.
    """
    version = datasets.version_visible(actor, version_id)
    project = projects.require(actor, version.project_id, ACT)
    numbers = _checked(version, reason, rows)
    hold(project.pk)
    try:
        with transaction.atomic():
            made = Withdrawal.objects.create(
                version=version, version_sha256=version.content_digest, rows=numbers, reason=reason.strip(),
                case_number=case_number.strip(), is_final=is_final,
                withdrawn_by_id=actor.user_id, withdrawn_by_name=actor.name,
            )  # fmt: skip
    except IntegrityError:
        raise WrongState(f"{version} is withdrawn already.") from None
    reached = radius.of(version, numbers, everywhere=is_final)
    follow(actor, made, reached)
    facts = {
        "version": version.pk,
        "version_sha256": made.version_sha256,
        "rows": numbers and len(numbers),
        "affected": dict(Counter(each.record.kind for each in reached)),
        "content": made.content_digest,
    }
    record(actor, "data.withdrawn", subject=made, facts=facts, personal={"reason": made.reason})
    if not is_final and selectors.apart(made).exists():
        errands.ask(actor, Trace(withdrawal=made), facts={"withdrawal": made.pk})
    return made


@transaction.atomic
def trace_again(*, actor: Actor, trace_id: UUID) -> Trace:
    """Have a worker look through the other versions once more. Raises NotFound, NotAllowed, WrongState."""
    found = selectors.visible_trace(actor, trace_id)
    projects.require(actor, found.project_id, ACT)
    return errands.ask_again(actor, found, facts={"withdrawal": found.withdrawal_id})


@transaction.atomic
def take_back(*, actor: Actor, withdrawal_id: UUID, reason: str, proof: str) -> Withdrawal:
    """Say that the data may be used after all: what was suspended for this has its approvals again. It takes a person
    who neither withdrew it nor had a part in anything that it reached; `proof` is for the withdrawal's content digest.
    Where a policy asks for it, others have approved that before.

    Raises NotFound, NotAllowed (who, or no proof), GateClosed (approval), Unusable, WrongState.
    """
    found = selectors.visible(actor, withdrawal_id)
    projects.require(actor, found.project_id, ACT)
    hold(found.project_id)
    found = Withdrawal.objects.select_for_update(of=("self",)).select_related("version__dataset__project").get(
        pk=withdrawal_id
    )  # fmt: skip
    if why := selectors.why_not_take_back(actor, found):
        raise NotAllowed(why)
    if over := found.why_not_take_back:
        raise WrongState(over)
    if missing := selectors.approval_lacks(found):
        raise GateClosed(f"{found} cannot be taken back", missing)
    if not reason.strip():
        raise Unusable([Fault("reason", "Say why the data may be used after all.", "One sentence is enough.")])
    method = reauthentication.consume(
        proof=proof, actor=actor, subject_digest=found.content_digest, verdict=Verdict.APPROVE
    )
    found.taken_back_at = timezone.now()
    found.taken_back_by_id = actor.user_id
    found.taken_back_by_name = actor.name
    found.taken_back_because = reason.strip()
    found.taken_back_by_method = method
    found.save()
    reinstated.send(sender=Withdrawal, actor=actor, cause=found)
    facts = {"method": method, "content": found.content_digest}
    record(actor, "data.reinstated", subject=found, facts=facts, personal={"reason": found.taken_back_because})
    return found


def look_at_what_was_registered(sender: type[DatasetVersion], version: DatasetVersion, actor: Actor, **_: Any) -> None:
    """What was withdrawn does not come back by another door: a version that holds it, or that comes from what was
    withdrawn, is reached by every withdrawal in force the moment it is registered."""
    organisation = version.dataset.project.organisation_id
    standing = Withdrawal.objects.filter(version__dataset__project__organisation=organisation, taken_back_at=None)
    for found in standing.select_related("version__dataset__project"):
        starts = list(radius.holders(found.version, found.rows, [version]))
        if not starts and not found.is_final:  # what is left after an erasure comes from the version, without the rows
            links = provenance.linked_ids(version.provenance)
            link = found.affected.filter(object_id__in=links).first()
            starts = [Reached(version, f"derived from {link.name}")] if link else []
        if count := follow(actor, found, starts):
            record(actor, "data.withdrawal-reached", subject=found, facts={"version": version.pk, "found": count})


def follow(actor: Actor, made: Withdrawal, reached: Iterable[Reached]) -> int:
    """Keep what a withdrawal reaches beyond what is known, and have everybody do their part. Returns how much it is."""
    known = set(made.affected.values_list("object_id", flat=True))
    inside, outside = radius.within([each for each in reached if each.record.pk not in known], made.project)
    if inside or outside:
        _keep(made, inside, outside, len(known))
        _tell(actor, made, inside)
        note(Withdrawal, [made.pk])  # what it reaches is sealed with it, by the entry that the caller writes
        approvals.void_changed(actor=actor, subject=made, project_id=made.project_id)
    return len(inside) + len(outside)


def _tell(actor: Actor, made: Withdrawal, inside: Iterable[Reached]) -> None:
    """Send the event, and keep what was done about each record."""
    affected: dict[str, set[UUID]] = defaultdict(set)
    for each in inside:
        affected[each.record.kind].add(each.record.pk)
    because = f"{made.said} by {made.withdrawn_by_name}: {made.reason}"
    done: dict[tuple[str, UUID], list[str]] = defaultdict(list)
    told = withdrawn.send(sender=Withdrawal, actor=actor, cause=made, because=because, affected=dict(affected))
    for _receiver, answer in told:
        answered = cast("Mapping[tuple[str, UUID], str]", answer or {})
        for key, what in answered.items():
            done[key].append(what)
    for (kind, pk), words in done.items():
        made.affected.filter(kind=kind, object_id=pk).update(done=", ".join(words))


def _keep(made: Withdrawal, inside: list[Reached], outside: list[Reached], first: int) -> None:
    rows = []
    for place, each in enumerate([*inside, *outside], start=first):
        one = each.record
        rows.append(
            Affected(
                withdrawal=made,
                position=place,
                kind=one.kind,
                object_id=one.pk,
                name=str(one)[:200],
                sha256=one.content_digest,
                project_id=project_of(one),
                how=each.how[:300],
                is_barred=each.is_barred,
            )
        )
    Affected.objects.bulk_create(rows)


def _checked(version: DatasetVersion, reason: str, rows: Sequence[int] | None) -> list[int] | None:
    faults = Faults()
    if not reason.strip():
        faults.add("reason", "Say why, for everybody who used it.", "One sentence is enough.")
    numbers = None if rows is None else sorted(set(rows))
    if numbers is not None:
        if not numbers:
            faults.add("rows", "No row is named.", "Name at least one, or withdraw the whole version.")
        elif numbers[0] < 1 or numbers[-1] > version.rows:
            wrong = numbers[0] if numbers[0] < 1 else numbers[-1]
            faults.add("rows", f"{version} has no row {wrong:,}.", f"Its rows are numbered from 1 to {version.rows:,}.")
        elif len(numbers) > ROWS_AT_MOST:
            faults.add("rows", f"At most {ROWS_AT_MOST:,} rows are withdrawn at once.", "Withdraw the whole version.")
    faults.raise_if_any()
    return numbers
