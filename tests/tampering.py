"""What somebody does who may do everything to the database but has not the key: mutations of trail and records, each of
which has to be found and named."""

import copy
import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import zip_longest
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth import get_user_model
from django.db import Error, connection, models, transaction

from governance.foundation.audit import guards, rules, seals
from governance.foundation.audit.models import AuditEvent, PersonalDetail, TreeHead
from governance.foundation.audit.verification import verify
from governance.foundation.core.canonical import canonical

TOGETHER = 50  # records of a batch
MOST_SEALED_WITH = 10  # records that a record of ours is part of, itself among them
APART = 5  # entries of a batch stand so far from one another


@contextmanager
def guards_lifted() -> Iterator[None]:
    """Without the triggers, then with them again."""
    _settle()
    guards.remove(connection, *guards.UNIQUE)
    try:
        yield
        _settle()
    finally:
        guards.install(connection, *guards.UNIQUE)


def _settle() -> None:
    """PostgreSQL alters no table with foreign keys that it still has to look at."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@dataclass(frozen=True)
class Mutation:
    """One act, and what has to be named: each of `named` stands in the faults."""

    what: str
    do: Callable[[], None]
    named: tuple[str, ...]
    in_records: bool = False
    faults: int = 1  # as many it may be named by


Batch = list[Mutation]  # acts on one entry or record each, which are done together: verification reads all each time


def tried(batch: Batch) -> dict[str, bool | None]:
    """Whether verification finds and names each; None for what the database itself refuses. All is undone."""
    in_records = batch[0].in_records
    found: dict[str, bool | None] = {}
    try:
        with transaction.atomic():
            with nullcontext() if in_records else guards_lifted():
                done = [each for each in batch if _is_done(each)]
            faults = verify(records=in_records, limit_faults=1000).faults if done else []
            said = "\n".join(faults)
            found = {each.what: None for each in batch}
            found |= {each.what: bool(faults) and all(name in said for name in each.named) for each in done}
            if in_records and len(faults) > sum(each.faults for each in done):
                found["more is named than was changed"] = False
            raise _Undone
    except _Undone:
        return found


def _is_done(mutation: Mutation) -> bool:
    try:
        with transaction.atomic():
            mutation.do()
    except Error:
        return False
    return True


class _Undone(Exception):
    pass


# in the tables of records


def of_records(*, rows: int, nouns: Collection[str] = ()) -> Iterator[Batch]:
    """Every column of the first `rows` rows of each kind, or of these nouns; each row gone, each doubled under another
    id; and made such that it cannot be read."""
    of_each = [
        list(_of_record(row, seal))
        for seal in seals.covered().values()
        if not nouns or seal.noun in nouns
        for row in seal.model._base_manager.order_by("pk")[:rows]
    ]
    for one_of_each in zip_longest(*of_each):
        there = [each for each in one_of_each if each is not None]
        yield from (there[first : first + TOGETHER] for first in range(0, len(there), TOGETHER))


def _of_record(row: models.Model, seal: seals.Seal) -> Iterator[Mutation]:
    name = f"{seal.noun} {row.pk}"
    for column in row._meta.concrete_fields:
        if not column.primary_key and column.attname not in seal.passing:
            yield _changed(name, row, column)
    if not seal.may_go:
        gone = (f"{name} is missing from its table",)
        yield Mutation(f"{name} deleted", _deletion(row), gone, in_records=True, faults=MOST_SEALED_WITH)
    yield from _unreadable(row, seal)
    twin = _another_key(row)
    named = (f"{seal.noun} {twin} ", "stands in its table, but no entry")
    yield Mutation(f"{name} doubled", _copy(row, twin), named, in_records=True)


def _changed(name: str, row: models.Model, column: Any) -> Mutation:
    new = _unused(column) or _other(column.value_from_object(row), column)
    return Mutation(
        f"{name}: {column.column}",
        lambda: _sql(
            f'UPDATE "{row._meta.db_table}" SET "{column.column}" = %s WHERE "{row._meta.pk.column}" = %s',
            column.get_db_prep_save(new, connection), _key(row, row.pk),
        ),
        (f"{name} ", "is not as entry"),
        in_records=True,
        faults=MOST_SEALED_WITH if column.is_relation else 1,
    )  # fmt: skip


def _unused(column: Any) -> Any:
    """Of what one row at most may name (whom a pseudonym stands for), one that none does; None where none is free."""
    if not column.one_to_one:
        return None
    taken = column.model._base_manager.exclude(**{column.attname: None}).values(column.attname)
    free = column.related_model._base_manager.exclude(pk__in=taken).order_by("pk")
    return free.values_list("pk", flat=True).first()


def _unreadable(row: models.Model, seal: seals.Seal) -> Iterator[Mutation]:
    """What no canonical form, no Python type or no encoding is for. SQLite's columns hold what one puts there."""
    name, key = f"{seal.noun} {row.pk}", row._meta.pk
    changed = (f"{name} ", "is not as entry")
    for column in row._meta.concrete_fields:
        if isinstance(column, models.JSONField):
            for huge in ('{"x": 1e999}', f'{{"x": {"9" * 400}}}', f'{{"x": {"9" * 5000}}}'):
                yield _put(row, column, huge, changed)
        if connection.vendor == "sqlite" and isinstance(column, models.CharField | models.TextField):
            for raw in ("x'ff00'", "CAST(x'ff' AS TEXT)"):
                if not column.primary_key and column.attname not in seal.passing:
                    yield _put(row, column, raw, changed, is_sql=True)
    if connection.vendor == "sqlite" and isinstance(key, models.UUIDField) and not seal.may_go:
        strange = (f"{name} is missing from its table", f"{seal.noun} zz{row.pk} stands in its table, but cannot be")
        yield _put(row, key, f"zz{row.pk}", strange)


