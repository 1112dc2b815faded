"""The database refuses to change the trail, whatever SQL asks for it; and it is noticed where the triggers are gone."""

import pytest
from django.core.checks import run_checks
from django.db import IntegrityError, connection, transaction

from governance.foundation.audit import guards
from governance.foundation.audit.models import AuditEvent, PersonalDetail
from governance.foundation.audit.services import record
from governance.foundation.audit.verification import verify
from tests.people import House
from tests.tampering import guards_lifted

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="tests/services has PostgreSQL's")

COLUMNS = "seq, at, actor, action, subject_kind, subject_id, organisation, project, body, previous_hash, hash"
OTHERS = COLUMNS.removeprefix("seq, ").removesuffix(", hash")
NEWEST = "(SELECT max(seq) FROM audit_auditevent)"
TAKES_A_ROWS_PLACE = [
    f"INSERT OR REPLACE INTO audit_auditevent ({COLUMNS}) SELECT {COLUMNS} FROM audit_auditevent WHERE seq = 2",
    f"REPLACE INTO audit_auditevent ({COLUMNS}) SELECT 2, {OTHERS}, 'f' FROM audit_auditevent WHERE seq = 2",
    # In order by its number, yet in the place of entry 2: by its hash, or by the row number that nobody sees.
    f"INSERT OR REPLACE INTO audit_auditevent ({COLUMNS}) SELECT {NEWEST} + 1, at, actor, action, subject_kind,"
    f" subject_id, organisation, project, body, (SELECT hash FROM audit_auditevent WHERE seq = {NEWEST}), hash"
    " FROM audit_auditevent WHERE seq = 2",
    f"INSERT OR REPLACE INTO audit_auditevent (rowid, {COLUMNS}) SELECT rowid, {NEWEST} + 1, at, actor, action,"
    " subject_kind, subject_id, organisation, project, body,"
    f" (SELECT hash FROM audit_auditevent WHERE seq = {NEWEST}), 'f' FROM audit_auditevent WHERE seq = 2",
    "INSERT OR REPLACE INTO audit_personaldetail (event_id, salt, text)"
    " SELECT event_id, salt, '{}' FROM audit_personaldetail LIMIT 1",
    "INSERT OR REPLACE INTO audit_personaldetail (rowid, event_id, salt, text)"
    " SELECT rowid, 1, salt, '{}' FROM audit_personaldetail LIMIT 1",
    "UPDATE OR REPLACE audit_auditevent SET seq = 1 WHERE seq = 2",
]
REFUSED = [
    "UPDATE audit_auditevent SET body = '{}' WHERE seq = 2",
    "UPDATE audit_auditevent SET hash = hash",
    "DELETE FROM audit_auditevent WHERE seq = 2",
    "DELETE FROM audit_auditevent",
    "UPDATE audit_personaldetail SET text = '{}'",
    f"INSERT INTO audit_auditevent ({COLUMNS}) SELECT 0, {OTHERS}, 'f' FROM audit_auditevent WHERE seq = 1",
    f"INSERT INTO audit_auditevent ({COLUMNS}) SELECT {NEWEST} + 2, {OTHERS}, 'f' FROM audit_auditevent WHERE seq = 1",
    f"INSERT INTO audit_auditevent ({COLUMNS}) SELECT {NEWEST} + 1, {OTHERS}, 'f' FROM audit_auditevent WHERE seq = 1",
    f"INSERT OR IGNORE INTO audit_auditevent ({COLUMNS}) SELECT 0, {OTHERS}, 'f' FROM audit_auditevent WHERE seq = 1",
    "INSERT INTO audit_auditevent SELECT * FROM audit_auditevent WHERE seq = 2"
    " ON CONFLICT (seq) DO UPDATE SET body = '{}'",
    *TAKES_A_ROWS_PLACE,
]


@pytest.fixture
def trail(home: House) -> None:
    """Entries of every sort; the last two have a personal detail."""
    with transaction.atomic():
        for reason in ("it fits", "it still fits"):
            record(home.ada, "test.done", subject=home.project, personal={"reason": reason})


def everything() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_auditevent ORDER BY seq")
        entries = cursor.fetchall()
        cursor.execute("SELECT * FROM audit_personaldetail ORDER BY event_id")
        return [*entries, *cursor.fetchall()]


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_no_statement_changes_an_entry_or_takes_its_place(trail: None, recursive: str) -> None:
    before = everything()
    for statement in REFUSED:
        with pytest.raises(IntegrityError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"PRAGMA recursive_triggers = {recursive}")
            cursor.execute(statement)
        assert everything() == before, statement
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers = ON")


def test_a_personal_detail_can_be_erased_and_the_chain_still_holds(trail: None) -> None:
    detail = PersonalDetail.objects.first()
    assert detail is not None
    before = verify()
    detail.delete()
    after = verify()
    assert (before.faults, after.faults) == ([], [])
    assert after.erased == before.erased + 1


def test_a_missing_or_altered_trigger_is_named_by_the_check_and_by_verification(home: House) -> None:
    assert guards.objections(connection) == [] == run_checks(databases=["default"], tags=["database"])
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_auditevent_no_delete")
        cursor.execute("DROP TRIGGER audit_auditevent_no_update")
        cursor.execute(
            "CREATE TRIGGER audit_auditevent_no_update BEFORE UPDATE ON audit_auditevent BEGIN SELECT 'well'; END"
        )
    said = [
        "the trigger audit_auditevent_no_update on audit_auditevent was altered or switched off",
        "the trigger audit_auditevent_no_delete on audit_auditevent is missing",
    ]
    assert verify().faults == said
    found = run_checks(databases=["default"], tags=["database"])
    assert [(each.id, each.msg) for each in found] == [
        ("audit.W001", f"The audit trail is not protected: {why}.") for why in said
    ]
    guards.install(connection, *guards.UNIQUE)
    assert verify().sound


def test_sqlite_fires_delete_triggers_for_rows_that_are_pushed_out(home: House) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers")
        assert cursor.fetchone() == (1,)
    with guards_lifted():
        AuditEvent.objects.filter(seq=1).delete()  # what the other tests would not notice, did the triggers not work
    assert not verify().sound
