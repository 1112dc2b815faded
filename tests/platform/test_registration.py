"""A large folder of weights is read by a worker: asked for by page and API, followed, refused, tried again."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assay.jobs import register, work
from assay.jobs.supervise import Interrupted
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.errors import NotAllowed, Unusable
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job
from governance.foundation.jobs.rules import State as JobState
from governance.materials.base_models import rules, services
from governance.materials.base_models.models import BaseModel, Registration
from governance.materials.base_models.rules import State
from governance.people.policies.kinds import Act, Touch
from preparation.digests import folder_digest
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny model under the name “large”, with every folder taken for a large one."""
    monkeypatch.setattr(rules, "READ_AT_ONCE", 0)
    settings.ASSAY_MODELS_DIR = tmp_path
    shutil.copytree(tiny_model, tmp_path / "large")
    return tmp_path / "large"


def asked(home: House, **changed: Any) -> Registration:
    given = {"folder": "large", "name": "Large", "licence": "CC0-1.0", "provider": "The suite"} | changed
    made = services.enter(actor=home.ada, project_id=home.project.pk, **given)
    assert isinstance(made, Registration)
    return made


def job_of(registration: Registration) -> Job:
    return Job.objects.filter(subject_id=registration.pk).latest("created_at")


def worked(registration: Registration) -> Registration:
    """What a worker leaves behind."""
    work.do(job_of(registration).pk, worker="light@here")
    registration.refresh_from_db()
    return registration


def test_a_large_folder_becomes_a_base_model_when_a_worker_has_read_it(home: House, folder: Path) -> None:
    registration = asked(home)
    assert not BaseModel.objects.exists()
    worked(registration)
    model = BaseModel.objects.get()
    assert (registration.state, registration.base_model) == (State.REGISTERED, model)
    assert (model.folder_sha256, model.folder, model.provider) == (folder_digest(folder), "large", "The suite")
    assert (model.registered_by_name, model.touched_by()) == (
        home.ada.name, [Touch(home.ada.user_id, Act.MADE, "registered this base model")],
    )  # fmt: skip
    assert job_of(registration).state == JobState.SUCCEEDED
    events = list(AuditEvent.objects.filter(action__startswith="base-model.").values_list("action", flat=True))
    assert sorted(events) == ["base-model.asked", "base-model.registered"]


def test_a_small_folder_is_registered_at_once(home: House, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "READ_AT_ONCE", 1 << 40)
    made = services.enter(actor=home.ada, project_id=home.project.pk, folder="large", name="Small", licence="CC0-1.0")
    assert isinstance(made, BaseModel)
    assert not Job.objects.exists()


def test_what_is_wrong_is_told_with_its_cure_and_mended_by_another_reading(home: House, folder: Path) -> None:
    (folder / "weights.bin").write_bytes(b"pickled")
    registration = worked(asked(home))
    assert registration.state == State.REFUSED
    assert registration.error is not None
    assert registration.error["fault"] == "user"
    assert AuditEvent.objects.latest("seq").action == "base-model.refused"
    assert [fault["field"] for fault in registration.error["faults"]] == ["weights.bin"]
    assert job_of(registration).state == JobState.FAILED
    (folder / "weights.bin").unlink()
    services.retry(actor=home.ada, registration_id=registration.pk)
    assert worked(registration).state == State.REGISTERED
    assert BaseModel.objects.get().folder_sha256 == folder_digest(folder)


def test_the_same_weights_are_not_registered_twice(home: House, folder: Path) -> None:
    worked(asked(home))
    again = worked(asked(home))
    assert again.state == State.REFUSED
    assert again.error is not None
    assert "registered already" in again.error["message"]
    assert BaseModel.objects.count() == 1


def test_a_folder_that_is_being_read_is_not_asked_for_again(home: House, folder: Path) -> None:
    asked(home)
    with pytest.raises(Unusable, match="being read already"):
        asked(home)
    assert Job.objects.count() == 1


