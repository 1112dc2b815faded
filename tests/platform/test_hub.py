"""Rows on a hub become a version where the operator allows it: asked for by page and API, fetched by a worker."""

import json
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from assay.jobs import work
from assay.jobs.environment import environment
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.errors import NotAllowed, Unusable
from governance.foundation.jobs.models import Job
from governance.materials.datasets import selectors, services
from governance.materials.datasets.models import Dataset, DatasetVersion, Import
from governance.materials.datasets.rules import State
from preparation.hub import Place
from preparation.reading import Reading
from tests import factories
from tests.callers import API, by_token
from tests.hub import COMMIT, SET, Hub, card, hub, jsonl
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db

PAIRS = [{"question": f"Question {n}?", "reply": f"Answer {n}."} for n in range(40)]
COLUMNS = {"prompt": "question", "completion": "reply"}
READING = Reading(format="prompt-completion", columns=COLUMNS)
SAID = {"licence": "Apache-2.0", "provenance": factories.PROVENANCE}


@pytest.fixture
def line(home: House) -> Dataset:
    return services.create(actor=home.ada, project_id=home.project.pk, name="Support desk")


@pytest.fixture
def serving(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that the operator allows."""
    pytest.importorskip("datasets", reason="the package `datasets` is not installed: nothing is fetched from a hub")
    settings.ASSAY_ALLOW_HUB = True
    with hub({"README.md": card("cc-by-4.0"), "train.jsonl": jsonl(PAIRS)}) as found:
        monkeypatch.setenv("HF_ENDPOINT", found.address)
        yield found


def worked(found: Import) -> Import:
    """What a worker leaves behind."""
    work.do(Job.objects.filter(subject_id=found.pk).latest("created_at").pk, worker="light@here")
    found.refresh_from_db()
    return found


def test_what_was_fetched_is_a_version_that_names_its_commit_and_the_hubs_licence(
    home: House, line: Dataset, serving: Hub
) -> None:
    found = services.fetch(actor=home.ada, dataset_id=line.pk, place=Place(SET), reading=READING, **SAID)
    assert (found.state, found.file_sha256) == (State.QUEUED, "")
    worked(found)
    version = DatasetVersion.objects.get()
    assert (found.state, found.version, found.error) == (State.REGISTERED, version, None)
    with blobs.opened(version.file_sha256) as file:
        assert [json.loads(row) for row in file] == PAIRS
    assert (version.rows, version.container, version.columns) == (40, "jsonl", COLUMNS)
    address = f"{serving.address}/datasets/{SET}"
    first, last = version.provenance["source"].split("\n")
    assert first == factories.PROVENANCE["source"]
    assert last == f"Fetched from {address} at {COMMIT}, split train."
    assert version.licence_told == [{"where": f"{address} at {COMMIT[:12]}", "says": "cc-by-4.0"}]
    (told,) = selectors.licence_told(version)
    assert told.agrees is False  # registered as Apache-2.0
    asked = AuditEvent.objects.get(action="import.asked")
    assert json.loads(asked.body)["facts"]["hub"] == {
        "repository": SET,
        "config": "",
        "split": "train",
        "revision": "main",
    }


def test_rows_in_no_known_format_are_kept_and_not_fetched_twice(home: House, line: Dataset, serving: Hub) -> None:
    found = worked(services.fetch(actor=home.ada, dataset_id=line.pk, place=Place(SET), **SAID))
    assert found.state == State.REFUSED
    assert blobs.exists(found.file_sha256)
    serving.asked.clear()
    services.read_again(actor=home.ada, import_id=found.pk, reading=READING)
    found.refresh_from_db()
    assert worked(found).state == State.REGISTERED
    assert serving.asked == []
    assert COMMIT in DatasetVersion.objects.get().provenance["source"]


def test_what_the_hub_does_not_have_is_told_and_can_be_let_go(home: House, line: Dataset, serving: Hub) -> None:
    found = worked(services.fetch(actor=home.ada, dataset_id=line.pk, place=Place("ada/none"), **SAID))
    assert (found.state, found.file_sha256) == (State.REFUSED, "")
    assert found.found is not None
    assert found.found["faults"][0]["message"] == "The hub shows no data set ada/none to everybody."
    assert services.discard(actor=home.ada, import_id=found.pk).state == State.DISCARDED
    assert not DatasetVersion.objects.exists()


def test_nothing_is_fetched_unless_the_operator_allows_it(
    home: House, line: Dataset, serving: Hub, settings: LazySettings
) -> None:
    refused = worked(services.fetch(actor=home.ada, dataset_id=line.pk, place=Place("ada/none"), **SAID))
    settings.ASSAY_ALLOW_HUB = False
    assert "HF_ENDPOINT" not in environment()
    with pytest.raises(Unusable, match=r"Only files are taken here.*ASSAY_ALLOW_HUB=1"):
        services.fetch(actor=home.ada, dataset_id=line.pk, place=Place(SET), **SAID)
    with pytest.raises(Unusable, match="Only files are taken here"):
        services.read_again(actor=home.ada, import_id=refused.pk)
    assert Import.objects.count() == 1


def test_who_may_not_register_data_has_nothing_fetched(home: House, line: Dataset, serving: Hub) -> None:
    with pytest.raises(NotAllowed):
        services.fetch(actor=home.rita, dataset_id=line.pk, place=Place(SET), **SAID)
    with pytest.raises(Unusable, match="owner/name"):
        services.fetch(actor=home.ada, dataset_id=line.pk, place=Place("tickets"), **SAID)
    assert serving.asked == []


def test_the_api_answers_with_the_import_to_follow(home: House, line: Dataset, serving: Hub) -> None:
    client = by_token(home.ada)
    body = {"repository": SET, "licence": "CC-BY-4.0", "provenance": json.dumps(factories.PROVENANCE),
            "format": "prompt-completion", "columns": json.dumps(COLUMNS)}  # fmt: skip
    asked = client.post(f"{API}/datasets/{line.pk}/fetch/", body, format="multipart")
    assert asked.status_code == 202, asked.content
    followed = client.get(asked["Location"])
    assert followed.json()["hub"] == {"repository": SET, "config": "", "split": "train", "revision": "main"}
    worked(Import.objects.get())
    ended = client.get(asked["Location"]).json()
    assert (ended["state"], ended["hub"]["commit"]) == ("registered", COMMIT)
    assert client.get(f"{API}/dataset-versions/{ended['version']}/").json()["rows"] == 40


def test_the_page_says_that_only_files_are_taken_or_asks_which_rows(
    client: Client, home: House, line: Dataset, settings: LazySettings
) -> None:
    client.login(username=home.ada.username, password=PASSWORD)
    upload, page = reverse("dataset-version-create", args=[line.pk]), reverse("dataset-version-fetch", args=[line.pk])
    assert "Only files are taken here" in client.get(upload).content.decode()
    off = client.get(page).content.decode()
    assert "ASSAY_ALLOW_HUB=1" in off
    assert 'name="repository"' not in off
    settings.ASSAY_ALLOW_HUB = True
    assert page in client.get(upload).content.decode()
    assert 'name="repository"' in client.get(page).content.decode()
    body = {"repository": SET, "split": "train", "revision": "main", "licence": "MIT", **factories.PROVENANCE}
    wrong = client.post(page, body | {"repository": "tickets"})
    assert wrong.status_code == 422
    assert "Write owner/name." in wrong.content.decode()
    asked = client.post(page, body)
    found = Import.objects.get()
    assert (asked.status_code, asked["Location"]) == (302, reverse("import-detail", args=[found.pk]))
    shown = client.get(asked["Location"]).content.decode()
    assert "ada/tickets, train, main" in shown
    assert "ada/tickets on the hub" in client.get(reverse("dataset-detail", args=[line.pk])).content.decode()
