"""What the trail keeps a digest of, and how that is made.

A record is digested as it is. Rows that are no records and hold what is personal or secret (accounts, second factors,
tokens, who stands behind a pseudonym) are committed to with a salt, which goes with the row.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from governance.foundation.audit.models import Identity, Salt
from governance.foundation.audit.rules import commitment
from governance.foundation.core.records import Record, stored_fields

SALT_BYTES = 32
CHUNK = 500


class Seal:
    """A record, digested as it is."""

    may_go = False  # whether it is no fault that a row is gone without a word
    passing: Collection[str] = ()  # columns that it leaves out

    def __init__(self, model: type[models.Model], noun: str, sealed_with: Sequence[str] = ()) -> None:
        self.model, self.noun, self.sealed_with = model, noun, sealed_with
        self.name = model._meta.label_lower  # by which entries name it

    def digests(self, rows: Iterable[Any]) -> dict[str, str]:
        """{key: digest} of these rows."""
        return {str(row.pk): row.record_digest for row in rows}

    def key_chunks(self) -> Iterator[list[Any]]:
        """The keys of all rows as the database holds them, some hundred at a time."""
        table, key = self.model._meta.db_table, self.model._meta.pk.column
        with connection.chunked_cursor() as cursor:
            cursor.execute(f'SELECT "{key}" FROM "{table}" ORDER BY "{key}"')  # noqa: S608 (our own names)
            while chunk := cursor.fetchmany(CHUNK):
                yield [key for (key,) in chunk]

    def spelt(self, key: Any) -> str | None:
        """A key that the database holds, as entries spell it; None for what the platform would never write there."""
        column: Any = self.model._meta.pk
        try:
            own = column.to_python(key)
            return str(own) if column.get_db_prep_value(own, connection) == key else None
        except Exception:  # what is no key makes columns raise whatever they have
            return None

    def held(self, key: Any) -> Any:
        """The reverse of `spelt`; what is no key as it is."""
        column: Any = self.model._meta.pk
        try:
            own = column.to_python(key)
            return column.get_db_prep_value(own, connection) if str(own) == key else key
        except Exception:
            return key

    def rows(self, keys: Sequence[Any]) -> list[Any]:
        """Those with these keys, as the database holds them. Raises whatever there is where one cannot be read."""
        columns = ", ".join(f'"{column.column}"' for column in self.model._meta.concrete_fields)
        table, key, marks = self.model._meta.db_table, self.model._meta.pk.column, ", ".join(["%s"] * len(keys))
        statement = f'SELECT {columns} FROM "{table}" WHERE "{key}" IN ({marks})'  # noqa: S608 (our own names)
        return list(self.model._base_manager.raw(statement, keys).prefetch_related(*self.sealed_with))

    def standing(self, keys: Sequence[Any]) -> dict[Any, str | None]:
        """{key: digest} of the rows with these keys, as the database holds them; None for one that cannot be read.

        Somebody who writes there may put what is of no type, or has no canonical form: it ends no comparison.
        """
        whole = [key for key in keys if self.spelt(key) is not None]
        found: dict[Any, str | None] = {key: None for key in keys if self.spelt(key) is None}
        try:
            return found | self.digests(self.rows(whole))
        except Exception:
            if len(whole) == 1:
                return found | {self.spelt(whole[0]): None}
        for key in whole:
            found |= self.standing([key])
        return found

    def begin(self, keys: Collection[str], gone: Collection[str]) -> None:
        """Get ready to tell of rows with these keys, and of some that are gone."""

    def spoken(self, key: str, row: Any) -> str:
        """What a fault calls it: by kind and id alone, for what it says is not everybody's to read."""
        return f"{self.noun} {key}"


@dataclass(frozen=True)
class Private:
    """How a row is committed to.

    passing: columns that say nothing of who may do what, and change without an act: when it was last used.
    bound: what of the row is committed to; every other column where it is not given.
    person: the column that says whose it is; "" where nobody's.
    act: what an entry calls it that it was written by no service of ours: by a command of Django's, by a library.
    """

    noun: str
    act: str = ""
    person: str = ""
    passing: frozenset[str] = frozenset()
    may_go: bool = False
    bound: Callable[[Any], dict[str, Any]] | None = None


class PrivateSeal(Seal):
    """A row committed to with a salt of its own."""

    def __init__(self, model: type[models.Model], how: Private) -> None:
        super().__init__(model, how.noun)
        self.how, self.may_go, self.passing = how, how.may_go, how.passing

    def digests(self, rows: Iterable[Any]) -> dict[str, str]:
        rows = list(rows)
        salts = dict(Salt.objects.filter(row__in=[self._place(row.pk) for row in rows]).values_list("row", "salt"))
        # Without its salt a row fits no commitment, so it is named as changed.
        return {str(row.pk): commitment(bytes(salts.get(self._place(row.pk), b"")), self._bound(row)) for row in rows}

    def begin(self, keys: Collection[str], gone: Collection[str]) -> None:
        Salt.objects.filter(row__in=[self._place(key) for key in gone]).delete()
        places = {self._place(key) for key in keys}
        places -= set(Salt.objects.filter(row__in=places).values_list("row", flat=True))
        Salt.objects.bulk_create(Salt(row=place, salt=secrets.token_bytes(SALT_BYTES)) for place in sorted(places))

    def spoken(self, key: str, row: Any) -> str:
        user = getattr(row, self.how.person, None) if self.how.person else None
        pseudonym = Identity.objects.filter(user=user).values_list("pseudonym", flat=True).first() if user else None
        return f"{self.noun} {key} of pseudonym {pseudonym}" if pseudonym else f"{self.noun} {key}"

    def _place(self, key: Any) -> str:
        return f"{self.name}/{key}"

    def _bound(self, row: Any) -> dict[str, Any]:
        if self.how.bound is not None:
            return self.how.bound(row)
        return {name: value for name, value in stored_fields(row).items() if name not in self.how.passing}


_PRIVATE: dict[type[models.Model], PrivateSeal] = {}


def register(seal: PrivateSeal) -> None:
    _PRIVATE[seal.model] = seal


def of(model: type[models.Model]) -> Seal:
    if model in _PRIVATE:
        return _PRIVATE[model]
    record: Any = model
    return Seal(model, str(model._meta.verbose_name), record.sealed_with)


def covered() -> dict[str, Seal]:
    """All of which the trail tells, by the name that entries use for them."""
    records = [model for model in apps.get_models() if issubclass(model, Record) and model.is_told_of]
    return {seal.name: seal for seal in map(of, [*records, *_PRIVATE])}
