"""That an act was refused goes on record, with how often on that day."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.records import Record
from governance.foundation.refusals import rules
from governance.foundation.refusals.models import RefusalCount

ACTION = "act.refused"


@transaction.atomic
def note(*, actor: Actor, page: str, method: str, status: int, subject: Record | None) -> None:
    """Put on record that `actor` was refused `page` (its name, never what was sent) on `subject`.

    Of the same refusal on a day the first, the tenth, the hundredth and so on are told; the others are counted.
    """
    key: dict[str, Any] = {"user_id": actor.person_id, "day": timezone.localdate()}
    named: dict[str, Any] = {
        "page": page,
        "subject_kind": subject.kind if subject else "",
        "subject_id": str(subject.pk) if subject else "",
    }
    known = RefusalCount.objects.filter(**key)
    if not known.filter(**named).exists() and known.count() >= rules.MOST_A_DAY:
        subject, named = None, dict.fromkeys(named, "")
    row, _ = RefusalCount.objects.get_or_create(**key, **named)
    RefusalCount.objects.filter(pk=row.pk).update(times=F("times") + 1)
    row.refresh_from_db()
    if rules.is_told(row.times):
        facts = {"page": named["page"], "method": method, "status": status, "times": row.times}
        record(actor, ACTION, subject=subject, facts=facts)
