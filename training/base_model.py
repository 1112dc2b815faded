"""The base model's folder: what is let in, what it is, and its weights.

Only safetensors pass: pickled weights can run code when they are read. Settings that make a loader import
code are refused as well (`auto_map`, and the private `*_internal` keys behind CVE-2026-4372). No network is
used unless the operator sets `ASSAY_ALLOW_HUB=1`. Torch and transformers are imported only by `load` and
`check_tokenizer`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preparation.digests import folder_listing, listing_digest
from training.chat_template import TOKENIZER_FILES, ChatTokenizer, read_json
from training.errors import UserError
from training.manifest import BaseModel
from training.weights import TensorInfo, read_tensors

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_PICKLED = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".h5", ".msgpack"}
_CODE_KEYS = {"auto_map", "custom_pipelines"}
_HUB_FILES = ["*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json", *TOKENIZER_FILES]


@dataclass(frozen=True)
class BaseFolder:
    """A base model that passed the door. `listing` is `(path, sha256)` of each file, `tensors` by stored name."""

    asked: str
    revision: str | None
    path: Path
    config: dict[str, Any]
    listing: list[tuple[str, str]]
    tensors: dict[str, TensorInfo]
    tokenizer: ChatTokenizer

    @property
    def sha256(self) -> str:
        return listing_digest(self.listing)

    @property
    def tied(self) -> bool:
        """Whether the output head is the embedding matrix, so that it is counted once."""
        return bool(self.config.get("tie_word_embeddings", not any(info.is_head for info in self.tensors.values())))

    @property
    def parameters(self) -> int:
        return sum(info.numbers for info in self.tensors.values() if not (self.tied and info.is_head))

    def describe(self) -> BaseModel:
        """The manifest's words for it."""
        stored: Counter[str] = Counter()
        for info in self.tensors.values():
            stored[info.dtype.lower()] += info.numbers
        architectures = self.config.get("architectures")
        return BaseModel(
            asked=self.asked,
            revision=self.revision,
            sha256=self.sha256,
            files=dict(self.listing),
            architecture=architectures[0] if isinstance(architectures, list) and architectures else None,
            parameters=self.parameters,
            stored_as=dict(stored),
            origin=read_json(self.path / "conversion.json") or None,
        )


def open_base(asked: str, revision: str | None, folder: Path) -> BaseFolder:
    """Find and check a base model; a relative path starts at `folder`. Raises UserError naming file and cure."""
    path = _locate(asked, revision, folder)
    _refuse_pickles(path)
    if not (path / "config.json").is_file():
        message = "The folder has no config.json, so it is no model folder."
        raise UserError("broken-model", message, str(path))
    config = read_json(path / "config.json")
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        _refuse_code(read_json(path / name), path / name)
    if config.get("quantization_config"):
        message = "The weights are quantised; training needs the 16- or 32-bit weights of the same model."
        raise UserError("quantised-base", message, str(path / "config.json"))
    return BaseFolder(asked, revision, path, config, folder_listing(path), read_tensors(path), ChatTokenizer.load(path))


def check_tokenizer(base: BaseFolder, text: str) -> None:
    """Compare our reading of the tokenizer with transformers' own on `text`.

    Raises UserError where they differ: whoever runs the trained model uses transformers' reading.
    """
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(base.path, local_files_only=True, trust_remote_code=False)
    if list(theirs(text, add_special_tokens=False)["input_ids"]) != base.tokenizer.encode(text):
        message = (
            "tokenizer.json and the tokenizer that transformers builds from this folder give different tokens. "
            "Save the tokenizer again with the installed transformers and use that folder."
        )
        raise UserError("tokenizer-mismatch", message, str(base.path))


def load(base: BaseFolder, dtype: torch.dtype, device: str) -> PreTrainedModel:
    """The model with weights of `dtype` on `device`. Raises UserError where weights and config do not fit."""
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            base.path,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            attn_implementation="sdpa",
            output_loading_info=True,
        )
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        if "allocate" in str(error) or "out of memory" in str(error):
            raise
        message = f"The model cannot be built from its config and weights: {error}"
        raise UserError("broken-model", message, str(base.path)) from error
    model, report = loaded
    missing = sorted(report["missing_keys"])
    if missing:
        message = f"The weights lack {len(missing)} tensors that the config asks for, the first is {missing[0]}."
        raise UserError("broken-model", message, str(base.path))
    model.config.use_cache = False
    return model.to(device)


def check_digest(base: BaseFolder, expected: str | None) -> None:
    """Refuse a folder that is not the one asked for, byte for byte, where the spec says which that is."""
    if expected is not None and base.sha256 != expected:
        message = (
            f"The base model was changed: its folder digest is {base.sha256}, the spec asks for {expected}. Put the "
            "original files back, or ask for the folder as it is now under its own digest."
        )
        raise UserError("base-model-changed", message, "spec.base_model_sha256")


def check_length(base: BaseFolder, max_length: int) -> None:
    """Refuse a length limit beyond the positions that the model knows."""
    positions = base.config.get("max_position_embeddings")
    if isinstance(positions, int) and max_length > positions:
        message = f"The base model reads at most {positions} tokens, max_length is {max_length}; lower it."
        raise UserError("too-long", message, "spec.hyperparameters.max_length")


def _locate(asked: str, revision: str | None, folder: Path) -> Path:
    path = folder / asked
    if path.is_dir():
        if revision is not None:
            message = "A revision belongs to a hub id; base_model is a folder here. Set revision to null."
            raise UserError("revision-of-a-folder", message, "spec.revision")
        return path
    if path.exists():
        raise UserError("not-a-folder", "The base model is a file; give its folder.", str(path))
    if os.environ.get("ASSAY_ALLOW_HUB") != "1":
        message = (
            "There is no such folder, and downloads from a model hub are off. Correct the path, or set "
            "ASSAY_ALLOW_HUB=1 to allow a hub id."
        )
        raise UserError("base-model-not-found", message, asked)
    return _download(asked, revision)


def _download(asked: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(asked, revision=revision, allow_patterns=_HUB_FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        message = f"The hub does not give this model: {error}"
        raise UserError("base-model-not-found", message, asked) from error


def _refuse_pickles(path: Path) -> None:
    pickled = sorted(file.name for file in path.iterdir() if file.suffix in _PICKLED)
    if pickled:
        message = (
            f"The folder holds {', '.join(pickled[:3])}: such files can run code when they are read. Convert the "
            "weights to safetensors and remove these files."
        )
        raise UserError("pickled-weights", message, str(path))


def _refuse_code(settings: dict[str, Any], path: Path) -> None:
    for key in _keys(settings):
        if key in _CODE_KEYS or key.endswith("_internal"):
            message = f'The key "{key}" makes a loader import code. Use a model without code of its own.'
            raise UserError("model-with-code", message, str(path))


def _keys(value: Any) -> Iterator[str]:
    """Every key at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
