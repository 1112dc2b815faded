"""What a decider opened of a subject before they decided, where the policy wants that on record. It says what Assay
showed, never that somebody read it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.foundation.audit import selectors as audit
from governance.foundation.audit.models import AuditEvent
from governance.foundation.audit.services import record_alone
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import Record
from governance.people.approvals import selectors, subjects
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State
from governance.people.approvals.subjects import SignedPart
from governance.people.projects.models import Member

ACT = "approval.opened"
LATER = "turn"  # the objection to who decides in a later step: what they open now they open for that


@dataclass(frozen=True)
class Opened:
    """A part that a signature covers, and when a person first opened it after it was asked about, if they did."""

    part: SignedPart
    at: datetime | None

    def content(self) -> dict[str, Any]:
        """As the decision keeps it."""
        label, name, sha256, _ = self.part
        return {"label": label, "name": name, "sha256": sha256, "at": self.at}


def note(actor: Actor, page: str, shown: Record | None) -> None:
    """Put on record that `actor` opened `shown`, by the page, file or answer of the API of that name, for each open
    request that they could decide on and whose policy wants it: once for each part."""
    if shown is None or not actor.is_person:
        return
    for request in _wanting(actor):
        subject = subjects.load_all(request.subject_kind, [request.subject_id]).get(request.subject_id)
        part = _of(subject.signed_parts(), shown) if subject else None
        if part is None or part.sha256 in _first(actor, request):
            continue
        why_not = selectors.objection(actor, request)
        if why_not is None or why_not.code == LATER:
            facts = {"part": part.label, "kind": shown.kind, "id": shown.pk, "sha256": part.sha256, "page": page}
            record_alone(actor, ACT, subject=request, facts=facts)


def opened(actor: Actor, request: ApprovalRequest, subject: subjects.Approvable) -> list[Opened] | None:
    """Each part that has a page, with when `actor` opened it; None where the policy does not ask."""
    if not request.terms.record_opened:
        return None
    first = _first(actor, request)
    return [Opened(part, first.get(part.sha256)) for part in subject.signed_parts() if part.shown is not None]


def _wanting(actor: Actor) -> Iterable[ApprovalRequest]:
    mine = Member.objects.filter(user_id=actor.lookup_id).values("project")
    asked = ApprovalRequest.objects.filter(state=State.OPEN, project__in=mine, terms_content__record_opened=True)
    return asked.select_related("project").prefetch_related(*selectors.DECIDED)


def _of(parts: Iterable[SignedPart], shown: Record) -> SignedPart | None:
    return next((part for part in parts if part.shown == (shown.kind, shown.pk)), None)


def _first(actor: Actor, request: ApprovalRequest) -> dict[str, datetime]:
    """When `actor` first opened each part, by the part's digest."""
    entries = AuditEvent.objects.filter(
        subject_kind=request.kind, subject_id=str(request.pk), action=ACT, actor=audit.pseudonym(actor)
    )
    found: dict[str, datetime] = {}
    for at, body in entries.order_by("seq").values_list("at", "body"):
        found.setdefault(json.loads(body)["facts"]["sha256"], at)
    return found
