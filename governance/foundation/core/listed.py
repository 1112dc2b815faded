"""Ids that are known, as one value of a condition: a question with thousands of them is as short as with one, where a
database takes a limited number of values and each costs."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Expression, UUIDField


class Listed(Expression):
    """`pk__in=Listed(ids)`."""

    def __init__(self, ids: Iterable[UUID]) -> None:
        super().__init__(output_field=UUIDField())
        self.ids = list(ids)

    def as_sqlite(self, *_: Any) -> tuple[str, list[Any]]:
        return "(SELECT value FROM json_each(%s))", [json.dumps([pk.hex for pk in self.ids])]

    def as_postgresql(self, *_: Any) -> tuple[str, list[Any]]:
        return "(SELECT unnest(%s::uuid[]))", [self.ids]


def listed(ids: Iterable[UUID]) -> Any:
    """Of none, a condition that Django leaves out."""
    found = list(ids)
    return Listed(found) if found else ()