def test_only_who_may_register_asks_and_tries_again(home: House, folder: Path) -> None:
    with pytest.raises(NotAllowed):
        services.enter(actor=home.rita, project_id=home.project.pk, folder="large", name="L", licence="MIT")
    (folder / "config.json").unlink()
    registration = worked(asked(home))
    with pytest.raises(NotAllowed):
        services.retry(actor=home.rita, registration_id=registration.pk)


def test_progress_is_told_and_a_worker_that_stops_gives_the_job_back(
    home: House, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register, "TELL_SECONDS", 0.0)
    registration = asked(home)
    lease = jobs.claim(job_id=job_of(registration).pk, worker="light@here")
    assert lease is not None
    reading = register.Reading(lease, 4 << 20, lambda: False)
    reading(1 << 20)
    shown = job_of(registration).progress
    assert (shown["done"], shown["of"], shown["unit"]) == (1, 4, "MiB")
    with pytest.raises(Interrupted):
        register.carry_out(lease, lambda: True)
    assert not BaseModel.objects.exists()


def test_a_job_that_is_lost_for_good_takes_its_registration_along(home: House, folder: Path) -> None:
    registration = asked(home)
    jobs.claim(job_id=job_of(registration).pk, worker="light@here")
    Job.objects.update(max_attempts=1)
    jobs.reap(now=timezone.now() + timedelta(days=1))
    registration.refresh_from_db()
    assert registration.state == State.FAILED
    assert AuditEvent.objects.latest("seq").action == "base-model.failed"
    services.retry(actor=home.ada, registration_id=registration.pk)
    assert job_of(registration).state == JobState.QUEUED


def test_the_page_follows_the_reading_and_ends_at_the_base_model(home: House, folder: Path, client: Client) -> None:
    client.login(username="ada", password=PASSWORD)
    form = {"folder": "large", "name": "Large", "licence": "CC0-1.0"}
    sent = client.post(f"/projects/{home.project.pk}/base-models/new/", form)
    registration = Registration.objects.get()
    assert sent.headers["Location"] == f"/registrations/{registration.pk}/"
    page = client.get(sent.headers["Location"]).content.decode()
    assert "Waits for a worker." in page
    assert "Nobody is there to do the work" in page
    assert f"/registrations/{registration.pk}/" in client.get("/base-models/").content.decode()
    worked(registration)
    part = client.get(sent.headers["Location"], HTTP_HX_REQUEST="true")
    assert part.headers["HX-Refresh"] == "true"
    assert client.get(sent.headers["Location"]).headers["Location"] == f"/base-models/{registration.base_model_id}/"


def test_the_page_of_a_refused_folder_says_what_to_mend_and_reads_again(
    home: House, folder: Path, client: Client
) -> None:
    (folder / "weights.bin").write_bytes(b"pickled")
    registration = worked(asked(home))
    client.login(username="ada", password=PASSWORD)
    page = client.get(f"/registrations/{registration.pk}/").content.decode()
    assert "Pickled weights can run code" in page
    assert "Read it again" in page
    (folder / "weights.bin").unlink()
    client.post(f"/jobs/{job_of(registration).pk}/retry/")
    assert worked(registration).state == State.REGISTERED
    client.login(username="rita", password=PASSWORD)
    assert client.get(f"/registrations/{registration.pk}/").status_code == 302


def test_the_api_promises_a_base_model_and_says_how_far_it_is(home: House, folder: Path) -> None:
    ada = by_token(home.ada)
    body = {"project": str(home.project.pk), "folder": "large", "name": "Large", "licence": "CC0-1.0"}
    answer = ada.post(f"{API}/base-models/", body)
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    worked(Registration.objects.get())
    followed = ada.get(answer.headers["Location"]).json()
    assert followed["state"] == "registered"
    assert ada.get(f"{API}/base-models/{followed['base_model']}/").json()["folder_sha256"] == folder_digest(folder)
