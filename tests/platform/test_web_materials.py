"""The pages of base models, datasets and evaluation plans, as each role sees and uses them."""

import hashlib
import json
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http.multipartparser import MultiPartParser
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.actor import Actor
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import Dataset, DatasetVersion
from governance.people.approvals.models import ApprovalRequest
from governance.people.projects import services as projects
from governance.people.projects.rules import Role
from governance.work.evaluation_plans import services as evaluation_plans
from governance.work.evaluation_plans.models import EvaluationPlan
from tests import factories
from tests.people import PASSWORD, House

PAIR = '{"prompt": "How long does it take?", "completion": "One day."}\n'
ANSWERS = {
    "source": "Written for this test.",
    "issuer": "The test suite",
    "method": "By hand.",
    "personal_data": "None.",
}


@pytest.fixture
def operator_models(settings: object, tmp_path: Path) -> Path:
    settings.ASSAY_MODELS_DIR = tmp_path / "models"  # type: ignore[attr-defined]
    return tmp_path / "models"


@pytest.fixture
def page(home: House, operator_models: Path) -> Callable[..., Client]:
    """`page(home.ada)`: a browser in which Ada has signed in."""

    def signed_in(actor: Actor) -> Client:
        client = Client()
        assert client.login(username=actor.username, password=PASSWORD)
        return client

    return signed_in


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


def upload(content: str | bytes, name: str = "rows.jsonl") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def dataset(home: House) -> Dataset:
    return datasets.create(actor=home.ada, project_id=home.project.pk, name="Support desk")


# --- who sees what -------------------------------------------------------------------------------------------------

LISTS = ("base-model-list", "dataset-list", "evaluation-plan-list")


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_says_what_it_is_for_and_offers_the_first_step(home: House, page: Callable, name: str) -> None:
    ada, vera = page(home.ada).get(reverse(name)), page(home.vera).get(reverse(name))
    assert ada.status_code == vera.status_code == 200
    assert "yet" in text(ada)
    assert "a-btn primary" in text(ada)
    assert "a-btn primary" not in text(vera)


def test_everybody_of_the_project_reads_the_records_and_a_stranger_finds_none(home: House, page: Callable) -> None:
    run = factories.launched_run(home)
    version = factories.dataset_version(home)
    addresses = {
        reverse("base-model-detail", args=[run.base_model_id]): "Linden Nano",
        reverse("dataset-detail", args=[version.dataset_id]): "Support desk",
        reverse("dataset-version-detail", args=[version.pk]): "Support desk v1",
        reverse("evaluation-plan-detail", args=[run.evaluation_plan_id]): "Support, limited risk",
    }
    for person in (home.ada, home.ben, home.rita, home.cleo, home.paula, home.omar, home.vera, home.admin):
        client = page(person)
        for address, words in addresses.items():
            for tab in ("overview", "evidence", "approvals", "lineage", "history", "nonsense"):
                answer = client.get(f"{address}?tab={tab}")
                assert answer.status_code == 200, (person.name, address, tab)
                assert words in text(answer)
    stranger = page(home.dev)
    more = [reverse("dataset-version-rows", args=[version.pk]), reverse("dataset-version-file", args=[version.pk])]
    more += [reverse("evaluation-plan-edit", args=[run.evaluation_plan_id])]
    more += [reverse("dataset-version-create", args=[version.dataset_id])]
    more += [reverse(f"{noun}-create", args=[home.project.pk]) for noun in ("base-model", "dataset", "evaluation-plan")]
    for address in (*addresses, *more):
        assert stranger.get(address).status_code == 404, address
    for name in LISTS:
        assert "Linden" not in text(stranger.get(reverse(name)))
        assert "Support" not in text(stranger.get(reverse(name)))
    copy = stranger.post(reverse("evaluation-plan-copy", args=[run.evaluation_plan_id]))
    assert copy.status_code == 404


def test_who_may_not_make_is_refused_the_form_and_the_post(home: House, page: Callable) -> None:
    line = dataset(home)
    vera = page(home.vera)
    for address in (
        reverse("base-model-create", args=[home.project.pk]),
        reverse("dataset-create", args=[home.project.pk]),
        reverse("dataset-version-create", args=[line.pk]),
        reverse("evaluation-plan-create", args=[home.project.pk]),
    ):
        assert vera.get(address).status_code == 403, address
        assert vera.post(address, {"name": "x"}).status_code == 403, address
    assert Dataset.objects.count() == 1


