"""A spec is read strictly, and every refusal names field and cure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from training import Full, Lora, TrainingSpec, UserError, load_spec
from training.spec import SCHEMA

SMALLEST = {"schema": SCHEMA, "base_model": "m", "data": {"train": [{"path": "t.jsonl"}]}}
# The example that users are given, word for word.
PUBLISHED = """
{"schema": "assay.training/1", "task": "sft", "base_model": "path-or-hub-id", "revision": null,
 "method": {"name": "lora", "r": 16, "alpha": 32, "dropout": 0.0, "target_modules": "all-linear"},
 "data": {"train": [{"path": "train.jsonl", "format": "auto", "sha256": null}], "validation": [],
          "validation_fraction": 0.1},
 "hyperparameters": {"learning_rate": "auto", "epochs": "auto", "max_steps": null, "batch_size": "auto",
                     "gradient_accumulation": "auto", "max_length": 512, "packing": false},
 "canaries": {"count": 0, "seed": 0, "repeat": [1, 4, 16]},
 "precision": "auto", "device": "auto", "seed": 0, "base_training_flops": null}
"""


def with_change(path: str, value: Any) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(PUBLISHED)
    *parents, last = path.split(".")
    place = changed
    for parent in parents:
        place = place[parent]
    place[last] = value
    return changed


def test_the_published_example_is_read() -> None:
    spec = TrainingSpec.parse(json.loads(PUBLISHED))
    assert spec.method == Lora(r=16, alpha=32)
    assert spec.hyperparameters.learning_rate == "auto"


def test_leaving_a_default_out_or_stating_it_is_the_same_spec() -> None:
    short = TrainingSpec.parse(SMALLEST)
    stated = TrainingSpec.parse(short.to_json())
    assert stated == short
    assert stated.digest() == short.digest()
    assert TrainingSpec.parse({**SMALLEST, "seed": 1}).digest() != short.digest()


def test_full_fine_tuning_has_no_adapter_settings() -> None:
    assert TrainingSpec.parse({**SMALLEST, "method": {"name": "full"}}).method == Full()
    with pytest.raises(UserError, match=r"spec.method.r: is not a known field"):
        TrainingSpec.parse({**SMALLEST, "method": {"name": "full", "r": 8}})


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("schema", "assay.training/2", 'spec.schema: must be "assay.training/1"'),
        ("task", "dpo", "spec.task: must be one of sft"),
        ("method.name", "qlora", "spec.method.name: must be one of lora, full"),
        ("method", "lora!", "spec.method.name: must be one of lora, full"),
        ("method.r", 0, "spec.method.r: must be from 1"),
        ("method.r", 1.5, "spec.method.r: must be a whole number, not 1.5"),
        ("method.r", True, "spec.method.r: must be a whole number, not true"),
        ("method.alpa", 3, 'spec.method.alpa: is not a known field; did you mean "alpha"'),
        ("method.dropout", 1.0, "spec.method.dropout: must be at least 0 and below 1"),
        ("method.target_modules", [], "spec.method.target_modules"),
        ("base_model", " ", "spec.base_model: must name"),
        ("base_model_sha256", "ABC", "spec.base_model_sha256: must be 64 lower-case hex digits"),
        ("data.train", [], "spec.data.train: must name at least one file"),
        ("data.train", [{"path": "a", "sha256": "abc"}], "spec.data.train[0].sha256: must be 64"),
        (
            "data.train",
            [{"path": "a", "format": "alpacca"}],
            "spec.data.train[0].format: The format 'alpacca' is not known",
        ),
        ("data.train", [{}], "spec.data.train[0].path: is missing; give text"),
        ("data.train", [{"path": "a", "part": {"path": "p"}}], "spec.data.train[0].part.keep: is missing"),
        ("data.train", [{"path": "a", "part": {"path": "p", "keep": {}}}], "part.keep: must name at least one part"),
        ("data.train", [{"path": "a", "part": {"path": "p", "keep": {"x": 256}}}], "keep.x: must be from 0 to 255"),
        ("data.train", [{"path": "a", "part": {"path": "p", "keep": {"x": 1}, "sha256": "f"}}], "part.sha256: must"),
        ("data.validation", [{"path": "v"}], "spec.data.validation_fraction: must be 0"),
        ("data.validation_fraction", 1.0, "spec.data.validation_fraction"),
        ("hyperparameters.learning_rate", 0, "spec.hyperparameters.learning_rate: must be above 0"),
        ("hyperparameters.learning_rate", "fast", 'spec.hyperparameters.learning_rate: must be a number or "auto"'),
        ("hyperparameters.packing", True, "spec.hyperparameters.packing: is not available yet"),
        ("hyperparameters.max_length", 2, "spec.hyperparameters.max_length: must be at least 8"),
        ("hyperparameters.max_steps", 0, "spec.hyperparameters.max_steps"),
        ("hyperparameters.warmup_ratio", 1.0, "spec.hyperparameters.warmup_ratio"),
        ("canaries.repeat", [0], "spec.canaries.repeat"),
        ("precision", "fp8", "spec.precision"),
        ("device", "tpu", "spec.device"),
        ("seed", -1, "spec.seed"),
        ("checkpoint_every", 0, "spec.checkpoint_every"),
        ("base_training_flops", 0, "spec.base_training_flops"),
        ("learning_rate", 1e-4, "spec.learning_rate: is not a known field"),
    ],
)
def test_a_wrong_field_is_named_with_its_cure(path: str, value: Any, says: str) -> None:
    with pytest.raises(UserError) as caught:
        TrainingSpec.parse(with_change(path, value))
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"{", "not valid JSON"), (b"\xff\xfe{", "UTF-8"), (b"[]", "must be a JSON object"), (b'{"seed": NaN}', "NaN")],
)
def test_an_unreadable_spec_is_a_mistake_of_the_user(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "spec.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=says):
        load_spec(path)


def test_an_absent_spec_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.json"):
        load_spec(tmp_path / "nowhere.json")


def test_the_package_and_its_doors_never_load_torch() -> None:
    code = (
        "import sys, training, preparation.reading, training.spec, training.manifest, training.weights, training.cli\n"
        "heavy = {'torch', 'transformers', 'peft', 'numpy', 'tokenizers', 'django'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
