"""The triggers that keep the trail growing only: the database refuses what no code of ours would ask for.

They stop mistakes and whoever may write rows. Who may alter tables can drop them; that they are in place is therefore
checked too (`objections`), and what such a person changes is found by verification.
"""

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from governance.foundation.audit.rules import GENESIS

EVENTS, PERSONAL = "audit_auditevent", "audit_personaldetail"
KEYS, HEADS, SUBTREES = "audit_trailkey", "audit_treehead", "audit_subtree"
VERIFICATIONS, STAMPS, SALTS = "audit_verification", "audit_timestamp", "audit_salt"
# Columns by which SQLite's INSERT OR REPLACE would take a row's place, which fires no delete trigger. The hidden
# row number is such a column too.
UNIQUE = {
    EVENTS: ("seq", "hash"),
    PERSONAL: ("event_id",),
    KEYS: ("number", "public_key"),
    HEADS: ("size",),
    SUBTREES: ("place",),
    VERIFICATIONS: ("id",),
    STAMPS: ("head_id",),
    SALTS: ("row",),
}
ERASABLE = {PERSONAL, SALTS}

CURE = "Find out who did it, check the trail (assay audit verify), then put them back: assay audit protect"
ROLE_CURE = "Serve as a role that does not own the tables: assay audit grants ROLE, docs/operator/trail.md"

REFUSES = "assay_refuse_change"
IN_ORDER = "assay_in_order"


@dataclass(frozen=True)
class Guard:
    """One trigger: its name, its table, and the statement that makes it."""

    name: str
    table: str
    statement: str


def install(connection: BaseDatabaseWrapper, *tables: str) -> None:
    """Put every trigger of `tables` in place, anew."""
    remove(connection, *tables)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name, body in FUNCTIONS.items():
                cursor.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        for guard in _guards(connection, *tables):
            cursor.execute(guard.statement)
            if connection.vendor == "postgresql":
                # ALWAYS: also where somebody sets session_replication_role to replica.
                cursor.execute(f"ALTER TABLE {guard.table} ENABLE ALWAYS TRIGGER {guard.name}")


def remove(connection: BaseDatabaseWrapper, *tables: str) -> None:
    """Take them away, for a migration that rebuilds a table."""
    with connection.cursor() as cursor:
        for guard in _guards(connection, *tables):
            on = f" ON {guard.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {guard.name}{on}")


def objections(connection: BaseDatabaseWrapper) -> list[str]:
    """What is missing or was altered, in words; empty when every trigger is in place."""
    found = _found_on_postgresql(connection) if connection.vendor == "postgresql" else _found_on_sqlite(connection)
    said = []
    for guard in _guards(connection, *UNIQUE):
        if guard.name not in found:
            said.append(f"the trigger {guard.name} on {guard.table} is missing")
        elif found[guard.name] != _expected(connection, guard):
            said.append(f"the trigger {guard.name} on {guard.table} was altered or switched off")
    return said