def test_lists_take_the_same_number_of_queries_for_one_row_and_for_many(
    home: House, page: Callable, tmp_path: Path
) -> None:
    def register(name: str) -> None:
        line = datasets.create(actor=home.ada, project_id=home.project.pk, name=name)
        path = tmp_path / "rows.jsonl"
        path.write_text(PAIR)
        datasets.register_version(
            actor=home.ada, dataset_id=line.pk, path=path, file_name="rows.jsonl", licence="MIT", provenance=ANSWERS
        )
        evaluation_plans.write(
            actor=home.ada, project_id=home.project.pk, name=name, tasks=[{"name": "safety"}], thresholds=[]
        )

    ada = page(home.ada)
    counts: dict[str, list[int]] = {name: [] for name in LISTS}
    for names in (["one"], ["two", "three", "four"]):
        for name in names:
            register(name)
        for name in LISTS:
            ada.get(reverse(name))
            with CaptureQueriesContext(
                connection,
            ) as seen:
                ada.get(reverse(name))
            counts[name].append(len(seen))
    assert all(first == second for first, second in counts.values()), counts


def test_a_filter_stays_in_the_address_and_says_when_nothing_fits(home: House, page: Callable) -> None:
    dataset(home)
    ada = page(home.ada)
    found = text(ada.get(reverse("dataset-list"), {"q": "desk", "project": home.project.slug}))
    assert "Support desk" in found
    assert 'value="desk"' in found
    none = text(ada.get(reverse("dataset-list"), {"q": "nothing like it"}))
    assert "No dataset fits" in none
    assert "No version yet" in found


# --- base models ---------------------------------------------------------------------------------------------------


def register_model(client: Client, home: House, **given: str) -> object:
    answers = {"folder": factories.BASE, "name": "Linden Nano", "licence": "Apache-2.0"} | given
    return client.post(reverse("base-model-create", args=[home.project.pk]), answers, follow=True)


def test_ada_registers_a_base_model_and_asks_for_its_approval(home: House, page: Callable) -> None:
    factories.base_folder()
    ada = page(home.ada)
    form = text(ada.get(reverse("base-model-create", args=[home.project.pk])))
    assert factories.BASE in form
    answer = register_model(
        ada, home, training_flops="1.6e21", training_flops_source="its report", general_purpose="yes"
    )
    model = BaseModel.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("base-model-detail", args=[model.pk])
    assert (model.training_flops, model.general_purpose, model.systemic_risk) == (1.6e21, True, None)
    shown = text(answer)
    for words in ("LlamaForCausalLM", "Internal use", "No rule against it", "1.6"):
        assert words in shown
    approvals_tab = text(ada.get(reverse("base-model-detail", args=[model.pk]), {"tab": "approvals"}))
    ask = reverse("approval-ask", args=[home.project.pk, "base_model", model.pk])
    assert ask in approvals_tab
    assert ada.post(ask, {"note": "Please look."}).status_code == 302
    request = ApprovalRequest.objects.get(subject_id=model.pk)
    assert request.subject_digest == model.content_digest
    waiting = text(ada.get(reverse("base-model-detail", args=[model.pk]), {"tab": "approvals"}))
    assert ask not in waiting
    assert reverse("approval-detail", args=[request.pk]) in waiting


def test_a_viewer_is_not_offered_to_ask(home: House, page: Callable) -> None:
    factories.base_folder()
    register_model(page(home.ada), home)
    model = BaseModel.objects.get()
    shown = text(page(home.vera).get(reverse("base-model-detail", args=[model.pk]), {"tab": "approvals"}))
    assert "Not asked for" in shown
    assert "approval-ask" not in shown
    assert "/ask/" not in shown


def test_places_that_disagree_about_the_licence_are_seen_by_all(home: House, page: Callable) -> None:
    folder = factories.base_folder(licence="cc-by-nc-4.0")
    (folder / "LICENSE").write_text("\n   Apache License\n  Version 2.0, January 2004\n")
    register_model(page(home.ada), home)
    model = BaseModel.objects.get()
    shown = text(page(home.vera).get(reverse("base-model-detail", args=[model.pk])))
    assert "Places disagree about the licence" in shown
    assert "cc-by-nc-4.0" in shown
    assert "Places disagree" in text(page(home.ada).get(reverse("base-model-list")))


