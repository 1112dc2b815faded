"""The pages of what one is told, home, the portfolio, the calendar as a program reads it, and the API."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import vobject
from django.test import Client
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.oversight.retention import services as holds
from governance.oversight.retention.rules import Basis
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.notifications import selectors
from governance.people.notifications.models import Notice
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db


def as_person(actor: Actor) -> Client:
    client = Client()
    assert client.login(username=actor.username, password=PASSWORD)
    return client


@pytest.fixture
def asked(home: House) -> ApprovalRequest:
    version = factories.registered_version(home, rows=9)
    return approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)


def test_the_badge_counts_what_is_new_and_opening_the_record_clears_it(home: House, asked: ApprovalRequest) -> None:
    ben = as_person(home.ben)
    assert 'Notices <span class="a-count">1' in ben.get("/").content.decode()
    notice = Notice.objects.get(person=home.ben.user_id)
    assert ben.get(f"/notifications/{notice.pk}/", follow=True).status_code == 200
    assert 'class="a-count"' not in ben.get("/").content.decode()


def test_notices_are_marked_one_by_one_or_all_and_narrowed_by_the_address(home: House, asked: ApprovalRequest) -> None:
    ben = as_person(home.ben)
    notice = Notice.objects.get(person=home.ben.user_id)
    page = ben.get("/notifications/?only=new").content.decode()
    assert notice.text in page and "Mark 1 as seen" in page
    back = ben.post(
        f"/notifications/{notice.pk}/seen/", headers={"referer": "http://testserver/notifications/?only=new"}
    )
    assert back["Location"] == "/notifications/?only=new"
    assert notice.text not in ben.get("/notifications/?only=new").content.decode()
    assert notice.text in ben.get("/notifications/").content.decode()
    Notice.objects.update(seen_at=None)
    ben.post("/notifications/seen/", {"project": home.project.slug})
    assert selectors.unseen(home.ben) == 0


def test_home_tells_who_did_what_to_what_one_looked_at_and_leads_to_the_difference(home: House) -> None:
    version = factories.registered_version(home, rows=9)
    rita = as_person(home.rita)
    assert rita.get(f"/dataset-versions/{version.pk}/").status_code == 200
    assert "Nothing. What others do" in rita.get("/").content.decode()
    approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    page = rita.get("/").content.decode()
    assert "Ada Brandt asked for approval of" in page
    assert f"/dataset-versions/{version.pk}/?tab=history" in page


def test_home_shows_what_ends_soon_and_what_is_suspended(home: House, asked: ApprovalRequest) -> None:
    factories.approve(home.ben, asked)
    from governance.delivery.lineage import services as lineage

    lineage.withdraw(actor=home.paula, version_id=asked.subject_id, reason="Consent was taken back.")
    holds.place(
        actor=home.cleo, project_id=home.project.pk, basis=Basis.STATUTORY, ground="Section 257 HGB",
        until=timezone.localdate() + timedelta(days=40),
    )  # fmt: skip
    page = as_person(home.vera).get("/").content.decode()
    assert "Statutory retention on all data" in page and "40 d" in page
    assert "Consent was taken back." in page
    other = as_person(home.dev).get("/").content.decode()
    assert "Statutory retention on all data" not in other and "Consent" not in other


def test_home_and_portfolio_take_as_many_queries_for_much_as_for_little(
    home: House, django_assert_max_num_queries: Any
) -> None:
    ben = as_person(home.ben)

    def more(*counts: int) -> None:
        for rows in counts:
            version = factories.registered_version(home, rows=rows)
            ben.get(f"/dataset-versions/{version.pk}/")
            approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
            holds.place(
                actor=home.cleo, project_id=home.project.pk, basis=Basis.STATUTORY, ground="So.",
                until=timezone.localdate() + timedelta(days=rows),
            )  # fmt: skip

    more(10, 11)
    taken = {}
    for path in ("/", "/portfolio/"):
        with django_assert_max_num_queries(100) as queries:
            ben.get(path)
        taken[path] = len(queries)
    more(12, 13, 14, 15, 16)
    for path, few in taken.items():
        with django_assert_max_num_queries(few):
            assert ben.get(path).status_code == 200


def test_the_portfolio_counts_and_says_who_could_decide_and_exports_the_same(
    home: House, asked: ApprovalRequest
) -> None:
    rita = as_person(home.rita)
    page = rita.get("/portfolio/").content.decode()
    assert "Ben Castell" in page and "data steward" in page
    rows = list(csv.DictReader(io.StringIO(rita.get("/portfolio/owed.csv").content.decode())))
    assert [(row["request"], row["could decide"], row["roles"]) for row in rows] == [
        (str(asked), "Ben Castell", "data steward")
    ]
    assert list(csv.DictReader(io.StringIO(rita.get("/portfolio/owed.csv?person=Rita Falk").content.decode()))) == []
    (project,) = csv.DictReader(io.StringIO(rita.get("/portfolio/projects.csv").content.decode()))
    assert (project["project"], project["open requests"], project["released"]) == ("Bank support assistant", "1", "0")
    assert "Bank support" not in as_person(home.dev).get("/portfolio/projects.csv").content.decode()


def test_a_spreadsheet_takes_no_name_for_a_formula(home: House) -> None:
    home.project.name = "=HYPERLINK(1)"
    home.project.save()
    (row,) = csv.DictReader(io.StringIO(as_person(home.rita).get("/portfolio/projects.csv").content.decode()))
    assert row["project"] == "'=HYPERLINK(1)"


def calendar_of(actor: Actor) -> str:
    """The address as the page shows it, once."""
    client = as_person(actor)
    page = client.post("/notifications/calendar/").content.decode()
    address = page.split('a-mono a-break">')[1].split("<")[0]
    assert address not in client.get("/notifications/preferences/").content.decode()
    return address.removeprefix("http://127.0.0.1:8000")


def test_another_program_reads_the_calendar_without_signing_in(home: House) -> None:
    until = timezone.localdate() + timedelta(days=40)
    made = holds.place(
        actor=home.cleo, project_id=home.project.pk, basis=Basis.STATUTORY, ground="Section 257; HGB, line\nbreak",
        until=until,
    )  # fmt: skip
    address = calendar_of(home.vera)
    answer = Client().get(address)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/calendar")
    read = vobject.readOne(answer.content.decode())
    (event,) = read.vevent_list
    assert event.dtstart.value == until and event.dtend.value == until + timedelta(days=1)
    assert event.summary.value == "Statutory retention on all data of Bank support assistant ends"
    assert event.description.value == "Section 257; HGB, line\nbreak"
    assert event.url.value.endswith(f"/holds/{made.pk}/")
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n")), "RFC 5545, 3.1"
    assert Client().get(address).content == answer.content, "the same calendar is the same bytes"


def test_a_calendar_tells_who_has_no_address_nothing(home: House) -> None:
    address = calendar_of(home.dev)
    assert b"VEVENT" not in Client().get(address).content
    assert Client().get("/calendar/nonsense.ics").status_code == 404
    as_person(home.dev).post("/notifications/calendar/close/")
    assert Client().get(address).status_code == 404


def test_what_a_person_chooses_and_their_address_are_kept(home: House) -> None:
    client = as_person(home.ada)
    given = {"asked": "page", "decided": "at_once", "suspended": "at_once", "ended": "digest", "found": "digest",
             "audit": "page", "due": "digest", "email": "ada@linden.example", "digest_hour": "7"}  # fmt: skip
    assert client.post("/notifications/preferences/", given).status_code == 302
    assert selectors.preferences(home.ada).channels["due"] == "digest"
    page = client.get("/notifications/preferences/").content.decode()
    assert 'value="ada@linden.example"' in page
    assert client.post("/notifications/preferences/", given | {"due": "pigeon"}).status_code == 422


def test_the_api_tells_ones_own_alone(home: House, asked: ApprovalRequest) -> None:
    ben, rita = by_token(home.ben), by_token(home.rita)
    (own,) = ben.get(f"{API}/notifications/?new=true").json()["results"]
    assert own["subject"] == {"kind": "approval_request", "id": str(asked.pk)} and own["seen_at"] is None
    assert rita.get(f"{API}/notifications/").json()["results"] == []
    assert rita.post(f"{API}/notifications/{own['id']}/seen/").status_code == 404
    assert ben.post(f"{API}/notifications/{own['id']}/seen/").json()["seen_at"]
    assert ben.get(f"{API}/notifications/?new=true").json()["results"] == []
    assert ben.post(f"{API}/notifications/seen/", {}).json() == {"seen": 0}
    chosen = ben.put(f"{API}/notifications/preferences/", {"channels": {"asked": "digest"}, "digest_hour": 6})
    assert chosen.json()["channels"]["asked"] == "digest" and chosen.json()["digest_hour"] == 6
    assert ben.get(f"{API}/notifications/preferences/").json() == chosen.json()
    wrong = ben.put(f"{API}/notifications/preferences/", {"channels": {"gossip": "page"}, "digest_hour": 6})
    assert wrong.status_code == 422
