"""Withdrawing data on its page and by the API: what is shown before, and what every page says that it touched."""

import csv
import io
from typing import Any

import pytest
from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from assay.web.forms.withdrawals import RowNumbers
from governance.delivery.lineage import services
from governance.delivery.lineage.models import Withdrawal
from governance.delivery.releases import services as releases
from governance.documents.dossiers import services as dossiers
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.people.approvals import services as approvals
from governance.people.approvals.models import ApprovalRequest
from governance.people.organisations import services as organisations
from governance.people.projects import services as projects
from governance.work.runs.models import Run
from tests import factories
from tests.callers import by_token, proof
from tests.people import PASSWORD, House, person

REASON = "The contributor took consent back."


def page(actor: Actor) -> Client:
    """A browser in which `actor` is signed in."""
    client = Client()
    client.force_login(get_user_model().objects.get(pk=actor.user_id))
    return client


@pytest.fixture
def run(home: House) -> Run:
    return factories.finished_run(home)


def data_of(run: Run) -> DatasetVersion:
    (version,) = run.data()
    return version


def test_the_form_shows_what_would_be_reached_before_anything_is_done(home: House, run: Run) -> None:
    answer = page(home.ben).get(reverse("dataset-version-withdraw", args=[data_of(run).pk]))
    shown = answer.content.decode()
    for name in (str(run), str(run.model_version), f"Evaluation of {run.model_version}"):
        assert name in shown
    assert "its approval would be suspended" in shown
    assert not Withdrawal.objects.exists()


def test_the_part_for_some_rows_comes_alone(home: House, run: Run) -> None:
    address = reverse("dataset-version-withdraw", args=[data_of(run).pk])
    part = page(home.ben).get(address, {"rows": "3, 7-9"}, HTTP_HX_REQUEST="true").content.decode()
    assert part.lstrip().startswith('<div id="foreseen">')
    assert "holds what was withdrawn" in part
    for rows in ("none", "0", "99999"):
        wrong = page(home.ben).get(address, {"rows": rows}, HTTP_HX_REQUEST="true")
        assert wrong.status_code == 200
        assert "<table" not in wrong.content.decode()


def test_withdrawn_on_its_page_every_page_that_rests_on_it_says_so(home: House, run: Run) -> None:
    version, client = data_of(run), page(home.ben)
    answer = client.post(reverse("dataset-version-withdraw", args=[version.pk]), {"reason": REASON, "rows": ""})
    found = Withdrawal.objects.get()
    assert answer.headers["Location"] == reverse("withdrawal-detail", args=[found.pk])
    model = run.model_version
    for name, pk in (
        ("dataset-version-detail", version.pk),
        ("run-detail", run.pk),
        ("model-version-detail", model.pk),
        ("evaluation-detail", model.evaluations.get().pk),
        ("project-lineage", home.project.pk),
    ):
        shown = page(home.cleo).get(reverse(name, args=[pk])).content.decode()
        assert REASON in shown, name
    lineage = page(home.cleo).get(reverse("dataset-version-detail", args=[version.pk]), {"tab": "lineage"})
    assert "suspended" in lineage.content.decode()


def test_a_refused_form_keeps_what_was_written(home: House, run: Run) -> None:
    address = reverse("dataset-version-withdraw", args=[data_of(run).pk])
    answer = page(home.ben).post(address, {"reason": "", "rows": "2-4", "case_number": "C-17"})
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert 'value="2-4"' in shown and 'value="C-17"' in shown
    assert not Withdrawal.objects.exists()


def test_who_withdrew_it_is_told_that_another_takes_it_back(home: House, run: Run) -> None:
    found = services.withdraw(actor=home.ben, version_id=data_of(run).pk, reason=REASON)
    address = reverse("withdrawal-detail", args=[found.pk])
    assert "it takes another person" in page(home.ben).get(address).content.decode()
    assert "Take this withdrawal back" in page(home.paula).get(address).content.decode()
    assert "Take this withdrawal back" not in page(home.omar).get(address).content.decode()


def test_another_person_takes_it_back_by_password(home: House, run: Run) -> None:
    found = services.withdraw(actor=home.ben, version_id=data_of(run).pk, reason=REASON)
    address = reverse("withdrawal-take-back", args=[found.pk])
    wrong = page(home.paula).post(address, {"reason": "Consent covers it.", "password": "wrong"})
    assert wrong.status_code == 422
    assert Withdrawal.objects.get().taken_back_at is None
    done = page(home.paula).post(address, {"reason": "Consent covers it.", "password": PASSWORD})
    assert done.status_code == 302
    assert Withdrawal.objects.get().taken_back_by_method == "password"


