"""What goes to and fro in an open engagement: requests and their answers, findings and what is done about them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import Fault, NotFound, Unusable, WrongState
from governance.foundation.core.moves import move
from governance.foundation.core.records import one_of
from governance.people.engagements import rules, selectors
from governance.people.engagements.models import Answer, AnswerFile, Engagement, Finding, Request
from governance.people.engagements.rules import FINDING_TRANSITIONS, REQUEST_TRANSITIONS, Asked, Found, Severity
from governance.people.engagements.services import locked
from governance.people.projects.models import Member

P = TypeVar("P", Request, Finding)
Link = tuple[str, str]  # kind, id


@transaction.atomic
def ask(
    *, actor: Actor, engagement_id: UUID, text: str, project_id: UUID | None = None, due: date | None = None
) -> Request:
    """Ask to be shown something. Auditors of an open engagement may. Raises NotFound, NotAllowed, WrongState,
    Unusable."""
    engagement = _audited(actor, engagement_id)
    about = _about(engagement, project_id)
    made = Request.objects.create(
        engagement=engagement, project_id=about, number=_next(engagement.requests), due=due,
        text=_said("text", text, "Say what you ask to be shown."), by_id=actor.user_id, by_name=actor.name,
    )  # fmt: skip
    record(actor, "audit-request.asked", subject=made, facts={"content": made.content_digest})
    return made


@dataclass(frozen=True)
class Attached:
    """A file that comes with an answer, open at its beginning."""

    name: str
    size: int
    file: BinaryIO


@transaction.atomic
def answer(
    *, actor: Actor, request_id: UUID, text: str, records: Collection[Link] = (), files: Sequence[Attached] = ()
) -> Answer:
    """Answer a request, with links to records of the scope, and files. Raises NotFound, NotAllowed, WrongState,
    Unusable."""
    request = _part(selectors.requests_visible_to(actor), request_id)
    selectors.require_answering(actor, request)
    _under_way(request.engagement)
    if request.state == Asked.SETTLED:
        raise WrongState("This request is settled; there is nothing to answer.")
    made = Answer.objects.create(
        request=request, text=_said("text", text, "Say where it is shown, or why it is not."),
        records=_linked(actor, request.engagement, records), by_id=actor.user_id, by_name=actor.name,
    )  # fmt: skip
    _keep(made, files)
    if request.state == Asked.WAITING:
        move(request, REQUEST_TRANSITIONS, Asked.ANSWERED)
    record(actor, "audit-request.answered", subject=made, facts={"content": made.content_digest})
    return made


@transaction.atomic
def send_back(*, actor: Actor, request_id: UUID, text: str) -> Answer:
    """Say what an answer leaves open. Raises NotFound, NotAllowed, WrongState, Unusable."""
    request = _part(selectors.requests_visible_to(actor), request_id)
    _audited(actor, request.engagement_id)
    move(request, REQUEST_TRANSITIONS, Asked.WAITING)
    said = Answer.objects.create(
        request=request, text=_said("text", text, "Say what is missing."), sends_back=True,
        by_id=actor.user_id, by_name=actor.name,
    )  # fmt: skip
    record(actor, "audit-request.sent-back", subject=said, facts={"content": said.content_digest})
    return said


@transaction.atomic
def settle(*, actor: Actor, request_id: UUID) -> Request:
    """Say that nothing more is asked for. Raises NotFound, NotAllowed, WrongState."""
    request = _part(selectors.requests_visible_to(actor), request_id)
    _audited(actor, request.engagement_id)
    move(request, REQUEST_TRANSITIONS, Asked.SETTLED)
    record(actor, "audit-request.settled", subject=request)
    return request


@transaction.atomic
def find(
    *,
    actor: Actor,
    engagement_id: UUID,
    severity: Severity,
    text: str,
    records: Collection[Link] = (),
    project_id: UUID | None = None,
) -> Finding:
    """Put a finding on record. Auditors of an open engagement may. Raises NotFound, NotAllowed, WrongState,
    Unusable."""
    engagement = _audited(actor, engagement_id)
    about = _about(engagement, project_id)
    made = Finding.objects.create(
        engagement=engagement, project_id=about, number=_next(engagement.findings), severity=Severity(severity),
        text=_said("text", text, "Say what was found, and beside which rule."),
        records=_linked(actor, engagement, records),
        by_id=actor.user_id, by_name=actor.name,
    )  # fmt: skip
    facts = {"severity": made.severity, "content": made.content_digest}
    record(actor, "audit-finding.raised", subject=made, facts=facts)
    return made


@transaction.atomic
def respond(*, actor: Actor, finding_id: UUID, response: str, owner: str, due: date) -> Finding:
    """Say what is done about a finding, who sees to it, and by when; also after the engagement was closed.

    Raises NotFound, NotAllowed, WrongState, Unusable.
    """
    finding = _part(selectors.findings_visible_to(actor), finding_id)
    selectors.require_answering(actor, finding)
    user = get_user_model().objects.filter(username=owner, is_active=True).first()
    scope = [finding.project_id] if finding.project_id else selectors.scope(finding.engagement)
    if user is None or not Member.objects.filter(project__in=scope, user=user).exists():
        raise Unusable([Fault("owner", f"“{owner}” has no role there.", "Choose one of the project's people.")])
    move(
        finding, FINDING_TRANSITIONS, Found.IN_HAND, response=_said("response", response, "Say what will be done."),
        responded_by_name=actor.name, owner=user, owner_name=user.get_full_name() or owner, due=due,
    )  # fmt: skip
    record(actor, "audit-finding.answered", subject=finding, facts={"due": due})
    return finding


@transaction.atomic
def close_finding(*, actor: Actor, finding_id: UUID, how: str) -> Finding:
    """Say how a finding was settled: an auditor of the engagement may, also after it was closed.

    Raises NotFound, NotAllowed, WrongState, Unusable.
    """
    finding = _part(selectors.findings_visible_to(actor), finding_id)
    selectors.require_auditor(actor, finding.engagement)
    move(
        finding, FINDING_TRANSITIONS, Found.CLOSED, closed_how=_said("how", how, "Say what you saw."),
        closed_at=timezone.now(), closed_by_name=actor.name,
    )  # fmt: skip
    record(actor, "audit-finding.closed", subject=finding)
    return finding


def _part(seen: QuerySet[P], pk: UUID) -> P:
    """The part under its engagement's row lock, so that its state is read after whoever moved it. Raises NotFound."""
    found = one_of(seen, pk)
    Engagement.objects.select_for_update().get(pk=found.engagement_id)
    found.refresh_from_db()
    return found


