"""The history of what can be approved tells what became of the requests about it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assay.web import trail
from governance.foundation.core.actor import Actor
from governance.people.approvals import history, services
from governance.people.approvals.rules import Verdict
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from tests import callers, factories
from tests.people import House

pytestmark = pytest.mark.django_db


def told(actor: Actor, subject: Any) -> list[tuple[str, str]]:
    return [(row.who, row.did) for row in trail.told(history.of(actor, subject))]


def test_a_history_tells_who_asked_decided_said_something_and_took_it_back_with_links(home: House) -> None:
    version = factories.registered_version(home)
    own = told(home.ada, version)
    first = services.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    services.comment(actor=home.rita, request_id=first.pk, text="Whose letters are these?")
    services.withdraw(actor=home.ada, request_id=first.pk)
    second = services.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    factories.decide(home.ben, second, Verdict.CHANGES, reason="Name the source.")
    assert told(home.ada, version) == [
        ("Ben Castell", "asked for changes of"),
        ("Ada Brandt", "asked for approval of"),
        ("Ada Brandt", "took back the request about"),
        ("Rita Falk", "commented:"),
        ("Ada Brandt", "asked for approval of"),
        *own,
    ]
    rows = trail.told(history.of(home.ada, version))
    pages = [reverse("approval-detail", args=[pk]) for pk in (second.pk, second.pk, first.pk, first.pk, first.pk)]
    assert [row.url for row in rows[:5]] == pages
    assert rows[0].notes == ["Name the source."] and rows[3].notes == ["Whose letters are these?"]
    page = callers.by_session(home.ada).get(reverse("dataset-version-detail", args=[version.pk]) + "?tab=history")
    assert "Whose letters are these?" in page.content.decode() and f'href="{pages[0]}"' in page.content.decode()


def test_of_what_projects_share_each_is_told_what_was_asked_in_it(home: House) -> None:
    model = factories.base_model(home)
    second = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Mortgage letters")
    projects.appoint(actor=home.admin, project_id=second.pk, username="vera", role=Role.ML_ENGINEER)
    services.ask(actor=home.vera, subject=model, project_id=second.pk)
    assert ("Vera Lund", "asked for approval of") in told(home.vera, model)
    assert ("Vera Lund", "asked for approval of") not in told(home.ada, model)


def test_a_history_asks_as_often_for_many_requests_as_for_one(home: House) -> None:
    version = factories.registered_version(home)
    asked = []
    for _ in range(4):
        request = services.ask(actor=home.ada, subject=version, project_id=home.project.pk)
        services.comment(actor=home.rita, request_id=request.pk, text="Whose letters?")
        with CaptureQueriesContext(connection) as queries:
            assert len(history.of(home.ada, version)) > 2
        asked.append(len(queries))
        services.withdraw(actor=home.ada, request_id=request.pk)
    assert len(set(asked)) == 1