def _put(row: models.Model, column: Any, value: str, named: tuple[str, ...], *, is_sql: bool = False) -> Mutation:
    table, key = row._meta.db_table, row._meta.pk.column
    statement = f'UPDATE "{table}" SET "{column.column}" = {value if is_sql else "%s"} WHERE "{key}" = %s'
    values = [] if is_sql else [value]
    return Mutation(
        f"{column.model._meta.label_lower} {row.pk}: {column.column} = {value[:20]}",
        lambda: _sql(statement, *values, _key(row, row.pk)),
        named,
        in_records=True,
        faults=MOST_SEALED_WITH,  # what cannot be read is named for each
    )


def _deletion(row: models.Model) -> Callable[[], None]:
    statement = f'DELETE FROM "{row._meta.db_table}" WHERE "{row._meta.pk.column}" = %s'
    return lambda: _sql(statement, _key(row, row.pk))


def _copy(row: models.Model, twin: Any) -> Callable[[], None]:
    """Under another key, and with another of whatever nothing else may have."""
    table, key = row._meta.db_table, row._meta.pk.column
    others = [column for column in row._meta.concrete_fields if not column.primary_key]
    names = ", ".join(f'"{column.column}"' for column in others)
    values = ", ".join("%s" if _is_alone(column) else f'"{column.column}"' for column in others)
    own = [
        column.get_db_prep_save(_other(column.value_from_object(row), column), connection)
        for column in others
        if _is_alone(column)
    ]
    statement = f'INSERT INTO "{table}" ("{key}", {names}) SELECT %s, {values} FROM "{table}" WHERE "{key}" = %s'
    return lambda: _sql(statement, _key(row, twin), *own, _key(row, row.pk))


def _is_alone(column: Any) -> bool:
    """A name that only one row may have. Of records none is changed: there the copy is refused."""
    return bool(column.unique and isinstance(column, models.CharField) and column.model is get_user_model())


def _another_key(row: models.Model) -> Any:
    match row.pk:
        case UUID():
            return uuid4()
        case int():
            return 10**6 + row.pk
    return f"{row.pk[:-1]}{'x' if not row.pk.endswith('x') else 'y'}"


def _key(row: models.Model, value: Any) -> Any:
    return row._meta.pk.get_db_prep_save(value, connection)


def _other(value: Any, column: Any) -> Any:
    """Another value that the column could hold."""
    if isinstance(column, models.JSONField):
        return {"forged": value}
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return 2 * value + 1  # one more would be the same where it is large
        case str():
            return f"{value[:-1]}{'x' if not value.endswith('x') else 'y'}"
        case datetime():
            return value + timedelta(days=1)
        case UUID():
            return uuid4()
        case None:
            return _some(column)
    return value + timedelta(days=1)  # a date


def _some(column: Any) -> Any:
    target = getattr(column, "target_field", column)
    match target.get_internal_type():
        case "UUIDField":
            return uuid4()
        case "DateTimeField" | "DateField":
            return datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        case "CharField" | "TextField":
            return "x"
    return 1


# in the trail


def of_trail(*, every: int = 1) -> Iterator[Batch]:
    """Columns of every signed head, columns and details of every entry; and of every so manieth its text, its hashes,
    its place, cut, doubled, and told anew from there on."""
    yield from ([each] for head in TreeHead.objects.order_by("size") for each in _of_head(head))
    last = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True)[0]
    events = list(AuditEvent.objects.order_by("seq").select_related("personal"))
    for apart in range(APART):
        some = events[apart::APART]
        for batch in zip_longest(*(list(_columns(event)) for event in some)):
            yield [each for each in batch if each is not None]
        yield [next(iter(_details(event))) for event in some]
    for event in events[::every]:
        for each in [*_broken(event), *_texts(event), *_places(event, last), *_details(event)]:
            yield [each]


def _of_head(head: TreeHead) -> Iterator[Mutation]:
    rows = TreeHead.objects.filter(pk=head.pk)
    for column in TreeHead._meta.concrete_fields:
        if not column.primary_key:
            new = _other(column.value_from_object(head), column)
            what = f"head at entry {head.size:,}"
            yield Mutation(f"{what}: {column.column}", partial(_updated, rows, **{column.attname: new}), (what,))


