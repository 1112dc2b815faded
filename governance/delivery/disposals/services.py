"""Proposing a disposal, the second person's word, taking it up again, ending it. The worker's side is `worker`."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from governance.delivery.disposals import rules, selectors, things
from governance.delivery.disposals.models import Disposal, DisposalItem
from governance.delivery.disposals.rules import TRANSITIONS, Fate, State
from governance.delivery.disposals.things import Found
from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Fault, Faults, NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.foundation.core.records import of_kind
from governance.foundation.jobs import errands
from governance.oversight.retention import selectors as retention
from governance.people.approvals import reauthentication
from governance.people.approvals.rules import Verdict
from governance.people.projects import selectors as projects
from governance.people.projects.services import hold

ACT = "propose a disposal"
CONFIRM = "confirm a disposal"


@transaction.atomic
def propose(*, actor: Actor, project_id: UUID, ids: Sequence[UUID], reason: str) -> Disposal:
    """Put things of a project, by the ids of their records, on a list to be deleted.

    What something keeps stays, and that it was refused is on record with ground and end. Drafts alone go at once;
    where data is on the list, a second person is asked. Raises NotFound, NotAllowed, Unusable.
    """
    project = projects.require(actor, project_id, ACT)
    hold(project.pk)
    wanted = list(dict.fromkeys(ids))
    _check(wanted, reason)
    known = things.some(project, wanted)
    if len(known) < len(wanted):
        raise NotFound("thing that can be deleted")
    listed = selectors.listed(project)
    if taken := [known[pk] for pk in wanted if pk in listed]:
        message = f"{taken[0].name} stands on {listed[taken[0].record.pk]} already."
        raise Unusable([Fault("things", message, "Wait for that, or end it.")])
    last = project.disposals.aggregate(Max("number"))["number__max"] or 0
    made = Disposal(project=project, number=last + 1, rule=retention.rule(project.pk), reason=reason.strip())
    errands.enter(actor, made)
    items = [_item(made, place, known[pk]) for place, pk in enumerate(wanted)]
    DisposalItem.objects.bulk_create(items)
    facts = {"things": len(items), "bytes": sum(item.bytes for item in items), "content": made.content_digest}
    record(actor, "disposal.proposed", subject=made, facts=facts, personal={"reason": made.reason})
    for item in items:
        if item.state == Fate.KEPT:
            tell_kept(item)
    _go_on(actor, made, [known[item.subject_id] for item in items if item.state == Fate.PENDING])
    return made


@transaction.atomic
def confirm(*, actor: Actor, disposal_id: UUID, proof: str) -> Disposal:
    """The second person's word: a worker deletes what is on the list and nothing keeps. `proof` is for the content
    digest of the disposal. Raises NotFound, NotAllowed, WrongState."""
    found = _locked(_own(actor, disposal_id, CONFIRM).pk)
    if found.state != State.PROPOSED:
        raise WrongState(f"{found} does not wait to be confirmed.")
    if why := rules.why_not_confirm(person=actor.user_id, asked_by=found.asked_by_id):
        raise NotAllowed(why, about=found)
    method = reauthentication.consume(
        proof=proof, actor=actor, subject_digest=found.content_digest, verdict=Verdict.APPROVE
    )
    found.confirmed_by_id, found.confirmed_by_name, found.confirmed_at = actor.user_id, actor.name, timezone.now()
    found.method = method
    found.save(update_fields=["confirmed_by", "confirmed_by_name", "confirmed_at", "method"])
    record(actor, "disposal.confirmed", subject=found, facts={"content": found.content_digest, "method": method})
    return errands.ask_again(actor, found, facts={"content": found.content_digest})


@transaction.atomic
def again(*, actor: Actor, disposal_id: UUID) -> Disposal:
    """Have a worker go on with one that failed. Raises NotFound, NotAllowed, WrongState."""
    found = _locked(_own(actor, disposal_id, ACT).pk)
    if found.state != State.FAILED:
        raise WrongState(f"{found} has not failed; there is nothing to take up again.")
    return errands.ask_again(actor, found, facts={"content": found.content_digest})


def cancel(*, actor: Actor, disposal_id: UUID) -> Disposal:
    """End a disposal; what is gone by then stays gone. Raises NotFound, NotAllowed, WrongState."""
    if _own(actor, disposal_id, ACT).state == State.QUEUED:
        return errands.cancel(actor, Disposal, disposal_id, lambda who, pk: _own(who, pk, ACT))
    with transaction.atomic():
        found = _locked(disposal_id)
        move(found, TRANSITIONS, State.CANCELLED, ended_at=timezone.now())
        record(actor, "disposal.cancelled", subject=found)
    return found


def tell_kept(item: DisposalItem) -> None:
    """It is the ground that keeps it, whoever asked: the refusal is on record, with its end."""
    first = item.grounds[0]
    facts = {
        "disposal": item.disposal_id,
        "basis": first.basis,
        "ref": first.ref,
        "until": first.until,
        "ground": {"kind": first.kind, "id": first.id},
        "grounds": len(item.because),
    }
    record(PLATFORM, "disposal.kept", subject=of_kind(item.subject_kind, item.subject_id), facts=facts)


def _item(disposal: Disposal, place: int, found: Found) -> DisposalItem:
    return DisposalItem(
        disposal=disposal, position=place, thing=found.thing, subject_kind=found.record.kind,
        subject_id=found.record.pk, name=found.name[:300], sha256=found.sha256, bytes=found.bytes,
        because=[one.as_json() for one in found.standing], ran_out="" if found.standing else found.ran_out,
        state=Fate.PENDING if found.may_go else Fate.KEPT,
    )  # fmt: skip


def _go_on(actor: Actor, disposal: Disposal, left: list[Found]) -> None:
    """What follows from what is left on the list: nothing, a worker at once, or a second person."""
    if not left:
        message = "Something keeps everything on the list; what it is stands beside each."
        error = {"code": "kept", "message": message, "where": str(disposal), "fault": "user"}
        disposal.state, disposal.error, disposal.ended_at = State.REFUSED, error, timezone.now()
        disposal.save(update_fields=["state", "error", "ended_at"])
        record(PLATFORM, "disposal.refused", subject=disposal)
    elif not rules.needs_second_person(each.thing for each in left):
        errands.ask_again(actor, disposal, facts={"content": disposal.content_digest})


def _check(ids: Sequence[UUID], reason: str) -> None:
    faults = Faults()
    if not ids:
        faults.add("things", "Nothing is chosen.", "Choose at least one thing that is due.")
    elif len(ids) > rules.THINGS_AT_MOST:
        faults.add("things", f"At most {rules.THINGS_AT_MOST} things go at once.", "Make two lists of it.")
    if not reason.strip():
        faults.add("reason", "Say why they go, for whoever looks for them later.", "One sentence is enough.")
    faults.raise_if_any()


def _locked(disposal_id: UUID) -> Disposal:
    found = Disposal.objects.select_for_update(of=("self",)).select_related("project", "rule__project")
    return found.get(pk=disposal_id)


def _own(actor: Actor, disposal_id: UUID, act: str) -> Disposal:
    found = selectors.visible(actor, disposal_id)
    projects.require(actor, found.project_id, act)
    return found
