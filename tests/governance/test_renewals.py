"""An approval is renewed under another policy, or before it ends; it stands until the very same is decided anew."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.foundation.audit.models import AuditEvent
from governance.foundation.audit.verification import verify
from governance.foundation.core.errors import WrongState
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import selectors, services, timing
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import State, Verdict
from governance.people.notifications.models import Notice
from governance.people.policies import services as policies
from governance.work.runs import gates
from governance.work.runs import services as runs
from tests import factories
from tests.people import House

pytestmark = pytest.mark.django_db

STEWARD = {"name": "Data", "roles": ["data_steward"]}
OFFICER = {"name": "Second look", "roles": ["compliance_officer"]}


@pytest.fixture
def version(home: House) -> DatasetVersion:
    """Approved by Ben under what ships with Assay."""
    return factories.dataset_version(home)


def govern(home: House, *steps: dict[str, Any], **terms: Any) -> None:
    given = {"steps": list(steps), **terms}
    draft = policies.draft(actor=home.admin, subject_kind="dataset_version", terms=given, project_id=home.project.pk)
    factories.published(home.admin, draft)


def ask(home: House, version: DatasetVersion) -> ApprovalRequest:
    return services.ask(actor=home.ada, subject=version, project_id=home.project.pk)


def test_what_is_approved_is_not_asked_about_anew_for_no_reason(home: House, version: DatasetVersion) -> None:
    with pytest.raises(WrongState, match="approved already"):
        ask(home, version)
    govern(home, STEWARD, expires_after_days=365)
    renewed = ask(home, version)
    factories.approve(home.ben, renewed)
    with pytest.raises(WrongState, match="approved already"):
        ask(home, version)
    standing = selectors.standing(version)
    assert (standing.request, standing.remark, standing.renewable) == (renewed, "", False)


def test_under_a_stricter_policy_the_old_approval_stands_until_everybody_decided(
    home: House, version: DatasetVersion
) -> None:
    old = selectors.standing(version).request
    govern(home, STEWARD, OFFICER)
    standing = selectors.standing(version)
    assert standing.granted and standing.renewable and standing.request == old
    assert standing.remark == "It was approved under the default policy; policy 1 governs by now."
    gate = next(each for each in gates.for_plan(home.project, None, [version]) if each.key.endswith(str(version.pk)))
    assert gate.light == "green" and gate.cure == standing.remark
    renewal = ask(home, version)
    factories.approve(home.ben, renewal)
    standing = selectors.standing(version)
    assert standing.granted and (standing.request, standing.renewal) == (old, renewal) and not standing.renewable
    assert "stands until that is decided" in standing.remark
    with pytest.raises(WrongState, match="waits for a decision already"):
        ask(home, version)
    factories.approve(home.cleo, renewal)
    standing = selectors.standing(version)
    assert standing.granted and (standing.request, standing.remark) == (renewal, "")
    assert standing.by == "Ben Castell, Cleo Haas"
    old.refresh_from_db()
    assert old.state == State.REPLACED
    assert AuditEvent.objects.filter(action="approval.replaced", subject_id=str(old.pk)).count() == 1
    assert verify(records=True).sound


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.CHANGES])
def test_whoever_says_no_to_the_very_same_ends_the_old_approval(
    home: House, version: DatasetVersion, verdict: Verdict
) -> None:
    govern(home, OFFICER)
    factories.decide(home.cleo, ask(home, version), verdict, reason="The source is not named.")
    assert not selectors.standing(version).granted
    again = ask(home, version)
    assert not selectors.standing(version).granted, "what was replaced does not come back while it is asked anew"
    factories.approve(home.cleo, again)
    assert selectors.standing(version).granted


def test_a_renewal_that_is_taken_back_leaves_the_approval_as_it_was(home: House, version: DatasetVersion) -> None:
    old = selectors.standing(version).request
    govern(home, OFFICER)
    services.withdraw(actor=home.ada, request_id=ask(home, version).pk)
    standing = selectors.standing(version)
    assert standing.granted and standing.request == old and standing.renewable


def test_before_it_ends_an_approval_is_renewed_by_new_decisions(home: House, version: DatasetVersion) -> None:
    govern(home, STEWARD, expires_after_days=30)
    first = ask(home, version)
    factories.approve(home.ben, first)
    with pytest.raises(WrongState, match="approved already"):
        ask(home, version)
    end = timezone.now() + timedelta(days=14)
    ApprovalRequest.objects.filter(pk=first.pk).update(expires_at=end)
    assert selectors.standing(version).remark == f"Its approval ends on {timezone.localdate(end):%d %b %Y}."
    renewal = ask(home, version)
    assert renewal.state == State.OPEN, "what was decided then counts for no longer than it did"
    factories.approve(home.ben, renewal)
    timing.keep_time(end + timedelta(days=1))
    first.refresh_from_db()
    standing = selectors.standing(version)
    assert first.state == State.REPLACED and standing.granted and standing.request == renewal


@pytest.mark.parametrize(
    ("then", "now", "counts"),
    [
        ({"expires_after_days": 30}, {}, False),
        ({"expires_after_days": 30}, {"expires_after_days": 31}, False),
        ({"expires_after_days": 30}, {"expires_after_days": 30, "deadline_days": 3}, True),
        ({"expires_after_days": 30}, {"expires_after_days": 29}, True),
        ({}, {"expires_after_days": 365}, True),
        ({}, {"comment_required": True}, False),
        ({}, {"record_opened": True}, False),
        ({"record_opened": True}, {}, True),
        ({"record_opened": True}, {"record_opened": True, "deadline_days": 3}, True),
    ],
)
def test_a_later_policy_gives_an_old_signature_no_longer_end_and_no_terms_that_it_did_not_meet(
    home: House, version: DatasetVersion, then: dict[str, Any], now: dict[str, Any], counts: bool
) -> None:
    govern(home, STEWARD, deadline_days=9, **then)
    first = ask(home, version)
    factories.decide(home.ben, first, Verdict.APPROVE)
    first.refresh_from_db()
    govern(home, STEWARD, **now)
    renewal = ask(home, version)
    assert (renewal.state == State.GRANTED, renewal.carried.exists()) == (counts, counts)
    ends = [each.expires_at for each in (first, renewal) if each.expires_at]
    assert not counts or not ends or renewal.expires_at == min(ends), "its end is never later than it was"
    assert selectors.standing(version).request == (renewal if counts else first)


def test_a_reason_that_was_given_counts_where_one_is_wanted_now(home: House, version: DatasetVersion) -> None:
    govern(home, STEWARD, deadline_days=9, comment_required=True)
    factories.decide(home.ben, ask(home, version), Verdict.APPROVE, reason="The letters are masked.")
    govern(home, STEWARD, comment_required=True)
    assert ask(home, version).state == State.GRANTED


def test_a_changed_subject_takes_no_signature_past_the_end_that_it_was_given_with(
    home: House, version: DatasetVersion
) -> None:
    rows = {"name": "Rows", "roles": ["data_steward"], "parts": ["rows"]}
    origin = {"name": "Origin", "roles": ["compliance_officer"], "parts": ["licence", "provenance"]}
    govern(home, rows, origin, expires_after_days=30)
    first = ask(home, version)
    for who in (home.ben, home.cleo):
        factories.approve(who, first)
    govern(home, rows, origin, expires_after_days=60)
    DatasetVersion.objects.filter(pk=version.pk).update(licence="CC-BY-4.0")
    assert not ask(home, DatasetVersion.objects.get(pk=version.pk)).carried.exists()


def test_a_renewal_that_waits_when_its_run_is_launched_ends_and_says_that_the_approval_stands(home: House) -> None:
    factories.classification(home)
    run = runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=factories.base_model(home).pk,
        data=[factories.dataset_version(home).pk], training={}, evaluation_plan_id=factories.evaluation_plan(home).pk,
    )  # fmt: skip
    old = runs.submit(actor=home.ada, run_id=run.pk)
    factories.approve(home.rita, old)
    draft = policies.draft(actor=home.admin, subject_kind="run", terms={"steps": [OFFICER]}, project_id=home.project.pk)
    factories.published(home.admin, draft)
    run.refresh_from_db()
    renewal = services.ask(actor=home.ada, subject=run, project_id=home.project.pk)
    run = runs.launch(actor=home.ada, run_id=run.pk)
    assert timing.end_what_is_over() == 1
    renewal.refresh_from_db()
    assert renewal.state == State.VOID and selectors.standing(run).request == old
    told = Notice.objects.get(person_id=home.ada.person_id, subject_id=renewal.pk)
    assert "only a submitted run plan is asked about. The approval before it stands." in told.text
    assert "Ask anew" not in told.text
    (entry,) = AuditEvent.objects.filter(action="approval.voided", subject_id=str(renewal.pk))
    assert '"because":"vetoed"' in entry.body and "queued" not in entry.body
    ada = Client()
    ada.force_login(get_user_model().objects.get(username="ada"))
    shown = ada.get(reverse("approval-detail", args=[renewal.pk])).content.decode()
    assert "The approval before it stands." in shown and reverse("approval-detail", args=[old.pk]) in shown
    assert "ask anew" not in shown


def test_two_policies_of_one_number_are_told_apart_by_where_they_hold(home: House, version: DatasetVersion) -> None:
    terms = {"steps": [STEWARD], "expires_after_days": 90}
    draft = policies.draft(
        actor=home.admin, subject_kind="dataset_version", terms=terms, organisation_id=home.organisation.pk
    )
    factories.published(home.admin, draft)
    factories.approve(home.ben, ask(home, version))
    govern(home, OFFICER)
    assert selectors.standing(version).remark == (
        "It was approved under policy 1 of Linden Bank; policy 1 of Bank support assistant governs by now."
    )
    govern(home, OFFICER, STEWARD)
    assert selectors.standing(version).remark.endswith("policy 2 of Bank support assistant governs by now.")


def test_the_record_s_page_says_under_what_it_was_approved_and_has_it_renewed(
    home: House, version: DatasetVersion
) -> None:
    ada = Client()
    ada.force_login(get_user_model().objects.get(username="ada"))
    page = reverse("dataset-version-detail", args=[version.pk])
    assert "Have the approval renewed" not in ada.get(page).content.decode()
    govern(home, OFFICER)
    shown = ada.get(page).content.decode()
    assert "It was approved under the default policy; policy 1 governs by now." in shown
    assert "Have the approval renewed" in shown
    ada.post(reverse("approval-ask", args=[home.project.pk, "dataset_version", version.pk]))
    shown = ada.get(page).content.decode()
    assert "Open what is asked anew" in shown and "Have the approval renewed" not in shown
