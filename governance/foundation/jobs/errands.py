"""What every errand has in common: it is asked for, carried out under a lease, and ended. What it asks for and what
finishing means, its noun says itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Refusal, WrongState
from governance.foundation.core.moves import move
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Errand, Job
from governance.foundation.jobs.rules import State
from governance.foundation.jobs.services import Lease, LeaseLost

E = TypeVar("E", bound=Errand)

_BY_TASK: dict[str, type[Errand]] = {}


def register(*models: type[Errand]) -> None:
    """Errands whose state follows that of their job. Each noun's app registers its own."""
    _BY_TASK.update({model.task: model for model in models})


def enter(actor: Actor, errand: E, *, otherwise: Refusal | None = None) -> E:
    """Keep `errand` as asked for by `actor`. Raises `otherwise` where the database holds that there can be no such
    one now."""
    errand.asked_by_id, errand.asked_by_name = actor.user_id, actor.name
    with _unless_taken(otherwise):
        errand.save()
    return errand


def ask(actor: Actor, errand: E, *, facts: dict[str, Any], otherwise: Refusal | None = None) -> E:
    """Enter `errand` and queue its job, in the caller's transaction. Raises as `enter` does."""
    enter(actor, errand, otherwise=otherwise)
    _queue(actor, errand, facts)
    return errand


def ask_again(actor: Actor, errand: E, *, facts: dict[str, Any], otherwise: Refusal | None = None, **also: Any) -> E:
    """Queue the very errand once more, writing `also` with it. Raises WrongState, and `otherwise` as `enter` does."""
    with _unless_taken(otherwise):
        move(errand, errand.transitions, State.QUEUED, error=None, ended_at=None, **also)
    _queue(actor, errand, facts)
    return errand


@transaction.atomic
def cancel(actor: Actor, model: type[E], pk: Any, own: Callable[[Actor, Any], E]) -> E:
    """Ask that an errand ends: a waiting one here and now, a running one when its worker next looks.

    `own` finds it for who may end it. Raises what `own` raises, and WrongState for one that has ended.
    """
    jobs.hold(subject_id=pk, task=model.task)
    errand = own(actor, pk)
    if jobs.cancel(subject=errand, task=model.task) is None:
        raise WrongState(f"{errand} is not {errand.doing}.")
    errand.refresh_from_db()
    record(actor, f"{errand.spoken}.cancelled", subject=errand)
    return errand


# the worker's side


def begun(lease: Lease, model: type[E]) -> E:
    """The errand to carry out. Raises LeaseLost."""
    _guard(lease)
    return cast(E, model.objects.get(pk=lease.subject_id))


def held(lease: Lease, model: type[E]) -> E:
    """The errand, locked until the transaction ends. Raises LeaseLost."""
    _guard(lease)
    return cast(E, model.objects.select_for_update().get(pk=lease.subject_id))


def finish(lease: Lease, errand: Errand, to: Any, **made: Any) -> None:
    """End a held errand and its job well, with what was made. Its noun writes that into the audit trail."""
    move(errand, errand.transitions, to, ended_at=timezone.now(), **made)
    jobs.end(lease, State.SUCCEEDED)


def refuse(
    lease: Lease, errand: Errand, to: Any, code: str, message: str, *,
    told: dict[str, Any] | None = None, facts: dict[str, Any] | None = None, **also: Any,
) -> None:  # fmt: skip
    """End a held errand and its job for something that who asked can mend: `message`, and more of it in `told`.
    `facts` are for the audit trail, `also` is written with the end."""
    error = {"code": code, "message": message, "where": str(errand), "fault": "user", **(told or {})}
    _end(errand, to, facts=facts, error=error, **also)
    jobs.end(lease, State.FAILED, error=error)


@transaction.atomic
def fail(lease: Lease, message: str) -> None:
    """Say why it could not be carried out; it is the operator's to mend. Raises LeaseLost."""
    errand = held(lease, _BY_TASK[lease.task])
    error = {"code": f"{lease.task}-failed", "message": message, "where": str(errand), "fault": "platform"}
    _end(errand, State.FAILED, error=error)
    jobs.end(lease, State.FAILED, error=error)


@transaction.atomic
def stop(lease: Lease) -> None:
    """A person asked that it ends, and it has. Raises LeaseLost."""
    _end(held(lease, _BY_TASK[lease.task]), State.CANCELLED)
    jobs.end(lease, State.CANCELLED)


def follow_abandoned_job(sender: type[Job], job: Job, **_: Any) -> None:
    """A job that ended without its worker's word takes its errand along."""
    if model := _BY_TASK.get(job.task):
        errand = model._default_manager.select_for_update().get(pk=job.subject_id)
        _end(errand, State(job.state), facts={"job": job.pk}, error=job.error)


@contextmanager
def _unless_taken(otherwise: Refusal | None) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        if otherwise is None:
            raise
        raise otherwise from None


def _queue(actor: Actor, errand: Errand, facts: dict[str, Any]) -> None:
    jobs.ask(actor=actor, task=errand.task, subject=errand)
    record(actor, f"{errand.spoken}.asked", subject=errand, facts=facts)


def _end(errand: Errand, to: Any, *, facts: dict[str, Any] | None = None, **also: Any) -> None:
    """What every end without a result has in common: it is on record under the state that it left."""
    move(errand, errand.transitions, to, ended_at=timezone.now(), **also)
    record(PLATFORM, f"{errand.spoken}.{to}", subject=errand, facts=facts)


def _guard(lease: Lease) -> None:
    if not jobs.still_held(lease):
        raise LeaseLost("This worker lost its lease on the job; another may hold it.")