def _audited(actor: Actor, engagement_id: UUID) -> Engagement:
    engagement = locked(actor, engagement_id)
    selectors.require_auditor(actor, engagement)
    _under_way(engagement)
    return engagement


def _under_way(engagement: Engagement) -> None:
    if not rules.lays_open(engagement.window, timezone.localdate()):
        raise WrongState(
            f"“{engagement}” is not open today: from {engagement.access_from} to {engagement.access_until}."
        )


def _about(engagement: Engagement, project_id: UUID | None) -> Any:
    if project_id is None:
        return engagement.project_id
    if not selectors.scope(engagement).filter(pk=project_id).exists():
        raise NotFound("project")
    return project_id


def _next(parts: Any) -> int:
    return (parts.aggregate(last=Max("number"))["last"] or 0) + 1


def _said(field: str, text: str, cure: str) -> str:
    if not text.strip():
        raise Unusable([Fault(field, "This says nothing.", cure)])
    return text.strip()


def _keep(answer: Answer, files: Sequence[Attached]) -> None:
    faults = [fault for each in files if (fault := rules.file_fault(each.name, each.size))]
    if len(files) > rules.MOST_FILES:
        faults.append(Fault("files", f"At most {rules.MOST_FILES} files go with one answer.", "Answer once more."))
    if faults:
        raise Unusable(faults)
    for each in files:
        sha256, size = blobs.put(each.file)
        blobs.claim(sha256)
        AnswerFile.objects.create(answer=answer, name=each.name, sha256=sha256, bytes=size)


def _linked(actor: Actor, engagement: Engagement, links: Collection[Link]) -> list[dict[str, str]]:
    """The records as they are kept: kind, id and name. What is outside the scope is told as absent."""
    found = []
    for kind, pk in dict.fromkeys(links):
        row = selectors.in_scope(actor, engagement, kind, pk)
        if row is None:
            raise Unusable(
                [Fault("records", f"There is no {kind} {pk} in the scope.", "Give the address of a page of the scope.")]
            )
        found.append({"kind": kind, "id": str(row.pk), "name": str(row)})
    return found