def _columns(event: AuditEvent) -> Iterator[Mutation]:
    for column in AuditEvent._meta.concrete_fields:
        if not column.primary_key:
            new = _other(column.value_from_object(event), column)
            yield Mutation(
                f"entry {event.seq}: {column.column}", _setting(event.seq, **{column.attname: new}), (_at(event.seq),)
            )


def _broken(event: AuditEvent) -> Iterator[Mutation]:
    """SQLite's columns hold what one puts there."""
    if connection.vendor != "sqlite":
        return
    table = AuditEvent._meta.db_table
    for column, value in (("body", "CAST(body AS BLOB)"), ("body", "CAST(x'ff' AS TEXT)"), ("hash", "x'00'")):
        statement = f"UPDATE {table} SET {column} = {value} WHERE seq = %s"
        yield Mutation(
            f"entry {event.seq}: {column} = {value}",
            partial(_sql, statement, event.seq),
            (_at(event.seq) if "ff" not in value else "cannot be read",),
        )


def _texts(event: AuditEvent) -> Iterator[Mutation]:
    """Another text with the hash and the columns that fit it: found by what comes after, or by the signed head."""
    body = json.loads(event.body)
    for name, value in body.items():
        forged = copy.deepcopy(body)
        forged[name] = (
            value + 1 if isinstance(value, int) else {"forged": value} if isinstance(value, dict) else "forged"
        )
        text = canonical(forged).decode()
        changes = {"body": text, "hash": rules.chain_hash(event.previous_hash, text)}
        if name in ("action",):
            changes[name] = "forged"
        yield Mutation(f"entry {event.seq}: {name} in its text", _setting(event.seq, **changes), ("entry ",))


def _places(event: AuditEvent, last: int) -> Iterator[Mutation]:
    seq = event.seq
    yield Mutation(f"entry {seq} deleted", _gone(seq, seq), ("its end was cut off" if seq == last else _at(seq + 1),))
    yield Mutation(f"entries from {seq} on cut off", _gone(seq, last), ("its end was cut off",))
    yield Mutation(f"entry {seq} doubled at the end", lambda: _doubled(event, last + 1), (_at(last + 1),))
    yield Mutation(f"told anew from {seq} on", lambda: _told_anew(seq), ("was signed for other entries",))
    if seq < last:
        yield Mutation(f"entries {seq} and {seq + 1} exchanged", lambda: _exchanged(seq), (_at(seq), _at(seq + 1)))


def _details(event: AuditEvent) -> Iterator[Mutation]:
    seq = event.seq
    rows = PersonalDetail.objects.filter(event_id=seq)
    changed = (f"entry {seq:,}: its personal detail was changed",)
    if hasattr(event, "personal"):
        yield Mutation(f"detail of {seq}: text", lambda: _updated(rows, text='{"reason":"forged"}'), changed)
        yield Mutation(f"detail of {seq}: salt", lambda: _updated(rows, salt=bytes(32)), changed)
    else:
        yield Mutation(
            f"detail of {seq} slipped in",
            lambda: _made(PersonalDetail(event_id=seq, salt=bytes(32), text='{"reason":"forged"}')),
            changed,
        )


def _at(seq: int) -> str:
    return f"entry {seq:,}: "


def _setting(seq: int, **changes: Any) -> Callable[[], None]:
    return lambda: _updated(AuditEvent.objects.filter(seq=seq), **changes)


def _updated(rows: models.QuerySet[Any], **changes: Any) -> None:
    assert rows.update(**changes) == 1


def _made(row: models.Model) -> None:
    row.save(force_insert=True)


def _gone(first: int, last: int) -> Callable[[], None]:
    def do() -> None:
        PersonalDetail.objects.filter(event__seq__range=(first, last)).delete()
        AuditEvent.objects.filter(seq__range=(first, last)).delete()

    return do


def _doubled(event: AuditEvent, seq: int) -> None:
    twin = copy.copy(event)
    twin.seq, twin.hash = seq, rules.leaf_hash(f"{event.hash}{seq}")
    twin.save(force_insert=True)


def _told_anew(first: int) -> None:
    """The chain from `first` on, with other times: every hash fits, and no head does."""
    before = AuditEvent.objects.filter(seq=first - 1).values_list("hash", flat=True).first()
    previous = before or rules.GENESIS
    rows = list(AuditEvent.objects.filter(seq__gte=first).order_by("seq"))
    for row in rows:
        body = json.loads(row.body)
        row.at += timedelta(seconds=1)
        body["at"] = row.at
        row.body, row.previous_hash = canonical(body).decode(), previous
        row.hash = previous = rules.chain_hash(previous, row.body)
    AuditEvent.objects.bulk_update(rows, ["at", "body", "previous_hash", "hash"], batch_size=50)


def _exchanged(seq: int) -> None:
    one, other = AuditEvent.objects.filter(seq__in=(seq, seq + 1)).order_by("seq")
    names = ("at", "actor", "action", "subject_kind", "subject_id", "organisation", "project", "body")
    for name in names:
        mine = getattr(one, name)
        setattr(one, name, getattr(other, name))
        setattr(other, name, mine)
    one.save()
    other.save()


def _sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        assert cursor.rowcount == 1
