"""A plan that trains on some parts of a split: what it covers, what it refuses, and which rows the trainer is given."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from governance.documents.sources import data as told_of_data
from governance.documents.sources.gathering import sources_of
from governance.foundation.core import blobs
from governance.foundation.core.errors import GateClosed, NotFound, Unusable
from governance.materials.datasets import splitting
from governance.materials.datasets.models import DatasetVersion, Split
from governance.people.approvals.selectors import standing
from governance.work.runs import estimates, selectors, services
from governance.work.runs import worker as run_worker
from governance.work.runs.inputs import Parts, parts_of
from governance.work.runs.models import Run
from preparation import splits
from tests import factories
from tests.people import House
from training import manifest as seen


@pytest.fixture(autouse=True)
def quick_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate has tests of its own; here it would start a process for each submission."""
    monkeypatch.setattr(services, "estimate", lambda run: {"reason": "not asked for in this test"})


@pytest.fixture
def version(home: House) -> DatasetVersion:
    return factories.dataset_version(home)


@pytest.fixture
def thirds(home: House, version: DatasetVersion) -> Split:
    return splitting.split(actor=home.ada, version_id=version.pk, asked=splits.Split("random", seed=1))


@pytest.fixture
def folds(home: House, version: DatasetVersion) -> Split:
    return splitting.split(actor=home.ada, version_id=version.pk, asked=splits.Split("folds", folds=3))


def usual(split: Split) -> Parts:
    return Parts(split.pk, ("train",), ("validation",))


def draft(home: House, *parts: Parts, **changed: Any) -> Run:
    asked: dict[str, Any] = {
        "base_model_id": factories.base_model(home).pk,
        "data": [],
        "splits": parts,
        "evaluation_plan_id": factories.evaluation_plan(home).pk,
        "training": {},
    }
    return services.prepare(actor=home.ada, project_id=home.project.pk, **(asked | changed))


def revised(home: House, run: Run, *parts: Parts) -> Run:
    return services.revise(
        actor=home.ada, run_id=run.pk, base_model_id=run.base_model_id, data=[], splits=parts,
        evaluation_plan_id=run.evaluation_plan_id, training=run.training | {"data": {}},
    )  # fmt: skip


def test_one_version_is_trained_on_and_validated_on_by_its_parts(home: House, thirds: Split) -> None:
    run = draft(home, usual(thirds))
    assert [(link.role, link.parts) for link in run.links()] == [("train", ["train"]), ("validation", ["validation"])]
    assert run.data() == [thirds.version]
    assert parts_of(run.links()) == [usual(thirds)]
    assert run.training["data"]["validation_fraction"] is None


def test_the_plan_covers_the_split_and_the_parts(home: House, thirds: Split, folds: Split) -> None:
    run = draft(home, usual(thirds))
    first = run.content_digest
    assert [entry["split"] for entry in run.content()["data"]] == [thirds.content_digest] * 2
    others = [Parts(thirds.pk, ("train",), ("test",)), Parts(thirds.pk, ("train", "test"), ("validation",)),
              Parts(thirds.pk, ("train",)), Parts(folds.pk, ("fold-1",), ("fold-2",))]  # fmt: skip
    digests = {revised(home, run, parts).content_digest for parts in others}
    assert len(digests | {first}) == 5
    again = revised(home, run, Parts(thirds.pk, ("train",), ("validation",)))
    assert again.content_digest == first


def test_the_order_in_which_parts_are_named_is_no_other_plan(home: House, folds: Split) -> None:
    run = draft(home, Parts(folds.pk, ("fold-3", "fold-1"), ("fold-2",)))
    first = run.content_digest
    assert revised(home, run, Parts(folds.pk, ("fold-1", "fold-3"), ("fold-2",))).content_digest == first


def test_a_plan_without_splits_reads_as_it_always_did(home: House, version: DatasetVersion) -> None:
    run = draft(home, data=[version.pk])
    assert run.content()["data"] == [{"sha256": version.content_digest, "role": "train"}]


