"""Each entry carries the digest of every record that its transaction wrote; verification compares them all with what
the tables hold now."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models.signals import m2m_changed, post_delete, post_save

from governance.foundation.audit import seals
from governance.foundation.core import writes
from governance.foundation.core.records import Record

CHUNK = seals.CHUNK
# How objections end that a change by an upgrade explains, too.
UNTOLD, CHANGED = "but no entry tells of it", "it was changed in its table since"
UNREADABLE = "cannot be read"  # what no upgrade explains
Told = dict[str, dict[str, str | None]]  # {model: {key: digest, or None where the row was deleted}}


def watch() -> None:
    """Have single writes of every covered record noted; the others note themselves (`NotedWrites`)."""
    for name, seal in seals.covered().items():
        if not issubclass(seal.model, Record):
            continue
        for signal in (post_save, post_delete):
            signal.connect(writes.note_saved, sender=seal.model, dispatch_uid=f"noted {name}")
        for relation in seal.sealed_with:
            field: Any = seal.model._meta.get_field(relation)
            if field.many_to_many:
                through = field.remote_field.through
                m2m_changed.connect(writes.note_linked, sender=through, dispatch_uid=f"noted {name} {relation}")


def take() -> Told:
    """What this transaction wrote since the entry before, as it stands in the database now; with that it is told."""
    found: Told = {}
    for model, keys in writes.untold().items():
        seal, rows = seals.of(model), list(model._base_manager.filter(pk__in=keys))
        digests: dict[str, str | None] = {str(key): None for key in keys}
        there = {str(row.pk) for row in rows}
        seal.begin(there, digests.keys() - there)
        found[seal.name] = {**digests, **seal.digests(rows)}
    if found:
        writes.told()
    return found


class Ledger:
    """What the entries say of each record, the newest word of each. It lies on disk where it is large, and for the time
    of one verification alone."""

    def __init__(self) -> None:
        self._store = sqlite3.connect("", isolation_level=None)
        self._store.execute("PRAGMA journal_mode = OFF")
        self._store.execute(
            "CREATE TABLE told (model TEXT, key TEXT, digest TEXT, seq INTEGER, PRIMARY KEY (model, key)) WITHOUT ROWID"
        )
        self._store.execute("BEGIN")
        self.last = 0

    def hear(self, seq: int, body: dict[str, Any]) -> None:
        """What entry `seq` says of records."""
        self.last = seq
        rows = [
            (model, key, digest, seq) for model, told in body.get("records", {}).items() for key, digest in told.items()
        ]
        if rows:
            self._store.executemany("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", rows)

    def word(self, model: str, key: str) -> tuple[str | None, int] | None:
        """(digest, entry) of the newest word about a record, or None where no entry tells of it."""
        found = self._store.execute("SELECT digest, seq FROM told WHERE model = ? AND key = ?", (model, key))
        row: tuple[str | None, int] | None = found.fetchone()
        return row

    def standing(self) -> Iterator[tuple[str, str]]:
        """(model, key) of every record that should be in its table."""
        found = self._store.execute("SELECT model, key FROM told WHERE digest IS NOT NULL ORDER BY seq, model, key")
        yield from found


def compared(ledger: Ledger, limit: int) -> tuple[int, list[tuple[str, Any]]]:
    """(records that are as the trail says, (model, key) of those that are not, up to `limit`)."""
    covered = seals.covered()
    same = 0
    differing: list[tuple[str, Any]] = []
    for name, seal in covered.items():
        for keys in seal.key_chunks():
            for key, digest in seal.standing(keys).items():
                word = ledger.word(name, key)
                if digest is not None and word is not None and word[0] == digest:
                    same += 1
                elif len(differing) < limit:
                    differing.append((name, key))
    differing += _absent(ledger, covered, limit - len(differing))
    return same, differing


def _absent(ledger: Ledger, covered: dict[str, seals.Seal], limit: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    waiting: dict[str, list[str]] = {}

    def look(name: str) -> None:
        keys = waiting.pop(name)
        rows = covered[name].model._base_manager.filter(pk__in=keys)
        there = {str(key) for key in rows.values_list("pk", flat=True)}
        found.extend((name, key) for key in keys if key not in there)

    for name, key in ledger.standing():
        if name in covered and not covered[name].may_go:
            waiting.setdefault(name, []).append(key)
            if len(waiting[name]) == CHUNK:
                look(name)
    for name in list(waiting):
        look(name)
    return found[: max(limit, 0)]


def objection(ledger: Ledger, name: str, key: Any) -> str | None:
    """What is wrong with one record as it stands now, in words, or None."""
    seal, word = seals.covered()[name], ledger.word(name, key)
    try:
        row = next(iter(seal.rows([seal.held(key)])), None)
        what, digest = seal.spoken(key, row), seal.digests([row])[key] if row is not None else None
    except Exception:  # as in `Seal.standing`
        return _unreadable(f"{seal.noun} {key}", word)
    if row is None:
        if word is None or word[0] is None or seal.may_go:
            return None
        return f"{what} is missing from its table; entry {word[1]:,} tells of it"
    if word is None:
        return f"{what} stands in its table, {UNTOLD}"
    if word[0] is None:
        return f"{what} stands in its table, but entry {word[1]:,} tells that it was deleted"
    if word[0] != digest:
        return f"{what} is not as entry {word[1]:,} left it: {CHANGED}"
    return None


def _unreadable(what: str, word: tuple[str | None, int] | None) -> str:
    if word is None or word[0] is None:
        return f"{what} stands in its table, but {UNREADABLE}"
    return f"{what} is not as entry {word[1]:,} left it: it {UNREADABLE}"


def concerns_records(faults: Iterable[str]) -> bool:
    """Whether a fault is of a record that `watch.adopt` would take in as it stands."""
    return any(fault.endswith((UNTOLD, CHANGED)) for fault in faults)
