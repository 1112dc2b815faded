"""The entries as they stand in the table, read for verification: straight from the cursor, because what a model
instance costs is many times what hashing does."""

from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson
from django.db import connection

from governance.foundation.audit.models import AuditEvent

Row = tuple[Any, ...]
Body = dict[str, Any]

CHUNK = 200  # more of them at once no longer lie in the processor's cache
NOBODY = {"kind": "", "id": ""}
COLUMNS = (
    "seq", "at", "actor", "action", "subject_kind", "subject_id", "organisation", "project", "body", "previous_hash",
    "hash",
)  # fmt: skip
TEXT, PREVIOUS_HASH, HASH = COLUMNS.index("body"), COLUMNS.index("previous_hash"), COLUMNS.index("hash")
PLACE = itemgetter(0, PREVIOUS_HASH, HASH)
# PostgreSQL spells times and ids as SQLite stores them, so that both are compared alike.
_ON_POSTGRESQL = {
    "at": "replace(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '.000000', '')",
    **{name: f"replace({name}::text, '-', '')" for name in ("actor", "organisation", "project")},
}
# SQLite's driver would make every text of the column a time; as an expression it stays the text that it is.
_ON_SQLITE = {"at": "at || ''"}


def rows() -> Iterator[list[Row]]:
    """All of them in order, some hundred at a time."""
    spelt = _ON_POSTGRESQL if connection.vendor == "postgresql" else _ON_SQLITE
    columns = ", ".join(spelt.get(name, name) for name in COLUMNS)
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {AuditEvent._meta.db_table} ORDER BY seq")  # noqa: S608 (our own names)
        while chunk := cursor.fetchmany(CHUNK):
            yield chunk


def raws(some: list[Row]) -> list[bytes]:
    """Their texts as they were hashed. What is no text, which a column of SQLite may hold, becomes one that is not."""
    texts = [row[TEXT] for row in some]
    try:
        return [text.encode() for text in texts]
    except AttributeError:
        return [text.encode() if type(text) is str else repr(text).encode() for text in texts]


def read(row: Row, raw: bytes) -> tuple[Body | None, list[str]]:
    """(what an entry says, its columns that say something else than its text, which they repeat parts of).

    None where the text is not that of an entry: who tells the chain anew may write anything.
    """
    try:
        body: Body = orjson.loads(raw)
        subject, at = body["subject"] or NOBODY, body["at"]
        told = (
            body["seq"],
            at[:-1].replace("T", " ").removesuffix(".000000"),
            _undashed(body["actor"]),
            body["action"],
            subject["kind"],
            subject["id"],
            _undashed(body["organisation"]),
            _undashed(body["project"]),
        )
        if "facts" not in body or "record" not in body or "personal" not in body or "format" not in body:
            raise LookupError
        if len(subject) != len(NOBODY) or at[-1] != "Z":
            raise LookupError
        for digests in (body.get("records") or {}).values():
            for digest in digests.values():
                if type(digest) is not str and digest is not None:
                    raise TypeError
    except (ValueError, AttributeError, TypeError, LookupError):
        return None, ["its text is not that of an entry"]
    if told == row[:TEXT]:
        return body, []
    differing = [name for name, one, other in zip(COLUMNS, told, row, strict=False) if one != other]
    return body, [f"its column {name} says something else than its text" for name in differing]


@lru_cache(maxsize=4096)
def _undashed(identity: str | None) -> str | None:
    return identity and identity.replace("-", "")
