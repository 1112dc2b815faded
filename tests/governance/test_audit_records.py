"""What is changed in a record's own table, past the platform, is named."""

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from assay import doctor
from governance.delivery.lineage import services as lineage
from governance.foundation.audit import guards, heads, seals, services, watch
from governance.foundation.audit.models import AuditEvent, TreeHead
from governance.foundation.audit.verification import verify
from governance.foundation.core import writes
from governance.foundation.core.actor import PLATFORM
from governance.foundation.core.errors import WrongState
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals.models import ApprovalRequest, Decision
from governance.people.engagements import services as engagements
from governance.people.projects import services as projects
from governance.people.projects.models import Member, Project
from governance.people.projects.rules import Role
from tests import factories
from tests.people import House
from tests.tampering import guards_lifted


def sql(statement: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


@pytest.fixture
def version(home: House) -> DatasetVersion:
    return factories.dataset_version(home)


def told(home: House) -> dict[str, dict[str, str | None]]:
    with transaction.atomic():
        return dict(json.loads(services.record(home.ada, "test.done").body)["records"])


def test_an_untouched_house_is_as_the_entries_left_it(home: House, version: DatasetVersion) -> None:
    report = verify(records=True)
    assert report.faults == []
    assert report.records == sum(seal.model._base_manager.count() for seal in seals.covered().values())


def test_whom_an_audit_is_laid_open_to_is_sealed_with_it(home: House) -> None:
    today = timezone.localdate()
    plan = engagements.plan(
        actor=home.admin, organisation_id=home.organisation.pk, title="Audit", auditors=["omar"], access_from=today,
        access_until=today, project_ids=[home.project.pk],
    )  # fmt: skip
    assert verify(records=True).sound
    table = "INSERT INTO engagements_engagement_auditors (engagement_id, user_id) VALUES (%s, %s)"
    sql(table, plan.pk.hex, home.dev.user_id)
    assert [str(plan.pk) in fault for fault in verify(records=True).faults] == [True]


def test_what_a_run_used_and_what_a_withdrawal_reached_are_sealed_with_them(
    home: House, version: DatasetVersion
) -> None:
    run = factories.launched_run(home)
    withdrawal = lineage.withdraw(actor=home.ben, version_id=run.data()[0].pk, reason="Consent was taken back.")
    assert verify(records=True).faults == []
    sql("DELETE FROM lineage_affected WHERE object_id = %s", run.pk.hex)
    sql("DELETE FROM runs_rundata WHERE run_id = %s", run.pk.hex)
    faults = verify(records=True).faults
    assert len(faults) == 2 and {str(one.pk) in " ".join(faults) for one in (run, withdrawal)} == {True}


@pytest.mark.parametrize(
    ("model", "column", "value"),
    [
        (DatasetVersion, "licence", "MIT"),
        (DatasetVersion, "rows", 7),
        (Decision, "verdict", "reject"),
        (Decision, "reason", "I never said so."),
        (ApprovalRequest, "subject_digest", "ab" * 32),
        (Member, "role", str(Role.RISK_OWNER)),
        (Project, "intended_purpose", "Anything."),
        (Project, "created_at", "2020-01-01 00:00:00"),
    ],
)
def test_a_value_that_is_changed_in_its_table_is_named(
    home: House, version: DatasetVersion, model: Any, column: str, value: Any
) -> None:
    row = model.objects.first()
    assert sql(f'UPDATE {model._meta.db_table} SET "{column}" = %s WHERE id = %s', value, row.pk.hex) == 1
    (fault,) = verify(records=True).faults
    assert fault.startswith(f"{model._meta.verbose_name} {row.pk} is not as entry ")
    assert verify().sound  # the trail itself is whole


def test_a_row_that_is_gone_is_named_and_so_is_one_that_was_slipped_in(home: House) -> None:
    omar = Member.objects.get(user__username="omar")
    columns = ", ".join(column.column for column in Member._meta.concrete_fields if column.column != "id")
    sql(
        f"INSERT INTO {Member._meta.db_table} (id, {columns})"
        f" SELECT %s, {columns.replace('role', repr(str(Role.RISK_OWNER)))} FROM {Member._meta.db_table} WHERE id = %s",
        "ab" * 16, omar.pk.hex,
    )  # fmt: skip
    sql(f"DELETE FROM {Member._meta.db_table} WHERE id = %s", omar.pk.hex)
    slipped_in, gone = verify(records=True).faults
    assert slipped_in == "member abababab-abab-abab-abab-abababababab stands in its table, but no entry tells of it"
    assert gone.startswith(f"member {omar.pk} is missing from its table; entry ")


def test_what_people_do_by_the_platform_raises_no_alarm(home: House, version: DatasetVersion) -> None:
    projects.dismiss(actor=home.admin, member_id=Member.objects.get(user__username="omar").pk)
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="vera", role=Role.AUDITOR)
    projects.describe(actor=home.admin, project_id=home.project.pk, intended_purpose="Another one.")
    assert verify(records=True).faults == []


