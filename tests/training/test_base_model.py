"""What is let in as a base model, and what each refusal says."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from preparation.digests import folder_digest
from training import Manifest, UserError
from training.base_model import check_length, check_tokenizer, load, open_base
from training.weights import read_header

Break = Callable[[Path], None]


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    shutil.copytree(tiny, folder)
    return folder


def edit(name: str, **changes: Any) -> Break:
    def go(folder: Path) -> None:
        settings = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**settings, **changes}))

    return go


def write(name: str, content: bytes) -> Break:
    return lambda folder: (folder / name).write_bytes(content) and None


def remove(name: str) -> Break:
    return lambda folder: (folder / name).unlink()


def truncate(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-100])


def with_header(header: dict[str, Any], size: int) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * size


class Payload:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return eval, ("open('/tmp/ran', 'w')",)


REFUSALS: list[tuple[Break, str, str]] = [
    (write("pytorch_model.bin", pickle.dumps(Payload())), "pickled-weights", "Convert the weights to safetensors"),
    (write("training_args.pt", b"x"), "pickled-weights", "training_args.pt"),
    (remove("config.json"), "broken-model", "no config.json"),
    (write("config.json", b"{"), "broken-model", "not valid JSON"),
    (remove("model.safetensors"), "no-weights", "no model.safetensors"),
    (truncate, "broken-weights", "is it whole"),
    (write("model.safetensors", b"\xff" * 64), "broken-weights", "header length"),
    (write("model.safetensors", b""), "broken-weights", "header length"),
    (write("model.safetensors", with_header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, 12)),
     "broken-weights", "not where its shape says"),
    (write("model.safetensors", with_header({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, 8)),
     "broken-weights", "not where its shape says"),
    (write("model.safetensors", with_header({"a": {"dtype": "F7", "shape": [2], "data_offsets": [0, 8]}}, 8)),
     "broken-weights", "unknown number type"),
    (write("model.safetensors.index.json", b'{"weight_map": {"a": "../../x.safetensors"}}'), "broken-weights",
     "no safetensors file"),
    (write("model.safetensors.index.json", b'{"weight_map": {"a": "part-2.safetensors"}}'), "broken-weights",
     "part-2.safetensors is missing"),
    (edit("config.json", auto_map={"AutoModel": "x--y.Z"}), "model-with-code", "auto_map"),
    (edit("config.json", vision={"_attn_implementation_internal": "a/b"}), "model-with-code", "_internal"),
    (edit("tokenizer_config.json", auto_map={"AutoTokenizer": ["x", None]}), "model-with-code", "auto_map"),
    (edit("config.json", quantization_config={"quant_method": "gptq"}), "quantised-base", "16- or 32-bit"),
    (remove("tokenizer.json"), "no-tokenizer", "tokenizer.json"),
    (write("tokenizer.json", b"{}"), "broken-tokenizer", "cannot be read"),
    (edit("tokenizer_config.json", eos_token=None), "no-eos", "never learn to stop"),
    (edit("tokenizer_config.json", eos_token="<nowhere>"), "no-eos", "of its vocabulary"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "code", "says"), REFUSALS, ids=[f"{code}-{says[:20]}" for _, code, says in REFUSALS])
def test_a_folder_that_must_not_pass_is_refused_with_its_cure(copy: Path, spoil: Break, code: str, says: str) -> None:
    spoil(copy)
    with pytest.raises(UserError, match=says) as caught:
        open_base(str(copy), None, copy.parent)
    assert caught.value.code == code
    assert str(copy) in str(caught.value.where)


def test_pickled_weights_end_a_run_before_anything_is_loaded(
    copy: Path, spec: dict[str, Any], train: Callable[..., tuple[int, Manifest]]
) -> None:
    (copy / "pytorch_model.bin").write_bytes(pickle.dumps(Payload()))
    code, manifest = train({**spec, "base_model": str(copy)})
    assert (code, manifest.status) == (2, "user_error")
    assert manifest.error is not None
    assert manifest.error.code == "pickled-weights"
    assert not Path("/tmp/ran").exists()


def test_a_base_model_changed_since_it_was_pinned_ends_the_run_before_it_is_loaded(
    copy: Path, spec: dict[str, Any], train: Callable[..., tuple[int, Manifest]], tmp_path: Path
) -> None:
    pinned = folder_digest(copy)
    edit("generation_config.json", temperature=0.5)(copy)
    code, manifest = train({**spec, "base_model": str(copy), "base_model_sha256": pinned})
    assert (code, manifest.status) == (2, "user_error")
    assert manifest.error is not None
    assert manifest.error.code == "base-model-changed"
    assert pinned in manifest.error.message and folder_digest(copy) in manifest.error.message
    assert "Put the original files back" in manifest.error.message
    assert manifest.base_model is not None
    assert manifest.base_model.sha256 == folder_digest(copy)
    assert not (tmp_path / "out" / "adapter").exists()


def test_a_finished_run_does_not_stand_for_one_on_another_base_model(
    copy: Path, spec: dict[str, Any], train: Callable[..., tuple[int, Manifest]]
) -> None:
    spec = {**spec, "base_model": str(copy), "base_model_sha256": folder_digest(copy)}
    spec["hyperparameters"] = {**spec["hyperparameters"], "max_steps": 1}
    assert train(spec)[0] == 0
    assert train({**spec, "base_model_sha256": None}, resume=True)[0] == 0
    with pytest.raises(UserError, match="finished run of another spec"):
        train({**spec, "base_model_sha256": "0" * 64}, resume=True)


def test_weights_that_lack_a_layer_are_named(copy: Path) -> None:
    edit("config.json", num_hidden_layers=4)(copy)
    with pytest.raises(UserError, match=r"lack .* tensors .*layers\.3"):
        load(open_base(str(copy), None, copy.parent), torch.float32, "cpu")


def test_weights_of_another_shape_are_a_mistake_of_the_user(copy: Path) -> None:
    edit("config.json", intermediate_size=128)(copy)
    with pytest.raises(UserError, match="cannot be built"):
        load(open_base(str(copy), None, copy.parent), torch.float32, "cpu")


def test_a_tokenizer_that_transformers_reads_otherwise_is_refused(copy: Path) -> None:
    base = open_base(str(copy), None, copy.parent)
    check_tokenizer(base, "Hello, how much is it?")
    settings = json.loads((copy / "tokenizer.json").read_text())
    settings["model"]["merges"] = settings["model"]["merges"][:5]
    (copy / "tokenizer.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match="different tokens"):
        check_tokenizer(base, "Hello, how much is it?")


def test_an_absent_folder_says_that_the_hub_is_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSAY_ALLOW_HUB", raising=False)
    with pytest.raises(UserError, match="ASSAY_ALLOW_HUB=1"):
        open_base("someone/some-model", None, tmp_path)


def test_a_revision_of_a_folder_is_refused(copy: Path) -> None:
    with pytest.raises(UserError, match="Set revision to null"):
        open_base(str(copy), "main", copy.parent)


def test_a_length_beyond_the_models_positions_is_refused(copy: Path) -> None:
    with pytest.raises(UserError, match="at most 1024 tokens"):
        check_length(open_base(str(copy), None, copy.parent), 2048)


def test_the_description_is_what_the_folder_holds(copy: Path, tiny: Path) -> None:
    (copy / "conversion.json").write_text('{"statement": "Dequantised from Q4_1"}')
    described = open_base("base", None, copy.parent).describe()
    assert described.sha256 == folder_digest(copy) != folder_digest(tiny)
    assert described.origin == {"statement": "Dequantised from Q4_1"}
    assert described.parameters == AutoModelForCausalLM.from_pretrained(copy).num_parameters()
    assert described.stored_as == {"f32": described.parameters}


def test_headers_are_read_as_they_were_written(tmp_path: Path) -> None:
    weights = {"a.weight": torch.zeros(3, 5, dtype=torch.bfloat16), "b": torch.zeros((), dtype=torch.int64)}
    save_file(weights, tmp_path / "w.safetensors", metadata={"format": "pt"})
    found = {info.name: (info.dtype, info.shape) for info in read_header(tmp_path / "w.safetensors")}
    assert found == {"a.weight": ("BF16", (3, 5)), "b": ("I64", ())}
