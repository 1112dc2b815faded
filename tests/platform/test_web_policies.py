"""Policies, loans and comments as people meet them: in pages and over REST."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.foundation.core.actor import Actor
from governance.people.approvals import selectors as approvals
from governance.people.approvals import services as asking
from governance.people.approvals.models import ApprovalRequest, Comment, Delegation
from governance.people.approvals.rules import State
from governance.people.policies import selectors, services
from governance.people.policies.models import Policy
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

TERMS = {
    "steps": [
        {"name": "Data", "roles": ["data_steward"], "parts": ["rows", "licence"], "stage": 1},
        {"name": "Origin", "roles": ["data_protection_officer"], "parts": ["provenance"], "stage": 1},
    ],
    "deadline_days": 5,
}


def pages(actor: Actor) -> Client:
    """A browser of somebody who has signed in."""
    client = Client()
    client.force_login(get_user_model().objects.get(pk=actor.user_id))
    return client


def test_an_owner_writes_tries_and_publishes_a_policy(home: House) -> None:
    """Begun with what governs, a step added, saved as a draft, looked at, published; then it governs."""
    factories.dataset_version(home)  # decided under what ships with Assay
    owner = pages(home.admin)
    start = f"{reverse('policy-create')}?place=project:{home.project.pk}&subject_kind=dataset_version&risk_class="
    page = owner.get(start)
    assert b"Review of the data" in page.content
    rows = {
        "form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "1", "place": f"project:{home.project.pk}",
        "subject_kind": "dataset_version", "risk_class": "", "barred": "edited-data", "deadline_days": "5",
        "form-0-name": "Data", "form-0-stage": "1", "form-0-quorum": "1", "form-0-roles": "data_steward",
        "form-0-factor": "any",
        "form-1-name": "Data", "form-1-stage": "2", "form-1-quorum": "1", "form-1-roles": "risk_owner",
        "form-1-factor": "second",
    }  # fmt: skip
    assert owner.post(start, rows).status_code == 302
    draft = Policy.objects.get()
    page = owner.get(reverse("policy-detail", args=[draft.pk])).content.decode()
    assert "It cannot be published as it stands" in page and "stands twice" in page
    signed = {"password": PASSWORD}
    assert owner.post(reverse("policy-publish", args=[draft.pk]), signed).status_code == 422
    assert owner.post(reverse("policy-edit", args=[draft.pk]), rows | {"form-1-name": "Risk"}).status_code == 302
    page = owner.get(reverse("policy-detail", args=[draft.pk])).content.decode()
    assert "would have lacked one risk owner" in page and "0 same, 1 would have ended otherwise" in page
    refused = owner.post(reverse("policy-publish", args=[draft.pk]), {"password": "guessed"})
    assert refused.status_code == 422 and "nothing was signed" in refused.content.decode()
    assert owner.post(reverse("policy-publish", args=[draft.pk]), signed).status_code == 302
    page = owner.get(reverse("policy-detail", args=[draft.pk])).content.decode()
    assert "by password: “I put this policy in force" in page and Policy.objects.get().content_digest in page
    assert selectors.governing(home.project.pk, "dataset_version").policy == draft
    assert [step.factor for step in Policy.objects.get().terms.steps] == ["any", "second"]
    assert "Policy 1" in owner.get(f"{reverse('policy-list')}?project={home.project.slug}").content.decode()


def test_a_request_shows_its_steps_who_could_decide_and_what_was_said(home: House) -> None:
    drafted = services.draft(actor=home.admin, subject_kind="dataset_version", terms=TERMS, project_id=home.project.pk)
    factories.published(home.admin, drafted)
    request = asking.ask(actor=home.ada, subject=factories.registered_version(home), project_id=home.project.pk)
    omar = pages(home.omar)
    address = reverse("approval-detail", args=[request.pk])
    page = omar.get(address).content.decode()
    assert "Side by side" in page and "Ben Castell, Paula Ingold" in page.replace("\n", "") and "Due" in page
    assert omar.post(reverse("approval-comment", args=[request.pk]), {"text": "Who wrote them?"}).status_code == 302
    assert "Who wrote them?" in pages(home.ben).get(f"{address}?read").content.decode()
    assert omar.post(reverse("approval-comment", args=[request.pk]), {"text": " "}).status_code == 422
    assert Comment.objects.count() == 1


def test_ben_lends_his_role_on_a_page_and_paula_decides_in_his_stead(home: House) -> None:
    page = reverse("project-delegations", args=[home.project.pk])
    today = timezone.localdate().isoformat()
    given = {"role": "data_steward", "username": "paula", "starts_on": today, "ends_on": today, "reason": "On leave"}
    assert pages(home.ben).post(page, given | {"username": "omar"}).status_code == 422
    assert pages(home.ben).post(page, given).status_code == 302
    request = asking.ask(actor=home.ada, subject=factories.registered_version(home), project_id=home.project.pk)
    assert approvals.inbox(home.paula) == [request]
    factories.approve(home.paula, request)
    shown = pages(home.omar).get(reverse("approval-detail", args=[request.pk])).content.decode()
    assert "in the stead of Ben Castell" in shown
    loan = Delegation.objects.get()
    assert pages(home.ben).post(reverse("delegation-end", args=[loan.pk])).status_code == 302
    assert ApprovalRequest.objects.get(pk=request.pk).state == State.GRANTED


@pytest.mark.parametrize("kind", ["run", "dataset_version"])
def test_a_policy_over_rest_from_draft_to_retired(home: House, kind: str) -> None:
    client = by_token(home.admin)
    terms = TERMS if kind == "dataset_version" else {"steps": [{"name": "Risk", "roles": ["risk_owner"]}]}
    made = client.post(
        f"{API}/policies/", {"subject_kind": kind, "project": str(home.project.pk), "terms": terms}, format="json"
    )
    assert made.status_code == 201, made.content
    address = f"{API}/policies/{made.json()['id']}/"
    wrong = client.patch(
        address, json.dumps({"terms": {"steps": []}}), content_type="application/json", HTTP_IF_MATCH=made["ETag"]
    )
    assert wrong.status_code == 422
    assert client.post(f"{address}publish/").status_code == 403, "a token alone never signs"
    shown = {"password": PASSWORD, "subject_sha256": made.json()["sha256"], "verdict": "approve"}
    proof = client.post(f"{API}/reauthentications/", shown, format="json").json()["proof"]
    published = client.post(f"{address}publish/", {"proof": proof}, format="json").json()
    assert (published["state"], published["published_by_method"]) == ("published", "password")
    assert client.delete(address).status_code == 409
    assert client.post(f"{address}retire/").json()["state"] == "retired"


def test_an_evaluation_plan_is_asked_about_on_its_page_where_a_policy_wants_that(home: House) -> None:
    plan, ada = factories.evaluation_plan(home), pages(home.ada)
    address, listed = reverse("evaluation-plan-detail", args=[plan.pk]), f"{reverse('policy-list')}?project="
    assert "Ask for approval" not in ada.get(address).content.decode()
    assert by_token(home.ada).get(f"{API}/evaluation-plans/{plan.pk}/").json()["standing"] is None
    whole = f"{listed}{home.project.slug}"
    asked_nowhere = ada.get(whole).content.decode().count("nobody is asked")
    terms = {"steps": [{"name": "Limits", "roles": ["risk_owner"]}]}
    draft = services.draft(
        actor=home.admin, subject_kind="evaluation_plan", terms=terms, organisation_id=home.organisation.pk
    )
    factories.published(home.admin, draft)
    assert ada.get(whole).content.decode().count("nobody is asked") == asked_nowhere - 1
    assert "Ask for approval" in ada.get(address).content.decode()
    asked = ada.post(reverse("approval-ask", args=[home.project.pk, "evaluation_plan", plan.pk]))
    assert asked.status_code == 302
    (request,) = approvals.inbox(home.rita)
    seen = pages(home.rita).get(reverse("approval-detail", args=[request.pk])).content.decode()
    assert "Approve this evaluation plan" in seen and "validation-loss: loss" in seen
    factories.approve(home.rita, request)
    assert "Approved by Rita Falk" in ada.get(address).content.decode()
    assert by_token(home.ada).get(f"{API}/evaluation-plans/{plan.pk}/").json()["standing"]["granted"] is True