def test_a_row_that_is_back_after_its_dismissal_is_named(home: House) -> None:
    omar = Member.objects.get(user__username="omar")
    projects.dismiss(actor=home.admin, member_id=omar.pk)
    Member.objects.bulk_create([omar])
    (fault,) = verify(records=True).faults
    assert fault.startswith(f"member {omar.pk} stands in its table") and fault.endswith("tells that it was deleted")


def test_every_way_of_writing_is_told_of_by_the_next_entry_and_by_that_alone(home: House) -> None:
    assert list(told(home)) == ["audit.identity"]  # Ada acts for the first time
    assert told(home) == {}
    first, second = Project.objects.order_by("name")
    first.name = "Another"
    first.save()
    assert told(home) == {"projects.project": {str(first.pk): Project.objects.get(pk=first.pk).record_digest}}
    assert Project.objects.filter(name="Another").update(name="A third") == 1
    assert Project.objects.filter(name="Another").update(name="A fourth") == 0
    assert list(told(home)["projects.project"]) == [str(first.pk)]
    vera = Member.objects.get(user__username="vera")
    moved = Member(pk=vera.pk, created_at=vera.created_at, project=second, user_id=vera.user_id, role=vera.role)
    vera.delete()
    assert told(home) == {"projects.member": {str(moved.pk): None}}
    Member.objects.bulk_create([moved])
    Member.objects.filter(pk=moved.pk).update(role=Role.AUDITOR)
    assert told(home) == {"projects.member": {str(moved.pk): Member.objects.get(pk=moved.pk).record_digest}}
    assert told(home) == {}


def test_what_a_savepoint_takes_back_is_not_told_of(home: House) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        Project.objects.update(name="Regretted")
        services.record(home.ada, "test.regretted")
        Project.objects.update(name="Regretted again")
        raise RuntimeError
    assert writes.untold() == {}
    Project.objects.update(name="Meant")
    with pytest.raises(RuntimeError), transaction.atomic():
        services.record(home.ada, "test.regretted")
        raise RuntimeError
    assert len(writes.untold()[Project]) == 2  # the entry that told of them is gone
    told(home)
    assert verify(records=True).sound


def test_a_column_that_a_later_version_adds_changes_no_digest(home: House) -> None:
    plain = Project(pk=home.project.pk, created_at=home.project.created_at, slug="x")
    before = plain.record_digest
    for column in Project._meta.concrete_fields:
        if column.has_default() and not callable(column.default):
            setattr(plain, column.attname, column.default)
    assert plain.record_digest == before
    plain.intended_purpose = "Said."
    assert plain.record_digest != before


