"""That an auditor read something goes on record: once for each person, record, page and hour."""

import json
from datetime import timedelta

from django.utils import timezone

from governance.foundation.audit.models import AuditEvent, Identity
from governance.foundation.audit.services import record_alone
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import Record
from governance.people.engagements.access import open_to
from governance.people.engagements.models import Engagement, Finding, Request
from governance.people.engagements.selectors import READ, scope

OWN = frozenset({Engagement.kind, Request.kind, Finding.kind})
ONCE_IN = timedelta(hours=1)


def note(actor: Actor, page: str, subject: Record | None) -> None:
    """Put on record that `actor` read `subject` (None: a list) by the page or answer of the API of that name.

    The entry is about the record itself, with its digest as it was read, so that it stands in its history. What
    auditors read of their own engagement is no evidence of anything.
    """
    if subject is not None and subject.kind in OWN:
        return
    for engagement in open_to(actor).select_related("organisation"):
        read = engagement if subject is None else subject
        if _reaches(engagement, read) and not _noted(actor, page, read, engagement):
            facts = {"page": page, "engagement": str(engagement.pk)}
            record_alone(actor, READ, subject=read, facts=facts)


def _reaches(engagement: Engagement, read: Record) -> bool:
    if read.kind == Engagement.kind:
        return read.pk == engagement.pk
    project_id = getattr(read, "project_id", None)
    if project_id is None:
        return getattr(read, "organisation_id", None) == engagement.organisation_id
    return scope(engagement).filter(pk=project_id).exists()


def _noted(actor: Actor, page: str, read: Record, engagement: Engagement) -> bool:
    """Whether the last hour has the entry already."""
    before = AuditEvent.objects.filter(
        subject_kind=read.kind,
        subject_id=str(read.pk),
        action=READ,
        actor__in=Identity.objects.filter(user_id=actor.lookup_id).values("pseudonym"),
        at__gt=timezone.now() - ONCE_IN,
    )
    wanted = {"page": page, "engagement": str(engagement.pk)}
    return any(json.loads(body)["facts"] == wanted for body in before.values_list("body", flat=True))
