"""The house as it was left when it was built: its rows put back, instead of a third of a second of services a test.

Built once in a process, by the services (`tests.people.house`). What is put back is every row that building added, as
the literals that SQLite wrote it with, the audit trail's among them, in its order and past its triggers.
"""

from copy import deepcopy
from dataclasses import dataclass

from django.db import connection, transaction

from tests.people import House, house


@dataclass(frozen=True)
class Kept:
    """`before`: what stood in the tables that the house adds to, when it was built; it is put back on nothing else."""

    house: House
    before: dict[str, list[str]]
    added: list[str]


_kept: Kept | None = None


def settled() -> House:
    """The house, new to this test's database."""
    if connection.vendor != "sqlite":  # there, sequences would not know of the rows
        return house()
    if _kept is None:
        return _built()
    if _written(list(_kept.before)) != _kept.before:
        return house()
    with transaction.atomic(), connection.cursor() as cursor:
        for insert in _kept.added:
            cursor.execute(insert)
    return deepcopy(_kept.house)


def _built() -> House:
    global _kept
    before = _written(sorted(connection.introspection.table_names()))
    built = house()
    after = _written(list(before))
    assert all(after[table][: len(rows)] == rows for table, rows in before.items())
    added = [f"INSERT INTO {table} VALUES ({row})" for table in before for row in after[table][len(before[table]) :]]
    grown = {table: rows for table, rows in before.items() if after[table] != rows}
    _kept = Kept(deepcopy(built), grown, added)
    return built


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