BROKEN: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "pickled weights": (
        lambda folder: (folder / "pytorch_model.bin").write_bytes(b"\x80\x04."),
        ["pytorch_model.bin", "can run code", "Use safetensors only"],
    ),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), ["no model.safetensors"]),
    "truncated weights": (
        lambda folder: (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-9]),
        ["model.safetensors", "is it whole?"],
    ),
    "no config": (lambda folder: (folder / "config.json").unlink(), ["config.json", "It is missing"]),
    "code of its own": (
        lambda folder: (folder / "modeling.py").write_text("import os"),
        ["modeling.py", "must not bring code"],
    ),
    "a config that runs code": (
        lambda folder: (folder / "config.json").write_text('{"model_type": "llama", "auto_map": {"AutoModel": "x.Y"}}'),
        ["auto_map", "loader run other code"],
    ),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), ["tokenizer.json is missing"]),
    "a template that is no text": (
        lambda folder: (folder / "chat_template.jinja").write_bytes(b"\xff\xfe\x00"),
        ["chat_template.jinja", "not UTF-8"],
    ),
    "a link that leads out": (
        lambda folder: (folder / "extra.json").symlink_to("/etc/hostname"),
        ["extra.json", "leads out of the folder"],
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_model_folder_is_refused_beside_its_field_and_nothing_is_kept(
    home: House, page: Callable, what: str
) -> None:
    spoil, words = BROKEN[what]
    spoil(factories.base_folder())
    answer = register_model(page(home.ada), home, upstream_notes="Typed at length.")
    assert answer.status_code == 422
    for word in words:
        assert word in text(answer)
    assert "Typed at length." in text(answer)
    assert not BaseModel.objects.exists()
    assert not AuditEvent.objects.filter(action="base-model.registered").exists()


@pytest.mark.parametrize("folder", ["../secrets", "..", ".", "/etc", ".hidden", "tiny/../../etc", ""])
def test_a_folder_outside_the_operator_s_is_never_looked_at(home: House, page: Callable, folder: str) -> None:
    (factories.base_folder().parent.parent / "secrets").mkdir()
    answer = register_model(page(home.ada), home, folder=folder)
    assert answer.status_code == 422
    assert 'id="id_folder_error"' in text(answer)
    assert not BaseModel.objects.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"licence": "MIT OR OR"}, "cannot be read"),
        ({"licence": ""}, "required"),
        ({"training_flops": "-3", "training_flops_source": "x"}, "positive number"),
        ({"training_flops": "1e20"}, "Say where the figure comes from."),
        ({"name": " "}, "required"),
    ],
)
def test_a_wrong_field_of_a_base_model_is_named(home: House, page: Callable, given: dict, words: str) -> None:
    factories.base_folder()
    answer = register_model(page(home.ada), home, **given)
    assert answer.status_code == 422
    assert words in text(answer)
    (field,) = list(given)[:1]
    assert f'aria-describedby="id_{field}' in text(answer) or "training_flops_source" in text(answer)
    assert not BaseModel.objects.exists()


def test_the_same_folder_twice_is_one_record(home: House, page: Callable) -> None:
    factories.base_folder()
    ada = page(home.ada)
    register_model(ada, home)
    assert "registered as Linden Nano" in text(ada.get(reverse("base-model-create", args=[home.project.pk])))
    again = register_model(ada, home)
    assert again.status_code == 422
    assert "registered already" in text(again)
    assert BaseModel.objects.count() == 1


def test_without_a_folder_the_form_says_who_puts_one_there(home: House, page: Callable, operator_models: Path) -> None:
    shutil.rmtree(operator_models, ignore_errors=True)
    shown = text(page(home.ada).get(reverse("base-model-create", args=[home.project.pk])))
    assert "folder of models is empty" in shown
    assert "model.safetensors" in shown


# --- datasets ------------------------------------------------------------------------------------------------------


def send(client: Client, line: Dataset, content: str | bytes, name: str = "rows.jsonl", **given: str) -> object:
    answers = {"file": upload(content, name), "licence": "CC0-1.0", "format": "auto", **ANSWERS} | given
    return client.post(reverse("dataset-version-create", args=[line.pk]), answers, follow=True)


