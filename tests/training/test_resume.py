"""A run that was stopped goes on exactly where it was; nothing is half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from training import Manifest, UserError
from training.checkpoint import new_folder

from .conftest import ROOT, chat_rows, command, events, losses, start, write_jsonl

Train = Callable[..., tuple[int, Manifest]]


@pytest.fixture
def stopping(spec: dict[str, Any]) -> dict[str, Any]:
    """Dropout makes every step depend on the random state; checkpoints lie inside the epochs."""
    spec["method"]["dropout"] = 0.2
    spec["checkpoint_every"] = 4
    return spec


def cut_back(out: Path, step: int) -> None:
    """The folder as a crash after the checkpoint of `step` leaves it: no manifest, no result, no later checkpoint."""
    (out / "manifest.json").unlink()
    shutil.rmtree(out / "adapter", ignore_errors=True)
    for path in (out / "checkpoints").iterdir():
        if int(path.name.removeprefix("step-")) > step:
            shutil.rmtree(path)


@pytest.mark.parametrize("method", [{"name": "lora", "r": 4, "dropout": 0.2}, {"name": "full"}])
def test_stop_and_resume_equal_one_run(
    stopping: dict[str, Any], train: Train, tmp_path: Path, method: dict[str, Any]
) -> None:
    stopping["method"] = method
    _, whole = train(stopping, "whole")
    train(stopping, "parts")
    cut_back(tmp_path / "parts", 8)
    code, resumed = train(stopping, "parts", resume=True)
    assert code == 0
    assert losses(tmp_path / "parts") == losses(tmp_path / "whole")
    assert resumed.output is not None
    assert whole.output is not None
    assert resumed.output.sha256 == whole.output.sha256
    assert resumed.train_loss == whole.train_loss
    assert resumed.validation_loss == whole.validation_loss
    assert resumed.compute is not None
    assert whole.compute is not None
    assert (resumed.compute.tokens, resumed.compute.model_flops) == (whole.compute.tokens, whole.compute.model_flops)
    assert [part.from_step for part in resumed.resumptions] == [8]
    assert whole.resumptions == ()


def test_sigterm_leaves_a_checkpoint_and_the_run_goes_on(
    stopping: dict[str, Any], train: Train, tmp_path: Path
) -> None:
    write_jsonl(tmp_path / "train.jsonl", chat_rows(200))
    stopping["hyperparameters"]["epochs"] = 1
    _, whole = train(stopping, "whole")
    out = tmp_path / "parts"
    process = start("run", tmp_path / "spec.json", "--out", out)
    assert process.stdout is not None
    for line in process.stdout:
        data = json.loads(line)["data"]
        if data.get("phase") == "train" and data["step"] == 5:
            process.send_signal(signal.SIGTERM)
            break
    process.communicate(timeout=60)
    assert process.returncode == 130
    cancelled = json.loads((out / "manifest.json").read_text())
    assert cancelled["status"] == "cancelled"
    done = cancelled["steps"]["done"]
    assert 5 <= done < whole.steps.planned  # type: ignore[union-attr]
    assert not (out / "adapter").exists()
    assert events(out, "checkpoint")[-1]["step"] == done

    code, resumed = train(stopping, "parts", resume=True)
    assert code == 0
    assert losses(out) == pytest.approx(losses(tmp_path / "whole"), rel=1e-6)
    assert resumed.output is not None
    assert whole.output is not None
    assert resumed.output.weights_sha256 == whole.output.weights_sha256
    assert json.loads((out / "manifest.part-1.json").read_text())["status"] == "cancelled"


def test_a_killed_run_has_no_manifest_and_goes_on(stopping: dict[str, Any], tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", chat_rows(200))
    (tmp_path / "spec.json").write_text(json.dumps({**stopping, "hyperparameters": {"epochs": 1, "batch_size": 2}}))
    out = tmp_path / "out"
    process = start("run", tmp_path / "spec.json", "--out", out)
    deadline = time.monotonic() + 60
    while not list((out / "checkpoints").glob("step-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.communicate(timeout=30)
    assert not (out / "manifest.json").exists()
    again = command("run", tmp_path / "spec.json", "--out", out, "--resume")
    assert again.returncode == 0, again.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["resumptions"][0]["from_step"] >= 4
    assert not list(out.rglob("*.draft"))


def test_a_damaged_checkpoint_is_passed_over(stopping: dict[str, Any], train: Train, tmp_path: Path) -> None:
    _, whole = train(stopping, "parts")
    out = tmp_path / "parts"
    cut_back(out, 12)
    newest = sorted((out / "checkpoints").iterdir())[-1] / "weights.safetensors"
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    code, resumed = train(stopping, "parts", resume=True)
    assert code == 0
    assert [part.from_step for part in resumed.resumptions] == [8]
    assert resumed.output == whole.output
    assert any("damaged" in data["message"] for data in events(out, "message"))


def test_with_every_checkpoint_damaged_nothing_is_made_up(
    stopping: dict[str, Any], train: Train, tmp_path: Path
) -> None:
    train(stopping)
    cut_back(tmp_path / "out", 12)
    for path in (tmp_path / "out" / "checkpoints").iterdir():
        (path / "checkpoint.json").write_text("{")
    code, manifest = train(stopping, resume=True)
    assert code == 2
    assert manifest.error is not None
    assert manifest.error.code == "broken-checkpoints"


def test_another_spec_cannot_continue_a_run(stopping: dict[str, Any], train: Train, tmp_path: Path) -> None:
    train(stopping)
    cut_back(tmp_path / "out", 8)
    code, manifest = train({**stopping, "seed": 8}, resume=True)
    assert code == 2
    assert manifest.error is not None
    assert "another spec" in manifest.error.message


def test_a_run_goes_on_after_its_files_were_moved(
    stopping: dict[str, Any], train: Train, tiny: Path, tmp_path: Path
) -> None:
    _, whole = train(stopping)
    cut_back(tmp_path / "out", 8)
    (tmp_path / "train.jsonl").rename(tmp_path / "moved.jsonl")
    shutil.copytree(tiny, tmp_path / "moved")
    moved = {**stopping, "base_model": "moved", "data": {**stopping["data"], "train": [{"path": "moved.jsonl"}]}}
    code, resumed = train(moved, resume=True)
    assert code == 0
    assert resumed.output is not None
    assert whole.output is not None
    assert resumed.output.weights_sha256 == whole.output.weights_sha256
    assert train(moved, resume=True)[0] == 0


def test_changed_data_cannot_continue_a_run(stopping: dict[str, Any], train: Train, tmp_path: Path) -> None:
    train(stopping)
    cut_back(tmp_path / "out", 8)
    write_jsonl(tmp_path / "train.jsonl", chat_rows(26))
    code, manifest = train(stopping, resume=True)
    assert code == 2
    assert manifest.error is not None
    assert "another data" in manifest.error.message


def test_resuming_a_finished_run_changes_nothing(stopping: dict[str, Any], train: Train, tmp_path: Path) -> None:
    train(stopping)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.name != ".lock"}
    code, _ = train(stopping, resume=True)
    assert code == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.name != ".lock"} == before


def test_resume_without_a_checkpoint_begins(stopping: dict[str, Any], train: Train) -> None:
    stopping["hyperparameters"]["max_steps"] = 1
    code, manifest = train(stopping, resume=True)
    assert (code, manifest.resumptions) == (0, ())


def test_a_used_folder_is_not_written_into(stopping: dict[str, Any], train: Train, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"not empty \(notes.txt\)"):
        train(stopping)
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name != ".lock"] == ["notes.txt"]


def test_two_trainers_never_share_a_folder(stopping: dict[str, Any], tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", chat_rows(200))
    (tmp_path / "spec.json").write_text(json.dumps(stopping))
    out = tmp_path / "out"
    first = start("run", tmp_path / "spec.json", "--out", out)
    assert first.stdout is not None
    first.stdout.readline()
    second = command("run", tmp_path / "spec.json", "--out", out, "--resume")
    first.terminate()
    first.communicate(timeout=60)
    assert second.returncode == 2
    assert "Another trainer" in second.stderr


def test_only_the_last_two_checkpoints_are_kept(stopping: dict[str, Any], train: Train, tmp_path: Path) -> None:
    stopping["checkpoint_every"] = 2
    train(stopping)
    kept = sorted(path.name for path in (tmp_path / "out" / "checkpoints").iterdir())
    assert kept == ["step-00000010", "step-00000012"]
    assert set(load_file(tmp_path / "out" / "checkpoints" / kept[0] / "optimizer.safetensors")) > {"rng:cpu"}


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), new_folder(tmp_path / "model") as draft:
        (draft / "weights").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_losing_the_supervisor_stops_the_run_with_a_checkpoint(stopping: dict[str, Any], tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", chat_rows(27))
    (tmp_path / "spec.json").write_text(json.dumps(stopping))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "ASSAY_SUPERVISOR_PID": "1999999999"}
    done = subprocess.run(
        [sys.executable, "-m", "training", "run", str(tmp_path / "spec.json"), "--out", str(tmp_path / "out")],
        env=environment, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 130
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["status"] == "cancelled"