def test_records_that_a_migration_changed_are_adopted_by_an_entry_that_says_why(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "too_much", lambda connection: ["it is a superuser"])  # which hides no fault
    project = Project.objects.get(pk=home.project.pk)
    sql(f"UPDATE {Project._meta.db_table} SET name = 'By migration' WHERE id = %s", project.pk.hex)
    omar = Member.objects.get(user__username="omar")
    sql(f"DELETE FROM {Member._meta.db_table} WHERE id = %s", omar.pk.hex)
    assert watch.examine(actor=PLATFORM).sound is False
    told = watch.latest()
    assert told is not None and len(told.faults) == 2 and "assay audit adopt" in watch.cure(told.faults)
    finding = doctor.trail()
    assert finding.state == doctor.State.WRONG and "assay audit adopt" in finding.cure
    assert watch.adopt(actor=home.admin, because="Names were shortened.") == 2
    assert verify(records=True).faults == []
    entry = AuditEvent.objects.latest("seq")
    assert (entry.action, json.loads(entry.personal.text)) == (
        "trail.records-adopted", {"reason": "Names were shortened."},
    )  # fmt: skip
    assert json.loads(entry.body)["records"]["projects.member"] == {str(omar.pk): None}
    assert watch.adopt(actor=home.admin, because="Again.") == 0


def test_an_upgrade_has_everything_verified_at_once_and_a_broken_link_is_not_to_be_adopted(home: House) -> None:
    assert watch.examine_when_due() is not None and watch.examine_when_due() is None
    MigrationRecorder(connection).record_applied("audit", "9999_fills_a_column")
    assert watch.examine_when_due() is not None
    assert "adopt" not in watch.cure(["entry 4: does not follow from the entry before it"])


REQUESTS, DECISIONS = ApprovalRequest._meta.db_table, Decision._meta.db_table
ON_SQLITE = pytest.mark.skipif(connection.vendor != "sqlite", reason="this database refuses it")


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        (f"UPDATE {REQUESTS} SET subject_content = %s", '{"x": 1e999}'),
        (f"UPDATE {REQUESTS} SET subject_content = %s", f'{{"x": 1{400 * "0"}}}'),
        (f"UPDATE {REQUESTS} SET subject_content = %s", f'{{"x": 1{5000 * "0"}}}'),
        pytest.param(f"UPDATE {DECISIONS} SET id = %s", "zz", marks=ON_SQLITE),
        pytest.param(f"UPDATE {DECISIONS} SET id = upper(id) || %s", "", marks=ON_SQLITE),
        pytest.param(f"UPDATE {REQUESTS} SET subject_name = %s", b"\xff\x00", marks=ON_SQLITE),
    ],
)
def test_what_cannot_be_read_is_named_and_hides_nothing_else(
    home: House, version: DatasetVersion, statement: str, value: Any
) -> None:
    assert verify(records=True).faults == []
    assert sql(statement, value)
    omar = Member.objects.get(user__username="omar")
    sql(f"DELETE FROM {Member._meta.db_table} WHERE id = %s", omar.pk.hex)
    found = watch.examine(actor=PLATFORM)
    kept = watch.latest()
    assert kept is not None and kept.faults == found.faults and found.records
    assert any("cannot be read" in fault or "stands in its table" in fault for fault in kept.faults), kept.faults
    assert any(str(omar.pk) in fault and "is missing" in fault for fault in kept.faults), kept.faults
    assert doctor.trail().state == doctor.State.WRONG


def test_nobody_adopts_what_cannot_be_read(home: House, version: DatasetVersion) -> None:
    sql(f"UPDATE {REQUESTS} SET subject_content = %s", '{"x": 1e999}')
    with pytest.raises(WrongState, match="cannot be read"):
        watch.adopt(actor=home.admin, because="No reason.")


@ON_SQLITE
def test_a_verification_that_cannot_be_completed_is_kept_as_a_fault(home: House, trail_key: Any) -> None:
    heads.sign()
    assert watch.examine(actor=PLATFORM).sound
    with guards_lifted():
        sql(f"UPDATE {TreeHead._meta.db_table} SET checkpoint = x'ff'")
    assert watch.examine(actor=PLATFORM).sound is False
    kept = watch.latest()
    assert kept is not None and kept.faults[0].startswith("the verification could not be completed: TypeError")


def test_who_listens_to_a_verification_may_end_it(home: House) -> None:
    def told(entries: int) -> None:
        raise InterruptedError("the lease is lost")

    with pytest.raises(InterruptedError):
        watch.examined(by_name="", told=told)
    assert watch.latest() is None
