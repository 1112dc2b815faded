"""Documents, releases and files over REST: from a finished run to a withdrawn release."""

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from governance.delivery.evidence import verify as verifier
from governance.documents.dossiers.models import Dossier
from governance.documents.renderings import services as renderings
from governance.documents.renderings.models import Rendering
from governance.foundation.core.canonical import digest
from tests import factories
from tests.callers import API, by_token, decide
from tests.people import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def dossier(home: House) -> str:
    return str(factories.finished_run(home).model_version.dossier.pk)


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_from_declared_text_to_signature_release_and_withdrawal(home: House, dossier: str) -> None:
    ada, cleo, rita = by_token(home.ada), by_token(home.cleo), by_token(home.rita)
    draft = ada.get(f"{API}/dossiers/{dossier}/").json()
    assert draft["document"]["schema"] == "assay.dossier/1" and draft["versions"] == []
    prompt = next(
        prompt["id"]
        for section in draft["document"]["sections"]
        for prompt in section["prompts"]
        if not prompt["met_by"] and not prompt["not_applicable"]
    )
    answer = ada.post(f"{API}/dossiers/{dossier}/declarations/", {"prompt": prompt, "text": "As the team knows it."})
    assert answer.status_code == 201, answer.content
    assert (answer.json()["by_name"], answer.json()["text"]) == ("Ada Brandt", "As the team knows it.")
    late = ada.post(f"{API}/dossiers/{dossier}/declarations/", {"prompt": prompt, "text": "Mine.", "seen": None})
    assert late.status_code == 409 and late.json()["type"] == "urn:assay:problem:stale-subject"
    absent = by_token(home.paula).post(
        f"{API}/dossiers/{dossier}/declarations/", {"prompt": prompt, "text": "There is none.", "not_applicable": True}
    )
    assert absent.json()["not_applicable"] is True
    assert [row["prompt"] for row in ada.get(f"{API}/dossiers/{dossier}/declarations/").json()] == [prompt]

    frozen = ada.post(f"{API}/dossiers/{dossier}/freeze/")
    assert frozen.status_code == 201, frozen.content
    version = frozen.json()
    assert ada.get(frozen["Location"]).json() == version
    assert digest({k: v for k, v in version["document"].items() if k != "sha256"}) == version["sha256"]
    again = ada.post(f"{API}/dossiers/{dossier}/freeze/").json()
    assert again["id"] == version["id"]

    project = str(home.project.pk)
    asked = ada.post(f"{API}/approvals/", {"kind": "dossier", "id": version["id"], "project": project}).json()
    assert decide(cleo, asked["id"]).status_code == 201

    proposed = ada.post(f"{API}/releases/", {"dossier_version": version["id"], "notes": "For the desk."})
    assert proposed.status_code == 201, proposed.content
    release = proposed.json()
    early = rita.post(f"{API}/releases/{release['id']}/release/")
    assert early.status_code == 409 and early.json()["missing"][0]["kind"] == "release"
    waiting = rita.get(f"{API}/approvals/?kind=release&state=open").json()["results"]
    assert decide(rita, waiting[0]["id"]).status_code == 201
    lights = {gate["label"]: gate["light"] for gate in rita.get(f"{API}/releases/{release['id']}/gates/").json()}
    assert set(lights.values()) <= {"green", "amber"}, lights
    released = rita.post(f"{API}/releases/{release['id']}/release/")
    assert released.status_code == 200, released.content

    digest_of_model = ada.get(f"{API}/model-versions/{release['model_version']}/").json()["digest"]
    address = f"{API}/model-versions/by-digest/{digest_of_model}/"
    answer = by_token(home.vera).get(address).json()
    assert answer["released"] is True
    assert answer["releases"][0]["purpose"] == home.project.intended_purpose
    assert by_token(home.vera).get(address, {"project": project}).json()["released"] is True
    assert by_token(home.vera).get(address, {"project": str(home.elsewhere.pk)}).status_code == 404

    assert rita.post(f"{API}/releases/{release['id']}/withdraw/", {"reason": " "}).status_code == 422
    withdrawn = rita.post(f"{API}/releases/{release['id']}/withdraw/", {"reason": "A better one came."})
    assert withdrawn.json()["state"] == "withdrawn"
    assert by_token(home.vera).get(address).json()["released"] is False


