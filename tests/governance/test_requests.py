"""What becomes of a request beside a plain yes or no: abstaining, lending a role, carrying over, time, comments."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.foundation.core.errors import NotAllowed, NotFound, Unusable, WrongState
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import delegations, foresight, lines, selectors, services, timing
from governance.people.approvals.models import ApprovalRequest, Decision, Delegation
from governance.people.approvals.rules import State, Verdict
from governance.people.notifications.models import Notice
from governance.people.policies import services as policies
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from tests import factories
from tests.people import House

BY_PART = {
    "steps": [
        {"name": "Data", "roles": ["data_steward"], "parts": ["rows", "licence"]},
        {"name": "Origin", "roles": ["data_protection_officer"], "parts": ["provenance"]},
    ]
}


def asked(home: House, version: DatasetVersion | None = None, by: Actor | None = None) -> ApprovalRequest:
    version = version or factories.registered_version(home)
    return services.ask(actor=by or home.ada, subject=version, project_id=home.project.pk)


def decide(actor: Actor, request: ApprovalRequest, verdict: Verdict = Verdict.APPROVE, reason: str = "") -> Decision:
    return factories.decide(actor, request, verdict, reason=reason)


def lend(lender: Actor, home: House, to: str, role: Role, **days: int) -> Delegation:
    today = timezone.localdate()
    return delegations.delegate(
        actor=lender, project_id=home.project.pk, username=to, role=role, reason="On leave.",
        starts_on=today + timedelta(days=days.get("start", 0)), ends_on=today + timedelta(days=days.get("end", 7)),
    )  # fmt: skip


def changed(version: DatasetVersion, **fields: Any) -> DatasetVersion:
    DatasetVersion.objects.filter(pk=version.pk).update(**fields)
    return DatasetVersion.objects.get(pk=version.pk)


def test_what_nobody_can_decide_on_any_more_waits_on_nobody_and_its_asker_is_told(home: House) -> None:
    request, other = asked(home), asked(home, factories.registered_version(home, rows=12))
    assert timing.end_what_is_over() == 0
    changed(factories.registered(request), licence="MIT")
    assert timing.end_what_is_over() == 1 and timing.end_what_is_over() == 0
    request.refresh_from_db()
    assert request.state == State.VOID and selectors.inbox(home.ben) == [other]
    (entry,) = AuditEvent.objects.filter(action="approval.voided")
    assert '"because":"changed"' in entry.body and "It changed after it was asked about." not in entry.body
    assert json.loads(entry.personal.text) == {"because": "It changed after it was asked about."}
    told = Notice.objects.get(person_id=home.ada.user_id, subject_id=request.pk, text__contains="nobody can decide")
    assert "Ask anew where it is still needed" in told.text
    browser, page = Client(), reverse("approval-detail", args=[request.pk])
    browser.force_login(get_user_model().objects.get(username="ada"))
    assert "Nobody can decide on this any more" in browser.get(page).content.decode()
    again = asked(home, factories.registered(request))
    shown = browser.get(page).content.decode()
    assert "It was asked about anew" in shown and reverse("approval-detail", args=[again.pk]) in shown


def test_who_abstains_leaves_the_seat_to_another(home: House) -> None:
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="vera", role=Role.DATA_STEWARD)
    request = asked(home)
    assert decide(home.ben, request, Verdict.ABSTAIN).meaning == ""
    request.refresh_from_db()
    assert request.state == State.OPEN and selectors.inbox(home.ben) == []
    with pytest.raises(NotAllowed, match="Ben decided on this request already"):
        decide(home.ben, request)
    decide(home.vera, request)
    assert selectors.standing(factories.registered(request)).granted


def test_a_change_asks_exactly_those_whose_part_changed(home: House) -> None:
    factories.governed(home, BY_PART)
    version = factories.registered_version(home)
    first = asked(home, version)
    by_ben = decide(home.ben, first)
    decide(home.paula, first, Verdict.CHANGES, "Who wrote these?")
    second = asked(home, changed(version, provenance={**version.provenance, "source": "The help desk's own replies."}))
    assert [each.decision for each in second.carried.all()] == [by_ben]
    assert selectors.inbox(home.ben) == [] and selectors.inbox(home.paula) == [second]
    assert lines.last_decided(second) == first
    decide(home.paula, second)
    answer = selectors.standing(DatasetVersion.objects.get(pk=version.pk))
    assert answer.granted and answer.by == "Ben Castell, Paula Ingold"
    # Now the licence changes: Paula's part is as it was, and Ben looks again although his own was carried before.
    third = asked(home, changed(version, licence="CC-BY-4.0"))
    assert [each.decision.by_name for each in third.carried.all()] == ["Paula Ingold"]
    assert selectors.inbox(home.ben) == [third] and selectors.inbox(home.paula) == []
    assert AuditEvent.objects.filter(action="approval.carried").count() == 2


def test_who_reviews_all_of_it_looks_at_every_change(home: House) -> None:
    factories.governed(home, {"steps": [{"name": "All", "roles": ["data_steward"]}, BY_PART["steps"][1]]})
    version = factories.registered_version(home)
    first = asked(home, version)
    decide(home.ben, first)
    decide(home.paula, first)
    second = asked(home, changed(version, licence="CC-BY-4.0"))
    assert [each.decision.by_name for each in second.carried.all()] == ["Paula Ingold"]


@pytest.mark.parametrize("spoil", ["refused", "taken back", "lost the role", "asked for it", "another step", "expired"])
def test_nothing_is_carried_where_it_should_be_looked_at_again(home: House, spoil: str) -> None:
    factories.governed(home, {**BY_PART, "expires_after_days": 30})
    version = factories.registered_version(home)
    first = asked(home, version)
    decide(home.ben, first)
    asker = home.ada
    match spoil:
        case "refused":
            decide(home.paula, first, Verdict.REJECT, "No.")
        case "taken back":
            services.withdraw(actor=home.ada, request_id=first.pk)
        case "lost the role":
            ben = home.project.members.get(user_id=home.ben.user_id)
            projects.dismiss(actor=home.admin, member_id=ben.pk)
        case "asked for it":
            asker = home.ben
        case "another step":
            steps = [{**BY_PART["steps"][0], "roles": ["data_steward", "owner"]}, BY_PART["steps"][1]]
            factories.governed(home, {"steps": steps})
        case "expired":
            decide(home.paula, first)
            ApprovalRequest.objects.filter(pk=first.pk).update(expires_at=timezone.now())
    now = changed(version, provenance={**version.provenance, "source": "Elsewhere."})
    if spoil == "expired":
        timing.keep_time()
    assert not asked(home, now, by=asker).carried.exists()


def test_a_role_is_lent_for_days_and_shown_on_the_decision(home: House) -> None:
    request = asked(home)
    loan = lend(home.ben, home, "paula", Role.DATA_STEWARD)
    assert selectors.inbox(home.paula) == [request]
    decision = decide(home.paula, request)
    assert (decision.delegation, decision.stands_for_name) == (loan, "Ben Castell")
    assert decision.content()["stands_for"] == "Ben Castell"
    assert selectors.standing(factories.registered(request)).granted


def test_a_loan_gives_one_voice_not_two(home: House) -> None:
    factories.governed(home, {"steps": [{"name": "Data", "roles": ["data_steward", "owner"], "quorum": 2}]})
    request = asked(home)
    lend(home.ben, home, "paula", Role.DATA_STEWARD)
    decide(home.paula, request)
    with pytest.raises(NotAllowed, match="in Ben's stead already"):
        decide(home.ben, request)
    decide(home.admin, request)
    assert selectors.standing(factories.registered(request)).granted


def test_whose_lender_abstained_is_told_that_and_nothing_of_other_steps(home: House) -> None:
    request = asked(home)
    lend(home.ben, home, "paula", Role.DATA_STEWARD)
    decide(home.ben, request, Verdict.ABSTAIN)
    objection = selectors.objection(home.paula, request)
    assert objection is not None
    assert objection.text == "Ben Castell spoke on this request already, so that nobody does in their stead."


def test_a_draft_that_wants_a_second_factor_would_not_have_taken_a_password(home: House) -> None:
    decide(home.ben, asked(home))
    steps = [{"name": "Data", "roles": ["data_steward"], "factor": "second"}]
    drafted = policies.draft(
        actor=home.admin, subject_kind="dataset_version", terms={"steps": steps}, project_id=home.project.pk
    )
    (tried,) = foresight.try_out(home.admin, drafted)
    assert (tried.then, tried.now) == (State.GRANTED, State.OPEN)


def test_nobody_decides_in_the_stead_of_the_barred_nor_the_barred_in_anybodys(home: House) -> None:
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="vera", role=Role.DATA_STEWARD)
    lend(home.ben, home, "ada", Role.DATA_STEWARD)  # Ada registered the data
    lend(home.ben, home, "paula", Role.DATA_STEWARD)
    own = asked(home)
    with pytest.raises(NotAllowed, match="Ada registered this data"):
        decide(home.ada, own)
    services.withdraw(actor=home.ada, request_id=own.pk)
    of_ben = asked(home, factories.registered(own), by=home.ben)
    with pytest.raises(NotAllowed, match="Ben Castell asked for approval of this dataset version, so that nobody"):
        decide(home.paula, of_ben)


@pytest.mark.parametrize("spoil", ["not yet", "over", "ended", "lender lost it"])
def test_a_loan_holds_on_its_days_alone(home: House, spoil: str) -> None:
    loan = lend(home.ben, home, "paula", Role.DATA_STEWARD, start=2 if spoil == "not yet" else 0)
    today = timezone.localdate()
    match spoil:
        case "over":
            past = {"starts_on": today - timedelta(days=9), "ends_on": today - timedelta(days=1)}
            Delegation.objects.filter(pk=loan.pk).update(**past)
        case "ended":
            delegations.end(actor=home.ben, delegation_id=loan.pk)
            with pytest.raises(WrongState, match="over already"):
                delegations.end(actor=home.ben, delegation_id=loan.pk)
        case "lender lost it":
            projects.dismiss(actor=home.admin, member_id=home.project.members.get(user_id=home.ben.user_id).pk)
    request = asked(home)
    assert selectors.inbox(home.paula) == []
    with pytest.raises(NotAllowed, match="Only a data steward"):
        decide(home.paula, request)


def test_what_cannot_be_lent(home: House) -> None:
    with pytest.raises(NotAllowed, match="Only a risk owner"):
        lend(home.ben, home, "paula", Role.RISK_OWNER)
    with pytest.raises(Unusable, match="no other member"):
        lend(home.ben, home, "ben", Role.DATA_STEWARD)
    with pytest.raises(Unusable, match="no other member"):
        lend(home.ben, home, "dev", Role.DATA_STEWARD)
    with pytest.raises(Unusable, match="An auditor reads"):
        lend(home.ben, home, "omar", Role.DATA_STEWARD)
    with pytest.raises(Unusable, match="92 days at the latest"):
        lend(home.ben, home, "paula", Role.DATA_STEWARD, end=93)
    with pytest.raises(NotAllowed):
        delegations.end(actor=home.paula, delegation_id=lend(home.ben, home, "paula", Role.DATA_STEWARD).pk)
    with pytest.raises(NotFound):
        delegations.end(actor=home.dev, delegation_id=Delegation.objects.get().pk)


def test_an_approval_ends_when_its_time_is_over_whether_or_not_anybody_wrote_it_down(home: House) -> None:
    factories.governed(home, {"steps": [{"name": "Data", "roles": ["data_steward"]}], "expires_after_days": 30})
    request = asked(home)
    signed = decide(home.ben, request)
    request.refresh_from_db()
    assert request.expires_at == signed.created_at + timedelta(days=30)
    version = factories.registered(request)
    assert selectors.standing(version).granted
    ApprovalRequest.objects.update(expires_at=timezone.now())
    answer = selectors.standing(version)
    assert not answer.granted and answer.missing == ["one data steward"] and "ended on" in answer.why
    again = asked(home, version)
    request.refresh_from_db()
    assert (request.state, again.state) == (State.EXPIRED, State.OPEN)
    assert not again.carried.exists()


def test_who_waits_is_reminded_and_what_is_late_is_escalated_once(home: House) -> None:
    factories.governed(home, {
        "steps": [{"name": "Data", "roles": ["data_steward"]}], "deadline_days": 3, "remind_after_days": 2,
        "escalate_to": "owner",
    })  # fmt: skip
    request = asked(home)
    start = request.created_at

    def at(days: float) -> list[str]:
        before = set(AuditEvent.objects.values_list("pk", flat=True))
        timing.keep_time(start + timedelta(days=days))
        timing.keep_time(start + timedelta(days=days))
        return list(AuditEvent.objects.exclude(pk__in=before).order_by("seq").values_list("action", flat=True))

    assert at(1) == []
    assert at(2.1) == ["approval.reminded"]
    assert at(3.1) == ["approval.escalated"]
    assert at(4.2) == ["approval.reminded"]
    decide(home.ben, request)
    assert at(9) == []


def test_a_policy_can_want_a_reason_with_every_decision(home: House) -> None:
    factories.governed(home, {"steps": [{"name": "Data", "roles": ["data_steward"]}], "comment_required": True})
    request = asked(home)
    with pytest.raises(Unusable, match="wants a reason with every decision"):
        decide(home.ben, request)
    decide(home.ben, request, reason="Read all of it.")


def test_anybody_who_sees_a_request_comments_on_it(home: House) -> None:
    request = asked(home)
    said = services.comment(actor=home.omar, request_id=request.pk, text=" Who is the issuer? ")
    assert (said.by_name, said.text) == ("Omar Kaya", "Who is the issuer?")
    with pytest.raises(NotFound):
        services.comment(actor=home.dev, request_id=request.pk, text="Hello")
    with pytest.raises(Unusable):
        services.comment(actor=home.ben, request_id=request.pk, text=" ")
    entry = AuditEvent.objects.get(action="approval.commented")
    assert "issuer" not in entry.body  # what a person wrote can be erased; the trail holds only its commitment


def test_those_who_could_decide_are_the_ones_whose_inbox_has_it(home: House) -> None:
    lend(home.ben, home, "vera", Role.DATA_STEWARD)
    request = asked(home)
    named = {person.user_id for person in selectors.deciders([request])[request.pk]}
    assert named == {person.user_id for person in home.people.values() if selectors.inbox(person)}
    assert named == {home.ben.user_id, home.vera.user_id}
