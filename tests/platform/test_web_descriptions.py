"""Descriptions of data through pages, REST and the command: looked at before they count, and given out on record."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.actor import Actor
from governance.materials.datasets import descriptions, services
from governance.materials.datasets.exchange.reading import LARGEST
from governance.materials.datasets.models import Dataset, DatasetVersion
from tests import factories
from tests.callers import API, by_token
from tests.governance.test_provenance import WHOLE
from tests.people import PASSWORD, House
from tests.platform.test_materials_commands import said

CARD = """---
license: cc-by-4.0
language: [en]
---
# Rivers

## Curation Rationale
To learn about rivers.

## Contact
Write to us.
"""


@pytest.fixture
def page(home: House) -> Callable[[Actor], Client]:
    def signed_in(actor: Actor) -> Client:
        client = Client()
        assert client.login(username=actor.username, password=PASSWORD)
        return client

    return signed_in


def dataset(home: House) -> Dataset:
    return services.create(actor=home.ada, project_id=home.project.pk, name="Rivers")


def text(response: Any) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", response.content.decode()))


def fields(response: Any) -> dict[str, str]:
    """What a browser would send of the form of a version, for the fields that have something in them."""
    form = response.context["form"]
    return {bound.name: bound.value() for bound in form if bound.value() not in (None, "", [])}


# --- in -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["file", "text"])
def test_a_description_fills_the_form_says_where_each_answer_stood_and_registers_nothing(
    home: House, page: Callable, how: str
) -> None:
    line, ada = dataset(home), page(home.ada)
    address = reverse("dataset-describe", args=[line.pk])
    assert ada.get(address).status_code == 200
    before = AuditEvent.objects.count()
    sent = {"file": SimpleUploadedFile("README.md", CARD.encode())} if how == "file" else {"text": CARD}
    answer = ada.post(address, sent)
    assert answer.status_code == 200
    assert fields(answer) == {"licence": "CC-BY-4.0", "intended_purpose": "To learn about rivers.", "languages": "en"}
    words = text(answer)
    for expected in ("Found in: metadata, license.", "Found in: “Curation Rationale”.", "“Write to us.”", "“Contact”"):
        assert expected in words
    assert f'action="{reverse("dataset-version-create", args=[line.pk])}"' in answer.content.decode()
    assert (DatasetVersion.objects.count(), AuditEvent.objects.count()) == (0, before)


@pytest.mark.django_db
def test_what_was_found_is_registered_once_a_person_sends_it_with_a_file(home: House, page: Callable) -> None:
    line, ada = dataset(home), page(home.ada)
    parent = factories.dataset_version(home)
    whole = {**WHOLE, "derived_from_versions": [str(parent.pk)]}
    made = services.register_version(
        actor=home.ada, dataset_id=line.pk, path=_rows(home, 1), file_name="r.jsonl", licence="CC-BY-4.0",
        provenance=whole, licence_told=[{"where": "card: top", "says": "cc-by-nc-4.0"}],
    )  # fmt: skip
    given_out = descriptions.written(made, "croissant")
    sheet = ada.post(
        reverse("dataset-describe", args=[line.pk]), {"file": SimpleUploadedFile("croissant.json", given_out)}
    )
    sent = fields(sheet) | {"file": SimpleUploadedFile("other.jsonl", factories.row(2).encode())}
    answer = ada.post(reverse("dataset-version-create", args=[line.pk]), sent)
    assert answer.status_code == 302, text(answer)
    again = DatasetVersion.objects.get(dataset=line, number=2)
    assert (again.provenance, again.licence, again.licence_told) == (made.provenance, made.licence, made.licence_told)


@pytest.mark.django_db
@pytest.mark.parametrize("linked", ["another project's", "none"])
def test_a_version_that_somebody_does_not_see_cannot_be_linked_on_the_page(
    home: House, page: Callable, linked: str
) -> None:
    far = services.create(actor=home.dev, project_id=home.elsewhere.pk, name="Claims")
    theirs = services.register_version(
        actor=home.dev, dataset_id=far.pk, path=_rows(home, 4), file_name="r.jsonl", licence="MIT",
        provenance=factories.PROVENANCE,
    )  # fmt: skip
    sent = {
        **factories.PROVENANCE, "licence": "MIT", "file": SimpleUploadedFile("x.jsonl", factories.row(1).encode()),
        "derived_from_versions": [str(theirs.pk) if linked != "none" else linked],
    }  # fmt: skip
    answer = page(home.ada).post(reverse("dataset-version-create", args=[dataset(home).pk]), sent)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["derived_from_versions"]
    assert "Claims" not in text(answer)


def _rows(home: House, count: int) -> Path:
    path = factories.run_folder(home.project.pk) / "described.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(factories.row(number) for number in range(count)))
    return path


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({}, 422, "one of the two"),
        ({"text": CARD, "file": SimpleUploadedFile("x", b"# y")}, 422, "one of the two"),
        ({"text": "[1, 2]"}, 422, "a JSON list: rows, and no description"),
        ({"file": SimpleUploadedFile("x.json", b'{"name": ')}, 422, "breaks off in line 1"),
        ({"file": SimpleUploadedFile("x.md", b"\xff\xfe")}, 422, "not UTF-8"),
        ({"file": SimpleUploadedFile("x.md", b"# " + b"a" * LARGEST)}, 422, "at most"),
        ({"file": SimpleUploadedFile("x.md", b"# " + b"a" * 3 * LARGEST)}, 413, "at most"),
    ],
)
def test_what_is_no_description_is_told_beside_the_form(
    home: House, page: Callable, sent: dict[str, Any], status: int, words: str
) -> None:
    answer = page(home.ada).post(reverse("dataset-describe", args=[dataset(home).pk]), sent)
    assert answer.status_code == status
    assert words in text(answer)


@pytest.mark.django_db
def test_rest_says_what_a_description_says(home: House) -> None:
    line, ada = dataset(home), by_token(home.ada)
    answer = ada.post(f"{API}/datasets/{line.pk}/describe/", {"text": CARD})
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert found["provenance"] == {"intended_purpose": "To learn about rivers.", "languages": "en"}
    assert (found["licence"], found["name"], found["kind"]) == ("CC-BY-4.0", "Rivers", "Dataset card")
    assert found["found_in"]["licence"] == "metadata, license"
    assert [one["where"] for one in found["findings"]] == ["“Contact”"]
    refused = ada.post(f"{API}/datasets/{line.pk}/describe/", {"text": "<html>"})
    assert (refused.status_code, refused.json()["faults"][0]["field"]) == (422, "file")
    assert DatasetVersion.objects.count() == 0


@pytest.mark.django_db
def test_rest_takes_a_record_with_its_forms_and_names_each_that_is_wrong(home: House) -> None:
    line, ada = dataset(home), by_token(home.ada)
    wrong = {**WHOLE, "places": ["Germany"], "synthetic_share": 101}
    for record, status in ((wrong, 422), (WHOLE, 201)):
        file = SimpleUploadedFile("desk.jsonl", factories.row(1).encode())
        body = {"file": file, "licence": "MIT", "provenance": json.dumps(record)}
        answer = ada.post(f"{API}/datasets/{line.pk}/versions/", body, format="multipart")
        assert answer.status_code == status, answer.content
        if status == 422:
            named = {fault["field"] for fault in answer.json()["faults"]}
            assert named == {"provenance.places", "provenance.synthetic_share"}
    assert answer.json()["provenance"] == WHOLE


# --- out ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_datasheet_shows_what_was_said_what_was_measured_and_what_nobody_answered(
    home: House, page: Callable
) -> None:
    version = factories.dataset_version(home)
    address = reverse("dataset-version-datasheet", args=[version.pk])
    seen = text(page(home.omar).get(address))
    for words in (factories.PROVENANCE["source"], "77 rows", version.file_sha256, "not answered"):
        assert words in seen
    raw = page(home.omar).get(address).content.decode()
    assert all(f"a-mark {source}" in raw for source in ("measured", "declared", "missing")), "each by whose word it is"
    assert "Croissant" in seen
    assert "Croissant" not in text(page(home.vera).get(address))
    assert page(home.dev).get(address).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(("form", "kind", "name"), [
    ("md", "text/markdown; charset=utf-8", "datasheet-support-desk-1.md"),
    ("json", "application/json", "datasheet-support-desk-1.json"),
    ("croissant", "application/ld+json", "croissant-support-desk-1.json"),
    ("card", "text/markdown; charset=utf-8", "README.md"),
])  # fmt: skip
def test_page_and_rest_give_out_the_same_file_and_each_leaves_an_entry(
    home: House, page: Callable, form: str, kind: str, name: str
) -> None:
    version = factories.dataset_version(home)
    by_page = page(home.omar).get(reverse("dataset-version-description", args=[version.pk, form]))
    by_rest = by_token(home.omar).get(f"{API}/dataset-versions/{version.pk}/export/?format={form}")
    for answer in (by_page, by_rest):
        assert (answer.status_code, answer["Content-Type"]) == (200, kind)
        assert f'filename="{name}"' in answer["Content-Disposition"]
    assert b"".join(by_page.streaming_content) == b"".join(by_rest.streaming_content)
    assert AuditEvent.objects.filter(action="dataset-version.exported", subject_id=version.pk).count() == 2
    wrong = by_token(home.omar).get(f"{API}/dataset-versions/{version.pk}/export/?format=docx")
    assert (wrong.status_code, "croissant" in wrong.content.decode()) == (422, True)


@pytest.mark.django_db
def test_the_lineage_shows_what_a_version_came_from_and_what_came_from_it(home: House, page: Callable) -> None:
    parent = factories.dataset_version(home)
    child = services.register_version(
        actor=home.ada, dataset_id=dataset(home).pk, path=_rows(home, 3), file_name="r.jsonl", licence="MIT",
        provenance=factories.PROVENANCE | {"derived_from_versions": [str(parent.pk)]},
    )  # fmt: skip
    client = page(home.omar)
    for one, other in ((child, parent), (parent, child)):
        answer = client.get(reverse("dataset-version-detail", args=[one.pk]) + "?tab=lineage")
        assert reverse("dataset-version-detail", args=[other.pk]) in answer.content.decode()


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_says_what_a_description_says(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(CARD)
    words, code = said("dataset", "describe", str(path))
    assert code == 0
    for line in ("licence   CC-BY-4.0", "intended_purpose (from “Curation Rationale”)", "needed    Where do the rows"):
        assert line in words
    found = json.loads(said("dataset", "describe", str(path), "--json")[0])
    assert (found["schema"], found["provenance"]["languages"]) == ("assay.description/1", "en")
    path.write_text("Just words.")
    words, code = said("dataset", "describe", str(path))
    assert (code, "neither metadata nor a heading" in words) == (2, True)
    words, code = said("dataset", "describe", str(tmp_path / "none"))
    assert (code, "cannot be read" in words) == (2, True)
