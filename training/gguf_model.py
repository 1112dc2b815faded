"""A GGUF file dequantised into a plain safetensors model folder.

Quantised weights cannot be trained; dequantised ones can, but what quantising lost stays lost. So the folder
carries `conversion.json`, which says what it was made from, and every manifest of a run on it repeats that.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections import Counter
from pathlib import Path
from typing import Any

from preparation.digests import folder_digest, sha256_file
from training.checkpoint import new_folder
from training.errors import UserError

SCHEMA = "assay.conversion/1"
_WHOLE = {"F32", "F16", "BF16"}


def convert(gguf: Path, out: Path) -> dict[str, Any]:
    """Write bf16 weights, config, tokenizer and chat template into `out`; returns the conversion record.

    The same file gives the same bytes. Raises UserError where the file is no GGUF model that transformers knows,
    or where `out` is there already.
    """
    if out.exists():
        raise UserError("output-in-use", "The folder is there already; give another.", str(out))
    types = _tensor_types(gguf)
    with new_folder(out) as draft:
        parameters = _write_model(gguf, draft)
        record = _record(gguf, types, parameters)
        (draft / "conversion.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return {**record, "path": str(out), "sha256": folder_digest(out)}


def _tensor_types(gguf: Path) -> dict[str, int]:
    """Number types of the stored tensors, with their parameter counts, the largest first."""
    from gguf import GGUFReader

    if not gguf.is_file():
        raise UserError("gguf-unreadable", "There is no such file.", str(gguf))
    try:
        tensors = GGUFReader(gguf).tensors
    except (ValueError, IndexError, KeyError, OSError) as error:
        raise UserError("gguf-unreadable", f"The file is not a whole GGUF file: {error}.", str(gguf)) from error
    counts: Counter[str] = Counter()
    for tensor in tensors:
        counts[tensor.tensor_type.name] += int(tensor.n_elements)
    if not counts:
        raise UserError("gguf-unreadable", "The file holds no weights.", str(gguf))
    return dict(counts.most_common())


def _write_model(gguf: Path, folder: Path) -> int:
    """Dequantise through transformers into a fresh model of the same config; returns its number of parameters.

    The loaded model itself refuses to be saved because it still counts as quantised.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    place: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    try:
        loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **place)
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **place)
    except (ValueError, KeyError, NotImplementedError, OSError) as error:
        raise UserError("gguf-unknown", f"transformers cannot read this model: {error}", str(gguf)) from error
    config = loaded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.use_cache = True
    plain = type(loaded)(config)
    plain.load_state_dict(loaded.state_dict())
    plain.tie_weights()
    torch.nn.Module.to(plain, dtype=torch.bfloat16)
    plain.config.dtype = torch.bfloat16
    plain.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return sum(weight.numel() for weight in plain.parameters())


def _record(gguf: Path, types: dict[str, int], parameters: int) -> dict[str, Any]:
    """What the folder was made from, in the words that documents repeat."""
    quantised = [name for name in types if name not in _WHOLE]
    main = quantised[0] if quantised else next(iter(types))
    statement = (
        f"Dequantised from {main} (GGUF) to bfloat16. What quantising to {main} lost is not in these weights."
        if quantised
        else f"Converted from {main} (GGUF) to bfloat16."
    )
    return {
        "schema": SCHEMA,
        "statement": statement,
        "quantisation": main if quantised else None,
        "stored_as": types,
        "written_as": "bf16",
        "parameters": parameters,
        "source": {"file": gguf.name, "sha256": sha256_file(gguf), "bytes": gguf.stat().st_size},
        "tools": {name: importlib.metadata.version(name) for name in ("transformers", "gguf")},
    }
