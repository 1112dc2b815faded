"""Whole runs on a real small model: what they leave, and that the manifest says what happened."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from preparation.digests import folder_digest, sha256_file
from training import Manifest

from .conftest import events, losses, write_jsonl

Train = Callable[..., tuple[int, Manifest]]

# The first losses of the run below, in nats per trained token. They move only when the data order, the mask, the
# initial weights, the optimizer or the schedule does.
GOLDEN_LORA = [6.695657730102539, 6.6914381980896, 6.59079647064209, 6.512369632720947, 6.468961238861084]
GOLDEN_FULL = [6.708725452423096, 6.442015647888184, 6.14675760269165, 6.026230812072754]


@pytest.fixture
def finished(spec: dict[str, Any], train: Train, tmp_path: Path) -> tuple[Manifest, Path]:
    code, manifest = train(spec)
    assert code == 0
    return manifest, tmp_path / "out"


def test_lora_losses_are_the_pinned_ones(finished: tuple[Manifest, Path]) -> None:
    assert losses(finished[1])[: len(GOLDEN_LORA)] == pytest.approx(GOLDEN_LORA, rel=1e-5)


def test_full_losses_are_the_pinned_ones(spec: dict[str, Any], train: Train, tmp_path: Path) -> None:
    code, _ = train({**spec, "method": {"name": "full"}, "hyperparameters": {"max_steps": 4, "learning_rate": 1e-3}})
    assert code == 0
    assert losses(tmp_path / "out") == pytest.approx(GOLDEN_FULL, rel=1e-5)


def test_a_run_leaves_what_it_promises(finished: tuple[Manifest, Path], tiny: Path, spec: dict[str, Any]) -> None:
    manifest, out = finished
    assert {path.name for path in out.iterdir()} == {
        ".lock", "adapter", "checkpoints", "events.jsonl", "manifest.json", "validation.jsonl",
    }  # fmt: skip
    assert len(list((out / "checkpoints").iterdir())) == 2
    assert manifest.status == "succeeded"
    assert manifest.error is None
    assert manifest.base_model is not None
    assert manifest.base_model.sha256 == folder_digest(tiny)
    assert manifest.data is not None
    assert manifest.data.files[0].sha256 == sha256_file(out.parent / "train.jsonl")
    assert manifest.output is not None
    assert manifest.output.sha256 == folder_digest(out / "adapter")
    assert manifest.output.weights_sha256 == sha256_file(out / "adapter" / "adapter_model.safetensors")
    for artefact in manifest.artefacts:
        path = out / artefact.path
        assert (sha256_file(path), path.stat().st_size) == (artefact.sha256, artefact.bytes)
    assert {artefact.path for artefact in manifest.artefacts} >= {"validation.jsonl", "adapter/chat_template.jinja"}


def test_the_manifest_agrees_with_the_events(finished: tuple[Manifest, Path]) -> None:
    manifest, out = finished
    seen = losses(out)
    assert manifest.steps is not None
    assert (manifest.steps.planned, manifest.steps.done, manifest.steps.epochs) == (len(seen), len(seen), 2.0)
    assert manifest.train_loss is not None
    assert manifest.train_loss.first == pytest.approx(sum(seen[:5]) / 5)
    assert manifest.train_loss.last == pytest.approx(sum(seen[-5:]) / 5)
    assert manifest.train_loss.best == min(seen)
    assert manifest.train_loss.last < manifest.train_loss.first
    curve = [
        (data["step"], data["validation_loss"]) for data in events(out, "metrics") if data["phase"] == "validation"
    ]
    assert [step for step, _ in curve] == [0, len(seen) // 2, len(seen)]
    assert manifest.validation_loss is not None
    assert manifest.validation_loss.curve == tuple(curve)
    assert manifest.validation_loss.last < manifest.validation_loss.first
    states = [data["state"] for data in events(out, "state")]
    assert states == ["validating_files", "loading", "running", "saving", "succeeded"]


def test_every_step_says_how_far_it_is(finished: tuple[Manifest, Path]) -> None:
    steps = [data for data in events(finished[1], "metrics") if data["phase"] == "train"]
    assert [(data["step"], data["of"]) for data in steps] == [(step, len(steps)) for step in range(1, len(steps) + 1)]
    assert steps[-1]["seconds_left"] == 0
    assert all(data["seconds_left"] >= 0 and data["tokens_per_second"] > 0 and data["rss_bytes"] > 0 for data in steps)


def test_the_first_validation_loss_is_the_base_models_own(finished: tuple[Manifest, Path], tiny: Path) -> None:
    manifest, out = finished
    base = AutoModelForCausalLM.from_pretrained(tiny)
    assert manifest.validation_loss is not None
    assert score(base, out) == pytest.approx(manifest.validation_loss.first, rel=1e-5)


def test_the_saved_adapter_has_the_last_validation_loss(finished: tuple[Manifest, Path], tiny: Path) -> None:
    manifest, out = finished
    tuned = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny), out / "adapter")
    assert manifest.validation_loss is not None
    assert score(tuned, out) == pytest.approx(manifest.validation_loss.last, rel=1e-5)


def test_full_fine_tuning_leaves_a_model_that_loads_by_itself(
    spec: dict[str, Any], train: Train, tmp_path: Path
) -> None:
    code, manifest = train({**spec, "method": {"name": "full"}})
    assert code == 0
    out = tmp_path / "out"
    model = AutoModelForCausalLM.from_pretrained(out / "model")
    assert manifest.parameters is not None
    assert manifest.parameters.trainable == manifest.parameters.total == sum(w.numel() for w in model.parameters())
    assert manifest.output is not None
    assert (manifest.output.kind, manifest.output.weights) == ("model", "float32")
    assert manifest.validation_loss is not None
    assert score(model, out) == pytest.approx(manifest.validation_loss.last, rel=1e-5)
    assert AutoTokenizer.from_pretrained(out / "model").chat_template


def test_the_padding_token_never_ends_a_text(finished: tuple[Manifest, Path]) -> None:
    settings = json.loads((finished[1] / "adapter" / "generation_config.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(finished[1] / "adapter")
    assert settings["eos_token_id"] == [tokenizer.eos_token_id]
    assert settings["pad_token_id"] not in settings["eos_token_id"]


def test_a_base_whose_padding_ends_texts_is_mended(
    spec: dict[str, Any], train: Train, tiny: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny, base)
    settings = json.loads((base / "generation_config.json").read_text())
    ends, padding = settings["eos_token_id"], settings["pad_token_id"]
    for written in (
        {"eos_token_id": ends, "pad_token_id": ends},
        {"eos_token_id": [ends, padding], "pad_token_id": padding},
    ):
        (base / "generation_config.json").write_text(json.dumps({**settings, **written}))
        name = f"out-{len(json.dumps(written))}"
        assert train({**spec, "base_model": str(base), "hyperparameters": {"max_steps": 1}}, name)[0] == 0
        mended = json.loads((tmp_path / name / "adapter" / "generation_config.json").read_text())
        assert mended["eos_token_id"] == [ends]
        assert mended["pad_token_id"] != ends


def test_the_same_seed_gives_the_same_adapter_and_another_seed_another(spec: dict[str, Any], train: Train) -> None:
    spec["hyperparameters"]["max_steps"] = 3
    spec["method"]["dropout"] = 0.1
    digests = [train({**spec, "seed": seed}, name)[1].output for seed, name in ((7, "a"), (7, "b"), (8, "c"))]
    first, again, other = (output.sha256 for output in digests if output is not None)
    assert first == again
    assert other != first


def test_accumulated_batches_equal_the_large_batch(spec: dict[str, Any], train: Train, tmp_path: Path) -> None:
    for name, batch, accumulation in (("whole", 8, 1), ("cut", 4, 2), ("fine", 1, 8)):
        settings = {"batch_size": batch, "gradient_accumulation": accumulation, "max_steps": 4, "learning_rate": 2e-3}
        assert train({**spec, "hyperparameters": settings}, name)[0] == 0
    whole, cut, fine = (losses(tmp_path / name) for name in ("whole", "cut", "fine"))
    assert cut == pytest.approx(whole, rel=1e-5)
    assert fine == pytest.approx(whole, rel=1e-5)
    weights = [load_file(tmp_path / name / "adapter" / "adapter_model.safetensors") for name in ("whole", "cut")]
    for name, weight in weights[0].items():
        torch.testing.assert_close(weight, weights[1][name], rtol=1e-3, atol=1e-5)


def test_gradient_checkpointing_changes_no_loss(spec: dict[str, Any], train: Train, tmp_path: Path) -> None:
    for name, spared in (("kept", False), ("spared", True)):
        spec["hyperparameters"] |= {"max_steps": 3, "gradient_checkpointing": spared}
        assert train(spec, name)[0] == 0
    assert losses(tmp_path / "spared") == pytest.approx(losses(tmp_path / "kept"), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "observed"),
    [
        ({"method": {"name": "full"}}, ("full", "float32", "float32", 12, "spec")),
        ({"precision": "bf16"}, ("lora", "bfloat16", "float32", 12, "spec")),
        ({"precision": "bf16", "method": {"name": "full"}}, ("full", "float32", "float32", 12, "spec")),
        ({"hyperparameters": {"max_steps": 2, "batch_size": 2}}, ("lora", "float32", "float32", 2, "spec")),
        ({"device": "auto"}, ("lora", "float32", "float32", 12, "auto")),
    ],
)
def test_the_manifest_follows_what_was_done(
    spec: dict[str, Any], train: Train, change: dict[str, Any], observed: tuple[Any, ...]
) -> None:
    code, manifest = train({**spec, **change})
    assert code == 0
    assert manifest.method is not None
    assert manifest.precision is not None
    assert manifest.steps is not None
    assert manifest.device is not None
    assert (
        manifest.method["name"],
        manifest.precision.base_weights,
        manifest.precision.trained_weights,
        manifest.steps.done,
        manifest.device.choice.chosen_by,
    ) == observed
    assert manifest.precision.compute.startswith("bfloat16") == (change.get("precision") == "bf16")


def test_each_choice_of_auto_stands_there_with_its_reason(spec: dict[str, Any], train: Train) -> None:
    _, manifest = train({**spec, "hyperparameters": {"max_steps": 2}})
    assert manifest.hyperparameters is not None
    chosen = manifest.hyperparameters
    assert {name for name in ("learning_rate", "batch_size", "gradient_accumulation", "epochs", "warmup_ratio")
            if chosen[name].chosen_by == "auto"} == {
        "learning_rate", "batch_size", "gradient_accumulation", "epochs", "warmup_ratio",
    }  # fmt: skip
    assert all(choice.reason for choice in chosen.values() if choice.chosen_by == "auto")
    assert chosen["learning_rate"].value == 2e-4
    assert (chosen["max_steps"].value, chosen["max_steps"].chosen_by) == (2, "spec")


def test_legal_compute_is_6_p_d(finished: tuple[Manifest, Path]) -> None:
    manifest, _ = finished
    assert manifest.compute is not None
    assert manifest.parameters is not None
    assert manifest.data is not None
    assert manifest.compute.tokens == 2 * manifest.data.train_tokens
    assert manifest.compute.loss_tokens == 2 * manifest.data.train_loss_tokens
    assert manifest.compute.legal.value == 6 * manifest.parameters.total * manifest.compute.tokens
    assert manifest.compute.legal.included
    assert manifest.compute.legal.excluded


def test_energy_without_counters_is_null_with_the_reason(finished: tuple[Manifest, Path]) -> None:
    energy = finished[0].energy
    assert energy is not None
    assert (energy.kwh is None) == (energy.reason is not None)
    assert (energy.kwh is None) == (energy.boundary is None)


def test_canaries_are_in_the_manifest(spec: dict[str, Any], train: Train) -> None:
    _, manifest = train({**spec, "canaries": {"count": 2, "repeat": [3]}, "hyperparameters": {"max_steps": 1}})
    assert manifest.data is not None
    assert [canary.repeats for canary in manifest.data.canaries] == [3, 3]
    assert manifest.data.canary_rows == 6


def test_prompt_completion_rows_train_without_a_template(
    spec: dict[str, Any], train: Train, tiny: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny, base)
    (base / "chat_template.jinja").unlink()
    write_jsonl(tmp_path / "train.jsonl", [{"prompt": f"{n} + 1 =", "completion": f" {n + 1}"} for n in range(12)])
    code, manifest = train({**spec, "base_model": str(base), "hyperparameters": {"max_steps": 2}})
    assert code == 0
    assert manifest.data is not None
    assert (manifest.data.template.rendering.value, manifest.data.template.sha256) == ("plain", None)


def score(model: Any, out: Path) -> float:
    """The mean loss per trained token of `validation.jsonl`, one row at a time."""
    total, count = 0.0, 0
    for line in (out / "validation.jsonl").read_text().splitlines():
        row = json.loads(line)
        labels = torch.tensor(row["labels"])
        with torch.no_grad():
            logits = model(torch.tensor([row["input_ids"]])).logits[0]
        total += functional.cross_entropy(logits[:-1].double(), labels[1:], ignore_index=-100, reduction="sum").item()
        count += int((labels[1:] != -100).sum())
    return total / count
