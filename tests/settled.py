"""Houses as they were left when they were built: their rows and files put back, instead of seconds of services a test.

Each is built once in a process, by the services (`tests.people.house`, `tests.factories`). What is put back is every
row that building added, as the literals that SQLite wrote it with, the audit trail's among them, in its order and past
its triggers; and every file that it wrote.

What is built on top of a house is put back on the very same house alone. Which one it is, is told by the newest digest
of the audit trail, and that nothing was written since by SQLite's own count of changed rows.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from governance.foundation.audit.models import AuditEvent
from tests.people import House, house

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
FOLDERS = (settings.DATA_DIR, settings.ASSAY_MODELS_DIR)
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
STORAGES, NOW = settings.STORAGES, timezone.now


@dataclass(frozen=True)
class Kept:
    """`before`: what stood in the tables that building adds to; it is put back on nothing else."""

    built: Any
    before: dict[str, list[str]]
    added: list[str]
    files: dict[Path, tuple[bytes, int]]


@dataclass(frozen=True)
class Mark:
    """A state of the database: the newest digest of its trail, and how many rows were ever changed up to it."""

    head: str
    changes: int


_house: Kept | None = None
_on_top: dict[tuple[str, str], Kept] = {}
_mark: Mark | None = None
_laid: set[Path] = set()  # files that were put back, as far as an outer build has to keep them too


def settled() -> House:
    """The house, new to this test's database."""
    global _house
    if connection.vendor != "sqlite":  # there, sequences would not know of the rows
        return house()
    if _house is None:
        made, _house = _built(house)
        assert _house is not None
    elif _written(list(_house.before)) != _house.before:
        return house()
    else:
        made = _put_back(_house)
    _remember()
    return made


def kept(name: str, build: Callable[[], T]) -> T:
    """What `build` makes. It is called `name`, and makes the same whenever it starts from the same house."""
    if not _is_remembered():
        return build()
    assert _mark is not None
    key = (name, _mark.head)
    if key in _on_top:
        made: T = _put_back(_on_top[key])
    else:
        made, found = _built(build)
        if found is None:
            return made
        _on_top[key] = found
    _remember()
    return made


def put_back(under: Callable[[], str] = str) -> Callable[[F], F]:
    """For a factory of records: `kept`, where it is called with the house alone or with texts and numbers.

    `under` names what else it depends on that tests change.
    """

    def of(factory: F) -> F:
        @wraps(factory)
        def made(home: House, **asked: Any) -> Any:
            if not all(isinstance(value, (str, int)) for value in asked.values()):
                return factory(home, **asked)
            return kept(f"{factory.__name__} {asked} {under()}", lambda: factory(home, **asked))

        return cast(F, made)

    return of


def _is_remembered() -> bool:
    """Whether the database is, to the row, as it was when it was last put back, on an ordinary day and place."""
    if connection.vendor != "sqlite" or not connection.in_atomic_block or timezone.now is not NOW:
        return False
    usual = (settings.DATA_DIR, settings.ASSAY_MODELS_DIR) == FOLDERS and settings.STORAGES == STORAGES
    return usual and _mark is not None and _mark == _here()


def _remember() -> None:
    global _mark
    _mark = _here()


def _here() -> Mark:
    newest = AuditEvent.objects.order_by("-seq").values_list("hash", flat=True).first()
    return Mark(newest or "", connection.connection.total_changes)


def _put_back(kept: Kept) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:
        for insert in kept.added:
            cursor.execute(insert)
    _laid.update(kept.files)
    for path, (content, mode) in kept.files.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            path.chmod(mode)
    return deepcopy(kept.built)


def _built(build: Callable[[], T]) -> tuple[T, Kept | None]:
    """What `build` made, and how it is put back; nothing, where it changed what stood before."""
    before, files = _written(sorted(connection.introspection.table_names())), dict(_files())
    laid = set(_laid)
    _laid.clear()
    built = build()
    after = _written(list(before))
    if any(after[table][: len(rows)] != rows for table, rows in before.items()):
        return built, None
    added = [f"INSERT INTO {table} VALUES ({row})" for table in before for row in after[table][len(before[table]) :]]
    grown = {table: rows for table, rows in before.items() if after[table] != rows}
    # A file that lay there before is theirs too, if it was put back for them or a row names its digest.
    theirs = {*_laid, *DIGEST.findall(" ".join(added))}
    used = [path for path, seen in _files() if files.get(path) != seen or path in theirs or path.name in theirs]
    _laid.update(laid)
    return built, Kept(deepcopy(built), grown, added, {path: (path.read_bytes(), path.stat().st_mode) for path in used})


def _files() -> Iterator[tuple[Path, tuple[int, int]]]:
    """The files of this process's folders, each with when it was written and its size."""
    for folder in FOLDERS:
        for path in Path(folder).rglob("*"):
            if path.is_file():
                seen = path.stat()
                yield path, (seen.st_mtime_ns, seen.st_size)


def _written(tables: list[str]) -> dict[str, list[str]]:
    """The rows of `tables` in their order, each as a list of literals."""
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute("SELECT name FROM pragma_table_info(%s)", [table])
            row = " || ',' || ".join(f'quote("{name}")' for (name,) in cursor.fetchall())
            cursor.execute(f"SELECT {row} FROM {table} ORDER BY rowid")
            found[table] = [literals for (literals,) in cursor.fetchall()]
    return found
