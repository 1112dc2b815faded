"""What people are told: of which acts, once, only where they may see, and until they looked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from governance.delivery.lineage import services as lineage
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotFound, Unusable
from governance.materials.datasets.models import DatasetVersion
from governance.oversight.retention import services as holds
from governance.oversight.retention.rules import Basis
from governance.people.approvals import delegations, reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.people.engagements import exchange
from governance.people.engagements import services as engagements
from governance.people.engagements.models import Engagement
from governance.people.notifications import deadlines, feeds, letters, rules, selectors, services
from governance.people.notifications.models import Letter, Notice
from governance.people.notifications.rules import Channel, Kind, LetterState
from governance.people.policies import services as policies
from governance.people.projects import services as projects
from governance.people.projects.models import Classification, Member
from governance.people.projects.rules import Role
from tests import factories
from tests.people import PASSWORD, House, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def data(home: House) -> DatasetVersion:
    return factories.registered_version(home, rows=9)


@pytest.fixture
def asked(home: House, data: DatasetVersion) -> ApprovalRequest:
    return approvals.ask(actor=home.ada, subject=data, project_id=home.project.pk)


def told(actor: Actor) -> list[str]:
    return [notice.text for notice in selectors.visible_to(actor)]


def write_to(actor: Actor, email: str = "someone@linden.example") -> None:
    get_user_model().objects.filter(pk=actor.user_id).update(email=email)


def decide(actor: Actor, request: ApprovalRequest, verdict: Verdict, reason: str = "Looked at it.") -> None:
    proof = reauthentication.by_password(
        actor=actor, password=PASSWORD, subject_digest=request.subject_digest, verdict=verdict
    )
    approvals.decide(actor=actor, request_id=request.pk, verdict=verdict, reason=reason, proof=proof)


def test_who_could_decide_is_told_of_a_request_and_nobody_else(home: House, asked: ApprovalRequest) -> None:
    assert "Ada Brandt asks you to decide" in told(home.ben)[0]
    for other in (home.ada, home.rita, home.cleo, home.paula, home.omar, home.vera, home.dev, home.admin):
        assert told(other) == []


def test_who_asked_is_told_of_the_decision_and_the_request_asks_nobody_any_more(
    home: House, asked: ApprovalRequest
) -> None:
    assert selectors.unseen(home.ben) == 1
    decide(home.ben, asked, Verdict.CHANGES, "Name the source.")
    assert "changes were asked for by Ben Castell" in told(home.ada)[0]
    assert "Name the source" not in told(home.ada)[0], "a reason can be erased; a notice is not looked through"
    assert selectors.unseen(home.ben) == 0, "it is decided: nothing waits for him"


def test_an_act_that_is_rolled_back_tells_nobody(home: House, data: DatasetVersion) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        approvals.ask(actor=home.ada, subject=data, project_id=home.project.pk)
        raise ZeroDivisionError
    assert not Notice.objects.exists()


def test_one_act_is_told_once_however_often_it_is_sent(home: House, asked: ApprovalRequest) -> None:
    act = Notice.objects.get(person=home.ben.user_id).act
    for _ in range(3):
        services.give(
            kind=Kind.ASKED, about=asked,
            people=[home.ben.lookup_id], text="Again.",
            act=act,
        )  # fmt: skip
    assert len(told(home.ben)) == 1


def test_a_withdrawal_tells_who_asked_and_who_signed_and_taking_it_back_tells_them_too(
    home: House, asked: ApprovalRequest, data: DatasetVersion
) -> None:
    decide(home.ben, asked, Verdict.APPROVE)
    made = lineage.withdraw(actor=home.paula, version_id=data.pk, reason="Consent was taken back.")
    for one in (home.ada, home.ben):
        assert "suspended, because Paula Ingold withdrew" in told(one)[0]
    proof = reauthentication.by_password(
        actor=home.cleo, password=PASSWORD, subject_digest=made.content_digest, verdict=Verdict.APPROVE
    )
    lineage.take_back(actor=home.cleo, withdrawal_id=made.pk, reason="It covers it after all.", proof=proof)
    for one in (home.ada, home.ben):
        assert "has its force again, because Cleo Haas" in told(one)[0]


def test_with_the_role_go_the_notices_and_nobody_outside_is_told(home: House, asked: ApprovalRequest) -> None:
    services.give(
        kind=Kind.DUE, about=asked,
            people=[home.dev.lookup_id, home.rita.lookup_id],
        text="Soon.", act="a" * 64,
    )  # fmt: skip
    assert told(home.dev) == [] and not Notice.objects.filter(person=home.dev.user_id).exists()
    assert told(home.rita) == ["Soon."]
    projects.dismiss(actor=home.admin, member_id=Member.objects.get(user_id=home.rita.user_id).pk)
    assert told(home.rita) == [] and selectors.unseen(home.rita) == 0
    with pytest.raises(NotFound):
        services.mark_seen(actor=home.rita, notice_id=Notice.objects.get(person=home.rita.user_id).pk)


def test_a_run_and_its_evaluation_tell_who_made_it_how_they_ended(home: House) -> None:
    run = factories.finished_run(home)
    texts = told(home.ada)
    assert f"Run {run} is finished." in texts
    assert [text for text in texts if text.startswith(f"The evaluation of {run.model_version}")]
    assert told(home.omar) == []


def test_opening_a_record_is_seeing_what_one_was_told_of_it(home: House, asked: ApprovalRequest) -> None:
    services.look(actor=home.ben, kind=asked.kind, subject_id=asked.pk)
    assert selectors.unseen(home.ben) == 0
    assert len(told(home.ben)) == 1, "it stays on the page"


def test_somebody_elses_notice_is_as_absent(home: House, asked: ApprovalRequest) -> None:
    own = Notice.objects.get(person=home.ben.user_id)
    with pytest.raises(NotFound):
        services.mark_seen(actor=home.ada, notice_id=own.pk)
    assert services.mark_all_seen(actor=home.ada) == 0
    assert services.mark_all_seen(actor=home.ben) == 1


# --- what changed since a person looked -------------------------------------------------------------------------


def test_what_others_did_since_one_looked_is_a_change_until_one_looks_again(
    home: House, asked: ApprovalRequest, data: DatasetVersion
) -> None:
    services.look(actor=home.ada, kind=data.kind, subject_id=data.pk)
    assert selectors.changes(home.ada) == []
    decide(home.ben, asked, Verdict.APPROVE)
    (change,) = selectors.changes(home.ada)
    assert (change.subject_kind, change.subject_id) == ("dataset_version", data.pk)
    assert change.event.action == "approval.decided"
    services.look(actor=home.ada, kind=data.kind, subject_id=data.pk)
    assert selectors.changes(home.ada) == []


def test_an_own_act_is_no_change_and_another_project_is_never_told(
    home: House, asked: ApprovalRequest, data: DatasetVersion
) -> None:
    for one in (home.ben, home.dev):
        services.look(actor=one, kind=data.kind, subject_id=data.pk)
    decide(home.ben, asked, Verdict.APPROVE)
    assert selectors.changes(home.ben) == []
    assert selectors.changes(home.dev) == [], "Dev looked at a page that he cannot see"


def test_of_a_request_and_its_subject_the_later_look_counts(
    home: House, asked: ApprovalRequest, data: DatasetVersion
) -> None:
    services.look(actor=home.ada, kind=data.kind, subject_id=data.pk)
    decide(home.ben, asked, Verdict.APPROVE)
    services.look(actor=home.ada, kind=asked.kind, subject_id=asked.pk)
    assert selectors.changes(home.ada) == [], "she saw the decision on the request's page"


def test_the_queries_for_changes_do_not_follow_what_was_looked_at(
    home: House, django_assert_max_num_queries: Any
) -> None:
    for rows in range(5, 15):
        version = factories.registered_version(home, rows=rows)
        services.look(actor=home.rita, kind=version.kind, subject_id=version.pk)
        approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    with django_assert_max_num_queries(7):
        assert len(selectors.changes(home.rita)) == 10


# --- deadlines and calendar -------------------------------------------------------------------------------------


def hold(home: House, days: int, ground: str = "Section 257 HGB") -> Any:
    until = timezone.localdate() + timedelta(days=days)
    return holds.place(
        actor=home.cleo, project_id=home.project.pk, basis=Basis.STATUTORY, ground=ground, until=until
    )  # fmt: skip


def test_a_deadline_is_brought_to_mind_when_it_comes_near_and_when_it_is_at_hand(home: House) -> None:
    hold(home, days=13)
    hold(home, days=60, ground="far away")
    for _ in range(3):
        deadlines.tell_what_is_near()
    assert len(told(home.cleo)) == 1 and "ends on" in told(home.cleo)[0]
    hold(home, days=1, ground="tomorrow")
    deadlines.tell_what_is_near()
    deadlines.tell_what_is_near()
    assert len(told(home.cleo)) == 2


def test_a_request_with_a_day_and_a_loan_stand_among_what_is_due_and_their_people_are_told(home: House) -> None:
    terms = {"steps": [{"name": "Data", "roles": ["data_steward"]}], "deadline_days": 3, "expires_after_days": 9}
    drafted = policies.draft(actor=home.admin, subject_kind="dataset_version", terms=terms, project_id=home.project.pk)
    factories.published(home.admin, drafted)
    asked = approvals.ask(actor=home.ada, subject=factories.registered_version(home), project_id=home.project.pk)
    today = timezone.localdate()
    delegations.delegate(
        actor=home.ben, project_id=home.project.pk, username="paula", role=Role.DATA_STEWARD, starts_on=today,
        ends_on=today + timedelta(days=5), reason="On leave.",
    )  # fmt: skip
    assert "Ben Castell lends you the role of data steward" in told(home.paula)[0]
    due, loan = deadlines.soon(home.cleo, timedelta(days=30))
    assert (due.on, due.people) == (
        timezone.localdate(asked.due_at), {home.ben.user_id, home.paula.user_id, home.ada.user_id}
    )  # fmt: skip
    assert loan.on == today + timedelta(days=5)
    approvals.comment(actor=home.ben, request_id=asked.pk, text="Where from?")
    assert any("Ben Castell commented" in text for text in told(home.ada))
    decide(home.ben, asked, Verdict.APPROVE)
    assert [each.what for each in deadlines.soon(home.ada, timedelta(days=30))][-1] == f"The approval of {asked} ends"


def test_deadlines_are_shown_in_the_order_of_their_days_to_who_sees_the_project(home: House) -> None:
    hold(home, days=20, ground="second")
    hold(home, days=10, ground="first")
    found = deadlines.soon(home.vera, timedelta(days=30))
    assert [deadline.ground for deadline in found] == ["first", "second"]
    assert deadlines.soon(home.dev, timedelta(days=30)) == []


def test_the_days_from_which_duties_bind_are_in_the_calendar_of_who_sees_the_project(home: House) -> None:
    made = factories.classification(home)
    day = timezone.localdate() + timedelta(days=10)
    duties = [{**duty, "applies_from": None} for duty in made.outcome["duties"]]
    duties[:2] = [{**duty, "applies_from": day.isoformat()} for duty in duties[:2]]
    Classification.objects.update(outcome={**made.outcome, "duties": duties})
    [found] = deadlines.soon(home.vera, timedelta(days=30))
    assert (found.on, found.what) == (day, "2 duties begin to apply to Bank support assistant")
    assert found.ground.split("; ")[0] == duties[0]["ref"]
    assert found.people == {home.cleo.user_id, home.rita.user_id, home.admin.user_id}
    assert deadlines.soon(home.dev, timedelta(days=30)) == []
    factories.classification(home, **factories.ANSWERS)  # a newer outcome stands alone
    assert day not in [deadline.on for deadline in deadlines.soon(home.vera, timedelta(days=30))]


def test_a_calendar_opens_by_its_newest_secret_alone(home: House) -> None:
    hold(home, days=20)
    first = feeds.make(actor=home.vera)
    actor, found = feeds.read(first)
    assert actor == home.vera and len(found) == 1
    second = feeds.make(actor=home.vera)
    with pytest.raises(NotFound):
        feeds.read(first)
    projects.dismiss(actor=home.admin, member_id=Member.objects.get(user_id=home.vera.user_id).pk)
    assert feeds.read(second)[1] == [], "she sees the project no more"
    get_user_model().objects.filter(pk=home.vera.user_id).update(is_active=False)
    with pytest.raises(NotFound):
        feeds.read(second)
    assert second not in str(selectors.feed(home.vera).__dict__), "only the hash is kept"


def test_a_closed_calendar_opens_no_more(home: House) -> None:
    token = feeds.make(actor=home.ada)
    feeds.close(actor=home.ada)
    with pytest.raises(NotFound):
        feeds.read(token)
    with pytest.raises(NotFound):
        feeds.close(actor=home.ada)


# --- letters ----------------------------------------------------------------------------------------------------


def test_who_has_no_address_gets_no_letter(home: House, asked: ApprovalRequest) -> None:
    assert letters.write(timezone.now()) == []


def test_a_letter_is_written_of_each_notice_that_goes_at_once_and_only_once(home: House, data: DatasetVersion) -> None:
    write_to(home.ben)
    approvals.ask(actor=home.ada, subject=data, project_id=home.project.pk)
    (letter,) = letters.write(timezone.now())
    assert letters.write(timezone.now()) == []
    assert letter.person_id == home.ben.user_id and not letter.is_digest
    assert letters.claim(letter.pk, timezone.now()) is not None
    assert letters.claim(letter.pk, timezone.now()) is None, "another process has it"


def test_what_was_seen_on_the_page_is_not_written_of(home: House, data: DatasetVersion) -> None:
    write_to(home.ben)
    asked = approvals.ask(actor=home.ada, subject=data, project_id=home.project.pk)
    services.look(actor=home.ben, kind=asked.kind, subject_id=asked.pk)
    assert letters.write(timezone.now()) == []


def test_who_chose_the_digest_gets_one_letter_a_day_at_their_hour(home: House, data: DatasetVersion) -> None:
    write_to(home.ben)
    services.choose(actor=home.ben, channels={"asked": "digest"}, digest_hour=18)
    approvals.ask(actor=home.ada, subject=data, project_id=home.project.pk)
    other = factories.registered_version(home, rows=4)
    approvals.ask(actor=home.ada, subject=other, project_id=home.project.pk)
    Notice.objects.update(created_at=datetime(2026, 11, 26, 12, 0, tzinfo=UTC))
    assert letters.write(datetime(2026, 11, 26, 17, 59, tzinfo=UTC)) == []
    (letter,) = letters.write(datetime(2026, 11, 26, 18, 0, tzinfo=UTC))
    assert letter.is_digest and letter.notices.count() == 2
    assert letters.write(datetime(2026, 11, 26, 18, 1, tzinfo=UTC)) == []
    assert letters.write(datetime(2026, 11, 27, 18, 1, tzinfo=UTC)) == []


def test_a_letter_tells_nothing_of_a_project_that_its_person_left_meanwhile(home: House, data: DatasetVersion) -> None:
    write_to(home.ben)
    approvals.ask(actor=home.ada, subject=data, project_id=home.project.pk)
    (letter,) = letters.write(timezone.now())
    projects.dismiss(actor=home.admin, member_id=Member.objects.get(user_id=home.ben.user_id).pk)
    assert letters.contents(letter) == []


def test_a_letter_of_a_process_that_was_lost_is_given_up_and_never_sent_again(
    home: House, data: DatasetVersion
) -> None:
    write_to(home.ben)
    approvals.ask(actor=home.ada, subject=data, project_id=home.project.pk)
    (letter,) = letters.write(timezone.now())
    began = timezone.now()
    letters.claim(letter.pk, began)
    assert letters.due(began + timedelta(minutes=5)) == []
    assert Letter.objects.get().state == LetterState.SENDING
    assert letters.due(began + timedelta(hours=1)) == []
    assert Letter.objects.get().state == LetterState.UNKNOWN
    assert letters.write(timezone.now()) == []


def test_pauses_grow_and_end() -> None:
    now = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    pauses = [rules.next_try(tries, now) for tries in range(1, 7)]
    waits = [at - now for at in pauses if at is not None]
    assert waits == sorted(waits) and len(waits) == 4 and pauses[4:] == [None, None]


@pytest.mark.parametrize(
    ("now", "hour", "due"), [("09:30", 8, "26 08:00"), ("08:00", 8, "26 08:00"), ("07:59", 8, "25 08:00")]
)
def test_the_digest_of_a_day_is_due_from_its_hour_on(now: str, hour: int, due: str) -> None:
    at = datetime.fromisoformat(f"2026-11-26T{now}:00+00:00")
    assert rules.digest_time(at, hour).strftime("%d %H:%M") == due


# --- preferences ------------------------------------------------------------------------------------------------


def test_what_a_person_chose_holds_for_what_comes_and_the_rest_as_for_everybody(home: House) -> None:
    services.choose(actor=home.ben, channels={"asked": "page"}, digest_hour=6)
    chosen = selectors.preferences(home.ben)
    assert chosen.channel(Kind.ASKED) == Channel.PAGE
    assert chosen.channel(Kind.DECIDED) == rules.DEFAULTS[Kind.DECIDED]
    assert selectors.preferences(home.ada).channel(Kind.ASKED) == Channel.AT_ONCE


@pytest.mark.parametrize("wrong", [{"asked": "pigeon"}, {"gossip": "page"}])
def test_an_unknown_way_or_kind_is_refused(home: House, wrong: dict[str, str]) -> None:
    with pytest.raises(Unusable):
        services.choose(actor=home.ben, channels=wrong, digest_hour=8)
    with pytest.raises(Unusable):
        services.choose(actor=home.ben, channels={}, digest_hour=24)


# --- audits -----------------------------------------------------------------------------------------------------


@pytest.fixture
def audit(home: House) -> tuple[Engagement, Actor]:
    """An open audit of the project, by somebody who belongs to nothing."""
    orla, today = person("orla", "Orla Quinn"), timezone.localdate()
    made = engagements.plan(
        actor=home.cleo, organisation_id=home.organisation.pk, title="First look", project_ids=[home.project.pk],
        auditors=["orla"], access_from=today, access_until=today + timedelta(days=1),
    )  # fmt: skip
    engagements.lay_open(actor=home.cleo, engagement_id=made.pk)
    return made, orla


def test_an_auditor_and_who_answers_are_told_of_one_another(home: House, audit: tuple[Engagement, Actor]) -> None:
    engagement, orla = audit
    assert told(orla) == ["Audit First look: opened to you by Cleo Haas."]
    asked = exchange.ask(actor=orla, engagement_id=engagement.pk, project_id=home.project.pk, text="Show me R-1.")
    assert "Audit First look: Orla Quinn asks to be shown something (request 1)." in told(home.ada)
    assert told(home.vera) == [] and told(home.dev) == []
    exchange.answer(actor=home.ada, request_id=asked.pk, text="Here it is.")
    assert told(orla)[0] == "Audit First look: Ada Brandt answered request 1."


def test_the_end_of_an_audit_is_brought_to_mind_and_takes_the_auditors_sight_of_the_rest(
    home: House, audit: tuple[Engagement, Actor], asked: ApprovalRequest
) -> None:
    engagement, orla = audit
    assert [deadline.what for deadline in deadlines.soon(orla, timedelta(days=30))] == [
        "Access to the audit First look ends"
    ]
    deadlines.tell_what_is_near()
    assert any("Access to the audit First look ends" in text for text in told(orla))
    services.look(actor=orla, kind="approval_request", subject_id=asked.pk)
    decide(home.ben, asked, Verdict.APPROVE)
    assert len(selectors.changes(orla)) == 1
    engagements.close(actor=home.cleo, engagement_id=engagement.pk, conclusion="Nothing.")
    assert selectors.changes(orla) == []
