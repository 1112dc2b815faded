"""The entries as they stand in the table, read for verification: straight from the cursor, because what a model
instance costs is many times what hashing does."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.db import connection

from governance.foundation.audit.models import AuditEvent

CHUNK = 2000
NOBODY = {"kind": "", "id": ""}
SUBJECT = NOBODY.keys()
COLUMNS = (
    "seq", "at", "actor", "action", "subject_kind", "subject_id", "organisation", "project", "body", "previous_hash",
    "hash",
)  # fmt: skip
TEXT, PREVIOUS_HASH, HASH = COLUMNS.index("body"), COLUMNS.index("previous_hash"), COLUMNS.index("hash")
# PostgreSQL spells times and ids as SQLite stores them, so that both are compared alike.
_ON_POSTGRESQL = {
    "at": "replace(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '.000000', '')",
    **{name: f"replace({name}::text, '-', '')" for name in ("actor", "organisation", "project")},
}
# SQLite's driver would make every text of the column a time; as an expression it stays the text that it is.
_ON_SQLITE = {"at": "at || ''"}


def rows() -> Iterator[list[tuple[Any, ...]]]:
    """All of them in order, some thousand at a time."""
    spelt = _ON_POSTGRESQL if connection.vendor == "postgresql" else _ON_SQLITE
    columns = ", ".join(spelt.get(name, name) for name in COLUMNS)
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {AuditEvent._meta.db_table} ORDER BY seq")  # noqa: S608 (our own names)
        while chunk := cursor.fetchmany(CHUNK):
            yield chunk


def read(row: tuple[Any, ...], raw: bytes) -> tuple[dict[str, Any] | None, list[str]]:
    """(what an entry says, its columns that say something else than its text, which they repeat parts of).

    Nothing where the text is not that of an entry: who tells the chain anew may write anything.
    """
    try:
        body: dict[str, Any] = orjson.loads(raw)
        subject, at = body["subject"] or NOBODY, body["at"]
        actor, organisation, project = body["actor"], body["organisation"], body["project"]
        told = (
            body["seq"],
            at[:-1].replace("T", " ").removesuffix(".000000"),
            actor and actor.replace("-", ""),
            body["action"],
            subject["kind"],
            subject["id"],
            organisation and organisation.replace("-", ""),
            project and project.replace("-", ""),
        )
        if "facts" not in body or "record" not in body or "personal" not in body or "format" not in body:
            return None, []
        if at[-1] != "Z" or subject.keys() != SUBJECT:
            return None, []
        for digests in (body.get("records") or {}).values():
            for digest in digests.values():
                if type(digest) is not str and digest is not None:
                    return None, []
    except (ValueError, AttributeError, TypeError, LookupError):
        return None, []
    if told == row[:TEXT]:
        return body, []
    differing = [name for name, one, other in zip(COLUMNS, told, row, strict=False) if one != other]
    return body, [f"its column {name} says something else than its text" for name in differing]
