"""Picking licences and asking for waivers, by page and by API."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from governance.materials.datasets import services as datasets
from governance.people.approvals.models import ApprovalRequest
from governance.people.waivers import selectors, services
from governance.people.waivers.models import LicenceChoice, Waiver
from tests import factories
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db
REASON = "Nothing is sold."


def client(home: House, who: str) -> Client:
    found = Client()
    found.force_login(_user(home, who))
    return found


def api(home: House, who: str) -> APIClient:
    found = APIClient()
    found.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.create(user=_user(home, who))[1]}")
    return found

    return get_user_model().objects.get(pk=getattr(home, who).user_id)


def _user(home: House, who: str) -> Any:
    return get_user_model().objects.get(pk=getattr(home, who).user_id)


def licences(home: House, about: Any = None) -> str:
    address = reverse("project-licences", args=[home.project.pk])
    return f"{address}?material={about.kind}:{about.pk}" if about else address


def test_the_engineer_asks_on_the_page_and_the_risk_owner_finds_it(home: House) -> None:
    data = factories.dataset_version(home, licence="CC-BY-NC-4.0")
    page = client(home, "ada")
    shown = page.get(licences(home, data)).content.decode()
    assert "rule non-commercial, for internal use: the licence grants non-commercial or research use only" in shown
    (finding,) = re.findall(r'value="(non-commercial:internal:\w+)"', shown)
    assert "non-commercial:commercial" not in shown, "a rule against it is not on offer"
    address = reverse("waiver-ask", args=[home.project.pk, data.kind, data.pk])
    day = timezone.localdate() + timedelta(days=30)
    empty = page.post(address, {"finding": finding, "reason": "", "expires_on": day})
    assert empty.status_code == 422 and not Waiver.objects.exists()
    made = page.post(address, {"finding": finding, "reason": REASON, "expires_on": day}, follow=True)
    assert "Waits for the risk owner" in made.content.decode()
    request = ApprovalRequest.objects.get(subject_kind="waiver")
    asked = client(home, "rita").get(reverse("approval-detail", args=[request.pk])).content.decode()
    for words in (
        REASON,
        "internal use in Bank support assistant, nothing else",
        "non-commercial or research use only",
    ):
        assert words in asked
    factories.approve(home.rita, request)
    assert "Needs review, waived" in page.get(licences(home)).content.decode()
    assert "Needs review, waived" in page.get(reverse("dataset-version-detail", args=[data.pk])).content.decode()


def test_a_pick_is_signed_with_the_password_and_shown_with_name_and_reason(home: House) -> None:
    data = factories.dataset_version(home, licence="MIT OR GPL-3.0-only")
    page, address = client(home, "ben"), reverse("licence-pick", args=[home.project.pk, data.kind, data.pk])
    assert "Needs a choice" in page.get(licences(home, data)).content.decode()
    wrong = page.post(address, {"chosen": "MIT", "reason": REASON, "password": "wrong"})
    assert wrong.status_code == 422 and "nothing was signed" in wrong.content.decode()
    strange = page.post(address, {"chosen": "BSD-3-Clause", "reason": REASON, "password": PASSWORD})
    assert strange.status_code == 422 and not LicenceChoice.objects.exists()
    done = page.post(address, {"chosen": "MIT", "reason": REASON, "password": PASSWORD}, follow=True).content.decode()
    assert "picked and signed by Ben Castell" in done and REASON in done
    assert "Needs a choice" not in done


def test_who_may_not_pick_is_told_who_does(home: House) -> None:
    data = factories.dataset_version(home, licence="MIT OR GPL-3.0-only")
    shown = client(home, "ada").get(licences(home, data)).content.decode()
    assert "a data steward" in shown and "Sign for this licence" not in shown


@pytest.mark.parametrize("wanted", ["dataset_version:1", "nothing", "run:00000000-0000-4000-8000-000000000000"])
def test_a_material_that_is_none_is_not_there(home: House, wanted: str) -> None:
    assert client(home, "ada").get(f"{licences(home)}?material={wanted}").status_code == 404


def test_a_waiver_is_asked_decided_and_revoked_over_the_api(home: House) -> None:
    data = factories.dataset_version(home, licence="CC-BY-NC-4.0")
    body = {
        "project": str(home.project.pk), "kind": data.kind, "id": str(data.pk), "rule": "non-commercial",
        "purpose": "internal", "reason": REASON, "expires_on": timezone.localdate().isoformat(),
    }  # fmt: skip
    made = api(home, "ada").post("/api/v1/waivers/", body, format="json")
    assert made.status_code == 201, made.content
    assert (made.json()["state"], made.json()["because"]) == (
        "asked", "the licence grants non-commercial or research use only",
    )  # fmt: skip
    factories.approve(home.rita, ApprovalRequest.objects.get(pk=made.json()["request"]))
    address = f"/api/v1/waivers/{made.json()['id']}/"
    assert api(home, "omar").get(address).json()["state"] == "in_force"
    ended = api(home, "rita").post(f"{address}revoke/", {"reason": "Courses are sold now."}, format="json")
    assert (ended.status_code, ended.json()["state"]) == (200, "revoked")
    again = api(home, "ada").post("/api/v1/waivers/", {**body, "rule": "copyleft"}, format="json")
    assert again.status_code == 422 and "no such finding" in again.content.decode()


def test_a_token_alone_picks_nothing(home: House, pick_body: Callable[..., dict[str, str]]) -> None:
    data = factories.dataset_version(home, licence="MIT OR GPL-3.0-only")
    ben = api(home, "ben")
    assert ben.post("/api/v1/licence-choices/", pick_body(data), format="json").status_code == 403
    proof = ben.post(
        "/api/v1/reauthentications/",
        {
            "password": PASSWORD,
            "subject_sha256": data.content_digest,
            "verdict": "approve",
            "choice": {"project": str(home.project.pk), "chosen": "MIT"},
        },
        format="json",
    ).json()["proof"]
    other = pick_body(data, proof=proof) | {"chosen": "GPL-3.0-only"}
    assert ben.post("/api/v1/licence-choices/", other, format="json").status_code == 403
    made = ben.post("/api/v1/licence-choices/", pick_body(data, proof=proof), format="json")
    assert (made.status_code, made.json()["chosen"], made.json()["by_name"]) == (201, "MIT", "Ben Castell")
    assert selectors.verdict(home.project, [data]).open
    assert ben.post("/api/v1/licence-choices/", pick_body(data, proof=proof), format="json").status_code == 403


@pytest.fixture
def pick_body(home: House) -> Callable[..., dict[str, str]]:
    def body(about: Any, proof: str = "") -> dict[str, str]:
        given = {"project": str(home.project.pk), "kind": about.kind, "id": str(about.pk), "chosen": "MIT"}
        return {**given, "reason": "It fits.", "proof": proof}

    return body


def test_the_page_asks_as_many_questions_for_many_materials_as_for_one(home: House) -> None:
    """Each with rows by a model, a version it was made from and a waiver, as real ones have."""
    page = client(home, "ada")
    factories.base_model(home)
    source = factories.dataset_version(home, rows=70, licence="CC-BY-4.0")

    def add(number: int) -> None:
        line = datasets.create(actor=home.ada, project_id=home.project.pk, name=f"Line {number}")
        path = Path(settings.VAR_DIR) / f"line-{number}.jsonl"
        path.write_text("".join(factories.row(place) for place in range(number + 1)))
        said = {"synthetic_model": "Linden Nano 1.0", "derived_from_versions": [str(source.pk)]}
        made = datasets.register_version(
            actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC-BY-NC-4.0",
            provenance=factories.PROVENANCE | said,
        )  # fmt: skip
        waiver = services.ask(
            actor=home.ada, project_id=home.project.pk, kind=made.kind, subject_id=made.pk, rule="non-commercial",
            purpose="internal", reason=REASON, expires_on=timezone.localdate(),
        )  # fmt: skip
        factories.approve(home.rita, ApprovalRequest.objects.get(subject_id=waiver.pk))

    add(1)
    page.get(licences(home))
    with CaptureQueriesContext(connection) as few:
        page.get(licences(home))
    for number in range(2, 7):
        add(number)
    with CaptureQueriesContext(connection) as many:
        shown = page.get(licences(home)).content.decode()
    assert shown.count("Needs review, waived") == 6
    assert len(many) == len(few)