def too_much(connection: BaseDatabaseWrapper) -> list[str]:
    """What the connected PostgreSQL role may do to the trail although it need not, in words. SQLite knows no roles."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        role, is_superuser = cursor.fetchone()
        if is_superuser:
            return [f"{role} is a superuser of the database"]
        cursor.execute(
            "SELECT relname, pg_has_role(current_user, relowner, 'MEMBER'),"
            " array_remove(ARRAY[CASE WHEN has_table_privilege(oid, 'UPDATE') THEN 'UPDATE' END,"
            " CASE WHEN has_table_privilege(oid, 'DELETE') THEN 'DELETE' END,"
            " CASE WHEN has_table_privilege(oid, 'TRUNCATE') THEN 'TRUNCATE' END], NULL)"
            " FROM pg_class WHERE oid = ANY(%s::regclass[]::oid[]) ORDER BY relname",
            [list(UNIQUE)],
        )
        return [said for row in cursor.fetchall() if (said := _more_than_needed(role, *row))]


def _more_than_needed(role: str, table: str, is_owner: bool, may: list[str]) -> str:
    if is_owner:
        return f"{role} owns {table}"
    more = [what for what in may if not (what == "DELETE" and table in ERASABLE)]
    return f"{role} has {', '.join(more)} on {table}" if more else ""


def grants(role: str) -> list[str]:
    """The statements, for PostgreSQL, by which `role` may do what the platform does, and no more to the trail.

    `role` is quoted as an identifier.
    """
    name = '"' + role.replace('"', '""') + '"'
    return [
        f"GRANT USAGE ON SCHEMA public TO {name};",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name};",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name};",
        *(
            f"REVOKE {'UPDATE' if table in ERASABLE else 'UPDATE, DELETE'}, TRUNCATE ON {table} FROM {name};"
            for table in UNIQUE
        ),
        f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON django_migrations FROM {name};",
    ]


def _guards(connection: BaseDatabaseWrapper, *tables: str) -> list[Guard]:
    made = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    return [guard for table in tables for guard in made(table)]


def _on_sqlite(table: str) -> list[Guard]:
    acts = ["UPDATE"] if table in ERASABLE else ["UPDATE", "DELETE"]
    taken = " OR ".join(f"{column} = NEW.{column}" for column in ("rowid", *UNIQUE[table]))
    when = {f"{table}_no_replace": f"EXISTS (SELECT 1 FROM {table} WHERE {taken})"}  # noqa: S608 (our own names)
    if table == EVENTS:
        follows = f"(SELECT coalesce(max(seq), 0) + 1 FROM {table})"  # noqa: S608
        before = f"(SELECT hash FROM {table} WHERE seq = NEW.seq - 1)"  # noqa: S608
        when[f"{table}_in_order"] = (
            f"NEW.seq IS NOT {follows} OR NEW.previous_hash IS NOT coalesce({before}, '{GENESIS}')"
        )
    refusals = [(f"{table}_no_{act.lower()}", act, "") for act in acts]
    refusals += [(name, "INSERT", f" WHEN {condition}") for name, condition in when.items()]
    return [
        Guard(
            name,
            table,
            f"CREATE TRIGGER {name} BEFORE {act} ON {table}{condition}"
            f" BEGIN SELECT RAISE(ABORT, 'The audit trail only grows: {name}'); END",
        )
        for name, act, condition in refusals
    ]


FUNCTIONS = {
    REFUSES: """
BEGIN
  RAISE EXCEPTION 'The audit trail only grows: % takes no %', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'integrity_constraint_violation';
END
""",
    IN_ORDER: """
DECLARE
  last_seq bigint;
  last_hash text;
BEGIN
  EXECUTE format('SELECT seq, hash FROM %I.%I ORDER BY seq DESC LIMIT 1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
    INTO last_seq, last_hash;
  IF NEW.seq IS DISTINCT FROM coalesce(last_seq, 0) + 1
    OR NEW.previous_hash IS DISTINCT FROM coalesce(last_hash, repeat('0', 64)) THEN
    RAISE EXCEPTION 'The audit trail only grows: entry % does not follow from entry %', NEW.seq, last_seq
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
""",
}
# PostgreSQL's bits for what fires a trigger: pg_trigger.tgtype.
_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32


def _on_postgresql(table: str) -> list[Guard]:
    acts = "UPDATE OR TRUNCATE" if table in ERASABLE else "UPDATE OR DELETE OR TRUNCATE"
    name = f"{table}_only_grows"
    made = [
        Guard(
            name,
            table,
            f"CREATE TRIGGER {name} BEFORE {acts} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {REFUSES}()",
        )
    ]
    if table == EVENTS:
        name = f"{table}_in_order"
        made.append(
            Guard(
                name,
                table,
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {IN_ORDER}()",
            )
        )
    return made


def _expected(connection: BaseDatabaseWrapper, guard: Guard) -> object:
    if connection.vendor != "postgresql":
        return guard.statement
    if guard.name.endswith("_in_order"):
        return (guard.table, _ROW | _BEFORE | _INSERT, "A", False, IN_ORDER, FUNCTIONS[IN_ORDER])
    acts = _UPDATE | _TRUNCATE | (0 if guard.table in ERASABLE else _DELETE)
    return (guard.table, _BEFORE | acts, "A", False, REFUSES, FUNCTIONS[REFUSES])


def _found_on_sqlite(connection: BaseDatabaseWrapper) -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return dict(cursor.fetchall())


def _found_on_postgresql(connection: BaseDatabaseWrapper) -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.tgname, c.relname, t.tgtype, t.tgenabled::text, t.tgqual IS NOT NULL, p.proname, p.prosrc"
            " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgrelid = ANY(%s::regclass[]::oid[]) AND NOT t.tgisinternal",
            [list(UNIQUE)],
        )
        return {name: tuple(rest) for name, *rest in cursor.fetchall()}
