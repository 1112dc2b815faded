"""A policy can want a second factor for a step: the service refuses less, and page and API say so before."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.foundation.core.errors import NotAllowed, Unusable
from governance.people.approvals import reauthentication
from governance.people.approvals import services as approvals
from governance.people.approvals.methods import Method
from governance.people.approvals.models import ApprovalRequest
from governance.people.approvals.rules import Verdict
from governance.people.policies import services
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from tests import factories
from tests.callers import API, by_token
from tests.devices import App
from tests.people import PASSWORD, House

STEP = {"name": "Review", "roles": ["data_steward"], "factor": "second"}


@pytest.fixture
def request_(home: House) -> ApprovalRequest:
    """Ben is asked about data, under a policy that wants his second factor."""
    draft = services.draft(
        actor=home.admin, subject_kind="dataset_version", terms={"steps": [STEP]}, project_id=home.project.pk
    )
    factories.published(home.admin, draft)
    version = factories.registered_version(home)
    return approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)


def test_a_password_is_not_enough_and_a_code_is(home: House, request_: ApprovalRequest) -> None:
    shown: dict[str, Any] = {
        "actor": home.ben, "subject_digest": request_.subject_digest, "verdict": Verdict.APPROVE,
    }  # fmt: skip
    given: dict[str, Any] = {
        "actor": home.ben, "request_id": request_.pk, "verdict": Verdict.APPROVE, "reason": "Looked at it.",
    }  # fmt: skip
    with pytest.raises(NotAllowed, match="A password is not enough here; it takes a security key or a code of an"):
        approvals.decide(proof=reauthentication.by_password(password=PASSWORD, **shown), **given)
    assert not request_.decisions.exists()
    code = App(home.ben).code()
    decision = approvals.decide(proof=reauthentication.prove(method=Method.TOTP, shown=code, **shown), **given)
    assert decision.method == "totp"


def test_the_request_says_who_could_not_sign(home: House, request_: ApprovalRequest) -> None:
    projects.appoint(actor=home.admin, project_id=home.project.pk, username="vera", role=Role.DATA_STEWARD)
    browser, there = Client(), reverse("approval-detail", args=[request_.pk])
    browser.login(username="cleo", password=PASSWORD)
    page = browser.get(there).content.decode()
    assert "Could decide now" not in page
    assert "Without the second factor that the step wants: Ben Castell, Vera Lund;" in page
    App(home.vera)
    page = browser.get(there).content.decode()
    assert "Could decide now: Vera Lund." in page
    assert "Without the second factor that the step wants: Ben Castell;" in page


def test_the_panel_says_so_before_and_offers_what_is_accepted(home: House, request_: ApprovalRequest) -> None:
    browser, there = Client(), reverse("approval-detail", args=[request_.pk])
    browser.login(username="ben", password=PASSWORD)
    page = browser.get(there).content.decode()
    assert "a password alone is not enough" in page and "Set one up" in page and 'type="password"' not in page
    client = by_token(home.ben)
    assert client.get(f"{API}/approvals/{request_.pk}/").json()["methods"] == []
    app = App(home.ben)
    assert client.get(f"{API}/approvals/{request_.pk}/").json()["methods"] == ["totp"]
    sent = {"verdict": "approve", "reason": "Looked at it.", "code": app.code()}
    assert browser.post(there, sent).status_code == 302
    assert "Identity shown by code of an authenticator app" in browser.get(there).content.decode()
    assert "by code of an authenticator app" in browser.get(reverse("account")).content.decode()


def test_a_factor_that_there_is_not_is_a_fault(home: House) -> None:
    with pytest.raises(Unusable, match=r"steps\[1\]\.factor: Known are: any, second"):
        services.draft(
            actor=home.admin,
            subject_kind="run",
            terms={"steps": [{**STEP, "factor": "third"}]},
            project_id=home.project.pk,
        )


def test_who_decides_in_another_step_signs_as_they_like(home: House) -> None:
    steps = [{**STEP, "parts": ["rows", "provenance"]}, {"name": "Licence", "roles": ["risk_owner"]}]
    draft = services.draft(
        actor=home.admin, subject_kind="dataset_version", terms={"steps": steps}, project_id=home.project.pk
    )
    factories.published(home.admin, draft)
    request = approvals.ask(actor=home.ada, subject=factories.registered_version(home), project_id=home.project.pk)
    assert by_token(home.rita).get(f"{API}/approvals/{request.pk}/").json()["methods"] == ["password"]
    assert factories.approve(home.rita, request).method == "password"
    with pytest.raises(NotAllowed, match="A password is not enough here"):
        factories.approve(home.ben, request)
