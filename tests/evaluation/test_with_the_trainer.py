"""Trainer and evaluation know nothing of one another; what they say about the same model must agree."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation import cli, report
from tests.evaluation.conftest import asked

ROOT = Path(__file__).resolve().parents[2]


def test_the_loss_and_the_digests_are_those_of_the_trainers_manifest(tiny_model, tmp_path):
    turns = [(f"Card {n}?", f"It is {n}. " * (1 + n % 3)) for n in range(30)]
    rows = [{"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]} for q, a in turns]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    plan = {
        "schema": "assay.training/1", "base_model": str(tiny_model), "method": {"name": "lora", "r": 4, "alpha": 8},
        "data": {"train": [{"path": "train.jsonl"}], "validation_fraction": 0.2},
        "hyperparameters": {"epochs": 2, "batch_size": 2, "gradient_accumulation": 2, "learning_rate": 2e-3},
        "device": "cpu", "seed": 3,
    }  # fmt: skip
    (tmp_path / "training.json").write_text(json.dumps(plan))
    command = [sys.executable, "-m", "training", "run", str(tmp_path / "training.json"), "--out", str(tmp_path / "run")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())

    validation = str(tmp_path / "run" / "validation.jsonl")
    tasks = [
        {"name": "validation-loss", "items": validation},
        {"name": "exact-match", "items": validation, "max_new_tokens": 4},
    ]
    (tmp_path / "evaluation.json").write_text(json.dumps(asked(tiny_model, tmp_path / "run" / "adapter", tasks)))
    assert cli.main(["run", str(tmp_path / "evaluation.json"), "--out", str(tmp_path / "found")]) == 0
    found = report.read(tmp_path / "found" / "report.json")

    base, candidate = (found.metric("validation-loss", "loss", model) for model in ("base", "candidate"))
    assert base.value == pytest.approx(manifest["validation_loss"]["first"], rel=1e-4)
    assert candidate.value == pytest.approx(manifest["validation_loss"]["last"], rel=1e-4)
    assert candidate.value < base.value
    assert found.models[0].sha256 == manifest["base_model"]["sha256"]
    assert found.models[1].adapter_sha256 == manifest["output"]["sha256"]
    files = {file["path"]: file["sha256"] for file in manifest["artefacts"]}
    assert found.task("validation-loss").suite.sha256 == files["validation.jsonl"]
    references = {sample["reference"] for sample in details(tmp_path / "found", "exact-match")}
    assert all(reference.startswith("It is") for reference in references)


def details(folder, task):
    lines = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    return [line["detail"] for line in lines if line["task"] == task]