def test_a_project_that_does_not_see_it_reads_only_that_it_was(home: House, run: Run) -> None:
    version = data_of(run)
    beside = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Beside")
    theirs = datasets.create(actor=home.admin, project_id=beside.pk, name="Theirs")
    with blobs.as_local_file(version.file_sha256, "rows.jsonl") as path:
        copy = datasets.register_version(
            actor=home.admin, dataset_id=theirs.pk, path=path, file_name="rows.jsonl", licence="CC0-1.0",
            provenance=factories.PROVENANCE,
        )  # fmt: skip
    noor = person("noor", "Noor Aydin")
    organisations.add_member(actor=home.admin, organisation_id=home.organisation.pk, username="noor")
    projects.appoint(actor=home.admin, project_id=beside.pk, username="noor", role="ml_engineer")
    services.withdraw(actor=home.ben, version_id=version.pk, reason=REASON)
    shown = page(noor).get(reverse("dataset-version-detail", args=[copy.pk])).content.decode()
    assert "withdrawn elsewhere in this organisation" in shown
    assert REASON not in shown


def test_the_table_is_exported_and_no_cell_is_a_formula(home: House, run: Run) -> None:
    found = services.withdraw(actor=home.ben, version_id=data_of(run).pk, reason=REASON)
    found.affected.filter(kind="model_version").update(name="=1+1")
    answer = page(home.omar).get(reverse("withdrawal-export", args=[found.pk]))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert {row["kind"] for row in rows} >= {"dataset_version", "run", "model_version", "evaluation"}
    assert "'=1+1" in {row["name"] for row in rows}


def test_the_api_withdraws_lists_and_takes_back(home: House, run: Run) -> None:
    version = data_of(run)
    made = by_token(home.ben).post(
        "/api/v1/withdrawals/", {"version": str(version.pk), "reason": REASON, "rows": [5, 2]}, format="json"
    )
    assert made.status_code == 201, made.content
    assert made.json()["rows"] == [2, 5]
    assert {one["kind"] for one in made.json()["affected"]} >= {"dataset_version", "run", "model_version"}
    listed = by_token(home.omar).get("/api/v1/withdrawals/", {"affects": str(run.pk)}).json()["results"]
    assert [one["id"] for one in listed] == [made.json()["id"]]
    address = f"/api/v1/withdrawals/{made.json()['id']}/"
    sha256 = by_token(home.paula).get(address).json()["sha256"]
    given = {"reason": "Consent covers it.", "proof": proof(by_token(home.paula), sha256).json()["proof"]}
    back = by_token(home.paula).post(f"{address}take-back/", given, format="json")
    assert back.json()["state"] == "taken_back", back.json()
    unproved = by_token(home.paula).post(f"{address}take-back/", {"reason": "Again."}, format="json")
    assert unproved.status_code in (403, 409)


@pytest.mark.parametrize("rows", [["x"], [0], [-1], [10**7], []])
def test_the_api_refuses_rows_that_are_not_there(home: House, run: Run, rows: list[Any]) -> None:
    body = {"version": str(data_of(run).pk), "reason": REASON, "rows": rows}
    answer = by_token(home.ben).post("/api/v1/withdrawals/", body, format="json")
    assert answer.status_code in (400, 422), answer.content
    assert answer.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", None), ("3", [3]), ("3, 7-9", [3, 7, 8, 9]), ("7 - 9;3", [3, 7, 8, 9]), ("1 2 2", [1, 2]),
        (" 4–5 ", [4, 5]),
    ],
)  # fmt: skip
def test_row_numbers_are_read_as_people_write_them(text: str, rows: list[int] | None) -> None:
    assert RowNumbers(required=False).clean(text) == rows


@pytest.mark.parametrize("text", ["x", "3-1", "1-99999", "1--2", "-4", "1.5"])
def test_what_is_no_row_number_is_said_to_be_none(text: str) -> None:
    field: forms.Field = RowNumbers(required=False)
    with pytest.raises(ValidationError):
        field.clean(text)


def test_a_suspended_release_is_not_called_released_anywhere(home: House) -> None:
    factories.classification(home)
    run = factories.finished_run(home)
    frozen = dossiers.freeze(actor=home.ada, dossier_id=run.model_version.dossier.pk)
    factories.approve(home.cleo, approvals.ask(actor=home.ada, subject=frozen, project_id=home.project.pk))
    release = releases.propose(actor=home.ada, dossier_version_id=frozen.pk)
    factories.approve(home.rita, ApprovalRequest.objects.get(subject_kind="release", subject_id=release.pk))
    releases.release(actor=home.rita, release_id=release.pk)
    addresses = (
        reverse("model-version-list"),
        reverse("model-version-detail", args=[run.model_version.pk]),
        reverse("release-detail", args=[release.pk]),
        reverse("home"),
    )
    for address in addresses:
        assert "Suspended" not in page(home.ada).get(address).content.decode(), address
    services.withdraw(actor=home.ben, version_id=data_of(run).pk, reason=REASON)
    for address in addresses:
        assert "Suspended" in page(home.ada).get(address).content.decode(), address