def test_exports_are_sent_when_they_are_there_and_promised_while_they_are_made(
    home: House, dossier: str, tmp_path: Path
) -> None:
    omar = by_token(home.omar)
    address = f"{API}/dossiers/{dossier}/export/"
    assert omar.get(address, {"format": "pdf"}).status_code == 409
    version = by_token(home.ada).post(f"{API}/dossiers/{dossier}/freeze/").json()

    for wrong in ({"format": "docx"}, {"format": "x"}, {}):
        refused = omar.get(address, wrong)
        assert refused.status_code == 422, refused.content
        assert "pdf, md, json, bundle" in refused.json()["faults"][0]["message"]
    assert omar.get(address, {"format": "json", "version": 7}).status_code == 404
    assert omar.get(address, {"format": "json", "version": "x"}).status_code == 422

    document = omar.get(address, {"format": "json", "version": 1}, headers={"Accept": "application/pdf"})
    assert document["Content-Type"] == "application/json"
    assert json.loads(body_of(document)) == version["document"]

    promised = omar.get(address, {"format": "pdf"})
    assert promised.status_code == 202 and promised["Retry-After"] == "2"
    assert promised.json()["state"] == "queued"
    assert omar.get(promised["Location"]).json()["id"] == promised.json()["id"]
    early = omar.get(f"{promised['Location']}file/")
    assert early.status_code == 409 and early["Content-Type"] == "application/problem+json"
    assert omar.get(address, {"format": "pdf"}).json()["id"] == promised.json()["id"]

    rendering = Rendering.objects.get(pk=promised.json()["id"])
    made = tmp_path / "made.pdf"
    made.write_bytes(b"%PDF-1.7 as the worker made it")
    lease = factories.lease_on(rendering, "render")
    renderings.finish(lease=lease, rendering_id=rendering.pk, file=made, renderer="test")
    for sent in (omar.get(address, {"format": "pdf"}), omar.get(f"{promised['Location']}file/")):
        assert sent.status_code == 200 and sent["Content-Type"] == "application/pdf"
        assert body_of(sent) == made.read_bytes()
        assert "attachment" in sent["Content-Disposition"]

    bundle = omar.get(address, {"format": "bundle"})
    data = body_of(bundle)
    assert bundle["Content-Type"] == "application/zip"
    assert "dossier.json" in zipfile.ZipFile(BytesIO(data)).namelist()
    kept = tmp_path / "evidence.zip"
    kept.write_bytes(data)
    assert verifier.verify(kept).exit_status == 0

    vera = by_token(home.vera)
    assert {form: vera.get(address, {"format": form}).status_code for form in ("json", "pdf", "bundle")} == {
        "json": 403,
        "pdf": 403,
        "bundle": 403,
    }
    foreign = by_token(home.dev).get(address, {"format": "json"})
    absent = by_token(home.dev).get(f"{API}/dossiers/{home.project.pk}/export/", {"format": "json"})
    assert foreign.status_code == absent.status_code == 404 and foreign.json() == absent.json()


def test_cards_and_reports_come_as_files_too(home: House, dossier: str) -> None:
    omar = by_token(home.omar)
    model = str(Dossier.objects.get(pk=dossier).model_version_id)
    card = omar.get(f"{API}/model-cards/", {"model_version": model}).json()["results"][0]
    markdown = omar.get(f"{API}/model-cards/{card['id']}/export/", {"format": "md"})
    assert markdown["Content-Type"].startswith("text/markdown")
    assert body_of(markdown).decode() == omar.get(f"{API}/model-cards/{card['id']}/").json()["markdown"]
    renewed = by_token(home.ada).post(f"{API}/model-cards/", {"model_version": model})
    assert renewed.status_code == 201, renewed.content

    evaluation = omar.get(f"{API}/evaluations/", {"model_version": model}).json()["results"][0]
    whole = omar.get(f"{API}/evaluations/{evaluation['id']}/").json()
    report = omar.get(f"{API}/evaluations/{evaluation['id']}/export/", {"format": "json"})
    assert json.loads(body_of(report)) == whole["report"]
    assert omar.get(f"{API}/evaluations/{evaluation['id']}/export/", {"format": "pdf"}).status_code == 202
    assert by_token(home.ada).post(f"{API}/evaluations/{evaluation['id']}/retry/").status_code == 409


def test_a_foreign_dossier_version_cannot_be_proposed_or_told_from_an_absent_one(home: House, dossier: str) -> None:
    version = by_token(home.ada).post(f"{API}/dossiers/{dossier}/freeze/").json()
    dev = by_token(home.dev)
    foreign = dev.post(f"{API}/releases/", {"dossier_version": version["id"]})
    absent = dev.post(f"{API}/releases/", {"dossier_version": dossier})
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json() == absent.json()


def test_facts_and_texts_are_stated_and_taken_back(home: House, dossier: str) -> None:
    paula = by_token(home.paula)
    address = f"{API}/dossiers/{dossier}/facts/"
    unknown = paula.post(address, {"fact": "no-such-fact", "value": True})
    known = unknown.json()["faults"][0]["cure"].removeprefix("Known: ").rstrip(".").split(", ")
    assert unknown.status_code == 422
    stated = paula.post(address, {"fact": known[0], "value": False, "reason": "Text only."})
    assert stated.status_code == 201, stated.content
    assert [row["fact"] for row in paula.get(address).json()] == [known[0]]
    assert paula.delete(f"{API}/dossiers/{dossier}/declarations/none/").status_code == 409
