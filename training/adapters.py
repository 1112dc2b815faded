"""Methods: which weights are trained, and how the result is saved.

`lora` (Hu et al. 2021, arXiv:2106.09685) puts a product of two thin matrices beside each linear layer and
trains only these; `full` trains everything. The random state is set right before the adapter is made, so that
the same seed gives the same adapter, bit for bit.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel

from training.base_model import BaseFolder
from training.chat_template import TOKENIZER_FILES, read_json
from training.errors import UserError
from training.manifest import Parameters
from training.spec import Full, Lora

Trained = PreTrainedModel | PeftModel
_SHARD = "5GB"


def apply_method(model: PreTrainedModel, method: Lora | Full, seed: int) -> Trained:
    """The model with `method`'s weights ready to train. Raises UserError where the layers' names are unknown."""
    torch.manual_seed(seed)
    if isinstance(method, Full):
        return model.requires_grad_(True)
    config = LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=method.r,
        lora_alpha=method.alpha,
        lora_dropout=method.dropout,
        target_modules=method.target_modules if isinstance(method.target_modules, str) else list(method.target_modules),
        bias="none",
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        layers = sorted(
            {name.rpartition(".")[2] for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
        )
        message = f"LoRA cannot be put on these layers: {error} The model's linear layers are {', '.join(layers)}."
        raise UserError("unknown-layers", message, "spec.method.target_modules") from error


def spare_activations(model: Any) -> None:
    """Gradient checkpointing: forget activations and compute them again on the way back."""
    model.gradient_checkpointing_enable({"use_reentrant": False})


def trained_weights(model: Trained) -> dict[str, nn.Parameter]:
    """The weights that are trained, by name; a weight shared by two layers is there once."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def describe(model: Trained) -> Parameters:
    """Counts, and the adapted layers' own names (`q_proj`, ...)."""
    counts = {name: (weight.numel(), weight.requires_grad) for name, weight in model.named_parameters()}
    total = sum(numbers for numbers, _ in counts.values())
    trainable = sum(numbers for numbers, trained in counts.values() if trained)
    adapted = isinstance(model, PeftModel)
    names = {name.partition(".lora_A")[0].rpartition(".")[2] for name in counts if ".lora_A" in name}
    return Parameters(
        total=total, trainable=trainable, base=total - trainable if adapted else total, adapted=tuple(sorted(names))
    )


def save(model: Trained, base: BaseFolder, folder: Path, end_ids: frozenset[int]) -> str:
    """Write adapter or model with tokenizer and chat template into `folder`; returns the weights' number type."""
    stored = _save_adapter(model, base, folder) if isinstance(model, PeftModel) else _save_model(model, base, folder)
    for name in TOKENIZER_FILES:
        if (base.path / name).is_file():
            shutil.copyfile(base.path / name, folder / name)
    _write_json(folder / "generation_config.json", generation_settings(base, end_ids))
    return stored


def generation_settings(base: BaseFolder, end_ids: frozenset[int]) -> dict[str, Any]:
    """The base's generation settings with the trained end tokens in, and no padding token among them.

    A padding token that also ends the text makes batched generation stop early or never; where the base has
    that, padding gets a token that ends nothing.
    """
    settings = read_json(base.path / "generation_config.json")
    tokenizer = base.tokenizer
    ends = tokenizer.end_ids | end_ids
    padding = settings.get("pad_token_id")
    if padding is not None and padding in ends and len(ends) > 1 and padding not in {*end_ids, tokenizer.eos_id}:
        ends -= {padding}
    if padding is None or padding in ends:
        spare = sorted(tokenizer.special_ids - ends)
        padding = spare[0] if spare else None
    return {**settings, "eos_token_id": sorted(ends), "pad_token_id": padding}


def _save_adapter(model: PeftModel, base: BaseFolder, folder: Path) -> str:
    weights = {name: weight.detach().contiguous().cpu() for name, weight in get_peft_model_state_dict(model).items()}
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = model.peft_config["default"].to_dict()
    config["base_model_name_or_path"] = base.asked
    config["inference_mode"] = True
    _write_json(folder / "adapter_config.json", config)
    return _number_types(weights)


def _save_model(model: PreTrainedModel, base: BaseFolder, folder: Path) -> str:
    """Weights are stored in the base's own number type, so that the folder is as large as the base's."""
    half = {"BF16": torch.bfloat16, "F16": torch.float16}
    kinds = {info.dtype for info in base.tensors.values()}
    nn.Module.to(model, dtype=half.get(next(iter(kinds)), torch.float32) if len(kinds) == 1 else torch.float32)
    model.save_pretrained(folder, max_shard_size=_SHARD)
    return _number_types(dict(model.named_parameters()))


def _number_types(weights: dict[str, torch.Tensor]) -> str:
    return ", ".join(sorted({str(weight.dtype).removeprefix("torch.") for weight in weights.values()}))


def _write_json(path: Path, value: dict[str, Any]) -> None:
    """Sorted, sets as sorted lists: the same run gives the same bytes."""
    path.write_text(json.dumps(value, indent=2, sort_keys=True, default=_plain) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)
