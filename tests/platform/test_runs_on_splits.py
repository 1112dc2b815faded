"""Runs on parts of a split, from form and API to the trainer itself: no row from outside the parts is ever read."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from assay.jobs import work
from governance.foundation.core import blobs
from governance.foundation.jobs.models import Job
from governance.materials.datasets import splitting
from governance.materials.datasets.models import DatasetVersion, Split
from governance.work.evaluation_plans import services as evaluation_plans
from governance.work.runs import services as runs
from governance.work.runs.folders import run_folder
from governance.work.runs.inputs import Parts, parts_of
from governance.work.runs.models import Run
from governance.work.runs.rules import State
from preparation import splits
from tests import factories, living
from tests.callers import API, by_token
from tests.people import PASSWORD, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(home: House) -> DatasetVersion:
    return factories.dataset_version(home)


@pytest.fixture
def thirds(home: House, version: DatasetVersion) -> Split:
    return splitting.split(actor=home.ada, version_id=version.pk, asked=splits.Split("random", seed=1))


@pytest.fixture
def folds(home: House, version: DatasetVersion) -> Split:
    return splitting.split(actor=home.ada, version_id=version.pk, asked=splits.Split("folds", folds=4))


def row_numbers(split: Split, *names: str) -> list[int]:
    with blobs.opened(split.assignment_sha256) as kept:
        places = {place for place, part in enumerate(split.parts) if part["name"] in names}
        return [number for number, place in enumerate(kept.read(), start=1) if place in places]


@pytest.mark.timeout(180)
def test_a_run_trains_on_its_parts_and_on_no_other_row(home: House, models_dir: Any, folds: Split) -> None:
    factories.classification(home)
    plan = evaluation_plans.write(
        actor=home.ada, project_id=home.project.pk, name="Loss", rationale="Only the rows are looked at.",
        tasks=[{"name": "validation-loss"}],
        thresholds=[{"task": "validation-loss", "metric": "loss", "max_rise": 9.0}],
    )  # fmt: skip
    run = runs.prepare(
        actor=home.ada, project_id=home.project.pk, base_model_id=living.base_model(home).pk, data=[],
        splits=[Parts(folds.pk, ("fold-1", "fold-4"), ("fold-3",))], evaluation_plan_id=plan.pk,
        training={
            "method": {"name": "lora", "r": 2, "alpha": 4}, "device": "cpu",
            "hyperparameters": {"epochs": 1, "batch_size": 4, "gradient_accumulation": 1, "max_length": 64},
        },
    )  # fmt: skip
    factories.approve(home.rita, runs.submit(actor=home.ada, run_id=run.pk))
    run = runs.launch(actor=home.ada, run_id=run.pk)
    work.do(Job.objects.get(subject_id=run.pk, task="train").pk, worker="test")
    run.refresh_from_db()
    assert (run.state, run.error) == (State.SUCCEEDED, None)
    assert run.manifest is not None and run.estimate is not None
    learnt, held_out = run.manifest["data"]["files"]
    train, validation = row_numbers(folds, "fold-1", "fold-4"), row_numbers(folds, "fold-3")
    assert (learnt["rows_read"], learnt["rows_used"]) == (len(train), len(train))
    assert (held_out["rows_read"], held_out["rows_held_out"]) == (len(validation), len(validation))
    assert learnt["part"] == {
        "names": ["fold-1", "fold-4"], "sha256": folds.assignment_sha256, "rows_in_file": folds.version.rows,
    }  # fmt: skip
    assert run.manifest["steps"]["done"] == -(-len(train) // 4)  # each row once
    assert (run.estimate["train_rows"], run.estimate["validation_rows"]) == (len(train), len(validation))
    lines = (run_folder(run.pk) / "out" / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["row"] for line in lines] == validation
    assert run.manifest["data"]["overlap"] == 0


@pytest.fixture
def ada(home: House, client: Client) -> Client:
    assert client.login(username="ada", password=PASSWORD)
    return client


@pytest.fixture
def plan_form(home: House, version: DatasetVersion) -> Callable[..., dict[str, Any]]:
    def of(**changed: Any) -> dict[str, Any]:
        return {
            "base_model": str(factories.base_model(home).pk), "data": [str(version.pk)], "method": "lora", "r": "4",
            "alpha": "8", "dropout": "0", "max_length": "128", "precision": "auto", "device": "auto", "seed": "0",
        } | changed  # fmt: skip

    return of


def field_of(version: DatasetVersion) -> str:
    return f"rows_{version.pk.hex}"


def test_the_form_offers_what_is_usually_done_with_a_split(
    home: House, ada: Client, thirds: Split, folds: Split
) -> None:
    page = ada.get(f"/projects/{home.project.pk}/runs/new/").content.decode()
    rows = {part["name"]: part["rows"] for part in thirds.parts}
    assert f"train on train, validate on validation ({rows['train']} and {rows['validation']} rows)" in page
    assert "train on train, hold out a share of it" in page
    for number in range(1, 5):
        assert f"hold out fold-{number}, train on the 3 others" in page


def test_what_is_chosen_in_the_form_is_planned_and_comes_back(
    home: House, ada: Client, version: DatasetVersion, folds: Split, plan_form: Any
) -> None:
    chosen = f"{folds.pk}:0,2,3:1"
    posted = plan_form(**{field_of(version): chosen})
    answer = ada.post(f"/projects/{home.project.pk}/runs/new/", posted, follow=True)
    run = Run.objects.get()
    assert parts_of(run.links()) == [Parts(folds.pk, ("fold-1", "fold-3", "fold-4"), ("fold-2",))]
    assert "(split 1: fold-2)" in answer.content.decode()
    page = ada.get(f"/runs/{run.pk}/edit/").content.decode()
    assert f'<option value="{chosen}" selected>' in page
    ada.post(f"/runs/{run.pk}/edit/", plan_form(**{field_of(version): ""}))
    assert [(link.split, link.parts) for link in run.links()] == [(None, [])]
    assert "No run that you may see" in ada.get(f"/splits/{folds.pk}/").content.decode()


def test_rows_of_a_version_that_is_not_chosen_do_not_count(
    home: House, ada: Client, version: DatasetVersion, folds: Split, plan_form: Any
) -> None:
    other = factories.dataset_version(home, rows=20)
    posted = plan_form(data=[str(other.pk)], **{field_of(version): f"{folds.pk}:0:1"})
    ada.post(f"/projects/{home.project.pk}/runs/new/", posted)
    assert [(link.dataset_version, link.split) for link in Run.objects.get().links()] == [(other, None)]


@pytest.mark.parametrize("value", ["{split}:9:1", "{split}::", "{split}:a:b", "0:0:1", "{split}"])
def test_a_choice_that_no_form_offers_is_refused(
    home: House, ada: Client, version: DatasetVersion, folds: Split, plan_form: Any, value: str
) -> None:
    posted = plan_form(**{field_of(version): value.format(split=folds.pk)})
    assert ada.post(f"/projects/{home.project.pk}/runs/new/", posted).status_code == 422
    assert not Run.objects.exists()


def test_parts_for_validation_and_a_share_to_hold_out_are_told_at_the_share(
    home: House, ada: Client, version: DatasetVersion, folds: Split, plan_form: Any
) -> None:
    posted = plan_form(validation_fraction="20", **{field_of(version): f"{folds.pk}:0,2,3:1"})
    answer = ada.post(f"/projects/{home.project.pk}/runs/new/", posted)
    assert answer.status_code == 422
    assert "choose one" in answer.content.decode()


def test_the_api_takes_any_parts_and_the_form_keeps_them(
    home: House, ada: Client, version: DatasetVersion, folds: Split, plan_form: Any
) -> None:
    api = by_token(home.ada)
    entry = {"split": str(folds.pk), "train": ["fold-1"], "validation": ["fold-3", "fold-4"]}
    body = {"project": str(home.project.pk), "base_model": str(factories.base_model(home).pk), "splits": [entry]}
    answer = api.post(f"{API}/runs/", body)
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert [(one["role"], one["split"], one["parts"]) for one in shown["data"]] == [
        ("train", str(folds.pk), ["fold-1"]), ("validation", str(folds.pk), ["fold-3", "fold-4"]),
    ]  # fmt: skip
    page = ada.get(f"/runs/{shown['id']}/edit/").content.decode()
    assert f'<option value="{folds.pk}:0:2,3" selected>' in page
    ada.post(f"/runs/{shown['id']}/edit/", plan_form(**{field_of(version): f"{folds.pk}:0:2,3"}))
    after = api.get(answer["Location"]).json()
    assert after["data"] == shown["data"]
    renamed = api.patch(answer["Location"], {"title": "Half"}, HTTP_IF_MATCH="*").json()
    assert (renamed["title"], renamed["data"]) == ("Half", shown["data"])


def test_the_api_names_a_wrong_part_and_does_not_know_anothers_split(home: House, folds: Split) -> None:
    body = {"project": str(home.project.pk), "base_model": str(factories.base_model(home).pk),
            "splits": [{"split": str(folds.pk), "train": ["fold-9"]}]}  # fmt: skip
    wrong = by_token(home.ada).post(f"{API}/runs/", body)
    assert wrong.status_code == 422 and "has no part" in wrong.content.decode()
    elsewhere = by_token(home.dev).post(f"{API}/runs/", body | {"project": str(home.elsewhere.pk)})
    absent = by_token(home.dev).post(
        f"{API}/runs/", body | {"project": str(home.elsewhere.pk), "splits": [{"split": str(home.project.pk)}]}
    )
    assert (elsewhere.status_code, elsewhere.json()["detail"]) == (404, absent.json()["detail"])
