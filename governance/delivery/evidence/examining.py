"""The whole trail and every record are verified when an administrator asks: a worker does it, the result is kept."""

from collections.abc import Callable

from django.db import transaction

from governance.delivery.evidence.models import Examination
from governance.delivery.evidence.rules import State
from governance.foundation.audit import selectors, watch
from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import NotAllowed, WrongState
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease
from governance.people.organisations import rules
from governance.people.organisations import selectors as organisations

ACT = "have the audit trail verified"


@transaction.atomic
def ask(*, actor: Actor) -> Examination:
    """Have a worker verify everything now. Raises NotAllowed, and WrongState while one is under way."""
    organisation = organisations.where(actor, ACT).order_by("pk").first()
    if organisation is None:
        raise NotAllowed(f"To {ACT} takes {rules.takes(ACT)} of an organisation; you are not one.")
    under_way = WrongState("The audit trail is being verified already; its page shows how far.")
    return errands.ask(actor, Examination(organisation=organisation), facts={}, otherwise=under_way)


def may_ask(actor: Actor) -> bool:
    return organisations.where(actor, ACT).exists()


def newest() -> Examination | None:
    """The one under way, or the one that was asked for last."""
    return Examination.objects.first()


def carry_out(*, lease: Lease, told: Callable[[int, int], None]) -> None:
    """The worker's part. `told` is called with how many entries were read, and of how many; it must not write to the
    database. Raises LeaseLost, and what `told` raises."""
    examination = errands.begun(lease, Examination)
    end = selectors.head()
    of = end["seq"] if end else 0
    found, kept = watch.examined(by_name=examination.asked_by_name, told=lambda entries: told(entries, of))
    with transaction.atomic():
        examination = errands.held(lease, Examination)
        errands.finish(lease, examination, State.DONE, verification=kept)
        facts = {"entries": found.entries, "head": found.head, "faults": len(found.faults)}
        record(PLATFORM, "examination.done", subject=examination, facts=facts)
