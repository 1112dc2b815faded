"""Documents as files: who may have one, which there are, and that taking one stands in the trail."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from governance.documents.dossiers import services as dossiers
from governance.documents.renderings import services
from governance.documents.renderings.models import Rendering
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core.canonical import canonical
from governance.foundation.core.errors import NotAllowed, NotFound, WrongState
from governance.people.approvals import services as approvals
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

# Each document with the forms in which it is there at once, by hand.
AT_ONCE = {"dossier": ["json"], "model_card": ["json", "md"], "evaluation_report": ["json"]}


@pytest.fixture
def documents(home: House) -> dict[str, Any]:
    version = factories.finished_run(home).model_version
    return {
        "dossier": dossiers.freeze(actor=home.ada, dossier_id=version.dossier.pk),
        "model_card": version.model_cards.get(),
        "evaluation_report": version.evaluations.get(),
    }


def taken_files() -> list[tuple[str, str, str]]:
    """(action, id of its subject, sha256 of the file) of every taking that is on record, oldest first."""
    events = AuditEvent.objects.filter(action__endswith=".exported").exclude(subject_kind="bundle").order_by("seq")
    return [(each.action, each.subject_id, json.loads(each.body)["facts"]["file_sha256"]) for each in events]


def addresses(documents: dict[str, Any]) -> Iterator[str]:
    """Every address under which a document comes as it is."""
    ids = {kind: record.pk for kind, record in documents.items()}
    yield reverse("dossier-download", args=[ids["dossier"], "json"])
    yield reverse("model-card-download", args=[ids["model_card"]])
    yield reverse("evaluation-download", args=[ids["evaluation_report"], "json"])
    yield f"{API}/dossiers/{documents['dossier'].dossier_id}/export/?format=json"
    yield f"{API}/model-cards/{ids['model_card']}/export/?format=json"
    yield f"{API}/model-cards/{ids['model_card']}/export/?format=md"
    yield f"{API}/evaluations/{ids['evaluation_report']}/export/?format=json"


@pytest.mark.parametrize(("kind", "form"), [(kind, form) for kind, forms in AT_ONCE.items() for form in forms])
def test_a_document_is_handed_out_with_an_entry_that_names_the_very_bytes(
    home: House, documents: dict[str, Any], kind: str, form: str
) -> None:
    record = documents[kind]
    taken = services.take(actor=home.omar, kind=kind, document_id=record.pk, form=form)
    data = taken.file.read()
    if form == "md":
        assert (data.decode(), taken.name) == (record.markdown, "README.md")
    elif kind == "evaluation_report":  # as the evaluator wrote it, which need not be canonical
        assert json.loads(data) == record.report
    else:
        assert data == canonical(record.document)
    action = f"{record.kind.replace('_', '-')}.exported"
    assert taken_files() == [(action, str(record.pk), hashlib.sha256(data).hexdigest())]


def test_whoever_only_looks_takes_no_file_by_any_way(home: House, documents: dict[str, Any]) -> None:
    page = Client()
    assert page.login(username="vera", password=PASSWORD)
    api = by_token(home.vera)
    for address in addresses(documents):
        assert (api if address.startswith(API) else page).get(address).status_code == 403, address
    for kind, record in documents.items():
        with pytest.raises(NotAllowed, match="export evidence"):
            services.ask(actor=home.vera, kind=kind, document_id=record.pk)
    assert taken_files() == []


def test_whoever_only_looks_is_offered_no_file(home: House, documents: dict[str, Any]) -> None:
    shown = {}
    for who in ("vera", "omar"):
        page = Client()
        assert page.login(username=who, password=PASSWORD)
        bodies = [
            page.get(reverse(name, args=[documents[kind].pk])).content.decode()
            for kind, name in (
                ("dossier", "dossier-version-detail"),
                ("model_card", "model-card-detail"),
                ("evaluation_report", "evaluation-detail"),
            )
        ]
        offered = [address for address in addresses(documents) if not address.startswith(API)]
        shown[who] = [address in body for address, body in zip(offered, bodies, strict=True)]
    assert shown == {"vera": [False, False, False], "omar": [True, True, True]}


def test_page_api_and_command_hand_out_the_same_and_each_leaves_its_entry(
    home: House, documents: dict[str, Any], tmp_path: Path
) -> None:
    version = documents["dossier"]
    page = Client()
    assert page.login(username="omar", password=PASSWORD)
    by_page = page.get(reverse("dossier-download", args=[version.pk, "json"]))
    by_api = by_token(home.omar).get(f"{API}/dossiers/{version.dossier_id}/export/?format=json")
    out = tmp_path / "dossier.json"
    call_command("export", str(version.pk), "--format", "json", "--out", str(out))
    assert b"".join(by_page.streaming_content) == b"".join(by_api.streaming_content) == out.read_bytes()
    assert by_page["Content-Disposition"] == by_api["Content-Disposition"]
    sha256 = hashlib.sha256(out.read_bytes()).hexdigest()
    assert taken_files() == [("dossier.exported", str(version.pk), sha256)] * 3


def test_what_a_worker_made_is_taken_by_its_document_or_by_its_own_name(
    home: House, documents: dict[str, Any], tmp_path: Path
) -> None:
    version = documents["dossier"]
    wanted = {"kind": "dossier", "document_id": version.pk}
    with pytest.raises(WrongState, match="ask for it first"):
        services.take(actor=home.omar, form="pdf", **wanted)
    rendering = services.ask(actor=home.omar, **wanted)
    with pytest.raises(WrongState, match="is queued"):
        services.take(actor=home.omar, form="pdf", **wanted)
    made(rendering, tmp_path)
    by_name = services.take_rendering(actor=home.omar, rendering_id=rendering.pk)
    assert services.take(actor=home.omar, form="pdf", **wanted).file.read() == by_name.file.read()
    assert (by_name.name, by_name.media_type) == (rendering.file_name, "application/pdf")
    assert [subject for _, subject, _ in taken_files()] == [str(version.pk)] * 2
    for stranger, refusal in ((home.vera, NotAllowed), (home.dev, NotFound)):
        with pytest.raises(refusal):
            services.take_rendering(actor=stranger, rendering_id=rendering.pk)

    # Another signature is another file; the old one is still to be had under its own name.
    factories.approve(home.cleo, approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk))
    with pytest.raises(WrongState, match="ask for it first"):
        services.take(actor=home.omar, form="pdf", **wanted)
    assert services.take_rendering(actor=home.omar, rendering_id=rendering.pk).name == rendering.file_name


@pytest.mark.parametrize("kind", AT_ONCE)
def test_a_file_is_asked_for_once_under_the_documents_own_digest(
    home: House, documents: dict[str, Any], kind: str
) -> None:
    record = documents[kind]
    rendering = services.ask(actor=home.omar, kind=kind, document_id=record.pk)
    assert (rendering.document_kind, rendering.document_id) == (kind, record.pk)
    assert rendering.document_sha256 == rendering.document["sha256"]
    assert services.ask(actor=home.ada, kind=kind, document_id=record.pk) == rendering


def test_what_there_is_not_is_not_handed_out(home: House, documents: dict[str, Any]) -> None:
    card = documents["model_card"].pk
    for kind, pk, form in (("model_card", card, "docx"), ("poem", card, "json"), ("dossier", card, "json")):
        with pytest.raises(NotFound):
            services.take(actor=home.omar, kind=kind, document_id=pk, form=form)
    with pytest.raises(NotFound):
        services.take(actor=home.dev, kind="model_card", document_id=UUID(str(card)), form="md")


def test_there_is_no_report_to_take_before_it_is_written(home: House) -> None:
    waiting = factories.trained_run(home).model_version.evaluations.get()
    for act in (
        lambda: services.ask(actor=home.ada, kind="evaluation_report", document_id=waiting.pk),
        lambda: services.take(actor=home.ada, kind="evaluation_report", document_id=waiting.pk, form="json"),
    ):
        with pytest.raises(WrongState, match="has no report yet"):
            act()


def made(rendering: Rendering, folder: Path) -> None:
    file = folder / "made.pdf"
    file.write_bytes(b"%PDF-1.7 as the worker made it")
    lease = factories.lease_on(rendering, "render")
    services.finish(lease=lease, rendering_id=rendering.pk, file=file, renderer="test")