def test_another_split_takes_the_approval_away_and_the_same_gives_it_back(home: House, thirds: Split) -> None:
    other = splitting.split(actor=home.ada, version_id=thirds.version_id, asked=splits.Split("random", seed=2))
    run = draft(home, usual(thirds))
    factories.approve(home.rita, services.submit(actor=home.ada, run_id=run.pk))
    assert standing(Run.objects.get(pk=run.pk)).granted
    assert standing(thirds.version).granted  # the version's approval covers every split of it
    revised(home, run, usual(other))
    assert not standing(Run.objects.get(pk=run.pk)).granted
    services.submit(actor=home.ada, run_id=run.pk)
    with pytest.raises(GateClosed, match="The run plan needs"):
        services.launch(actor=home.ada, run_id=run.pk)


def test_a_decider_reads_which_rows(home: House, thirds: Split) -> None:
    run = draft(home, usual(thirds))
    told = {fact.label: fact for fact in selectors.summary(run, home.project)}
    rows = {part["name"]: part["rows"] for part in thirds.parts}
    assert told["Data for training"].says == f"{thirds.version} (split 1: train), {rows['train']} rows"
    assert told["Data for validation"].says == f"{thirds.version} (split 1: validation), {rows['validation']} rows"
    assert ("Split", str(thirds), thirds.content_digest) in [part[:3] for part in run.signed_parts()]


