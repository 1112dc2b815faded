"""Rows by a registered model: asked for under the licences, written by a real worker's steps, on record with all that
made them."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from assay.jobs import work
from governance.foundation.audit.models import AuditEvent
from governance.foundation.core import blobs
from governance.foundation.core.errors import GateClosed, NotAllowed, NotFound, Unusable, WrongState
from governance.foundation.jobs.models import Job
from governance.materials.base_models import services as base_models
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets import derivation
from governance.materials.datasets import services as datasets
from governance.materials.datasets.models import DatasetVersion
from governance.materials.syntheses import rules, services
from governance.materials.syntheses.models import Synthesis
from governance.materials.syntheses.rules import State
from governance.people.approvals import selectors as approvals
from governance.people.approvals import services as asking
from governance.people.waivers import selectors as waivers
from preparation.reading import Reading
from preparation.synthesis import Filters
from preparation.synthesis import Synthesis as Asked
from tests import factories
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db

ROWS = [
    {"question": "What is a rate?", "reply": "A price for money, in per cent a year.", "topic": "loans"},
    {"question": "Who lends?", "reply": "A bank, for the most part.", "topic": "loans"},
    {"question": "What is a branch?", "reply": "A house of the bank in your town.", "topic": "bank"},
]
COLUMNS = {"prompt": "question", "completion": "reply"}
# The tiny model is random: it writes words without sense, and hardly ever comes to an end.
ALL = Filters(whole=False, persons=False)
ANSWERS = Asked("answers", "About {topic}. {question}", 6, seed=5, max_new_tokens=12, filters=ALL)


@pytest.fixture
def writer(home: House, models_dir: Path) -> BaseModel:
    return approved(home, licence="Apache-2.0")


def approved(home: House, *, licence: str) -> BaseModel:
    made = base_models.register(
        actor=home.ada, project_id=home.project.pk, folder="tiny", name="Writer", revision=licence, licence=licence
    )
    factories.approve(home.ben, asking.ask(actor=home.ada, subject=made, project_id=home.project.pk))
    return made


@pytest.fixture
def version(home: House, tmp_path: Path) -> DatasetVersion:
    path = tmp_path / "tickets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name="Tickets")
    return datasets.register_version(
        actor=home.ada, dataset_id=line.pk, path=path, file_name=path.name, licence="CC-BY-4.0",
        provenance=factories.PROVENANCE, reading=Reading(format="prompt-completion", columns=COLUMNS),
    )  # fmt: skip


def asked(home: House, writer: BaseModel, version: DatasetVersion, wanted: Asked = ANSWERS) -> Synthesis:
    return services.ask(actor=home.ben, base_model_id=writer.pk, version_id=version.pk, asked=wanted)


def worked(found: Synthesis) -> Synthesis:
    work.do(Job.objects.get(subject_id=found.pk, state="queued").pk, worker="gpu@here")
    found.refresh_from_db()
    return found


def rows_of(version: DatasetVersion) -> list[dict[str, Any]]:
    with blobs.opened(version.file_sha256) as file:
        return [json.loads(line) for line in file]


def test_answers_of_the_model_become_a_version_that_says_how(
    home: House, writer: BaseModel, version: DatasetVersion
) -> None:
    found = worked(asked(home, writer, version))
    assert (found.state, found.error) == (State.REGISTERED, None)
    new = found.version
    assert new is not None and (new.number, new.format, new.licence) == (2, "prompt-completion", "CC-BY-4.0")
    rows = rows_of(new)
    questions = [f"About {row['topic']}. {row['question']}" for row in ROWS]
    assert len(rows) == 6 and {row["prompt"] for row in rows} == set(questions)
    assert all(row.keys() == {"prompt", "completion"} and row["completion"].strip() for row in rows)
    assert (found.done["generated"], found.done["kept"], found.done["discarded"]) == (6, 6, {})
    assert found.done["model"]["sha256"] == writer.folder_sha256
    said = new.provenance
    assert (said["synthetic_share"], said["synthetic_model"]) == (100, "Writer Apache-2.0")
    for part in ("“About {topic}. {question}”", writer.folder_sha256, "6 generated, 6 kept, 0 discarded"):
        assert part in said["synthetic_by"]
    assert [step.version for step in derivation.ancestry(home.ben, new)] == [version]
    assert not approvals.standing(new).granted and new.scans.exists()
    actions = AuditEvent.objects.filter(subject_id=str(found.pk)).order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["synthesis.asked", "synthesis.done"]


def test_the_same_asked_again_writes_the_same_bytes_which_are_no_second_version(
    home: House, writer: BaseModel, version: DatasetVersion
) -> None:
    first, again = worked(asked(home, writer, version)), worked(asked(home, writer, version))
    assert again.state == State.REFUSED and "these very bytes" in again.error["message"]
    assert list(version.dataset.versions.all()) == [first.version, version]


def test_rewrites_stand_beside_the_rows_as_they_are_and_the_share_is_counted(
    home: House, writer: BaseModel, version: DatasetVersion
) -> None:
    wanted = Asked("rewrites", "Ask otherwise: {question}", 2, field="question", max_new_tokens=12, filters=ALL)
    found = worked(asked(home, writer, version, wanted))
    rows = rows_of(found.version)
    assert rows[:3] == ROWS and len(rows) == 5
    for row in rows[3:]:
        (like,) = [one for one in ROWS if one["reply"] == row["reply"]]
        assert row["topic"] == like["topic"] and row["question"] != like["question"]
    assert found.version.provenance["synthetic_share"] == 40
    assert (found.version.format, found.done["originals"]) == (version.format, 3)


def test_the_share_of_models_adds_up_over_versions() -> None:
    assert rules.share({"kept": 2, "originals": 3}, None) == 40
    assert rules.share({"kept": 2, "originals": 5}, 40) == round(100 * 4 / 7, 2)
    assert rules.share({"kept": 5, "originals": 0}, 12) == 100


def test_rows_from_no_seed_have_a_record_of_their_own(home: House, writer: BaseModel) -> None:
    line = datasets.create(actor=home.ada, project_id=home.project.pk, name="From nothing")
    wanted = Asked("texts", "Write a sentence about money.", 4, max_new_tokens=12, filters=ALL)
    given = {"actor": home.ben, "base_model_id": writer.pk, "dataset_id": line.pk, "asked": wanted}
    with pytest.raises(Unusable, match="No licence is given"):
        services.ask(**given)
    found = worked(services.ask(**given, licence="CC0-1.0"))
    rows = rows_of(found.version)
    assert len(rows) == 4 == len({row["text"] for row in rows})
    said = found.version.provenance
    assert (found.version.licence, found.version.format, said["synthetic_share"]) == ("CC0-1.0", "text", 100)
    assert said["issuer"] == home.organisation.name and "derived_from_versions" not in said
    assert (found.source, found.version.number) == (None, 1)


def test_where_nothing_is_kept_it_says_what_became_of_the_texts(
    home: House, writer: BaseModel, version: DatasetVersion
) -> None:
    strict = Asked("texts", "Write.", 5, max_new_tokens=4, filters=Filters(whole=True))
    refused = worked(asked(home, writer, version, strict))
    assert refused.state == State.REFUSED
    assert "none of 5 was kept (5 cut off by the limit of tokens)" in refused.error["message"]
    assert version.dataset.versions.count() == 1


def test_the_licence_of_the_model_comes_to_bear_on_the_rows_as_a_teachers(
    home: House, models_dir: Path, version: DatasetVersion
) -> None:
    writer = approved(home, licence="llama2")
    found = worked(asked(home, writer, version))
    licensed = found.version.licensed()
    assert {(item.kind, item.expression) for item in licensed} >= {("dataset", "CC-BY-4.0"), ("teacher", "llama2")}
    now = waivers.verdict(home.project, [found.version])
    assert (found.verdict["outcome"], found.verdict["rule"]) == (now.outcome, now.deciding.rule)
    assert now.outcome == "needs-review" and found.verdict["input"] == "Writer llama2"


def test_nothing_is_written_by_a_model_that_is_not_approved_or_against_a_rule(
    home: House, models_dir: Path, version: DatasetVersion
) -> None:
    made = base_models.register(
        actor=home.ada, project_id=home.project.pk, folder="tiny", name="Writer", licence="Apache-2.0"
    )
    with pytest.raises(GateClosed, match="Writer needs one data steward"):
        asked(home, made, version)
    forbidden = approved(home, licence="CC-BY-NC-4.0")
    home.project.use = "commercial"
    home.project.save()
    with pytest.raises(GateClosed, match=r"Writer CC-BY-NC-4\.0"):
        asked(home, forbidden, version)
    assert not Synthesis.objects.exists()


def test_who_may_have_rows_written_and_what_cannot_be_asked(
    home: House, writer: BaseModel, version: DatasetVersion
) -> None:
    for actor in (home.rita, home.paula, home.omar, home.vera):
        with pytest.raises(NotAllowed):
            services.ask(actor=actor, base_model_id=writer.pk, version_id=version.pk, asked=ANSWERS)
    with pytest.raises(NotFound):
        services.ask(actor=home.dev, base_model_id=writer.pk, version_id=version.pk, asked=ANSWERS)
    for wrong, says in (
        (Asked("answers", "Of {nothing}", 1), r"nothing to put in for \{nothing\}. Use \{question\}, \{reply\}"),
        (Asked("rewrites", "{question}", 1, field="price"), "no text 'price'"),
        (Asked("answers", " ", 1), "prompt is empty"),
        (Asked("answers", "A", 10_001), "Give 1 to 10,000"),
    ):
        with pytest.raises(Unusable, match=says):
            asked(home, writer, version, wrong)
    waiting = asked(home, writer, version)
    with pytest.raises(WrongState, match="being written for Tickets already"):
        asked(home, writer, version)
    assert services.cancel(actor=home.ada, synthesis_id=waiting.pk).state == State.CANCELLED
    assert services.again(actor=home.ada, synthesis_id=waiting.pk).options == waiting.options


def test_a_model_whose_bytes_changed_writes_nothing(
    home: House, models_dir: Path, tiny_model: Path, version: DatasetVersion
) -> None:
    writer = approved(home, licence="Apache-2.0")
    (models_dir / "tiny").unlink()
    (models_dir / "tiny").mkdir()
    for path in tiny_model.iterdir():
        (models_dir / "tiny" / path.name).write_bytes(path.read_bytes())
    (models_dir / "tiny" / "more.txt").write_text("Another byte.")
    found = worked(asked(home, writer, version))
    assert found.state == State.REFUSED and "was changed: its folder digest is" in found.error["message"]
    assert version.dataset.versions.count() == 1


def page_of(home: House, who: str, address: str) -> str:
    client = Client()
    client.login(username=who, password=PASSWORD)
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_the_form_tells_the_verdict_and_the_version_tells_its_writer(
    home: House, writer: BaseModel, version: DatasetVersion
) -> None:
    client = Client()
    client.login(username="ada", password=PASSWORD)
    address = f"/dataset-versions/{version.pk}/synthesise/"
    shown = client.get(address).content.decode()
    assert "Writer Apache-2.0" in shown and "No rule against it" in shown and "{row.given}" in shown
    given = {
        "base_model": str(writer.pk), "kind": "answers", "prompt": "{question}", "count": "4", "seed": "1",
        "temperature": "0.8", "max_new_tokens": "8", "shortest": "1", "copies": "near",
    }  # fmt: skip
    assert client.post(address, given | {"prompt": "{nothing}"}).status_code == 422
    sent = client.post(address, given)
    found = Synthesis.objects.get()
    assert sent.headers["Location"] == f"/syntheses/{found.pk}/"
    assert "Waits for a worker." in client.get(sent.headers["Location"]).content.decode()
    new = worked(found).version
    page = page_of(home, "vera", f"/dataset-versions/{new.pk}/")
    for part in ("Written by a model", "Texts generated", "Discarded", "{question}", writer.folder_sha256[:8], "100"):
        assert part in page
    assert f"/syntheses/{found.pk}/" in page_of(home, "ada", f"/dataset-versions/{version.pk}/")
    assert client.get(f"/datasets/{version.dataset_id}/synthesise/").status_code == 200


def test_the_interface_asks_follows_and_shows_what_came(
    home: House, writer: BaseModel, version: DatasetVersion
) -> None:
    body = {
        "version": str(version.pk), "base_model": str(writer.pk), "kind": "answers", "prompt": "{question}",
        "count": 3, "max_new_tokens": 8, "filters": {"whole": False, "persons": False},
    }  # fmt: skip
    both = by_token(home.ben).post(f"{API}/syntheses/", body | {"dataset": str(version.dataset_id)}, format="json")
    assert both.status_code == 422
    sent = by_token(home.ben).post(f"{API}/syntheses/", body, format="json")
    assert sent.status_code == 202 and sent.json()["verdict"]["outcome"] == "no-rule-against"
    shown = by_token(home.vera).get(sent["Location"]).json()
    assert (shown["state"], shown["options"]["count"], shown["licence"]) == ("queued", 3, "CC-BY-4.0")
    ended = by_token(home.ada).post(f"{sent['Location']}cancel/")
    assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")
