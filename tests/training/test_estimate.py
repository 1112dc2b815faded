"""The estimate against what then really happened."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from training import Manifest, NoRoom, TrainingSpec, environment, room
from training.base_model import open_base
from training.estimate import Estimate, as_text, estimate
from training.plan import make_plan

from .conftest import ROOT


@pytest.fixture
def foresee(spec: dict[str, Any], tmp_path: Path) -> Callable[..., Estimate]:
    def go(changes: dict[str, Any] | None = None, **known: Any) -> Estimate:
        return estimate(TrainingSpec.parse({**spec, **(changes or {})}), tmp_path, **known)

    return go


@pytest.mark.parametrize("targets", ["all-linear", ["q_proj", "down_proj"]])
def test_lora_counts_are_those_of_peft(foresee: Any, tiny: Path, targets: Any) -> None:
    found = foresee({"method": {"name": "lora", "r": 6, "target_modules": targets}})
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny), LoraConfig(r=6, target_modules=targets))
    assert (found.trainable_parameters, found.total_parameters) == model.get_nb_trainable_parameters()


def test_full_fine_tuning_trains_everything(foresee: Any, tiny: Path) -> None:
    found = foresee({"method": {"name": "full"}})
    everything = sum(weight.numel() for weight in AutoModelForCausalLM.from_pretrained(tiny).parameters())
    assert (found.trainable_parameters, found.total_parameters) == (everything, everything)


@pytest.mark.parametrize("settings", [{"epochs": 2, "batch_size": 3}, {"max_steps": 5, "batch_size": 2}])
def test_counts_and_compute_are_exactly_those_of_the_run(
    foresee: Any, spec: dict[str, Any], train: Callable[..., tuple[int, Manifest]], settings: dict[str, Any]
) -> None:
    found = foresee({"hyperparameters": settings})
    code, manifest = train({**spec, "hyperparameters": settings})
    assert code == 0
    assert manifest.steps is not None
    assert manifest.compute is not None
    assert manifest.parameters is not None
    assert (found.steps, found.epochs) == (manifest.steps.done, pytest.approx(manifest.steps.epochs))
    assert found.tokens == manifest.compute.tokens
    assert found.model_flops == pytest.approx(manifest.compute.model_flops, rel=1e-12)
    assert found.legal == manifest.compute.legal
    assert found.hyperparameters == manifest.hyperparameters


def test_what_nobody_told_stays_unknown_with_a_reason(foresee: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "first_gpu", lambda: None)
    found = foresee()
    for part in (found.energy, found.cost):
        assert (part.low, part.likely, part.high) == (None, None, None)
        assert part.reason
    assert found.compute_ratio is None
    assert found.compute_ratio_reason
    assert "not known" in as_text(found)


def test_energy_and_cost_follow_from_given_figures(foresee: Any) -> None:
    found = foresee(power_watts=500, price_per_hour=2.0, currency="CHF")
    assert found.energy.likely == pytest.approx(found.time.likely / 3600 * 0.5)
    assert found.cost.likely == pytest.approx(found.time.likely / 3600 * 2.0)
    assert found.cost.unit == "CHF"
    assert found.energy.method.startswith("modelled")
    assert found.time.low < found.time.likely < found.time.high


def test_the_ratio_is_legal_compute_over_the_bases(foresee: Any) -> None:
    found = foresee({"base_training_flops": 1e15})
    assert found.compute_ratio == pytest.approx(6 * found.total_parameters * found.tokens / 1e15)


def test_measured_speed_decides_the_time(foresee: Any) -> None:
    slow, fast = foresee(flops_per_second=1e6), foresee(flops_per_second=1e9)
    assert slow.time.likely > 100 * fast.time.likely / 2


def test_memory_grows_with_what_is_trained(foresee: Any) -> None:
    lora, full = foresee(), foresee({"method": {"name": "full"}})
    assert full.memory.likely > lora.memory.likely
    assert sum(lora.memory_parts.values()) <= lora.memory.high
    assert lora.memory.low < lora.memory.likely < lora.memory.high


def test_the_same_in_words_is_part_of_the_json(foresee: Any) -> None:
    written = json.loads(json.dumps(foresee().to_json()))
    assert written["schema"] == "assay.training-estimate/1"
    assert {row["name"] for row in written["rows"]} >= {"memory", "time", "energy", "cost", "compute", "ratio"}
    assert all(row["value"] or row["reason"] for row in written["rows"])


def test_an_estimate_loads_no_torch(spec: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    code = (
        "import sys\nfrom training.cli import main\n"
        f"assert main(['estimate', {str(tmp_path / 'spec.json')!r}, '--json']) == 0\n"
        f"assert main(['preview', {str(tmp_path / 'spec.json')!r}]) == 0\n"
        "assert not {'torch', 'transformers', 'peft'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)


def test_a_run_that_cannot_fit_is_refused_with_both_figures(
    spec: dict[str, Any], tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = open_base(str(tiny), None, tmp_path)
    monkeypatch.setattr(environment, "available_memory", lambda: 1_000_000)
    with pytest.raises(NoRoom, match=r"at least 0\.00 GiB .* 0\.00 GiB are free") as caught:
        room.check(base, TrainingSpec.parse(spec), "cpu", "fp32", tmp_path)
    assert caught.value.exit_code == 3
    monkeypatch.setattr(environment, "available_memory", lambda: None)
    monkeypatch.setattr(environment, "free_disk", lambda folder: 1000)
    with pytest.raises(NoRoom, match="of disk"):
        room.check(base, TrainingSpec.parse(spec), "cpu", "fp32", tmp_path)


@pytest.mark.parametrize(
    ("rows", "settings", "steps"),
    [
        (100, {}, 3 * 13),
        (10_000, {}, 2 * 625),
        (100_000, {}, 3125),
        (100, {"max_steps": 500}, 500),
        (100, {"epochs": 1, "max_steps": 500}, 13),
        (100, {"epochs": 1, "max_steps": 5}, 5),
        (100, {"epochs": 0.5, "batch_size": 10, "gradient_accumulation": 1}, 5),
        (3, {"epochs": 1}, 1),
    ],
)
def test_the_length_of_a_run(spec: dict[str, Any], rows: int, settings: dict[str, Any], steps: int) -> None:
    plan = make_plan(TrainingSpec.parse({**spec, "hyperparameters": settings}), rows, "cpu")
    assert plan.steps == steps


def test_the_rate_rises_then_falls_along_a_cosine(spec: dict[str, Any]) -> None:
    settings = {"max_steps": 100, "learning_rate": 1.0, "warmup_ratio": 0.1}
    plan = make_plan(TrainingSpec.parse({**spec, "hyperparameters": settings}), 100, "cpu")
    rates = [plan.rate(step) for step in range(100)]
    assert rates[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert all(later < earlier for earlier, later in pairwise(rates[10:]))
    assert 0 < rates[-1] < 0.001
