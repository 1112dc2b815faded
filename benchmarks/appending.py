"""What one entry costs, beside a row of the same bytes in a table of the same form, each in a transaction of its own:

    bare      INSERT and COMMIT by the database's driver alone
    cursor    INSERT by Django's cursor within atomic()
    orm       Model.objects.create within atomic()
    entry     the audit trail's own: head read, text spelt, hashed, chained, held against the triggers

The first three keep no trail. What lies between `bare` and `cursor` is Django's; a faster disk makes it a larger part.
"""

import hashlib
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

ROUNDS, EACH = 24, 25


def measured(folder: Path) -> dict[str, Any]:
    """Rounds in turn, so that what else the machine does hits all alike; a ratio is the median of the rounds'."""
    from governance.foundation.audit.models import AuditEvent

    entry = _by_trail()
    entry(0)
    sample = AuditEvent.objects.latest("seq")
    twin = _twin()
    rows = _rows(sample)
    ways: dict[str, Callable[[int], None]] = {
        "bare": _bare(folder, rows), "cursor": _by_cursor(twin, rows), "orm": _by_orm(twin, sample), "entry": entry,
    }  # fmt: skip
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, do in ways.items():
            began = time.perf_counter()
            for number in range(EACH):
                do(number)
            taken[name].append((time.perf_counter() - began) / EACH)
    found = {
        name: {
            "per_second": round(1 / statistics.median(each)),
            "ms": round(1000 * statistics.median(each), 3),
            "of_bare": _ratio(taken["bare"], each),
            "entry_of_it": _ratio(each, taken["entry"]),
        }
        for name, each in taken.items()
    }
    for name, row in found.items():
        print(f"append, {name}: {row['per_second']:,}/s, {row['of_bare']:.2f} of bare", flush=True)
    return found


def _ratio(one: list[float], other: list[float]) -> float:
    return round(statistics.median(mine / theirs for mine, theirs in zip(one, other, strict=True)), 2)


def _by_trail() -> Callable[[int], None]:
    from django.db import transaction

    from governance.foundation.audit.services import record
    from governance.foundation.core.actor import PLATFORM

    def do(number: int) -> None:
        with transaction.atomic():
            record(PLATFORM, "bench.appended", facts={"number": number, "sha256": "ab" * 32})

    return do


def _twin() -> Any:
    """A model, and its table, with the columns and indexes of the trail's; without triggers."""
    from django.db import connection, models

    from governance.foundation.audit.models import AuditEvent

    columns = {field.name: field.clone() for field in AuditEvent._meta.concrete_fields}
    indexes = [
        models.Index(fields=index.fields, name=f"twin_{at}") for at, index in enumerate(AuditEvent._meta.indexes)
    ]
    meta = type("Meta", (), {"app_label": "audit", "db_table": "audit_twin", "indexes": indexes})
    twin = type("Twin", (models.Model,), {"__module__": __name__, "Meta": meta, **columns})
    with connection.schema_editor() as editor:
        editor.create_model(twin)
    return twin


def _rows(sample: Any) -> Iterator[list[Any]]:
    """Rows of the sample's size; like an entry's, their hashes fall anywhere in the index."""
    from django.db import connection

    fields = sample._meta.concrete_fields
    values = [field.get_db_prep_save(getattr(sample, field.attname), connection) for field in fields]
    for number in count(1):
        yield [number, *values[1:-1], hashlib.sha256(str(number).encode()).hexdigest()]


def _bare(folder: Path, rows: Iterator[list[Any]]) -> Callable[[int], None]:
    from django.conf import settings
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'audit_twin' AND sql IS NOT NULL")
        statements = [statement for (statement,) in cursor.fetchall()]
    bare = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    bare.executescript(str(settings.SQLITE_OPTIONS["init_command"]))
    for statement in statements:
        bare.execute(statement)
    insert = f"INSERT INTO audit_twin VALUES ({', '.join('?' * len(next(rows)))})"  # noqa: S608 (our own name)

    def do(_: int) -> None:
        bare.execute("BEGIN IMMEDIATE")
        bare.execute(insert, next(rows))
        bare.execute("COMMIT")

    return do


def _by_cursor(twin: Any, rows: Iterator[list[Any]]) -> Callable[[int], None]:
    from django.db import connection, transaction

    insert = f"INSERT INTO audit_twin VALUES ({', '.join(['%s'] * len(next(rows)))})"  # noqa: S608 (our own name)

    def do(_: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(insert, next(rows))

    return do


def _by_orm(twin: Any, sample: Any) -> Callable[[int], None]:
    from django.db import transaction

    values = {field.attname: getattr(sample, field.attname) for field in sample._meta.concrete_fields}
    numbers = count(1_000_000_000)

    def do(_: int) -> None:
        number = next(numbers)
        own = {"seq": number, "hash": hashlib.sha256(str(number).encode()).hexdigest()}
        with transaction.atomic():
            twin.objects.create(**{**values, **own})

    return do
