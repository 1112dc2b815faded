"""The base of every record: an id, a time, and its two digests (never mixed).

The *content digest* is the canonical JSON of what a thing is (`content()`: never its state, approvals or
later links) and is what approvals and documents bind to. The *record digest* covers every stored field and
is used by the audit trail alone.
"""

import uuid
from functools import cache
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.db import models
from django.utils import timezone

from governance.foundation.core.canonical import canonical, digest, plain
from governance.foundation.core.errors import NotFound
from governance.foundation.core.writes import NotedWrites


class Record(models.Model):
    """A row with an opaque id and a time of birth."""

    # The noun, as every room spells it: "run", "dataset_version".
    kind: ClassVar[str] = ""
    # Whether the audit trail keeps the digest of each state of it. Not so for what is only a worker's notes.
    is_told_of: ClassVar[bool] = True

    # Relations whose rows are part of it and have no seal of their own: whom an audit is laid open to, what a run used.
    sealed_with: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[Any] = NotedWrites.as_manager()

    class Meta:
        abstract = True

    def content(self) -> dict[str, Any]:
        """What this thing is, as far as an approval or a document relies on it."""
        raise TypeError(f"{type(self).__name__} has no content of its own to bind to.")

    @property
    def content_digest(self) -> str:
        """sha256 of the canonical JSON of `content()` under its kind."""
        return digest({"kind": self.kind, "content": self.content()})

    @property
    def record_digest(self) -> str:
        """sha256 over all stored fields, and what is `sealed_with` it: what the audit trail keeps of this row after a
        change.

        A field at its default is left out, so that a column that a later version adds changes no digest.
        """
        told = {name: value for name, value in stored_fields(self).items() if not is_default(self, name, value)}
        return digest(told | {name: rows for name in self.sealed_with if (rows := _rows_of(self, name))})


R = TypeVar("R", bound=Record)


@cache
def kinds() -> dict[str, type[Record]]:
    """Every kind of record, whatever its noun."""
    return {model.kind: model for model in apps.get_models() if issubclass(model, Record) and model.kind}


def of_kind(kind: str, pk: Any) -> Record | None:
    """The record that a kind and an id name; None where there is none."""
    model = kinds().get(kind)
    return model._default_manager.filter(pk=pk).first() if model is not None else None


def one_of(seen: models.QuerySet[R], pk: Any, noun: str = "") -> R:
    """The record of `seen` with this id. Raises NotFound, in the record's own noun where none is given."""
    found = seen.filter(pk=pk).first()
    if found is None:
        raise NotFound(noun or str(seen.model._meta.verbose_name))
    return found


def _rows_of(record: Record, relation: str) -> list[Any]:
    """The rows of a relation in an order of their own: keys where it only links, else all that each row holds."""
    related = getattr(record, relation).all()
    if record._meta.get_field(relation).many_to_many:
        return sorted(str(row.pk) for row in related)
    return sorted((plain(stored_fields(row)) for row in related), key=canonical)


def stored_fields(row: models.Model) -> dict[str, Any]:
    """Every concrete column of `row`, by column name, as the database holds it."""
    return {column.attname: column.value_from_object(row) for column in row._meta.concrete_fields}


def is_default(row: models.Model, name: str, value: Any) -> bool:
    """Whether `value` is what the column holds where nobody says anything else."""
    column: Any = row._meta.get_field(name)
    if not column.has_default():
        return value is None or value == ""
    default = column.default
    return bool(value == (default() if default in (dict, list) else default))
