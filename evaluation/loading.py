"""Loading models: what may be loaded at all, each base folder once, adapters attached to it.

Only safetensors are read, and no folder's own code is run. A folder that cannot be used is the
user's to mend: `Invalid` says which, why and what to do.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from evaluation.generate import LanguageModel, Weights
from evaluation.spec import Invalid, Spec
from preparation.digests import folder_digest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def load(spec: Spec) -> list[LanguageModel]:
    """The models of `spec`, each base folder loaded once. Raises `Invalid` for a folder that cannot be used."""
    from transformers import AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    if threads := os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(int(threads))
    torch.manual_seed(spec.seed)
    for index, model in enumerate(spec.models):
        _check_folder(Path(model.path), f"spec.models[{index}].path", "config.json")
        if model.adapter:
            _check_folder(Path(model.adapter), f"spec.models[{index}].adapter", "adapter_config.json")
    device = _device(spec.device)
    shared: dict[str, Weights] = {}
    models = []
    for index, model in enumerate(spec.models):
        weights = shared.get(model.path) or _weights(model.path, device, spec.precision)
        shared[model.path] = weights
        _check_digest(model.path, model.sha256, weights.sha256, f"spec.models[{index}].sha256")
        adapter = _attach(weights, model.adapter) if model.adapter else None
        own = Path(model.adapter or model.path)
        folder = own if (own / "tokenizer_config.json").is_file() else Path(model.path)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        sha256 = folder_digest(Path(model.adapter)) if model.adapter else None
        _check_digest(model.adapter, model.adapter_sha256, sha256, f"spec.models[{index}].adapter_sha256")
        models.append(
            LanguageModel(model.name, model.path, model.adapter, sha256, adapter, weights, tokenizer, spec.batch_size)
        )
    return models


def _weights(path: str, device: torch.device, precision: str) -> Weights:
    from transformers import AutoModelForCausalLM

    if precision == "auto":
        precision = "bfloat16" if device.type == "cuda" else "float32"
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            path, dtype=getattr(torch, precision), use_safetensors=True, local_files_only=True, trust_remote_code=False
        )
    except (ValueError, OSError, KeyError, SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "mismatch" not in str(error):
            raise  # no fault of the folder's: too little memory, say
        raise Invalid(path, f"cannot be loaded as a causal language model: {error}") from error
    model.to(device).eval()
    count = sum(parameter.numel() for parameter in model.parameters())
    return Weights(path, folder_digest(Path(path)), model, device, precision, count)


def _attach(weights: Weights, folder: str) -> str:
    """Load the adapter in `folder` onto `weights` and return its name there (PEFT's names hold no dots)."""
    from peft import PeftModel

    name = f"adapter{len(weights.adapters)}"
    try:
        if weights.adapters:
            weights.model.load_adapter(folder, adapter_name=name, is_trainable=False)
        else:
            weights.model = PeftModel.from_pretrained(weights.model, folder, adapter_name=name)
    except (ValueError, OSError, SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "mismatch" not in str(error):
            raise
        raise Invalid(folder, f"does not fit the base {weights.path}: {error}") from error
    weights.model.eval()
    weights.adapters.append(name)
    return name


def _check_digest(folder: str | None, expected: str | None, found: str | None, where: str) -> None:
    """Refuse a folder whose bytes are not those that were pinned. Raises `Invalid`."""
    if expected is not None and found != expected:
        raise Invalid(
            where,
            f"{folder} was changed: its folder digest is {found}, asked for was {expected}. Put the original files "
            "back, or ask for a new evaluation of what is there now.",
        )


def _check_folder(folder: Path, where: str, config: str) -> None:
    """Refuse what cannot be loaded safely, before anything is loaded. Raises `Invalid`."""
    if not folder.is_dir():
        raise Invalid(where, f"there is no folder {folder}; give a local model or adapter folder.")
    if not (folder / config).is_file():
        raise Invalid(where, f"{folder} has no {config}.")
    try:
        settings = json.loads((folder / config).read_text(encoding="utf-8"))
    except ValueError as error:
        raise Invalid(where, f"{folder / config} is not JSON: {error}.") from None
    if "auto_map" in settings:
        raise Invalid(where, f"{folder / config} asks to run code of its own (auto_map), which is refused.")
    if not any(folder.glob("*.safetensors")):
        raise Invalid(where, f"{folder} has no safetensors weights; pickled weights are not read: convert them first.")


def _device(asked: str) -> torch.device:
    try:
        device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked)
    except RuntimeError:
        raise Invalid("spec.device", f"there is no device '{asked}'; give auto, cpu or cuda.") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise Invalid("spec.device", "'cuda' was asked for, but no CUDA device is here; give auto or cpu.")
    return device
