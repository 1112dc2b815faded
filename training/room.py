"""Whether memory and disk can hold a run, asked before any weight is loaded. No torch here."""

from __future__ import annotations

from pathlib import Path

from training import checkpoint, environment
from training.base_model import BaseFolder
from training.errors import NoRoom
from training.flops import adapter_parameters
from training.spec import Full, TrainingSpec
from training.weights import BYTES_PER_NUMBER

GIB = 2**30
_MOMENTS = 8  # AdamW keeps two 32-bit numbers for each trained one
_TRAINED = 4  # trained weights and their gradients are kept in 32 bits


def trained_parameters(base: BaseFolder, spec: TrainingSpec) -> int:
    """How many weights the method trains."""
    return base.parameters if isinstance(spec.method, Full) else adapter_parameters(base, spec.method)


def weight_bytes(base: BaseFolder, spec: TrainingSpec, precision: str) -> int:
    """Memory of the loaded base weights: 16 bits where they are frozen and the run is in bf16, else 32."""
    half = precision == "bf16" and not isinstance(spec.method, Full)
    return base.parameters * (2 if half else 4)


def stored_bytes(base: BaseFolder) -> int:
    """Size of the weights as they are stored."""
    return sum(info.numbers * BYTES_PER_NUMBER[info.dtype] for info in base.tensors.values())


def training_bytes(base: BaseFolder, spec: TrainingSpec) -> int:
    """Memory of what training adds: gradients and moments, and for an adapter its own weights."""
    own = 0 if isinstance(spec.method, Full) else _TRAINED
    return trained_parameters(base, spec) * (own + _TRAINED + _MOMENTS)


def disk_bytes(base: BaseFolder, spec: TrainingSpec) -> int:
    """Disk that a run takes at most: the kept checkpoints, the one being written, and the result."""
    return (
        trained_parameters(base, spec) * (_TRAINED + _MOMENTS) * (checkpoint.KEPT + 1)
        + trained_parameters(base, spec) * _TRAINED
    )


def check(base: BaseFolder, spec: TrainingSpec, device: str, precision: str, out: Path) -> None:
    """Raise NoRoom where the weights alone cannot fit the memory, or the checkpoints the disk.

    Only the certain part is demanded (no activations): a run that might fit is allowed to try, and its first
    step is its largest.
    """
    needed = weight_bytes(base, spec, precision) + training_bytes(base, spec)
    present = environment.available_memory() if device == "cpu" else _gpu_memory()
    if present is not None and needed > present:
        message = (
            f"Weights and optimizer need at least {_gib(needed)} of memory; {_gib(present)} are free. Use LoRA, a "
            "smaller base model or another machine."
        )
        raise NoRoom("too-little-memory", message, device)
    disk, free = disk_bytes(base, spec), environment.free_disk(out)
    if disk > free:
        message = f"Checkpoints and result need up to {_gib(disk)} of disk; {_gib(free)} are free. Free some space."
        raise NoRoom("too-little-disk", message, str(out))


def _gib(size: int) -> str:
    return f"{size / GIB:.2f} GiB"


def _gpu_memory() -> int | None:
    gpu = environment.first_gpu()
    return None if gpu is None else gpu.memory_bytes
