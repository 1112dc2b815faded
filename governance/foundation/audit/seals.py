"""What the trail keeps a digest of, and how that is made.

A record is digested as it is. Rows that are no records and hold what is personal or secret (accounts, second factors,
tokens, who stands behind a pseudonym) are committed to with a salt, which goes with the row.
"""

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from governance.foundation.audit.models import Identity, Salt
from governance.foundation.audit.rules import commitment
from governance.foundation.core.records import Record, stored_fields

SALT_BYTES = 32


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