def test_ada_registers_a_dataset_uploads_its_first_version_and_asks(home: House, page: Callable) -> None:
    ada = page(home.ada)
    opened = ada.post(
        reverse("dataset-create", args=[home.project.pk]), {"name": "Tickets", "description": "Answers."}, follow=True
    )
    line = Dataset.objects.get()
    assert opened.redirect_chain[-1][0] == reverse("dataset-version-create", args=[line.pk])
    answer = send(ada, line, PAIR * 3 + PAIR.replace("One day.", "Two days."), selection="All were kept.")
    version = DatasetVersion.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("dataset-version-detail", args=[version.pk])
    assert version.provenance == ANSWERS | {"selection": "All were kept."}
    assert version.profile["exact_duplicates"] == 2
    shown = text(answer)
    for words in ("Written for this test.", "not answered", "One day.", "learnt", "Publishing the weights"):
        assert words in shown
    assert reverse("approval-ask", args=[home.project.pk, "dataset_version", version.pk]) in shown
    evidence = text(ada.get(reverse("dataset-version-detail", args=[version.pk]), {"tab": "evidence"}))
    assert evidence.count("<svg") > 2
    assert "Same question, other answer" in evidence
    second = text(ada.get(reverse("dataset-version-create", args=[line.pk])))
    assert "Written for this test." in second  # the last answers, to be read again


REFUSED: dict[str, tuple[str | bytes, list[str]]] = {
    "a wrong column": (
        PAIR + '{"prompt": "x", "answer": "y"}\n',
        [">2<", "completion", "The field is missing."],
    ),
    "columns of no format": ('{"ask": "a", "say": "b"}\n', ["columns are ask, say", "which columns hold its fields"]),
    "not UTF-8": (PAIR.encode() + b'{"prompt": "caf\xe9", "completion": "b"}\n', [">2<", "not UTF-8", "Save the file"]),
    "an empty file": (b"", ["The file has no rows."]),
    "a gzip": (b"\x1f\x8b\x08\x00abc", ["gzip file is", "Copy it again"]),
    "one JSON document": ('{\n"prompt": "a", "completion": "b"}', ["one JSON document"]),
    "a broken list": ('[{"prompt": "a", "completion": "b"}, {"prompt"', ["not valid JSON", "is the file whole?"]),
    "an empty answer": (PAIR + '{"prompt": "a", "completion": "  "}\n', [">2<", "completion", "The text is empty."]),
    "an unknown role": (
        '{"messages": [{"role": "bot", "content": "x"}]}\n',
        ["messages[0].role", "Use system, user, assistant or tool."],
    ),
    "broken JSON": (PAIR + "{nope\n", [">2<", "not valid JSON"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_cannot_be_used_is_refused_by_row_and_field_and_leaves_nothing(
    home: House, page: Callable, what: str
) -> None:
    content, words = REFUSED[what]
    line = dataset(home)
    data = content.encode() if isinstance(content, str) else content
    answer = send(page(home.ada), line, data, selection="Typed at length.")
    assert answer.status_code == 422
    for word in words:
        assert word in text(answer), word
    assert "Typed at length." in text(answer)
    assert not DatasetVersion.objects.exists()
    assert not blobs.exists(hashlib.sha256(data).hexdigest())
    assert not AuditEvent.objects.filter(action="dataset-version.registered").exists()


def test_a_thousand_bad_rows_show_a_hundred_and_say_how_many_are_left(home: House, page: Callable) -> None:
    answer = send(page(home.ada), dataset(home), PAIR + "{}\n" * 400)
    shown = text(answer)
    assert answer.status_code == 422
    assert shown.count("The field is missing.") == 100
    assert "And 700 more findings." in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"licence": "MIT AND (Apache-2.0"}, ["id_licence_error", "cannot be read", "SPDX expression"]),
        ({"licence": ""}, ["id_licence_error"]),
        ({"source": ""}, ["id_source_error", "Ask who made the data"]),
        ({"personal_data": "  "}, ["id_personal_data_error"]),
    ],
)
def test_licence_and_provenance_are_asked_for_beside_their_fields(
    home: House, page: Callable, given: dict, words: list[str]
) -> None:
    answer = send(page(home.ada), dataset(home), PAIR, **given)
    assert answer.status_code == 422
    for word in words:
        assert word in text(answer)
    assert not DatasetVersion.objects.exists()


def test_an_unknown_licence_is_kept_as_such_and_has_a_rule_against_it(home: House, page: Callable) -> None:
    answer = send(page(home.ada), dataset(home), PAIR, licence="My-Own-Licence")
    assert answer.status_code == 200
    assert "Rule against it" in text(answer)


