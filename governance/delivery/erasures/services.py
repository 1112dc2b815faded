"""Asking for an erasure, the second person's word, taking it up again, ending it. The worker's side is `worker`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from governance.delivery.erasures import rules, selectors
from governance.delivery.erasures.models import Erasure
from governance.delivery.erasures.rules import TRANSITIONS, State
from governance.foundation.audit.services import record
from governance.foundation.core.actor import PLATFORM, Actor
from governance.foundation.core.errors import Faults, WrongState
from governance.foundation.core.moves import move
from governance.foundation.jobs import errands
from governance.materials.datasets import selectors as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.oversight.retention import selectors as retention
from governance.oversight.retention.models import Hold
from governance.people.approvals import reauthentication
from governance.people.approvals import selectors as approvals
from governance.people.approvals import services as approving
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State as Asked
from governance.people.approvals.rules import Verdict
from governance.people.projects import selectors as projects

ACT = "erase rows"


@transaction.atomic
def ask(*, actor: Actor, version_id: UUID, rows: Sequence[int], case_number: str, reason: str, proof: str) -> Erasure:
    """Ask that rows of a version (by number, from 1) are destroyed. Where a hold goes before it, the erasure stands on
    record as held, with ground and end; else a second person is asked. `proof` is for the version's content digest and
    these rows (`rules.choice`).

    Raises NotFound, NotAllowed (who, or no proof), Unusable, WrongState.
    """
    version = datasets.version_visible(actor, version_id)
    projects.require(actor, version.project_id, ACT)
    if version.rows_erased_at is not None:
        version.check_readable()  # its rows stand in the next version
    numbers = _checked(version, rows, case_number, reason)
    method = reauthentication.consume(
        proof=proof, actor=actor, subject_digest=version.content_digest, verdict=Verdict.APPROVE,
        choice=rules.choice(numbers),
    )  # fmt: skip
    hold = retention.before_erasure(version.dataset)
    erasure = Erasure(
        version=version, version_sha256=version.content_digest, rows=numbers, case_number=case_number.strip(),
        reason=reason.strip(), method=method, hold=hold, state=State.HELD if hold else State.ASKED,
    )  # fmt: skip
    errands.enter(actor, erasure, otherwise=WrongState(f"Rows of {version} are being erased already; wait for that."))
    facts = {"version_sha256": erasure.version_sha256, "rows": len(numbers), "content": erasure.content_digest}
    personal = {"reason": erasure.reason, "case_number": erasure.case_number}
    record(actor, "erasure.proposed", subject=erasure, facts=facts, personal=personal)
    if hold is not None:
        _tell_held(erasure, hold)
    else:
        approving.ask(actor=actor, subject=erasure, project_id=version.project_id)
    return erasure


@transaction.atomic
def again(*, actor: Actor, erasure_id: UUID) -> Erasure:
    """Take up an erasure that was held, now that nothing goes before it, or one that failed.

    Raises NotFound, NotAllowed, WrongState.
    """
    erasure = _locked(_own(actor, erasure_id).pk)
    if erasure.state not in (State.HELD, State.FAILED):
        raise WrongState(f"{erasure} was neither held nor has it failed; there is nothing to take up again.")
    if hold := retention.before_erasure(erasure.version.dataset):
        if erasure.state == State.FAILED:
            _hold(erasure, hold)
            return erasure
        raise WrongState(_why_held(hold))
    if approvals.standing(erasure).granted:
        taken = WrongState(f"Rows of {erasure.version} are being erased already; wait for that.")
        errands.ask_again(actor, erasure, facts={"rows": len(erasure.rows)}, otherwise=taken, hold=None)
    else:
        move(erasure, TRANSITIONS, State.ASKED, hold=None)
        record(actor, "erasure.taken-up", subject=erasure)
        approving.ask(actor=actor, subject=erasure, project_id=erasure.project_id)
    return erasure


def cancel(*, actor: Actor, erasure_id: UUID) -> Erasure:
    """End an erasure before anything is destroyed. Raises NotFound, NotAllowed, WrongState."""
    if _own(actor, erasure_id).state == State.QUEUED:
        return errands.cancel(actor, Erasure, erasure_id, _own)
    with transaction.atomic():
        erasure = _locked(erasure_id)
        move(erasure, TRANSITIONS, State.CANCELLED)
        approving.void_open(actor=actor, subject=erasure, project_id=erasure.project_id)
        record(actor, "erasure.cancelled", subject=erasure)
    return erasure


def follow_decision(sender: type[ApprovalRequest], request: ApprovalRequest, **_: Any) -> None:
    """The second person has decided: a worker erases, or nothing is erased. A hold placed meanwhile goes before it."""
    if request.subject_kind != Erasure.kind:
        return
    erasure = _locked(request.subject_id)
    if request.state != Asked.GRANTED:
        message = "The second person did not confirm it; their reason stands beside the decision."
        error = {"code": "not-confirmed", "message": message, "where": str(erasure), "fault": "user"}
        move(erasure, TRANSITIONS, State.REFUSED, error=error)
        record(PLATFORM, "erasure.refused", subject=erasure)
    elif hold := retention.before_erasure(erasure.version.dataset):
        _hold(erasure, hold)
    else:
        errands.ask_again(PLATFORM, erasure, facts={"rows": len(erasure.rows)})


def _hold(erasure: Erasure, hold: Hold) -> None:
    move(erasure, TRANSITIONS, State.HELD, hold=hold)
    _tell_held(erasure, hold)


def _tell_held(erasure: Erasure, hold: Hold) -> None:
    """It is the rule that holds it back, whoever asked."""
    facts = {"hold": hold.pk, "basis": hold.basis, "until": hold.until}
    record(PLATFORM, "erasure.held", subject=erasure, facts=facts)


def _why_held(hold: Hold) -> str:
    end = f"until {hold.until:%d %B %Y}" if hold.until else "until it is lifted"
    return f"{hold} goes before an erasure, {end}: {hold.ground}"


def _checked(version: DatasetVersion, rows: Sequence[int], case_number: str, reason: str) -> list[int]:
    faults, numbers = Faults(), sorted(set(rows))
    if not version.index_sha256:
        cure = "Register the file again, and erase the rows of that version."
        faults.add("rows", f"{version} was registered before rows were indexed.", cure)
    if not numbers:
        faults.add("rows", "No row is named.", "Name at least one.")
    elif numbers[0] < 1 or numbers[-1] > version.rows:
        wrong = numbers[0] if numbers[0] < 1 else numbers[-1]
        faults.add("rows", f"{version} has no row {wrong:,}.", f"Its rows are numbered from 1 to {version.rows:,}.")
    elif len(numbers) > rules.ROWS_AT_MOST:
        faults.add("rows", f"At most {rules.ROWS_AT_MOST:,} rows are erased at once.", "Erase them in parts.")
    if not case_number.strip():
        faults.add("case_number", "An erasure needs its case number.", "Of the request that it answers.")
    if not reason.strip():
        faults.add("reason", "Say on which ground the rows are erased.", "For example Art. 17(1)(b) GDPR.")
    faults.raise_if_any()
    return numbers


def _locked(erasure_id: UUID) -> Erasure:
    found = Erasure.objects.select_for_update(of=("self",)).select_related("version__dataset__project")
    return found.get(pk=erasure_id)


def _own(actor: Actor, erasure_id: UUID) -> Erasure:
    found = selectors.visible(actor, erasure_id)
    projects.require(actor, found.project_id, ACT)
    return found
