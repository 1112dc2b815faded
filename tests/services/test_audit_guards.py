"""PostgreSQL keeps the trail growing only: by triggers for the tables' owner, and by rights for whom the platform
connects as."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from governance.foundation.audit import guards, heads, services
from governance.foundation.audit.models import AuditEvent, PersonalDetail, TrailKey
from governance.foundation.audit.verification import verify
from governance.foundation.core.actor import PLATFORM

pytestmark = pytest.mark.usefixtures("postgresql")

ROLE, PASSWORD = "assay web", "quiet"
COLUMNS = "at, actor, action, subject_kind, subject_id, organisation, project, body"
NEXT = "(SELECT max(seq) + 1 FROM audit_auditevent)"
LAST = "(SELECT hash FROM audit_auditevent ORDER BY seq DESC LIMIT 1)"
CHANGES = [
    "UPDATE audit_auditevent SET body = '{}' WHERE seq = 2",
    "UPDATE audit_auditevent SET body = '{}' WHERE false",
    "DELETE FROM audit_auditevent WHERE seq = 2",
    "TRUNCATE audit_auditevent CASCADE",
    "TRUNCATE audit_personaldetail",
    "UPDATE audit_personaldetail SET text = '{}'",
    "INSERT INTO audit_auditevent SELECT * FROM audit_auditevent WHERE seq = 2"
    " ON CONFLICT (seq) DO UPDATE SET body = '{}'",
    "MERGE INTO audit_auditevent t USING (SELECT 2::bigint AS seq) s ON t.seq = s.seq"
    " WHEN MATCHED THEN UPDATE SET body = '{}'",
    "UPDATE audit_treehead SET root = 'ff'",
    "DELETE FROM audit_trailkey",
]
OUT_OF_ORDER = [
    f"INSERT INTO audit_auditevent SELECT 0, {COLUMNS}, previous_hash, 'f' FROM audit_auditevent WHERE seq = 1",
    f"INSERT INTO audit_auditevent SELECT {NEXT} + 1, {COLUMNS}, {LAST}, 'f' FROM audit_auditevent WHERE seq = 1",
    f"INSERT INTO audit_auditevent SELECT {NEXT}, {COLUMNS}, 'f', 'f' FROM audit_auditevent WHERE seq = 1",
]


@pytest.fixture
def trail(postgresql: None, trail_key: TrailKey) -> None:
    for reason in ("it fits", "it still fits"):
        with transaction.atomic():
            services.record(PLATFORM, "test.done", personal={"reason": reason})
    heads.sign()


@pytest.fixture
def as_platform(trail: None) -> Iterator[Callable[[str], Any]]:
    """Run SQL as the role that `assay audit grants` describes, in a session of its own."""
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("audit", "grants", ROLE, stdout=out)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE \"{ROLE}\" LOGIN PASSWORD '{PASSWORD}'")
        cursor.execute(out.getvalue())
    given = connection.get_connection_params()
    login = {name: given[name] for name in ("host", "port", "dbname") if name in given}
    with psycopg.connect(**login, user=ROLE, password=PASSWORD, autocommit=True) as session:
        yield session.execute
    with connection.cursor() as cursor:
        cursor.execute(f'DROP OWNED BY "{ROLE}"; DROP ROLE "{ROLE}"')


@pytest.mark.parametrize("statement", [*CHANGES, *OUT_OF_ORDER])
@pytest.mark.parametrize("replication_role", ["origin", "replica"])
def test_the_triggers_refuse_even_a_superuser(trail: None, statement: str, replication_role: str) -> None:
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL session_replication_role = {replication_role}")
        cursor.execute(statement)
    assert verify().faults == []


def test_the_platforms_role_appends_and_erases_and_can_do_nothing_else_to_the_trail(
    as_platform: Callable[[str], Any],
) -> None:
    append = f"INSERT INTO audit_auditevent SELECT {NEXT}, {COLUMNS}, {LAST}, repeat('f', 64) FROM audit_auditevent"
    as_platform(f"BEGIN; {append} WHERE seq = 1; ROLLBACK")
    as_platform("DELETE FROM audit_personaldetail WHERE event_id = (SELECT min(event_id) FROM audit_personaldetail)")
    assert PersonalDetail.objects.count() == 1
    attempts = [
        *CHANGES,
        "ALTER TABLE audit_auditevent DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_auditevent_only_grows ON audit_auditevent",
        "CREATE OR REPLACE FUNCTION assay_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "DROP TABLE audit_auditevent CASCADE",
        "SET session_replication_role = replica",
    ]
    for attempt in attempts:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.IntegrityConstraintViolation)):
            as_platform(attempt)
    assert verify().faults == []


def test_the_check_warns_of_a_connection_that_could_switch_the_triggers_off(trail: None) -> None:
    said = {found.id: found.msg for found in run_checks(databases=["default"], tags=["database"])}
    assert "is a superuser of the database" in said["audit.W002"] or "owns" in said["audit.W002"]
    assert "audit.W001" not in said


@pytest.mark.parametrize(
    "weakening",
    [
        "DROP TRIGGER audit_auditevent_only_grows ON audit_auditevent",
        "ALTER TABLE audit_auditevent DISABLE TRIGGER audit_auditevent_only_grows",
        "ALTER TABLE audit_auditevent ENABLE TRIGGER audit_auditevent_in_order",
        "CREATE OR REPLACE FUNCTION assay_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "DROP TRIGGER audit_auditevent_in_order ON audit_auditevent; CREATE TRIGGER audit_auditevent_in_order BEFORE"
        " INSERT ON audit_auditevent FOR EACH ROW WHEN (false) EXECUTE FUNCTION assay_in_order()",
    ],
)
def test_a_trigger_that_was_weakened_is_named(trail: None, weakening: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(weakening)
    assert any("the trigger audit_auditevent_" in fault for fault in verify().faults)
    guards.install(connection, *guards.UNIQUE)
    assert verify().sound


def test_what_the_owner_changes_without_triggers_is_found(trail: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditevent DISABLE TRIGGER ALL")
        cursor.execute("UPDATE audit_auditevent SET at = at + interval '1 second' WHERE seq = 2")
        cursor.execute("ALTER TABLE audit_auditevent ENABLE TRIGGER ALL")
    guards.install(connection, *guards.UNIQUE)
    assert verify().faults == ["entry 2: its column at says something else than its text"]
    assert AuditEvent.objects.count() == 3
