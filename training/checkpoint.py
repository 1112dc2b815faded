"""Checkpoints that a run can be continued from exactly, and files that are never half-written.

A checkpoint is a folder `step-00000042` with `weights.safetensors` (the trained weights), `optimizer.safetensors`
(both moments of AdamW and the random state) and `checkpoint.json` (step, losses so far, digests of the others).
It is written under another name, flushed to disk and renamed, so a folder of that name is always whole. Nothing
in it is pickled.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preparation.digests import sha256_file
from training.errors import UserError

if TYPE_CHECKING:
    import torch

SCHEMA = "assay.training-checkpoint/1"
KEPT = 2
_MODE = 0o644
_WEIGHTS, _OPTIMIZER, _RECORD = "weights.safetensors", "optimizer.safetensors", "checkpoint.json"
_PREFIX = "step-"

Tensors = dict[str, "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on disk that was found whole. `state` is what the loop put into `checkpoint.json`."""

    path: Path
    step: int
    state: dict[str, Any]

    def tensors(self) -> tuple[Tensors, Tensors]:
        """Weights and optimizer state, on the CPU."""
        from safetensors.torch import load_file

        return load_file(self.path / _WEIGHTS), load_file(self.path / _OPTIMIZER)


def save(folder: Path, step: int, weights: Tensors, optimizer: Tensors, state: dict[str, Any]) -> Path:
    """Write the checkpoint of `step` under `folder` and drop all but the last two. Returns its folder."""
    from safetensors.torch import save_file

    target = folder / f"{_PREFIX}{step:08d}"
    with new_folder(target) as draft:
        save_file(weights, draft / _WEIGHTS)
        save_file(optimizer, draft / _OPTIMIZER)
        files = {name: sha256_file(draft / name) for name in (_WEIGHTS, _OPTIMIZER)}
        record = {"schema": SCHEMA, "step": step, "files": files, "state": state}
        (draft / _RECORD).write_text(json.dumps(record, allow_nan=False), encoding="utf-8")
    for old in _folders(folder)[:-KEPT]:
        shutil.rmtree(old)
    return target


def latest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest whole checkpoint, and what was wrong with newer ones.

    Raises UserError where there are checkpoints but none is whole: starting over would hide the loss.
    """
    faults: list[str] = []
    for path in reversed(_folders(folder)):
        try:
            return _read(path), faults
        except (OSError, ValueError, KeyError, TypeError) as error:
            faults.append(f"{path.name}: {error}")
    if faults:
        message = f"No checkpoint is whole ({'; '.join(faults)}). Start anew in another folder."
        raise UserError("broken-checkpoints", message, str(folder))
    return None, faults


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A draft folder that becomes `target` in one move once the block ends well; otherwise nothing is left."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        for path in draft.rglob("*"):
            if path.is_file():
                path.chmod(_MODE)  # the weights' writer makes them private; the folder's own mode guards them
            flush(path)
        flush(draft)
        if target.exists():
            shutil.rmtree(target)
        draft.rename(target)
        flush(target.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def write_file(target: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all, also after a power cut."""
    draft = target.with_name(f".{target.name}.draft")
    draft.write_text(text, encoding="utf-8")
    flush(draft)
    draft.replace(target)
    flush(target.parent)


def flush(path: Path) -> None:
    """Force a file, or a folder's list of names, onto the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _folders(folder: Path) -> list[Path]:
    """Checkpoint folders, oldest first."""
    return sorted(path for path in folder.glob(f"{_PREFIX}*") if path.is_dir()) if folder.is_dir() else []


def _read(path: Path) -> Checkpoint:
    record = json.loads((path / _RECORD).read_text(encoding="utf-8"))
    if record["schema"] != SCHEMA:
        raise ValueError(f"its schema is {record['schema']}")
    for name, digest in record["files"].items():
        if sha256_file(path / name) != digest:
            raise ValueError(f"{name} is not as it was written")
    return Checkpoint(path, record["step"], record["state"])
