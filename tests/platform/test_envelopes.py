"""Change envelopes by page and by API: written from a run's page, signed, and shown beside what they let pass."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.work.envelopes.models import Envelope
from governance.work.runs import services as runs
from governance.work.runs.models import Run
from tests import factories
from tests.callers import API, by_token, decide
from tests.governance.test_envelopes import ask, next_version, retrain
from tests.people import House

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate has tests of its own; here it would start a process for each submission."""
    monkeypatch.setattr(runs, "estimate", lambda run: {"reason": "not asked for in this test"})
    monkeypatch.setattr("assay.web.run_plans.estimate_plan", lambda *plan: {"reason": "not asked for in this test"})


@pytest.fixture
def reference(home: House) -> Run:
    return factories.looked_through_run(home)


def page(home: House, who: str) -> Client:
    found = Client()
    found.force_login(get_user_model().objects.get(pk=getattr(home, who).user_id))
    return found


def text(client: Client, name: str, pk: Any, **query: str) -> str:
    return client.get(reverse(name, args=[pk]), query).content.decode()


def test_an_envelope_is_written_on_the_runs_page_and_its_table_shows_range_beside_reference(
    home: House, reference: Run
) -> None:
    ada = page(home, "ada")
    assert "Approve retrains like this one" in text(ada, "run-detail", reference.pk)
    address = reverse("envelope-create", args=[reference.pk])
    given = {
        "most_rows_added": "12",
        "most_rows_removed": "0",
        "reason": "",
        "expires_on": "2020-01-01",
        "releases": "on",
    }
    shown = ada.post(address, given)
    assert shown.status_code == 422
    assert "Say how much worse a figure may be" in shown.content.decode()
    day = timezone.localdate() + timedelta(days=20)
    given |= {"reason": "A dozen questions a week.", "expires_on": day.isoformat(), "most_worse": "0.05"}
    made = ada.post(address, given, follow=True)
    assert made.status_code == 200
    said = made.content.decode()
    assert "Nothing passes before it is approved" in said
    assert "at most 12" in said
    assert "at most 1.452" in said, "the loss of the reference and 0.05 more"
    envelope = Envelope.objects.get()
    assert (envelope.bounds.most_rows_added, envelope.bounds.most_worse, envelope.expires_on) == (12, 0.05, day)
    assert "E-1" in ada.get(reverse("envelope-list")).content.decode()


def test_pages_say_what_passed_under_what_and_which_bound_kept_another_out(home: House, reference: Run) -> None:
    envelope = factories.envelope(home, reference)
    version = next_version(home, range(80))
    ada = page(home, "ada")
    asked = ada.post(
        reverse("approval-ask", args=[home.project.pk, "dataset_version", version.pk]), follow=True
    ).content.decode()
    assert "It passed under change envelope E-1, as approved beforehand." in asked
    assert "Nobody decided on this itself." in asked
    assert "3, 3.9 %" in asked
    standing = text(ada, "dataset-version-detail", version.pk, tab="approvals")
    assert "Approved by Ben Castell, Rita Falk on" in standing
    outside = retrain(home, version, training={"seed": 5})
    said = "Method and settings: seed: 5 instead of 0 (allowed: as in the reference)"
    assert said in text(page(home, "rita"), "approval-detail", outside.pk)
    gates = text(ada, "run-detail", outside.subject_id)
    assert "Outside change envelope E-1" in gates
    assert said in gates
    shown = text(ada, "envelope-detail", envelope.pk)
    assert "Dataset version Support desk v2" in shown
    assert "Run plan R-2" not in shown


def test_the_form_of_a_run_says_whether_what_is_typed_lies_inside(home: House, reference: Run) -> None:
    factories.envelope(home, reference)
    version = next_version(home, range(80))
    ask(home, version)
    typed = {
        "base_model": str(reference.base_model_id), "data": str(version.pk), "method": "lora", "r": "16",
        "alpha": "32", "dropout": "0", "seed": "0", "max_length": "512", "precision": "auto", "device": "auto",
        "evaluation_plan": str(reference.evaluation_plan_id),
    }  # fmt: skip
    ada, address = page(home, "ada"), reverse("run-preview", args=[home.project.pk])
    inside = ada.post(address, typed).content.decode()
    assert "Inside change envelope E-1" in inside
    assert "the plan passes: Ben Castell, Rita Falk approved it beforehand, until " in inside
    other = ada.post(address, typed | {"r": "4"}).content.decode()
    assert "Outside change envelope E-1" in other
    assert "method.r: 4 instead of 16" in other
    assert "It takes the full way: Review of the run plan: Rita Falk." in other


def test_an_envelope_is_revoked_on_its_page_with_a_reason(home: House, reference: Run) -> None:
    envelope = factories.envelope(home, reference)
    address = reverse("envelope-revoke", args=[envelope.pk])
    rita = page(home, "rita")
    assert rita.post(address, {"reason": " "}).status_code == 422
    said = rita.post(address, {"reason": "The desk changed its tone."}, follow=True).content.decode()
    assert "Revoked: nothing passes under it any more" in said
    assert "The desk changed its tone." in said
    assert "Revoke this envelope" not in said


def test_the_interface_writes_decides_shows_what_passed_and_revokes(home: House, reference: Run) -> None:
    ada, ben, rita = (by_token(actor) for actor in (home.ada, home.ben, home.rita))
    body = {
        "reference": str(reference.pk), "bounds": {"most_rows_added": 5}, "reason": "A few questions a week.",
        "expires_on": (timezone.localdate() + timedelta(days=9)).isoformat(),
    }  # fmt: skip
    made = ada.post(f"{API}/envelopes/", body)
    assert made.status_code == 201, made.content
    assert made.json()["state"] == "asked"
    for client in (ben, rita):
        assert decide(client, made.json()["request"]).status_code == 201
    version = next_version(home, range(79))
    asked = ada.post(
        f"{API}/approvals/", {"kind": "dataset_version", "id": str(version.pk), "project": str(home.project.pk)}
    ).json()
    assert (asked["state"], asked["decisions"], asked["passed_under"]) == ("granted", [], made.json()["id"])
    shown = ben.get(made.headers["Location"]).json()
    assert shown["state"] == "in_force"
    assert [each["request"] for each in shown["passages"]] == [asked["id"]]
    assert {"what": "Rows added to Support desk v2", "allowed": "at most 5", "found": "2, 2.6 %"} in shown["passages"][
        0
    ]["checks"]
    (listed,) = rita.get(f"{API}/envelopes/", {"reference": str(reference.pk)}).json()["results"]
    assert listed["bounds"]["most_rows_added"] == 5
    ended = rita.post(f"{made.headers['Location']}revoke/", {"reason": "Enough."})
    assert ended.json()["state"] == "revoked"
