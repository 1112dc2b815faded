"""Looks into a folder of weights without loading them: what is there, and may it come in?

Only safetensors pass the door, because unpickling runs code; a config that asks for code of its own does not
pass either. The header of each weights file is checked against its size by the trainer's own reader, so that a
truncated or padded file is found before a GPU is.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.foundation.core.canonical import digest_of_bytes
from governance.foundation.core.errors import Faults
from governance.materials.base_models.rules import named_by
from governance.materials.licence_texts.rules import LONGEST
from preparation import digests
from training import weights
from training.errors import UserError

PICKLED = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5"})
CODE = frozenset({".py", ".pyc", ".so", ".dll"})
LICENCE_FILES = ("LICENSE*", "LICENCE*")


# Keys of a config by which transformers' models that read more than text give their other encoders.
OTHER_INPUTS = {
    "vision_config": "image",
    "image_token_id": "image",
    "image_token_index": "image",
    "video_token_id": "video",
    "audio_config": "audio",
    "audio_token_id": "audio",
}


@dataclass(frozen=True)
class Inspection:
    """What the folder holds. `folder_sha256` is `preparation.digests.folder_digest` of it."""

    folder_sha256: str
    files: list[dict[str, Any]]
    architecture: dict[str, Any]
    conversion: dict[str, Any] | None
    licence_told: list[dict[str, str]]
    licence_texts: list[tuple[str, str]]  # (file name, text)


def bytes_to_read(folder: Path) -> int:
    """How much `inspect` will hash."""
    return sum(path.stat().st_size for path in digests.model_files(folder))


def inspect(folder: Path, read: Callable[[int], None] = lambda _: None) -> Inspection:
    """Inspect a folder of weights. `read` is told of every piece that was hashed.

    Raises Unusable with everything that is wrong, most of it before the long reading.
    """
    faults = Faults()
    if not folder.is_dir():
        faults.add("folder", f"There is no folder {folder.name!r} in the operator's folder of models.")
        faults.raise_if_any()
    _refuse_dangerous(folder, faults)
    config = _config(folder, faults)
    tensors: dict[str, weights.TensorInfo] = {}
    try:
        tensors = weights.read_tensors(folder)
    except UserError as error:
        faults.add(Path(error.where or "folder").name, error.message)
    if not (folder / "tokenizer.json").is_file():
        faults.add("folder", "tokenizer.json is missing.", "Copy the tokenizer's files into the folder.")
    template = _chat_template(folder, faults)
    faults.raise_if_any()
    listing = digests.folder_listing(folder, read)
    return Inspection(
        folder_sha256=digests.listing_digest(listing),
        files=[{"path": name, "sha256": sha, "bytes": (folder / name).stat().st_size} for name, sha in listing],
        architecture=_architecture(config, tensors, template),
        conversion=_json(folder / "conversion.json"),
        licence_told=_licence_told(folder),
        licence_texts=_licence_texts(folder),
    )


def _refuse_dangerous(folder: Path, faults: Faults) -> None:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            faults.add(name, "It is a link that leads out of the folder.", "Copy the file itself.")
        if path.suffix.lower() in PICKLED:
            faults.add(
                name, "Pickled weights can run code when they are loaded.", "Use safetensors only; delete this file."
            )
        if path.suffix.lower() in CODE:
            faults.add(
                name, "A model folder must not bring code of its own.", "Use a model that transformers knows by itself."
            )


def _config(folder: Path, faults: Faults) -> dict[str, Any]:
    config = _json(folder / "config.json")
    if config is None:
        faults.add(
            "config.json", "It is missing, or not a JSON object.", "Copy the model's config.json into the folder."
        )
        return {}
    for key in config:
        if key == "auto_map" or key.endswith("_internal"):
            faults.add(
                f"config.json: {key}", "It makes the loader run other code.", "Remove the key, or use another model."
            )
    if not isinstance(config.get("model_type"), str):
        faults.add("config.json: model_type", "It is missing.", "It names the architecture, for example “llama”.")
    return config


def _architecture(
    config: dict[str, Any], tensors: dict[str, weights.TensorInfo], template: str | None
) -> dict[str, Any]:
    stored: Counter[str] = Counter()
    for tensor in tensors.values():
        stored[tensor.dtype] += tensor.numbers
    return {
        "model_type": config["model_type"],
        "class": (config.get("architectures") or [None])[0],
        "parameters": sum(tensor.numbers for tensor in tensors.values()),
        "layers": config.get("num_hidden_layers"),
        "hidden_size": config.get("hidden_size"),
        "heads": config.get("num_attention_heads"),
        "vocabulary": config.get("vocab_size"),
        "context_length": config.get("max_position_embeddings"),
        "stored_as": dict(sorted(stored.items())),
        "inputs": sorted({"text", *(name for key, name in OTHER_INPUTS.items() if config.get(key))}),
        "chat_template_sha256": digest_of_bytes(template.encode()) if template else None,
    }


def _chat_template(folder: Path, faults: Faults) -> str | None:
    alone = folder / "chat_template.jinja"
    if alone.is_file():
        try:
            return alone.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            faults.add(alone.name, "It is not UTF-8 text.", "Take the file from the model's source again.")
            return None
    config = _json(folder / "tokenizer_config.json") or {}
    template = config.get("chat_template")
    return template if isinstance(template, str) else None


def _licence_told(folder: Path) -> list[dict[str, str]]:
    """What the folder itself says about its licence: the card's front matter and LICENSE files."""
    told = []
    card = folder / "README.md"
    if card.is_file():
        lines = card.read_text(encoding="utf-8", errors="replace").splitlines()
        if lines[:1] == ["---"]:
            front = lines[1 : lines.index("---", 1)] if "---" in lines[1:] else []
            told += [
                {"where": "README.md, metadata", "says": line.split(":", 1)[1].strip().strip("'\"")}
                for line in front
                if line.startswith("license:")
            ]
    told += [{"where": name, "says": named_by(text)} for name, text in _licence_texts(folder)]
    conversion = _json(folder / "conversion.json") or {}
    if isinstance(conversion.get("licence"), str):
        told.append({"where": "conversion.json", "says": conversion["licence"]})
    return told


def _licence_texts(folder: Path) -> list[tuple[str, str]]:
    """Licence texts beside the weights, as far as they are read."""
    found = sorted(path for pattern in LICENCE_FILES for path in folder.glob(pattern) if path.is_file())
    return [(path.name, path.read_bytes()[:LONGEST].decode("utf-8", errors="replace")) for path in found]


def _json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_number(name: str) -> Any:
    """NaN and Infinity are Python's, not JSON's, and have no digest."""
    raise ValueError(f"{name} is not JSON")