def test_what_other_places_say_about_the_licence_is_read_line_by_line(home: House, page: Callable) -> None:
    ada, line = page(home.ada), dataset(home)
    wrong = send(ada, line, PAIR, licence_told="dataset card: cc0-1.0\nsomewhere")
    assert wrong.status_code == 422
    assert "Line 2 does not read" in text(wrong)
    told = "dataset card: cc-by-nc-4.0\n\nhttps://example.org/terms: CC0-1.0"
    answer = send(ada, line, PAIR, licence_told=told)
    assert DatasetVersion.objects.get().licence_told == [
        {"where": "dataset card", "says": "cc-by-nc-4.0"},
        {"where": "https://example.org/terms", "says": "CC0-1.0"},
    ]
    assert "Places disagree about the licence" in text(answer)
    again = text(ada.get(reverse("dataset-version-create", args=[line.pk])))
    assert "dataset card: cc-by-nc-4.0" in again


def test_a_very_long_message_is_cut_on_the_page_and_says_so(home: House, page: Callable) -> None:
    row = json.dumps({"prompt": "Tell me everything.", "completion": "word " * 2_000})
    answer = send(page(home.ada), dataset(home), row)
    assert "cut here; the text has 10000 characters" in text(answer).replace(",", "")
    assert text(answer).count("word ") < 1_000


