"""Safetensors headers, read and checked without loading a weight. Standard library only.

The format (https://github.com/huggingface/safetensors#format): eight bytes of header length, little endian;
a JSON header that gives each tensor's type, shape and byte range; then the bytes, without holes.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import UserError

_MAX_HEADER_BYTES = 100_000_000
_INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"
BYTES_PER_NUMBER = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip
_EMBEDDING = re.compile(r"(^|\.)(embed_tokens|wte|wpe|word_embeddings|embed_in|embeddings?)(\.|$)")
_HEAD = re.compile(r"(^|\.)(lm_head|embed_out|output_projection)\.weight$")


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One stored tensor: its name, number type (`BF16`, `F32`, ...) and shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def numbers(self) -> int:
        return math.prod(self.shape)

    @property
    def is_embedding(self) -> bool:
        return _EMBEDDING.search(self.name) is not None

    @property
    def is_head(self) -> bool:
        return _HEAD.search(self.name) is not None

    @property
    def is_linear(self) -> bool:
        """A linear layer's weight [out, in] inside the model: a matrix that is neither embedding nor output head."""
        return len(self.shape) == 2 and self.name.endswith(".weight") and not self.is_embedding and not self.is_head


def read_header(path: Path) -> list[TensorInfo]:
    """The tensors of one safetensors file. Raises UserError (`broken-weights`) where the file is damaged."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
            raise _broken(path, "its header length does not fit its size")
        raw = file.read(length)
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _broken(path, f"its header is not valid JSON ({error})") from error
    if not isinstance(header, dict):
        raise _broken(path, "its header is not an object")
    header.pop("__metadata__", None)
    entries = [_entry(path, name, value) for name, value in header.items()]
    position = 0
    for info, start, end in sorted(entries, key=lambda entry: (entry[1], entry[2])):
        if start != position or end - start != info.numbers * BYTES_PER_NUMBER[info.dtype]:
            raise _broken(path, f"the bytes of {info.name} are not where its shape says")
        position = end
    if position != size - 8 - length:
        raise _broken(path, f"it should hold {position} bytes of weights and holds {size - 8 - length}; is it whole?")
    return [info for info, _, _ in entries]


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that hold the model, by its index where it has one. Raises UserError if none or missing."""
    index = folder / _INDEX
    if not index.is_file():
        if (folder / _SINGLE).is_file():
            return [folder / _SINGLE]
        message = "The folder has no model.safetensors. Give a folder with the weights as safetensors."
        raise UserError("no-weights", message, str(folder))
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = "The index of the weight files is broken; take the folder from its source again."
        raise UserError("broken-weights", message, str(index)) from error
    for name in names:
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            raise UserError("broken-weights", f"The index names {name!r}, which is no safetensors file.", str(index))
        if not (folder / name).is_file():
            raise UserError("broken-weights", f"The weight file {name} is missing.", str(folder))
    return [folder / name for name in names]


def read_tensors(folder: Path) -> dict[str, TensorInfo]:
    """Every tensor of a model folder, by name."""
    return {info.name: info for path in weight_files(folder) for info in read_header(path)}


def _entry(path: Path, name: str, value: Any) -> tuple[TensorInfo, int, int]:
    try:
        dtype, shape, (start, end) = value["dtype"], tuple(value["shape"]), value["data_offsets"]
    except (TypeError, KeyError, ValueError) as error:
        raise _broken(path, f"the entry of {name} is not complete") from error
    whole = all(isinstance(number, int) and number >= 0 for number in (*shape, start, end))
    if dtype not in BYTES_PER_NUMBER or not whole:
        raise _broken(path, f"the entry of {name} has an unknown number type, shape or range")
    return TensorInfo(name, dtype, shape), start, end


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a tensor is there twice")
    return dict(pairs)


def _broken(path: Path, why: str) -> UserError:
    message = f"The weight file is damaged: {why}. Take it from its source again."
    return UserError("broken-weights", message, str(path))
