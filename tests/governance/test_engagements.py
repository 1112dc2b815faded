"""Audit engagements: what one lays open and to whom, what goes to and fro in it, what was read, and its report."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.documents.dossiers import selectors as dossiers
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.canonical import digest
from governance.foundation.core.errors import NotAllowed, NotFound, StaleSubject, Unusable, WrongState
from governance.materials.base_models import selectors as base_models
from governance.materials.datasets import selectors as datasets
from governance.people.approvals import selectors as approvals
from governance.people.engagements import access, exchange, reading, rules, selectors, services
from governance.people.engagements.models import Engagement
from governance.people.engagements.rules import Asked, Found, Severity
from governance.people.organisations import selectors as organisations
from governance.people.organisations import services as organisation_services
from governance.people.projects import selectors as projects
from governance.people.projects import services as project_services
from governance.people.projects.rules import Role
from governance.work.runs import selectors as runs
from governance.work.runs.models import Run
from tests import factories
from tests.people import House, house, person


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[House, Run, Actor]]:
    """A house with a finished run, and Orla, who has an account and belongs to nothing."""
    with django_db_blocker.unblock(), transaction.atomic():
        home = house()
        yield home, factories.finished_run(home), person("orla", "Orla Quinn")
        transaction.set_rollback(True)


@pytest.fixture
def home(db: None, built: tuple[House, Run, Actor]) -> House:
    return built[0]


@pytest.fixture
def run(built: tuple[House, Run, Actor]) -> Run:
    return built[1]


@pytest.fixture
def orla(built: tuple[House, Run, Actor]) -> Actor:
    return built[2]


def today(days: int = 0) -> date:
    return timezone.localdate() + timedelta(days=days)


def planned(home: House, **given: Any) -> Engagement:
    asked: dict[str, Any] = {
        "actor": home.cleo, "organisation_id": home.organisation.pk, "project_ids": [home.project.pk],
        "title": "Audit of 2026", "auditors": ["orla"], "access_from": today(), "access_until": today(30),
    }  # fmt: skip
    return services.plan(**(asked | given))


def opened(home: House, **given: Any) -> Engagement:
    made = planned(home, **given)
    return services.lay_open(actor=given.get("actor", home.cleo), engagement_id=made.pk)


def sees(actor: Actor, run: Run) -> list[bool]:
    """By six selectors of as many nouns."""
    return [
        projects.visible_to(actor).filter(pk=run.project_id).exists(),
        runs.visible_to(actor).filter(pk=run.pk).exists(),
        datasets.versions_visible_to(actor).filter(pk=run.data()[0].pk).exists(),
        base_models.visible_to(actor).filter(pk=run.base_model_id).exists(),
        approvals.visible_to(actor).filter(subject_id=run.pk).exists(),
        dossiers.visible_to(actor).filter(project=run.project_id).exists(),
    ]


def test_only_an_open_engagement_on_its_days_lays_its_scope_open(home: House, run: Run, orla: Actor) -> None:
    assert not any(sees(orla, run))
    engagement = planned(home, access_from=today(-3), access_until=today())
    assert not any(sees(orla, run)), "planned lays nothing open"
    services.lay_open(actor=home.cleo, engagement_id=engagement.pk)
    assert all(sees(orla, run))
    for first, last in ((today(-3), today(-1)), (today(1), today(3))):
        Engagement.objects.filter(pk=engagement.pk).update(access_from=first, access_until=last)
        assert not any(sees(orla, run))
    Engagement.objects.filter(pk=engagement.pk).update(access_from=today(), access_until=today())
    assert all(sees(orla, run))
    services.close(actor=orla, engagement_id=engagement.pk, conclusion="Nothing to object to.")
    assert not any(sees(orla, run))
    assert selectors.visible(orla, engagement.pk), "their own engagement stays theirs to read"


def test_a_plan_is_changed_until_it_is_laid_open_and_then_its_last_day_alone(
    home: House, run: Run, orla: Actor
) -> None:
    made = planned(home, access_until=today(2))
    noor = person("noor", "Noor Aydin")
    before = made.content_digest
    services.revise(actor=home.cleo, engagement_id=made.pk, title=" Audit of 2027 ", auditors=["noor"])
    made.refresh_from_db()
    assert (made.title, [user.get_username() for user in made.auditors.all()]) == ("Audit of 2027", ["noor"])
    assert list(made.projects.all()) == [home.project], "what is not named stays"
    facts = json.loads(AuditEvent.objects.filter(action="engagement.revised").latest("seq").body)["facts"]
    assert (facts["was"], facts["content"]) == (before, made.content_digest)
    services.lay_open(actor=home.cleo, engagement_id=made.pk)
    assert all(sees(noor, run))
    assert not any(sees(orla, run))
    for change in ({"auditors": ["orla"]}, {"period_from": None}, {"access_until": today(), "title": "Another"}):
        with pytest.raises(WrongState, match="only its last day moves"):
            services.revise(actor=home.cleo, engagement_id=made.pk, **change)
    services.revise(actor=home.cleo, engagement_id=made.pk, access_until=today(9))
    assert Engagement.objects.get(pk=made.pk).access_until == today(9)
    with pytest.raises(Unusable, match="before it begins"):
        services.revise(actor=home.cleo, engagement_id=made.pk, access_until=today(-1))
    services.close(actor=home.cleo, engagement_id=made.pk, conclusion="Nothing to object to.")
    with pytest.raises(WrongState, match="is closed"):
        services.revise(actor=home.cleo, engagement_id=made.pk, access_until=today(20))


def test_what_is_laid_open_and_changed_is_what_was_shown(home: House, orla: Actor) -> None:
    made = planned(home)
    shown = made.content_digest
    services.revise(actor=home.cleo, engagement_id=made.pk, shown_sha256=shown, period_from=today(-9))
    for act in (services.lay_open, services.revise):
        with pytest.raises(StaleSubject, match="changed since it was shown"):
            act(actor=home.cleo, engagement_id=made.pk, shown_sha256=shown)
    assert services.revise(actor=home.cleo, engagement_id=made.pk).content_digest != shown
    assert AuditEvent.objects.filter(action="engagement.revised").count() == 1, "what changes nothing is no act"


def test_the_whole_organisation_is_narrowed_by_saying_so(home: House, orla: Actor) -> None:
    made = planned(home, actor=home.admin, whole_organisation=True, project_ids=())
    with pytest.raises(Unusable, match="Choose one or the other"):
        services.revise(actor=home.admin, engagement_id=made.pk, project_ids=[home.project.pk])
    services.revise(
        actor=home.admin, engagement_id=made.pk, project_ids=[home.project.pk], whole_organisation=False
    )  # fmt: skip
    assert list(Engagement.objects.get(pk=made.pk).projects.all()) == [home.project]
    services.revise(actor=home.admin, engagement_id=made.pk, whole_organisation=True)
    assert not Engagement.objects.get(pk=made.pk).projects.exists()


def test_the_last_day_is_moved_back_whatever_became_of_an_auditor(home: House, orla: Actor) -> None:
    made = opened(home)
    get_user_model().objects.filter(username="orla").update(is_active=False)
    with pytest.raises(Unusable, match="There is no account"):
        services.revise(actor=home.cleo, engagement_id=made.pk, access_until=today(40))
    services.revise(actor=home.cleo, engagement_id=made.pk, access_until=today(1))
    assert Engagement.objects.get(pk=made.pk).access_until == today(1)


def test_a_plan_is_changed_by_who_may_lay_all_of_it_open(home: House, orla: Actor) -> None:
    made = planned(home)
    for nobody in (home.ada, home.omar, home.vera):
        with pytest.raises(NotAllowed):
            services.revise(actor=nobody, engagement_id=made.pk, title="Mine")
    with pytest.raises(NotFound):
        services.revise(actor=home.dev, engagement_id=made.pk, title="Mine")
    with pytest.raises(NotFound):
        services.revise(actor=home.cleo, engagement_id=made.pk, project_ids=[home.elsewhere.pk])
    with pytest.raises(NotAllowed):
        services.revise(actor=home.cleo, engagement_id=made.pk, whole_organisation=True)
    with pytest.raises(Unusable, match="part in it"):
        services.revise(actor=home.cleo, engagement_id=made.pk, auditors=["ada"])
    made.refresh_from_db()
    assert (made.title, made.whole_organisation, made.projects.count()) == ("Audit of 2026", False, 1)


def test_it_lays_open_its_own_projects_and_nothing_beside_them(home: House, orla: Actor) -> None:
    other = project_services.create(actor=home.admin, organisation_id=home.organisation.pk, name="Mortgage letters")
    opened(home)
    assert list(projects.visible_to(orla)) == [home.project]
    assert not organisations.visible_to(orla).exists()
    whole = opened(home, actor=home.admin, whole_organisation=True, project_ids=())
    assert set(projects.visible_to(orla)) == {home.project, other}
    later = project_services.create(actor=home.admin, organisation_id=home.organisation.pk, name="Letters of 2027")
    assert later in projects.visible_to(orla), "a whole organisation has projects to come"
    assert home.elsewhere not in projects.visible_to(orla)
    assert list(organisations.visible_to(orla)) == [whole.organisation]


def test_records_outside_the_period_are_not_seen(home: House, run: Run, orla: Actor) -> None:
    opened(home, period_from=today(-10), period_until=today(-5))
    assert projects.visible_to(orla).filter(pk=run.project_id).exists()
    assert not runs.visible_to(orla).exists()
    for days, seen in ((-11, False), (-10, True), (-5, True), (-4, False)):
        Run.objects.filter(pk=run.pk).update(created_at=timezone.now() + timedelta(days=days))
        assert runs.visible_to(orla).filter(pk=run.pk).exists() is seen, days
    assert runs.visible_to(home.vera).filter(pk=run.pk).exists(), "a member is not narrowed by it"
    assert not AuditEvent.objects.filter(access.entries(orla)).exists()
    Engagement.objects.update(period_until=None)
    told = AuditEvent.objects.filter(access.entries(orla))
    assert told.filter(subject_id=str(run.pk)).exists()
    assert not told.exclude(project=home.project.pk).exists(), "nothing of its organisation, or of another project"


def test_an_auditor_reads_and_exports_and_does_nothing_else(home: House, orla: Actor) -> None:
    opened(home)
    assert projects.roles(orla, home.project.pk) == {Role.AUDITOR}
    mine = [right.act for right in projects.rights(orla, home.project.pk) if right.mine]
    assert mine == ["see access reviews", "see searches for persons", "export evidence"]
    with pytest.raises(NotAllowed):
        projects.require(orla, home.project.pk, "prepare a run")
    whole = opened(home, actor=home.admin, whole_organisation=True, project_ids=())
    with pytest.raises(NotAllowed):
        project_services.create(actor=orla, organisation_id=whole.organisation_id, name="Mine")


def test_whoever_has_a_part_in_the_scope_does_not_audit_it(home: House) -> None:
    for name, why in (("ada", "ML engineer"), ("admin", "administers the organisation"), ("nobody", "no account")):
        with pytest.raises(Unusable, match=why):
            planned(home, auditors=[name])
    assert planned(home, auditors=["omar"]).auditors.count() == 1
    engagement = planned(home)
    organisation_services.add_member(actor=home.admin, organisation_id=home.organisation.pk, username="orla")
    project_services.appoint(actor=home.admin, project_id=home.project.pk, username="orla", role=Role.RISK_OWNER)
    with pytest.raises(Unusable, match="risk owner"):
        services.lay_open(actor=home.cleo, engagement_id=engagement.pk)


def test_only_who_may_lay_open_the_whole_scope_holds_an_audit(home: House, orla: Actor) -> None:
    for who in (home.ada, home.omar, home.vera):
        with pytest.raises(NotAllowed, match="hold an audit"):
            planned(home, actor=who)
    with pytest.raises(NotFound):
        planned(home, actor=home.dev)
    with pytest.raises(NotAllowed, match="administrator"):
        planned(home, whole_organisation=True, project_ids=())
    engagement = planned(home)
    with pytest.raises(NotAllowed):
        services.lay_open(actor=home.rita, engagement_id=engagement.pk)
    with pytest.raises(NotAllowed):
        services.lay_open(actor=orla, engagement_id=engagement.pk)


def test_a_request_is_answered_sent_back_answered_again_and_settled(home: House, run: Run, orla: Actor) -> None:
    engagement = opened(home)
    asked = exchange.ask(actor=orla, engagement_id=engagement.pk, text="Show me who approved the run.")
    assert (asked.project_id, asked.number) == (home.project.pk, 1)
    assert selectors.waiting_for(home.rita) == [asked]
    assert selectors.waiting_for(home.vera) == selectors.waiting_for(home.dev) == []
    with pytest.raises(NotAllowed, match="answer an auditor"):
        exchange.answer(actor=home.vera, request_id=asked.pk, text="Me.")
    with pytest.raises(NotFound):
        exchange.answer(actor=home.dev, request_id=asked.pk, text="Me.")
    said = exchange.answer(actor=home.rita, request_id=asked.pk, text="Rita did.", records=[("run", str(run.pk))])
    assert said.records == [{"kind": "run", "id": str(run.pk), "name": str(run)}]
    with pytest.raises(NotAllowed):
        exchange.settle(actor=home.rita, request_id=asked.pk)
    exchange.send_back(actor=orla, request_id=asked.pk, text="And when?")
    asked.refresh_from_db()
    assert asked.state == Asked.WAITING
    exchange.answer(actor=home.rita, request_id=asked.pk, text="On the day before.")
    assert exchange.settle(actor=orla, request_id=asked.pk).state == Asked.SETTLED
    with pytest.raises(WrongState):
        exchange.answer(actor=home.rita, request_id=asked.pk, text="Also this.")


def test_an_answer_links_nothing_outside_the_scope(home: House, orla: Actor) -> None:
    asked = exchange.ask(actor=orla, engagement_id=opened(home).pk, text="Show me.")
    for link in (("project", str(home.elsewhere.pk)), ("run", str(home.project.pk)), ("run", "none"), ("none", "1")):
        with pytest.raises(Unusable, match="in the scope"):
            exchange.answer(actor=home.rita, request_id=asked.pk, text="Here.", records=[link])


def test_a_finding_goes_from_open_to_closed_also_after_the_engagement(home: House, orla: Actor) -> None:
    engagement = opened(home)
    with pytest.raises(NotAllowed):
        exchange.find(actor=home.cleo, engagement_id=engagement.pk, severity=Severity.MINOR, text="Mine.")
    finding = exchange.find(actor=orla, engagement_id=engagement.pk, severity=Severity.MAJOR, text="No limits.")
    services.close(actor=orla, engagement_id=engagement.pk, conclusion="One major finding.")
    with pytest.raises(WrongState):
        exchange.find(actor=orla, engagement_id=engagement.pk, severity=Severity.MINOR, text="Late.")
    with pytest.raises(Unusable, match="no role there"):
        exchange.respond(actor=home.rita, finding_id=finding.pk, response="We set some.", owner="dev", due=today(9))
    exchange.respond(actor=home.rita, finding_id=finding.pk, response="We set some.", owner="ada", due=today(9))
    with pytest.raises(NotAllowed):
        exchange.close_finding(actor=home.rita, finding_id=finding.pk, how="Done.")
    closed = exchange.close_finding(actor=orla, finding_id=finding.pk, how="I saw the limits.")
    assert (closed.state, closed.owner_name, closed.closed_by_name) == (Found.CLOSED, "Ada Brandt", "Orla Quinn")


def test_members_of_one_project_see_nothing_that_was_asked_about_another(home: House, orla: Actor) -> None:
    other = project_services.create(actor=home.admin, organisation_id=home.organisation.pk, name="Mortgage letters")
    both = opened(home, actor=home.admin, project_ids=[home.project.pk, other.pk])
    about_other = exchange.ask(actor=orla, engagement_id=both.pk, text="Show me.", project_id=other.pk)
    about_all = exchange.ask(actor=orla, engagement_id=both.pk, text="Show me all.")
    assert about_all.project_id is None and both.project_id is None
    assert set(selectors.requests_visible_to(home.admin)) == {about_other, about_all}
    assert not selectors.requests_visible_to(home.rita).exists()
    with pytest.raises(NotFound):
        exchange.ask(actor=orla, engagement_id=both.pk, text="Show me.", project_id=home.elsewhere.pk)


def test_the_report_is_frozen_with_what_was_asked_found_and_read(home: House, run: Run, orla: Actor) -> None:
    engagement = opened(home)
    asked = exchange.ask(actor=orla, engagement_id=engagement.pk, text="Show me the run.")
    exchange.answer(actor=home.rita, request_id=asked.pk, text="Here.", records=[("run", str(run.pk))])
    exchange.find(actor=orla, engagement_id=engagement.pk, severity=Severity.OBSERVATION, text="All in order.")
    reading.note(orla, "run-detail", run)
    closed = services.close(actor=orla, engagement_id=engagement.pk, conclusion="Nothing to object to.")
    report = closed.report
    assert report is not None
    assert report["sha256"] == digest({key: value for key, value in report.items() if key != "sha256"})
    assert [row["answers"][0]["text"] for row in report["requests"]] == ["Here."]
    assert [row["severity"] for row in report["findings"]] == ["observation"]
    assert [(row["by"], row["kind"], row["pages"]) for row in report["read"]] == [("Orla Quinn", "run", ["run-detail"])]
    assert report["conclusion"] == "Nothing to object to."
    (entry,) = AuditEvent.objects.filter(action="engagement.closed", subject_id=str(engagement.pk))
    assert report["sha256"] in entry.body
    with pytest.raises(WrongState):
        services.close(actor=orla, engagement_id=engagement.pk, conclusion="Again.")


def test_reading_is_on_record_once_for_each_page_and_hour(
    home: House, run: Run, orla: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    engagement = opened(home)
    for page in ("run-detail", "run-detail", "run-log", "api:run-detail", "run-log"):
        reading.note(orla, page, run)
    reading.note(orla, "run-list", None)
    entries = AuditEvent.objects.filter(action="record.read")
    assert entries.filter(subject_id=str(run.pk), project=home.project.pk).count() == 3
    assert entries.filter(subject_id=str(engagement.pk)).count() == 1
    monkeypatch.setattr(reading, "ONCE_IN", timedelta(0))  # as if the hour were over
    reading.note(orla, "run-detail", run)
    assert entries.filter(subject_id=str(run.pk)).count() == 4
    (read,) = [each for each in selectors.readings(engagement) if each.kind == "run"]
    assert read.pages == ("api:run-detail", "run-detail", "run-log")
    reading.note(home.vera, "run-detail", run)
    reading.note(orla, "project-detail", home.elsewhere)
    assert entries.count() == 5, "neither a member, nor what lies outside the scope"


@pytest.mark.parametrize(
    ("state", "first", "last", "open_"),
    [
        ("open", 0, 0, True),
        ("open", 1, 2, False),
        ("open", -2, -1, False),
        ("planned", 0, 0, False),
        ("closed", 0, 0, False),
    ],
)
def test_the_rule_and_the_query_say_the_same(
    home: House, orla: Actor, state: str, first: int, last: int, open_: bool
) -> None:
    engagement = planned(home)
    Engagement.objects.update(state=state, access_from=today(first), access_until=today(last))
    engagement.refresh_from_db()
    assert rules.lays_open(engagement.window, today()) is open_
    assert access.is_auditing(orla) is open_
