"""Ways round two people, each tried as somebody would who wants to get through alone."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.errors import NotAllowed, Unusable
from governance.people.approvals import delegations, lines
from governance.people.approvals import selectors as approvals
from governance.people.approvals import services as asking
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.people.engagements import exchange
from governance.people.engagements import services as engagements
from governance.people.engagements.models import Engagement
from governance.people.organisations import services as organisations
from governance.people.policies import selectors as policies
from governance.people.policies import services as setting
from governance.people.policies.models import Policy
from governance.people.projects import services as projects
from governance.people.projects.models import Member
from governance.people.projects.rules import Role
from tests import factories
from tests.people import House

pytestmark = pytest.mark.django_db


def asked(home: House) -> ApprovalRequest:
    version = factories.registered_version(home)
    return asking.ask(actor=home.ada, subject=version, project_id=home.project.pk)


def naming(home: House, who: str, name: str) -> Policy:
    terms = {"steps": [{"name": "Data", "people": [{"id": getattr(home, who).user_id, "name": name}]}]}
    return setting.draft(actor=home.admin, subject_kind="dataset_version", terms=terms, project_id=home.project.pk)


def lent(home: House, to: str) -> None:
    today = timezone.localdate()
    delegations.delegate(
        actor=home.ben, project_id=home.project.pk, username=to, role=Role.DATA_STEWARD,
        starts_on=today, ends_on=today + timedelta(days=5), reason="On leave.",
    )  # fmt: skip


def audit(home: House, *, auditors: list[str], opened: bool = True, **given: Any) -> Engagement:
    today = timezone.localdate()
    found = engagements.plan(
        actor=home.admin, organisation_id=home.organisation.pk, title="Audit", auditors=auditors, access_from=today,
        access_until=today + timedelta(days=30), project_ids=[home.project.pk], **given,
    )  # fmt: skip
    return engagements.lay_open(actor=home.admin, engagement_id=found.pk) if opened else found


def dismiss(home: House, who: str) -> None:
    Member.objects.filter(project=home.project, user_id=getattr(home, who).user_id).delete()


def test_whom_a_policy_names_is_called_as_their_account_is(home: House) -> None:
    policy = naming(home, "cleo", "Rita Falk")
    assert policy.terms.deciders == "Cleo Haas"


@pytest.mark.parametrize("who", ["omar", "vera"])
def test_a_policy_makes_no_decider_of_who_only_reads(home: House, who: str) -> None:
    policy = naming(home, who, "")
    with pytest.raises(Unusable, match="lacks"):
        factories.published(home.admin, policy)


def test_whom_a_policy_names_decides_no_more_once_dismissed(home: House) -> None:
    factories.published(home.admin, naming(home, "cleo", ""))
    dismiss(home, "cleo")
    request = asked(home)
    assert home.cleo not in approvals.deciders([request])[request.pk]
    assert approvals.objection(home.cleo, request) is not None


@pytest.mark.parametrize("lost", ["lender's account", "taker's membership"])
def test_a_loan_ends_with_either_of_its_people(home: House, lost: str) -> None:
    lent(home, "vera")
    request = asked(home)
    assert approvals.objection(home.vera, request) is None
    if lost == "lender's account":
        get_user_model().objects.filter(pk=home.ben.user_id).update(is_active=False)
    else:
        dismiss(home, "vera")
    assert approvals.objection(home.vera, request) is not None


def test_who_audits_the_project_decides_nothing_in_it_with_a_lent_role_either(home: House) -> None:
    lent(home, "vera")
    request = asked(home)
    audit(home, auditors=["vera"])
    objection = approvals.objection(home.vera, request)
    assert objection is not None
    assert objection.code == "auditor"
    assert approvals.seats(home.vera, request) == []
    assert request not in approvals.inbox(home.vera)


def test_a_role_is_not_lent_to_who_audits_the_project(home: House) -> None:
    audit(home, auditors=["vera"])
    with pytest.raises(Unusable, match="auditor reads"):
        lent(home, "vera")


def test_an_auditor_gets_no_other_part_and_who_has_one_does_not_audit(home: House) -> None:
    audit(home, auditors=["omar"])
    with pytest.raises(Unusable, match="no other part"):
        projects.appoint(actor=home.admin, project_id=home.project.pk, username="omar", role=Role.RISK_OWNER)
    with pytest.raises(Unusable, match="no other part"):
        projects.appoint(actor=home.admin, project_id=home.project.pk, username="rita", role=Role.AUDITOR)


def test_an_auditor_who_got_a_part_all_the_same_finds_nothing_more(home: House) -> None:
    engagement = audit(home, auditors=["omar"])
    Member.objects.create(project=home.project, user_id=home.omar.user_id, role=Role.RISK_OWNER)
    with pytest.raises(NotAllowed, match="risk owner"):
        exchange.find(actor=home.omar, engagement_id=engagement.pk, severity="minor", text="Late.")


def test_nobody_audits_the_time_in_which_they_worked_there(home: House) -> None:
    asked(home)
    dismiss(home, "ada")
    with pytest.raises(Unusable, match="worked on what is audited"):
        audit(home, auditors=["ada"])
    before = {"period_from": date(2020, 1, 1), "period_until": date(2020, 12, 31)}
    assert audit(home, auditors=["ada"], **before).state == "open"


def test_an_auditor_links_nothing_outside_period_and_scope(home: House) -> None:
    version = factories.registered_version(home)
    elsewhere = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Second")
    today = timezone.localdate()
    secret = engagements.plan(
        actor=home.admin, organisation_id=home.organisation.pk, title="Of the second", auditors=["dev"],
        access_from=today, access_until=today, project_ids=[elsewhere.pk],
    )  # fmt: skip
    dismiss(home, "omar")
    of_2020 = audit(home, auditors=["omar"], period_from=date(2020, 1, 1), period_until=date(2020, 12, 31))
    of_today = audit(home, auditors=["omar"])

    def find(engagement: Engagement, kind: str, pk: Any) -> Any:
        link = [(kind, str(pk))]
        said = {"severity": "minor", "text": "See there.", "records": link}
        return exchange.find(actor=home.omar, engagement_id=engagement.pk, **said)

    with pytest.raises(Unusable, match="in the scope"):
        find(of_2020, "dataset_version", version.pk)
    with pytest.raises(Unusable, match="in the scope"):
        find(of_today, "engagement", secret.pk)
    assert find(of_today, "dataset_version", version.pk).records[0]["name"] == str(version)


def test_policies_of_another_time_are_not_laid_open(home: House) -> None:
    naming(home, "cleo", "")
    dismiss(home, "omar")
    audit(home, auditors=["omar"], period_from=date(2020, 1, 1), period_until=date(2020, 12, 31))
    assert not policies.visible_to(home.omar).exists()


def test_a_no_to_the_very_same_is_told_to_whoever_decides_next(home: House) -> None:
    request = asked(home)
    factories.decide(home.ben, request, Verdict.REJECT, reason="No consent.")
    again = asking.ask(actor=home.ada, subject=factories.registered(request), project_id=home.project.pk)
    assert [(each.by_name, each.reason) for each in lines.said_no(again)] == [("Ben Castell", "No consent.")]


def test_who_stands_for_an_organisation_is_kept_where_it_can_be_erased(home: House) -> None:
    told = {"contact": "mia.keller@linden.example", "authorised_representative": "Mia Keller, Berlin"}
    organisations.describe(actor=home.admin, organisation_id=home.organisation.pk, **told)
    assert not AuditEvent.objects.filter(body__icontains="Keller").exists()