def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(
    home: House, page: Callable, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ASSAY_UPLOAD_LIMIT = 1000  # type: ignore[attr-defined]
    line, ada = dataset(home), page(home.ada)
    inside_allowance = send(ada, line, PAIR * 40)
    assert inside_allowance.status_code == 413
    assert "at most 1 kB are taken" in text(inside_allowance).replace("\xa0", " ")

    def read(self: MultiPartParser) -> None:
        raise AssertionError("the body was read")

    monkeypatch.setattr(MultiPartParser, "parse", read)
    monkeypatch.setattr(MultiPartParser, "_parse", read)
    far_beyond = send(ada, line, PAIR * 30_000)
    assert far_beyond.status_code == 413
    assert 'id="id_file_error"' in text(far_beyond)
    assert 'id="id_source_error"' not in text(far_beyond)
    assert not DatasetVersion.objects.exists()


def test_an_upload_without_the_form_s_token_is_refused(home: House, page: Callable) -> None:
    line = dataset(home)
    strict = Client(enforce_csrf_checks=True)
    assert strict.login(username="ada", password=PASSWORD)
    answer = send(strict, line, PAIR)
    assert answer.status_code == 403
    assert not DatasetVersion.objects.exists()


def test_a_file_name_with_folders_is_cut_to_its_name(home: House, page: Callable) -> None:
    send(page(home.ada), dataset(home), PAIR, name="../../etc/rows.jsonl")
    assert DatasetVersion.objects.get().file_name == "rows.jsonl"


def test_rows_are_turned_over_with_and_without_a_script(home: House, page: Callable) -> None:
    version = factories.dataset_version(home)
    ben = page(home.ben)
    address = reverse("dataset-version-rows", args=[version.pk])
    whole = text(ben.get(address, {"start": 5}))
    assert "<html" in whole
    part = text(ben.get(address, {"start": 75}, headers={"HX-Request": "true"}))
    assert "<html" not in part
    assert "transfer number 76" in part
    assert "rows 76 to 77 of 77" in part
    for start in ("-3", "1e9", "99999999999999999", "7"):
        assert ben.get(address, {"start": start}).status_code == 200


def test_a_viewer_sees_counts_but_no_rows(home: House, page: Callable) -> None:
    version = factories.dataset_version(home)
    vera = page(home.vera)
    shown = text(vera.get(reverse("dataset-version-detail", args=[version.pk])))
    assert "transfer number" not in shown
    assert "not shown to viewers" in shown
    assert vera.get(reverse("dataset-version-rows", args=[version.pk])).status_code == 403


@pytest.mark.parametrize(("name", "status"), [("ada", 200), ("ben", 200), ("omar", 200), ("rita", 403), ("vera", 403)])
def test_the_file_leaves_only_with_makers_stewards_and_auditors_and_on_record(
    home: House, page: Callable, name: str, status: int
) -> None:
    version = factories.dataset_version(home)
    person = getattr(home, name)
    answer = page(person).get(reverse("dataset-version-file", args=[version.pk]))
    assert answer.status_code == status
    offered = text(page(person).get(reverse("dataset-version-detail", args=[version.pk])))
    assert (reverse("dataset-version-file", args=[version.pk]) in offered) == (status == 200)
    action = "dataset-version.file-taken" if status == 200 else "dataset-version.file-refused"
    entry = AuditEvent.objects.get(action=action)
    assert json.loads(entry.body)["facts"] == {"file_sha256": version.file_sha256}
    if status == 200:
        assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == version.file_sha256
        assert answer["Content-Disposition"] == 'attachment; filename="support-desk-77.jsonl"'


def test_the_same_bytes_under_another_licence_are_shown_without_naming_a_hidden_project(
    home: House, page: Callable
) -> None:
    hidden = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Quiet matter")
    projects.appoint(actor=home.admin, project_id=hidden.pk, username="ben", role=Role.ML_ENGINEER)
    secret = datasets.create(actor=home.ben, project_id=hidden.pk, name="Quiet rows")
    send(page(home.ben), secret, PAIR, licence="CC-BY-NC-4.0")
    send(page(home.ada), dataset(home), PAIR, licence="CC0-1.0")
    version = DatasetVersion.objects.get(licence="CC0-1.0")
    address = reverse("dataset-version-detail", args=[version.pk])
    ada, ben = text(page(home.ada).get(f"{address}?tab=lineage")), text(page(home.ben).get(f"{address}?tab=lineage"))
    assert "Places disagree about the licence" in ada
    assert "CC-BY-NC-4.0" in ada
    assert "Quiet" not in ada
    assert "Quiet rows v1" in ben


# --- evaluation plans ----------------------------------------------------------------------------------------------


def fields(response: object) -> dict[str, str]:
    """Every named field of the plan's form with what stands in it, as a browser would send it."""
    found: dict[str, str] = {}

    class Reader(HTMLParser):
        select = ""
        area = ""

        def handle_starttag(self, tag: str, attrs: list) -> None:
            a = dict(attrs)
            if tag == "input" and a.get("name") and (a.get("type") != "checkbox" or "checked" in a):
                found[a["name"]] = a.get("value") or ("on" if a.get("type") == "checkbox" else "")
            elif tag == "select":
                self.select = a["name"]
            elif tag == "option" and self.select and "selected" in a:
                found[self.select] = a["value"]
            elif tag == "textarea":
                self.area = a["name"]

        def handle_endtag(self, tag: str) -> None:
            self.select = "" if tag == "select" else self.select
            self.area = "" if tag == "textarea" else self.area

        def handle_data(self, data: str) -> None:
            if self.area:
                found[self.area] = found.get(self.area, "") + data.lstrip("\n")

    Reader().feed(text(response))
    found.pop("csrfmiddlewaretoken", None)
    return {name: value for name, value in found.items() if name not in ("q",)}


def plan_address(home: House) -> str:
    return reverse("evaluation-plan-create", args=[home.project.pk])


def test_the_form_begins_with_the_standard_plan_and_writes_it_as_it_stands(home: House, page: Callable) -> None:
    ada = page(home.ada)
    given = fields(ada.get(plan_address(home))) | {"name": "Ours"}
    answer = ada.post(plan_address(home), given, follow=True)
    plan = EvaluationPlan.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("evaluation-plan-detail", args=[plan.pk])
    offered = evaluation_plans.standard_plan()
    by_name = lambda tasks: sorted(tasks, key=lambda task: task["name"])  # noqa: E731
    assert by_name(plan.tasks) == by_name(offered["tasks"])
    assert [{k: v for k, v in t.items() if v is not None} for t in plan.thresholds] == offered["thresholds"]
    assert plan.rationale.split() == offered["rationale"].split()
    shown = text(answer)
    for words in ("rises above the base by at most", "pinned when locked", "Open to editing", "Ada Brandt"):
        assert words in shown


def test_rows_of_limits_are_added_and_dropped_without_a_script_and_nothing_typed_is_lost(
    home: House, page: Callable
) -> None:
    ada = page(home.ada)
    address = f"{plan_address(home)}?blank"
    given = fields(ada.get(address)) | {"name": "Half typed", "limits-0-measure": "safety/over-refusal"}
    given |= {"limits-0-limit": "0.2", "use_safety": "on", "limit_safety": "not a number"}
    more = ada.post(address, given | {"add_row": "1"})
    assert more.status_code == 200
    typed = fields(more)
    assert typed["limits-TOTAL_FORMS"] == "2"
    assert (typed["name"], typed["limit_safety"]) == ("Half typed", "not a number")
    assert (typed["limits-0-measure"], typed["limits-0-limit"]) == ("safety/over-refusal", "0.2")
    assert "a-error" not in text(more)
    typed |= {"limits-1-measure": "safety/unsafe-compliance", "limits-1-limit": "0.1", "limits-1-kind": "max_rise"}
    fewer = fields(ada.post(address, typed | {"drop_row": "0"}))
    assert fewer["limits-TOTAL_FORMS"] == "1"
    assert (fewer["limits-0-measure"], fewer["limits-0-kind"]) == ("safety/unsafe-compliance", "max_rise")
    assert not EvaluationPlan.objects.exists()


@pytest.mark.parametrize(
    ("given", "where", "words"),
    [
        ({}, "errors", "name at least one task"),
        ({"use_safety": "on", "limit_safety": "0"}, "id_limit_safety_error", "greater than or equal to 1"),
        ({"use_safety": "on", "max_new_tokens_safety": "0"}, "id_max_new_tokens_safety_error", "at least 1"),
        (
            {"use_safety": "on", "limits-0-measure": "safety/over-refusal"},
            "id_limits-0-limit_error",
            "A limit needs a number.",
        ),
        ({"use_safety": "on", "limits-0-limit": "3"}, "id_limits-0-measure_error", "Which figure"),
        (
            {"limits-0-measure": "counterfactual/favoured", "limits-0-limit": "1", "use_counterfactual": "on"},
            "id_limits-0-group_error",
            "measured by group only",
        ),
        (
            {"limits-0-measure": "safety/over-refusal", "limits-0-limit": "1", "use_forgetting": "on"},
            "id_limits-0-measure_error",
            "does not run",
        ),
        ({"use_toxicity": "on"}, "errors", "name at least one task"),
        ({"use_safety": "on", "limits-0-measure": "safety/loss"}, "id_limits-0-measure_error", "not one of the"),
    ],
)
def test_what_cannot_be_measured_is_said_beside_its_field(
    home: House, page: Callable, given: dict, where: str, words: str
) -> None:
    ada = page(home.ada)
    address = f"{plan_address(home)}?blank"
    answer = ada.post(address, fields(ada.get(address)) | {"name": "Plan"} | given)
    assert answer.status_code == 422
    assert f'id="{where}"' in text(answer)
    assert words in text(answer)
    assert not EvaluationPlan.objects.exists()


def test_an_open_plan_is_edited_and_a_locked_one_is_copied(home: House, page: Callable) -> None:
    plan = factories.evaluation_plan(home)
    ada = page(home.ada)
    edit = reverse("evaluation-plan-edit", args=[plan.pk])
    before = plan.content()
    assert ada.post(edit, fields(ada.get(edit)) | {"rationale": "Anew."}).status_code == 302
    plan.refresh_from_db()
    assert plan.content() == before | {"rationale": "Anew."}
    factories.launched_run(home)
    assert ada.get(edit).status_code == 409
    locked = text(ada.get(reverse("evaluation-plan-detail", args=[plan.pk])))
    assert edit not in locked
    assert "pinned" in locked
    copied = ada.post(reverse("evaluation-plan-copy", args=[plan.pk]), follow=True)
    made = EvaluationPlan.objects.get(locked_at=None)
    assert copied.redirect_chain[-1][0] == reverse("evaluation-plan-edit", args=[made.pk])
    assert page(home.vera).post(reverse("evaluation-plan-copy", args=[plan.pk])).status_code == 403


def test_somebody_of_two_projects_chooses_where_to_begin(home: House, page: Callable) -> None:
    second = projects.create(actor=home.admin, organisation_id=home.organisation.pk, name="Card desk")
    projects.appoint(actor=home.admin, project_id=second.pk, username="ada", role=Role.OWNER)
    shown = text(page(home.ada).get(reverse("dataset-list")))
    for project in (home.project, second):
        assert reverse("dataset-create", args=[project.pk]) in shown


# --- parts that the pages of people ask for --------------------------------------------------------------------------


def test_a_template_looks_up_what_only_it_knows() -> None:
    template = Template("{% load assay %}{{ names|get:who }}|{{ names|get:nobody }}")
    assert template.render(Context({"names": {7: "Ada <b>"}, "who": 7, "nobody": 8})) == "Ada &lt;b&gt;|"
