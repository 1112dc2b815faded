"""What `auto` becomes: every number of the run, who chose it, and why. No torch here.

The defaults are the field's common ones: LoRA 2e-4, full fine-tuning 2e-5, one to three epochs, 8 to 32 rows
a step, a cosine after a warm-up of 5 to 10 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

from training.manifest import Choice
from training.spec import Hyperparameters, Lora, TrainingSpec

T = TypeVar("T", int, float)


@dataclass(frozen=True, slots=True)
class Plan:
    """The run's length and rates. `steps` are optimizer steps; `choices` has every setting with its reason."""

    learning_rate: float
    batch_size: int
    accumulation: int
    steps_per_epoch: int
    steps: int
    warmup_steps: int
    choices: dict[str, Choice]

    @property
    def epochs(self) -> float:
        return self.steps / self.steps_per_epoch

    def rate(self, step: int) -> float:
        """The learning rate of 0-based `step`: linear up to the peak, then along a half cosine towards 0."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def make_plan(spec: TrainingSpec, train_rows: int, device: str) -> Plan:
    """The plan for `train_rows` rows on `device` ("cpu" or "cuda")."""
    asked = spec.hyperparameters
    choices: dict[str, Choice] = {}
    lora = isinstance(spec.method, Lora)
    rate = _choose(choices, "learning_rate", asked.learning_rate, 2e-4 if lora else 2e-5,
                   f"the usual rate for {'LoRA' if lora else 'full fine-tuning'}")  # fmt: skip
    batch, accumulation = _batching(choices, asked, train_rows, device)
    steps_per_epoch = math.ceil(train_rows / (batch * accumulation))
    steps = _length(choices, asked, train_rows, steps_per_epoch)
    ratio = _choose(choices, "warmup_ratio", asked.warmup_ratio, 0.1 if steps < 100 else 0.05,
                    f"{'under' if steps < 100 else 'at least'} 100 steps")  # fmt: skip
    warmup = math.ceil(ratio * steps)
    for name in ("max_steps", "max_length", "packing", "weight_decay", "max_grad_norm", "gradient_checkpointing"):
        choices[name] = Choice(value=getattr(asked, name), chosen_by="spec", reason=None)
    for name, value, reason in (
        ("scheduler", "cosine", "the one schedule there is: linear warm-up, then a half cosine to 0"),
        ("optimizer", "adamw", "the one optimizer there is: betas 0.9 and 0.999, epsilon 1e-8"),
        ("warmup_steps", warmup, "warmup_ratio of the steps, rounded up"),
    ):
        choices[name] = Choice(value=value, chosen_by="auto", reason=reason)
    return Plan(rate, batch, accumulation, steps_per_epoch, steps, warmup, choices)


def _batching(choices: dict[str, Choice], asked: Hyperparameters, rows: int, device: str) -> tuple[int, int]:
    """Rows in a micro-batch, and micro-batches in a step."""
    effective, size_words = (8, "under 2,000 rows") if rows < 2000 else (16, "2,000 rows or more")
    effective = 32 if rows >= 20000 else effective
    size_words = "20,000 rows or more" if rows >= 20000 else size_words
    at_once = 4 if device == "cpu" else 8
    if asked.gradient_accumulation != "auto":
        at_once = max(1, min(at_once, effective // asked.gradient_accumulation))
    batch = _choose(choices, "batch_size", asked.batch_size, min(at_once, rows),
                    f"fits the memory of a {device} and gives {effective} rows a step ({size_words})")  # fmt: skip
    accumulation = _choose(choices, "gradient_accumulation", asked.gradient_accumulation, max(1, effective // batch),
                           f"{effective} rows a step for {size_words}, {batch} at once")  # fmt: skip
    return batch, accumulation


def _length(choices: dict[str, Choice], asked: Hyperparameters, rows: int, steps_per_epoch: int) -> int:
    """Optimizer steps of the run."""
    if asked.epochs == "auto" and asked.max_steps is not None:
        reason = f"max_steps is {asked.max_steps} and decides the length"
        choices["epochs"] = Choice(value=asked.max_steps / steps_per_epoch, chosen_by="auto", reason=reason)
        return asked.max_steps
    usual, words = (3, "up to 5,000 rows") if rows <= 5000 else (2, "up to 50,000 rows")
    usual, words = (1, "more than 50,000 rows") if rows > 50000 else (usual, words)
    epochs = _choose(choices, "epochs", asked.epochs, float(usual), f"the usual passes for {words}")
    steps = max(1, math.ceil(epochs * steps_per_epoch))
    return steps if asked.max_steps is None else min(steps, asked.max_steps)


def _choose(choices: dict[str, Choice], name: str, asked: T | str, usual: T, reason: str) -> T:
    """The asked value, or the usual one where the spec says auto; noted either way."""
    if isinstance(asked, str):
        choices[name] = Choice(value=usual, chosen_by="auto", reason=reason)
        return usual
    choices[name] = Choice(value=asked, chosen_by="spec", reason=None)
    return asked
