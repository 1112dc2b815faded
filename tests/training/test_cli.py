"""The commands as a user types them: exit codes, and what is said on which stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preparation.digests import folder_digest
from training import Manifest, UserError, load_manifest
from training.cli import main

from .conftest import chat_row, command, write_jsonl

Train = Callable[..., tuple[int, Manifest]]


def test_a_run_prints_its_events_as_json_lines(spec: dict[str, Any], tmp_path: Path) -> None:
    spec["hyperparameters"]["max_steps"] = 1
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    done = command("run", tmp_path / "spec.json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stdout == (tmp_path / "out" / "events.jsonl").read_text()
    assert all(set(line) == {"schema", "at", "level", "type", "data"} for line in lines)
    assert {line["type"] for line in lines} == {"state", "metrics", "checkpoint"}


def test_a_mistake_of_the_user_is_exit_2_with_row_field_and_cure(
    spec: dict[str, Any], train: Train, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "train.jsonl", [chat_row("a", "b"), chat_row("c", "")])
    code, manifest = train(spec)
    assert (code, manifest.status) == (2, "user_error")
    assert manifest.error is not None
    assert manifest.error.where is not None
    assert manifest.error.where.endswith("train.jsonl, row 2, messages[1].content")
    assert "remove the row" in manifest.error.message
    assert manifest.base_model is not None
    assert (manifest.data, manifest.steps, manifest.output) == (None, None, None)


def test_a_broken_spec_still_leaves_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text('{"schema": "assay.training/1"}')
    assert main(["run", str(tmp_path / "spec.json"), "--out", str(tmp_path / "out")]) == 2
    manifest = load_manifest(tmp_path / "out" / "manifest.json")
    assert manifest.error is not None
    assert (manifest.status, manifest.error.where) == ("user_error", "spec.base_model")


def test_unknown_layers_are_refused_with_the_known_ones(spec: dict[str, Any], train: Train) -> None:
    spec["method"]["target_modules"] = ["query"]
    code, manifest = train(spec)
    assert code == 2
    assert manifest.error is not None
    assert "down_proj, gate_proj" in manifest.error.message


def test_a_loss_that_is_no_number_is_a_failure_not_a_mistake_of_the_user(spec: dict[str, Any], train: Train) -> None:
    spec["method"] = {"name": "full"}
    spec["hyperparameters"] = {"learning_rate": 1e30, "max_steps": 6, "max_grad_norm": 1e30, "warmup_ratio": 0}
    code, manifest = train(spec)
    assert (code, manifest.status) == (1, "failed")
    assert manifest.error is not None
    assert manifest.error.code == "diverged"
    assert manifest.output is None
    assert manifest.steps is not None
    assert 0 < manifest.steps.done < 6


def test_cuda_on_a_machine_without_is_a_clear_mistake(spec: dict[str, Any], train: Train) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    code, manifest = train({**spec, "device": "cuda"})
    assert code == 2
    assert manifest.error is not None
    assert "PyTorch sees no CUDA GPU" in manifest.error.message


def test_full_disk_is_exit_3(spec: dict[str, Any], train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    from training import environment

    monkeypatch.setattr(environment, "free_disk", lambda folder: 10)
    code, manifest = train(spec)
    assert (code, manifest.status) == (3, "failed")
    assert manifest.error is not None
    assert manifest.error.code == "too-little-disk"


@pytest.mark.parametrize("name", ["estimate", "preview"])
def test_other_commands_say_mistakes_in_one_line(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, str(tmp_path / "absent.json")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_the_same_tiny_model_comes_out_each_time(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tiny", "--out", str(tmp_path / "again")]) == 0
    assert 200_000 < json.loads(capsys.readouterr().out)["parameters"] < 1_000_000
    assert folder_digest(tmp_path / "again") == folder_digest(tiny)
    assert main(["tiny", "--out", str(tmp_path / "other"), "--seed", "1"]) == 0
    assert folder_digest(tmp_path / "other") != folder_digest(tiny)
    assert main(["tiny", "--out", str(tmp_path / "other")]) == 2


def test_a_manifest_is_read_strictly(spec: dict[str, Any], train: Train, tmp_path: Path) -> None:
    _, manifest = train({**spec, "hyperparameters": {"max_steps": 1}})
    written = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert Manifest.parse(written) == manifest
    assert manifest.to_json() == written
    with pytest.raises(UserError, match=r"manifest\.stepz: is not a known field"):
        Manifest.parse({**written, "stepz": 1})
    with pytest.raises(UserError, match=r"manifest\.steps\.done: must be a whole number"):
        Manifest.parse({**written, "steps": {**written["steps"], "done": "all"}})
    with pytest.raises(UserError, match=r"manifest\.schema"):
        Manifest.parse({**written, "schema": "assay.training-manifest/9"})
    with pytest.raises(UserError, match="writes it last"):
        load_manifest(tmp_path / "manifest.json")