@pytest.mark.parametrize(
    ("train", "validation", "says"),
    [
        (("trian",), (), "has no part 'trian'. Its parts are: train, validation, test"),
        (("train",), ("dev",), "has no part 'dev'"),
        (("train",), ("train",), "'train' of Split 1 .* is named twice"),
        (("train", "train"), (), "named twice"),
        ((), (), "No part of Split 1"),
        ((), ("validation",), "needs data to learn from"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(
    home: House, thirds: Split, train: tuple[str, ...], validation: tuple[str, ...], says: str
) -> None:
    with pytest.raises(Unusable, match=says):
        draft(home, Parts(thirds.pk, train, validation))
    assert not Run.objects.exists()


def test_a_version_is_named_once_whole_or_by_one_split(home: House, thirds: Split, folds: Split) -> None:
    for changed in ({"data": [thirds.version_id]}, {"validation_data": [thirds.version_id]}):
        with pytest.raises(Unusable, match="named twice"):
            draft(home, usual(thirds), **changed)
    with pytest.raises(Unusable, match="named twice"):
        draft(home, usual(thirds), Parts(folds.pk, ("fold-1",)))


def test_a_share_is_not_held_out_beside_parts_for_validation(home: House, thirds: Split) -> None:
    with pytest.raises(Unusable) as refused:
        draft(home, usual(thirds), training={"data": {"validation_fraction": 0.2}})
    assert refused.value.faults[0].field == "training.data.validation_fraction"
    assert draft(home, Parts(thirds.pk, ("train",)), training={"data": {"validation_fraction": 0.2}})


def test_a_split_that_is_not_ready_has_no_parts(home: House, version: DatasetVersion) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("governance.materials.datasets.rules.READ_AT_ONCE", 0)
        queued = splitting.split(actor=home.ada, version_id=version.pk, asked=splits.Split("random"))
    with pytest.raises(Unusable, match="is queued; it has no parts"):
        draft(home, usual(queued))


def test_another_projects_split_is_as_if_absent(home: House, thirds: Split) -> None:
    with pytest.raises(NotFound, match="no such split"):
        services.prepare(
            actor=home.dev, project_id=home.elsewhere.pk, base_model_id=factories.base_model(home).pk, data=[],
            splits=[usual(thirds)], training={},
        )  # fmt: skip


def launched(home: House, *parts: Parts) -> Run:
    factories.classification(home)
    run = draft(home, *parts)
    factories.approve(home.rita, services.submit(actor=home.ada, run_id=run.pk))
    return services.launch(actor=home.ada, run_id=run.pk)


def test_the_trainer_is_given_one_file_and_which_of_its_rows(home: House, folds: Split) -> None:
    run = launched(home, Parts(folds.pk, ("fold-1", "fold-3"), ("fold-2",)))
    folder = run_worker.begin(lease=factories.lease_on(run, "train"), run_id=run.pk)
    data = json.loads((folder / "spec.json").read_text())["data"]
    (train,), (validation,) = data["train"], data["validation"]
    assert train["path"] == validation["path"]
    assert train["sha256"] == folds.version.file_sha256
    assert (train["part"]["keep"], validation["part"]["keep"]) == ({"fold-1": 0, "fold-3": 2}, {"fold-2": 1})
    assert train["part"]["sha256"] == folds.assignment_sha256
    with blobs.opened(folds.assignment_sha256) as kept:
        assert Path(train["part"]["path"]).read_bytes() == kept.read()
    assert len(list((folder / "data").iterdir())) == 2


def test_the_estimate_is_asked_about_the_same_rows(home: House, thirds: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def ask(command: list[str], base_model: Any, links: Any, training: Any) -> dict[str, Any]:
        asked.extend({"role": link.role, "parts": link.parts, "rows": link.rows} for link in links)
        return {}

    monkeypatch.setattr(estimates, "_ask", ask)
    estimates.estimate(draft(home, usual(thirds)))
    rows = {part["name"]: part["rows"] for part in thirds.parts}
    assert asked == [
        {"role": "train", "parts": ["train"], "rows": rows["train"]},
        {"role": "validation", "parts": ["validation"], "rows": rows["validation"]},
    ]


def trained(home: House, split: Split) -> Run:
    """As the trainer would report it: counts of the parts, not of the file."""
    rows = {part["name"]: part["rows"] for part in split.parts}

    def observed(manifest: seen.Manifest) -> seen.Manifest:
        assert manifest.data is not None
        (file,) = manifest.data.files
        part = seen.PartReport(names=("train",), sha256=split.assignment_sha256, rows_in_file=split.version.rows)
        files = (
            replace(file, rows_read=rows["train"], rows_used=rows["train"], rows_held_out=0, part=part),
            replace(file, role="validation", rows_read=rows["validation"], rows_used=0,
                    rows_held_out=rows["validation"], part=replace(part, names=("validation",))),
        )  # fmt: skip
        data = replace(manifest.data, files=files, split=None, train_rows=rows["train"],
                       validation_rows=rows["validation"])  # fmt: skip
        return replace(manifest, data=data)

    return factories.trained_run(home, observed=observed)


def test_plan_and_observation_are_held_together_part_by_part(home: House, thirds: Split) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(factories, "launched_run", lambda home, **_: launched(home, usual(thirds)))
        run = trained(home, thirds)
    told = {row.fact: row for row in selectors.plan_and_observed(run)}
    rows = {part["name"]: part["rows"] for part in thirds.parts}
    for name in ("train", "validation"):
        where = f"{thirds.version} (split 1: {name})"
        assert told[f"Rows read of {where}"].planned == told[f"Rows read of {where}"].observed == rows[name]
        assert told[f"File of {where}"].agrees and told[f"Parts of {where}"].agrees
    Split.objects.filter(pk=thirds.pk).update(assignment_sha256="0" * 64)
    changed = {row.fact: row for row in selectors.plan_and_observed(Run.objects.get(pk=run.pk))}
    assert changed[f"Parts of {thirds.version} (split 1: train)"].agrees is False


def test_documents_say_which_parts_were_read(home: House, thirds: Split) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(factories, "launched_run", lambda home, **_: launched(home, usual(thirds)))
        sources = sources_of(trained(home, thirds).model_version)
    rows = {part["name"]: part["rows"] for part in thirds.parts}
    told = told_of_data.used(sources.manifest, sources.datasets)
    validation = told_of_data.validation(sources.manifest)
    cleaning = told_of_data.cleaning(sources.manifest, sources.datasets)
    assert told and validation and cleaning
    by = f"by the split whose assignment has the sha256 {thirds.assignment_sha256[:12]}"
    assert f"the part “train” of 77 rows, {by}" in told.text
    assert f": {rows['train']} rows read, {rows['train']} trained on, 0 held out" in told.text
    assert "Held out: the part “validation” of 77 rows" in validation.text
    assert "only the rows of some parts of a split" in cleaning.text
    assert len(sources.datasets) == 1  # the version is one source, however often it is read
