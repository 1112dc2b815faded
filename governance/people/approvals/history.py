"""What was done to a record that can be approved: to itself, and to the requests about it."""

from typing import Any

from django.db.models import Q, QuerySet

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.people.approvals.models import ApprovalRequest, Carried, Comment, Decision
from governance.people.approvals.selectors import visible_to


def of(actor: Actor, subject: Any) -> QuerySet[AuditEvent]:
    """Newest first, in as many queries for many requests as for one. Of a record that projects share, what was asked in
    those that `actor` sees."""
    requests = list(
        visible_to(actor)
        .filter(subject_kind=subject.kind, subject_id=subject.pk)
        .order_by()
        .values_list("pk", flat=True)
    )
    about = _about(subject.kind, [subject.pk]) | _about(ApprovalRequest.kind, requests)
    for part in (Decision, Carried, Comment):
        about |= _about(part.kind, part.objects.filter(request__in=requests).values_list("pk", flat=True))
    return AuditEvent.objects.filter(about).select_related("personal")


def _about(kind: str, ids: Any) -> Q:
    return Q(subject_kind=kind, subject_id__in=[str(pk) for pk in ids])
