"""A POST that is repeated under its key is done once; an edit on an old state is told so."""

import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.utils import timezone

from assay.api.idempotency import CLAIM_LASTS, KEPT_FOR
from assay.api.models import KeptAnswer
from assay.api.projects import ProjectViewSet
from assay.jobs import housekeeping
from governance.foundation.audit.models import AuditEvent
from governance.materials.datasets.models import DatasetVersion
from governance.people.projects.models import Member, Project
from tests import factories
from tests.callers import API, by_token, proof, rows, upload
from tests.people import House
from tests.settled import settled


def key(value: str = "") -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": value or str(uuid.uuid4())}}


@pytest.fixture
def body(home: House) -> dict[str, str]:
    return {"organisation": str(home.organisation.pk), "name": "Second"}


def test_a_repeated_request_is_answered_as_the_first_and_done_once(home: House, body: dict[str, str]) -> None:
    ada, under = by_token(home.ada), key()
    first = ada.post(f"{API}/projects/", body, **under)
    entries = AuditEvent.objects.count()
    again = ada.post(f"{API}/projects/", dict(reversed(body.items())), **under)
    assert (first.status_code, first.content) == (again.status_code, again.content) == (201, first.content)
    assert again["Location"] == first["Location"] and again["ETag"] == first["ETag"]
    assert again["Idempotent-Replayed"] == "true" and not first.has_header("Idempotent-Replayed")
    assert Project.objects.filter(name="Second").count() == 1
    assert AuditEvent.objects.count() == entries


def test_a_key_belongs_to_one_request_of_one_person(home: House, body: dict[str, str]) -> None:
    under = key("one-key")
    ada = by_token(home.ada)
    assert ada.post(f"{API}/projects/", body, **under).status_code == 201
    for address, other in ((f"{API}/projects/", {**body, "name": "Third"}), (f"{API}/datasets/", body)):
        answer = ada.post(address, other, **under)
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:assay:problem:idempotency-key-reused"
    assert by_token(home.cleo).post(f"{API}/projects/", {**body, "name": "Third"}, **under).status_code == 201


def test_what_was_refused_leaves_its_key_free(home: House, body: dict[str, str]) -> None:
    ada, under = by_token(home.ada), key()
    assert ada.post(f"{API}/projects/", {**body, "name": " "}, **under).status_code == 422
    assert ada.post(f"{API}/projects/", body, **under).status_code == 201
    assert by_token(home.vera).post(f"{API}/approvals/", body, **key()).status_code == 422
    assert KeptAnswer.objects.count() == 1


def test_an_accident_leaves_neither_act_nor_answer(
    home: House, body: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any, row: Any) -> Any:
        raise RuntimeError("after the project was made")

    monkeypatch.setattr(ProjectViewSet, "created", broken)
    ada, under = by_token(home.ada), key()
    ada.raise_request_exception = False
    assert ada.post(f"{API}/projects/", body, **under).status_code == 500
    assert not Project.objects.filter(name="Second").exists()
    assert not KeptAnswer.objects.exists()
    monkeypatch.undo()
    assert ada.post(f"{API}/projects/", body, **under).status_code == 201


def test_a_key_is_kept_for_a_day(home: House, body: dict[str, str]) -> None:
    ada, under = by_token(home.ada), key()
    assert ada.post(f"{API}/projects/", body, **under).status_code == 201
    KeptAnswer.objects.update(created_at=timezone.now() - KEPT_FOR - timedelta(seconds=1))
    assert ada.post(f"{API}/projects/", body, **under).status_code == 422  # done anew: the name is taken by now


def test_who_may_not_see_the_record_any_more_is_not_answered_from_what_is_kept(home: House) -> None:
    body = {"project": str(home.project.pk), "name": "Desk"}
    under = key()
    ben = by_token(home.ben)
    assert ben.post(f"{API}/datasets/", body, **under).status_code == 201
    assert ben.post(f"{API}/datasets/", body, **under).status_code == 201
    Member.objects.filter(user=home.ben.user_id).delete()
    assert ben.post(f"{API}/datasets/", body, **under).status_code == 404


def test_kept_answers_are_destroyed_after_a_day_also_of_who_never_comes_back(home: House, body: dict[str, str]) -> None:
    assert by_token(home.ada).post(f"{API}/projects/", body, **key()).status_code == 201
    housekeeping.destroy()
    assert KeptAnswer.objects.count() == 1
    KeptAnswer.objects.update(created_at=timezone.now() - KEPT_FOR - timedelta(seconds=1))
    housekeeping.destroy()
    assert not KeptAnswer.objects.exists()


def test_a_request_under_way_is_not_begun_twice_and_an_abandoned_one_is_taken_over(
    home: House, body: dict[str, str]
) -> None:
    ada, under = by_token(home.ada), key()
    assert ada.post(f"{API}/projects/", body, **under).status_code == 201
    KeptAnswer.objects.update(status=None, body="", headers={})
    Project.objects.filter(name="Second").update(name="First", slug="first")
    answer = ada.post(f"{API}/projects/", body, **under)
    assert answer.status_code == 409 and answer["Retry-After"] == "1"
    KeptAnswer.objects.update(claimed_at=timezone.now() - CLAIM_LASTS - timedelta(seconds=1))
    assert ada.post(f"{API}/projects/", body, **under).status_code == 201


