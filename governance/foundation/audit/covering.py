"""Having rows sealed that are no records. Their own app asks for it, for the trail knows no accounts."""

from collections.abc import Collection
from typing import Any

from django.db import connection, models, transaction
from django.db.models.signals import post_delete, post_save, pre_delete

from governance.foundation.audit.models import Identity
from governance.foundation.audit.seals import Private, PrivateSeal, register
from governance.foundation.audit.services import record
from governance.foundation.core import writes
from governance.foundation.core.actor import PLATFORM


def cover(model: type[models.Model], how: Private) -> None:
    """Have every row of `model` committed to, from its next write on."""

    def note(instance: models.Model, update_fields: Collection[str] | None = None, **_: Any) -> None:
        if update_fields and how.passing.issuperset(update_fields):
            return
        if connection.in_atomic_block or not how.act:
            writes.note(model, [instance.pk])
            return
        # In no act of ours, and committed by now: by a command of Django's, or by a library.
        with transaction.atomic():
            writes.note(model, [instance.pk])
            record(PLATFORM, how.act)

    seal = PrivateSeal(model, how)
    register(seal)
    for signal in (post_save, post_delete):
        signal.connect(note, sender=model, weak=False, dispatch_uid=f"noted {seal.name}")


def cover_pseudonyms(accounts: str) -> None:
    """Who stands behind a pseudonym. With an account its pseudonym is nobody's, of which Django sends no signal."""

    def note(instance: Any, **_: Any) -> None:
        writes.note(Identity, Identity.objects.filter(user=instance).values_list("pk", flat=True))

    cover(Identity, Private("pseudonym"))
    pre_delete.connect(note, sender=accounts, weak=False, dispatch_uid="noted whose account goes")
