"""What somebody does who may do everything to the database: they first take the trail's triggers away."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from governance.foundation.audit import guards


@contextmanager
def guards_lifted() -> Iterator[None]:
    """Without the triggers, then with them again."""
    guards.remove(connection, *guards.UNIQUE)
    try:
        yield
    finally:
        guards.install(connection, *guards.UNIQUE)