@pytest.mark.parametrize("bad", ["", " ", "é", "a" * 201, "a\tb"])
def test_a_key_that_is_none_is_refused(home: House, body: dict[str, str], bad: str) -> None:
    answer = by_token(home.ada).post(f"{API}/projects/", body, headers={"Idempotency-Key": bad})
    assert answer.status_code == 422
    assert not Project.objects.filter(name="Second").exists()


def test_an_upload_is_told_from_another_by_its_bytes(home: House) -> None:
    ada, under = by_token(home.ada), key()
    dataset = ada.post(f"{API}/datasets/", {"project": str(home.project.pk), "name": "Desk"}).json()["id"]
    first = upload_under(ada, dataset, rows(20), under)
    assert first.status_code == 201, first.content
    again = upload_under(ada, dataset, rows(20), under)
    assert (again.status_code, again.json()) == (201, first.json())
    assert upload_under(ada, dataset, rows(21), under).status_code == 422
    assert upload(ada, dataset, rows(20)).status_code == 422  # without a key: the same bytes are one version
    assert DatasetVersion.objects.count() == 1


def upload_under(client: Any, dataset: str, file: SimpleUploadedFile, under: dict[str, Any]) -> Any:
    client.credentials(**client._credentials, HTTP_IDEMPOTENCY_KEY=under["headers"]["Idempotency-Key"])
    try:
        return upload(client, dataset, file)
    finally:
        client._credentials.pop("HTTP_IDEMPOTENCY_KEY")


def test_a_proof_is_never_kept_to_be_answered_again(home: House) -> None:
    rita = by_token(home.rita)
    rita.credentials(**rita._credentials, HTTP_IDEMPOTENCY_KEY="same")
    first, second = proof(rita, "0" * 64).json(), proof(rita, "0" * 64).json()
    assert first["proof"] != second["proof"]
    assert not KeptAnswer.objects.exists()


@pytest.fixture
def committed(transactional_db: None) -> Iterator[House]:
    yield settled()


def test_of_concurrent_duplicates_one_is_done(committed: House) -> None:
    home, under = committed, key()
    body = {"organisation": str(home.organisation.pk), "name": "Second"}
    clients = [by_token(home.ada) for _ in range(6)]
    start = threading.Barrier(len(clients))
    answers: list[Any] = []

    def post(client: Any) -> None:
        start.wait()
        try:
            answers.append(client.post(f"{API}/projects/", body, **under))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = {answer.content for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert Project.objects.filter(name="Second").count() == 1
    assert len([a for a in answers if a.status_code == 201 and not a.has_header("Idempotent-Replayed")]) == 1


# Two people edit


def test_an_edit_on_an_old_state_is_told_and_changes_nothing(home: House) -> None:
    ada, cleo = by_token(home.ada), by_token(home.cleo)
    address = f"{API}/projects/{home.project.pk}/"
    seen = ada.get(address)["ETag"]
    assert seen == f'"{home.project.content_digest}"'
    without = cleo.patch(address, {"success_criteria": "Cleo's"})
    assert (without.status_code, without["Content-Type"]) == (428, "application/problem+json")
    edited = cleo.patch(address, {"success_criteria": "Cleo's"}, HTTP_IF_MATCH=seen)
    assert edited.status_code == 200, edited.content
    late = ada.patch(address, {"success_criteria": "Ada's"}, HTTP_IF_MATCH=seen)
    assert (late.status_code, late["Content-Type"]) == (412, "application/problem+json")
    assert ada.get(address).json()["success_criteria"] == "Cleo's"
    fresh = ada.patch(address, {"success_criteria": "Ada's"}, HTTP_IF_MATCH=f'"old", {edited["ETag"]}')
    assert fresh.status_code == 200


def test_a_plan_is_edited_until_it_is_locked(home: House) -> None:
    ada = by_token(home.ada)
    plan = factories.evaluation_plan(home)
    address = f"{API}/evaluation-plans/{plan.pk}/"
    edited = ada.patch(address, {"rationale": "Because."}, HTTP_IF_MATCH=ada.get(address)["ETag"])
    assert edited.status_code == 200, edited.content
    assert (edited.json()["rationale"], edited.json()["tasks"]) == ("Because.", factories.TASKS)
    factories.launched_run(home)
    assert ada.patch(address, {"rationale": "No."}, HTTP_IF_MATCH="*").status_code == 409


def test_a_foreign_record_cannot_be_edited_or_probed_by_an_etag(home: House) -> None:
    dev = by_token(home.dev)
    for match in ({}, {"HTTP_IF_MATCH": "*"}, {"HTTP_IF_MATCH": f'"{home.project.content_digest}"'}):
        assert dev.patch(f"{API}/projects/{home.project.pk}/", {"name": "Mine"}, **match).status_code == 404


# Pages


def test_pages_follow_the_cursor_to_the_end_without_gaps(home: House) -> None:
    admin = by_token(home.admin)
    for number in range(5):
        admin.post(f"{API}/datasets/", {"project": str(home.project.pk), "name": f"Set {number}"})
        by_token(home.ada).post(f"{API}/datasets/", {"project": str(home.project.pk), "name": f"Set {number}"})
    for noun, by in (("datasets", "id"), ("audit-events", "seq")):
        whole = by_token(home.ada).get(f"{API}/{noun}/", {"page_size": 200}).json()["results"]
        address, found = f"{API}/{noun}/?page_size=2", []
        while address:
            page = by_token(home.ada).get(address).json()
            assert len(page["results"]) <= 2
            found += page["results"]
            address = page["next"]
        assert [row[by] for row in found] == [row[by] for row in whole]
        assert len(found) >= 5
