"""A page asks as much of the database for many as for one; who reads it is asked about once, who acts anew."""

import uuid
from collections.abc import Sequence

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.foundation.audit.services import record
from governance.foundation.core.actor import Actor
from governance.foundation.core.listed import listed
from governance.people.approvals import services as approvals
from governance.people.notifications import services as notifications
from governance.people.projects import selectors as projects
from governance.people.projects import services as appointing
from governance.people.projects.models import Member, Project
from governance.people.projects.rules import Role
from governance.work.runs import selectors as runs
from governance.work.runs import services as running
from tests import factories
from tests.people import House

pytestmark = pytest.mark.django_db
PAGES = ("home", "portfolio", "notification-list", "approval-list", "envelope-list")


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=actor.person_id))
    return client


def asked_by(client: Client, pages: Sequence[str] = PAGES) -> dict[str, int]:
    """How many queries each page makes, after one that fills what a process keeps."""
    found = {}
    for name in pages:
        client.get(reverse(name))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(name)).status_code == 200
        found[name] = len(queries)
    return found


def wait_for(home: House, rows: int) -> None:
    """A dataset that Ben opened, and a request about it that waits for him."""
    version = factories.registered_version(home, rows=rows)
    notifications.look(actor=home.ben, kind=version.kind, subject_id=version.pk)
    approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)


def test_pages_ask_the_same_for_more_requests_envelopes_and_changes(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "estimate", lambda run: {"reason": "not asked for in this test"})
    reference = factories.looked_through_run(home)
    factories.envelope(home, reference)
    wait_for(home, 10)
    ben = signed_in(home.ben)
    few = asked_by(ben)
    factories.envelope(home, reference)
    for rows in (20, 30):
        wait_for(home, rows)
    assert asked_by(ben) == few
    assert max(few.values()) < 60


def test_a_person_of_a_thousand_projects_asks_as_often_and_sees_them_all(home: House) -> None:
    cleo, pages = signed_in(home.cleo), ("home", "notification-list")
    before = asked_by(cleo, pages)
    many = [
        Project(pk=uuid.uuid4(), organisation=home.organisation, name=f"Project {n}", slug=f"project-{n}")
        for n in range(1000)
    ]
    Project.objects.bulk_create(many)
    held = [Member(project=each, user_id=home.cleo.person_id, role=Role.COMPLIANCE_OFFICER) for each in many]
    Member.objects.bulk_create(held)
    assert asked_by(cleo, pages) == before
    reads = home.cleo.reading()
    assert len(projects.seen(reads)) == 1001
    assert projects.where(reads, "hold an audit").count() == 1001


def test_a_condition_of_more_ids_than_a_statement_takes_values_holds(home: House) -> None:
    """SQLite takes 32,766 values, were each id one."""
    strangers = [uuid.uuid4() for _ in range(40_000)]
    assert list(Project.objects.filter(pk__in=listed([*strangers, home.project.pk]))) == [home.project]
    assert list(Project.objects.exclude(pk__in=listed(strangers)).filter(pk=home.project.pk)) == [home.project]
    assert not Project.objects.filter(pk__in=listed([])).exists()


def test_who_reads_hears_one_answer_and_who_acts_what_is_so_now(home: House) -> None:
    run_id, vera = factories.finished_run(home).pk, signed_in(home.vera)
    reads, here = home.vera.reading(), home.project.pk
    assert vera.get(reverse("project-detail", args=[here])).status_code == 200
    assert projects.roles(reads, here) == {Role.VIEWER} and runs.visible_to(reads).filter(pk=run_id).exists()

    member = Member.objects.get(project=here, user=home.vera.user_id)
    appointing.dismiss(actor=home.admin, member_id=member.pk)

    assert projects.roles(reads, here) == {Role.VIEWER}
    for now in (reads.acting(), home.vera, home.vera.reading()):
        assert projects.roles(now, here) == frozenset() and not runs.visible_to(now).exists()
    assert vera.get(reverse("project-detail", args=[here])).status_code == 404


def test_the_trail_takes_no_entry_of_who_only_reads(home: House) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="only reads"):
        record(home.ada.reading(), "test.done", subject=home.project)
