"""Which records the transaction under way has written since the audit trail last told of them.

The trail asks when an entry is written, so that no service has to list what it changed. The list lies in Django's own
one of what is to be done on commit: what a savepoint or the whole transaction takes back falls out of it.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import connection, models, transaction

M = TypeVar("M", bound=models.Model)


class _Written:
    """A row that was written. There is nothing to be done for it on commit."""

    def __init__(self, model: type[models.Model], pk: Any) -> None:
        self.model, self.pk = model, pk

    def __call__(self) -> None: ...


class _Told:
    """All that was written before is told of by an entry."""

    def __call__(self) -> None: ...


def note(model: type[models.Model], keys: Iterable[Any]) -> None:
    for key in keys:
        transaction.on_commit(_Written(model, key))


def untold() -> dict[type[models.Model], list[Any]]:
    """{model: keys} of what was written and not told of yet, in the order in which it was."""
    found: dict[type[models.Model], dict[Any, None]] = {}
    for entry in connection.run_on_commit:
        done: Any = entry[1]
        if isinstance(done, _Told):
            found.clear()
        elif isinstance(done, _Written):
            found.setdefault(done.model, {})[done.pk] = None
    return {model: list(keys) for model, keys in found.items()}


def told() -> None:
    transaction.on_commit(_Told())


class NotedWrites(models.QuerySet[M]):
    """The queries of a record: those of its writes that no signal tells of are noted here."""

    def update(self, **changes: Any) -> int:
        if not self.model.is_told_of or not connection.in_atomic_block:  # type: ignore[attr-defined]
            return super().update(**changes)
        # By their keys: a row that begins to fit between the two queries is left to whoever made it fit.
        keys = list(self.order_by().values_list("pk", flat=True))
        if not keys:
            return 0
        note(self.model, keys)
        return super(NotedWrites, self.filter(pk__in=keys)).update(**changes)

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        made = super().bulk_create(objs, *args, **options)
        if self.model.is_told_of:  # type: ignore[attr-defined]
            note(self.model, [row.pk for row in made])
        return made


def note_linked(sender: Any, instance: models.Model, **_: Any) -> None:
    """Links of a row were set, added or taken away (`m2m_changed`)."""
    note(type(instance), [instance.pk])


def note_saved(sender: type[models.Model], instance: models.Model, **_: Any) -> None:
    """A row was saved or deleted by itself (signals of Django)."""
    note(sender, [instance.pk])
