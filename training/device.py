"""Where a run happens and in which number types: the choice, its reason, and what was then observed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from training import environment
from training.errors import UserError
from training.manifest import Choice, Device, Precision
from training.spec import Full, TrainingSpec


@dataclass(frozen=True, slots=True)
class Place:
    """The device ("cpu" or "cuda") and the number type of the matrix products ("fp32" or "bf16")."""

    device: str
    precision: str
    device_choice: Choice
    precision_choice: Choice

    @property
    def gpu_uuid(self) -> str | None:
        return f"GPU-{torch.cuda.get_device_properties(0).uuid}" if self.device == "cuda" else None

    def load_dtype(self, spec: TrainingSpec) -> torch.dtype:
        """Number type of the loaded weights: weights that are trained stay in 32 bits, frozen ones may be 16."""
        half = self.precision == "bf16" and not isinstance(spec.method, Full)
        return torch.bfloat16 if half else torch.float32

    def forward_context(self) -> Callable[[], AbstractContextManager[Any]]:
        """What each forward pass runs under."""
        if self.precision == "fp32":
            return nullcontext
        return lambda: torch.autocast(self.device, dtype=torch.bfloat16)

    def describe(self) -> Device:
        name = torch.cuda.get_device_name(0) if self.device == "cuda" else environment.cpu_name()
        return Device(choice=self.device_choice, name=name, threads=torch.get_num_threads())

    def observe(self, weights: Mapping[str, torch.Tensor], model: Any) -> Precision:
        """The number types that the weights really have, trained ones and (where there are others) frozen ones."""
        trained = {weight.dtype for weight in weights.values()}
        frozen = {weight.dtype for weight in model.parameters() if not weight.requires_grad}
        return Precision(
            choice=self.precision_choice,
            base_weights=_names(frozen or trained),
            trained_weights=_names(trained),
            compute={"fp32": "float32", "bf16": "bfloat16 (autocast)"}[self.precision],
            optimizer=_names(trained),
        )


def choose_place(spec: TrainingSpec) -> Place:
    """Device and precision for the spec on this machine. Raises UserError where it asks for what is not there."""
    threads = environment.torch_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    gpu = torch.cuda.is_available()
    if spec.device == "cuda" and not gpu:
        message = "PyTorch sees no CUDA GPU here. Set device to cpu or auto, or install a CUDA build of PyTorch."
        raise UserError("no-gpu", message, "spec.device")
    if spec.device == "auto":
        device = "cuda" if gpu else "cpu"
        reason = "PyTorch sees a CUDA GPU" if gpu else "PyTorch sees no CUDA GPU"
        choice = Choice(value=device, chosen_by="auto", reason=reason)
    else:
        device = spec.device
        choice = Choice(value=device, chosen_by="spec", reason=None)
    precision = _choose_precision(spec, device)
    return Place(device, str(precision.value), choice, precision)


def _choose_precision(spec: TrainingSpec, device: str) -> Choice:
    bf16 = device == "cpu" or torch.cuda.is_bf16_supported()
    if spec.precision == "bf16" and not bf16:
        message = "This GPU has no bfloat16. Set precision to fp32 or auto."
        raise UserError("no-bf16", message, "spec.precision")
    if spec.precision != "auto":
        return Choice(value=spec.precision, chosen_by="spec", reason=None)
    if device == "cpu":
        return Choice(value="fp32", chosen_by="auto", reason="on a processor fp32 is exact and mostly the faster one")
    if bf16:
        return Choice(value="bf16", chosen_by="auto", reason="the GPU multiplies in bfloat16 several times faster")
    return Choice(value="fp32", chosen_by="auto", reason="the GPU has no bfloat16")


def _names(kinds: set[torch.dtype]) -> str:
    return ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
