"""A GGUF file made here, dequantised; the numbers are checked against gguf's own arithmetic."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM

from preparation.digests import folder_digest
from training import Manifest, UserError
from training.gguf_model import convert

KIND = gguf.GGMLQuantizationType.Q4_1
NAMES = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}  # fmt: skip


@pytest.fixture(scope="module")
def quantised(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The tiny model as Q4_1, and the numbers that its matrices then stand for."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    config = AutoConfig.from_pretrained(tiny)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    write_tokenizer(writer, tiny)
    meant = {}
    for name, weight in AutoModelForCausalLM.from_pretrained(tiny).state_dict().items():
        if name == "lm_head.weight":
            continue
        target, numbers = gguf_name(name), weight.numpy().astype(np.float32)
        if numbers.ndim == 1:
            writer.add_tensor(target, numbers)
            continue
        packed = gguf.quants.quantize(numbers, KIND)
        writer.add_tensor(target, packed, raw_dtype=KIND)
        meant[name] = gguf.quants.dequantize(packed, KIND)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path, meant


def write_tokenizer(writer: gguf.GGUFWriter, tiny: Path) -> None:
    stored = json.loads((tiny / "tokenizer.json").read_text())
    vocabulary = sorted(stored["model"]["vocab"].items(), key=lambda entry: entry[1])
    control = {token["content"] for token in stored["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([token for token, _ in vocabulary])
    writer.add_token_types([3 if token in control else 1 for token, _ in vocabulary])
    writer.add_token_merges([" ".join(pair) for pair in stored["model"]["merges"]])
    writer.add_bos_token_id(stored["model"]["vocab"]["<|begin|>"])
    writer.add_eos_token_id(stored["model"]["vocab"]["<|im_end|>"])
    writer.add_chat_template((tiny / "chat_template.jinja").read_text())


def gguf_name(name: str) -> str:
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{NAMES[rest.removesuffix('.weight')]}.weight"


@pytest.fixture(scope="module")
def converted(quantised: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    out = tmp_path_factory.mktemp("converted") / "model"
    return out, convert(quantised[0], out)


def test_the_weights_are_what_the_quantised_ones_stand_for(
    quantised: tuple[Path, dict[str, Any]], converted: tuple[Path, Any]
) -> None:
    written = load_file(converted[0] / "model.safetensors")
    # Queries and keys lie in another order of rows in GGUF files; the others can be compared as they are.
    compared = [name for name in quantised[1] if "q_proj" not in name and "k_proj" not in name]
    assert len(compared) == 1 + 3 * 5
    for name in compared:
        assert written[name].dtype == torch.bfloat16
        torch.testing.assert_close(written[name], torch.from_numpy(quantised[1][name]).to(torch.bfloat16))


def test_the_record_says_what_it_was_made_from(converted: tuple[Path, Any]) -> None:
    out, said = converted
    record = json.loads((out / "conversion.json").read_text())
    assert record["statement"].startswith("Dequantised from Q4_1")
    assert (record["quantisation"], record["written_as"]) == ("Q4_1", "bf16")
    assert set(record["stored_as"]) == {"Q4_1", "F32"}
    assert said["sha256"] == folder_digest(out)
    assert record["parameters"] == AutoModelForCausalLM.from_pretrained(out).num_parameters()


def test_the_folder_can_be_trained_and_the_manifest_repeats_its_origin(
    converted: tuple[Path, Any], spec: dict[str, Any], train: Callable[..., tuple[int, Manifest]]
) -> None:
    code, manifest = train({**spec, "base_model": str(converted[0]), "hyperparameters": {"max_steps": 1}})
    assert code == 0, manifest.error
    assert manifest.base_model is not None
    assert manifest.base_model.origin is not None
    assert manifest.base_model.origin["quantisation"] == "Q4_1"
    assert set(manifest.base_model.stored_as) == {"bf16"}


def test_the_same_file_gives_the_same_folder(
    quantised: tuple[Path, dict[str, Any]], converted: tuple[Path, Any], tmp_path: Path
) -> None:
    assert convert(quantised[0], tmp_path / "again")["sha256"] == converted[1]["sha256"]


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 10])
def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a whole GGUF"):
        convert(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
