"""The training loop: steps, validation, checkpoints, and an exact way back into the middle.

Everything that a later step depends on is a function of the spec (order of rows, learning rate) or is in the
checkpoint (weights, both moments of AdamW, random state, losses so far). So N steps, a stop, and M steps after
a resume give the same losses and weights as N + M steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training import checkpoint, environment
from training.data import Prepared, steps_of_epoch, validation_batches
from training.encode import Example
from training.energy import EnergyMeter
from training.errors import BudgetUsedUp, Cancelled, Diverged, UserError
from training.flops import FlopCount
from training.loss import LossSum, make_batch
from training.plan import Plan
from training.telemetry import EventLog, now

_RECENT_STEPS = 20


@dataclass(slots=True)
class Progress:
    """What was done so far; it travels in the checkpoints. Losses are nats per loss token."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    tokens: int = 0
    loss_tokens: int = 0
    padding_tokens: int = 0
    model_flops: float = 0.0
    validation_flops: float = 0.0
    step_seconds: float = 0.0
    wall_seconds: float = 0.0
    resumptions: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays the same for the whole run. `identity` is what a checkpoint must agree with to be continued."""

    plan: Plan
    seed: int
    device: str
    weight_decay: float
    max_grad_norm: float
    checkpoint_every: int | None
    max_kwh: float | None
    identity: dict[str, str]


class Loop:
    """Trains `model` in place. `stopped` is asked between steps; `precision` makes the context of each forward pass."""

    def __init__(
        self,
        *,
        model: Any,
        weights: dict[str, nn.Parameter],
        loss: LossSum,
        prepared: Prepared,
        settings: Settings,
        precision: Callable[[], AbstractContextManager[Any]],
        flops: FlopCount,
        energy: EnergyMeter,
        events: EventLog,
        folder: Path,
        stopped: Callable[[], bool],
    ) -> None:
        self.model, self.weights, self.loss = model, weights, loss
        self.train_rows, self.validation_rows = prepared.train, prepared.validation
        self.settings, self.plan, self.precision = settings, settings.plan, precision
        self.flops, self.energy, self.events, self.folder, self.stopped = flops, energy, events, folder, stopped
        self.optimizer = torch.optim.AdamW(
            weights.values(), lr=self.plan.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self.progress = Progress()
        self.saved_at: int | None = None
        self.recent: list[float] = []
        self.validation_seconds = 0.0
        self._epoch: tuple[int, list[list[list[int]]]] | None = None
        self._started = time.monotonic()
        self._before = 0.0

    def run(self) -> None:
        """Train to the end of the plan. Raises Cancelled or BudgetUsedUp (after a checkpoint), Diverged, and UserError
        where a limit on energy was given and none can be measured."""
        self.model.train()
        try:
            while True:
                if self.progress.step < self.plan.steps:
                    self._keep_within_energy()
                if self._validation_due():
                    self._validate()
                if self._checkpoint_due():
                    self.save()
                self._leave_if_stopped()
                if self.progress.step == self.plan.steps:
                    return
                self._step()
        except (Cancelled, BudgetUsedUp):
            if self.saved_at != self.progress.step:
                self.save()
            raise

    def save(self) -> None:
        """Write a checkpoint of the current step."""
        self.note_time()
        step = self.progress.step
        state = {
            "identity": self.settings.identity,
            "progress": asdict(self.progress),
            "energy_kwh": self.energy.kwh(),
        }
        weights = {name: weight.detach().contiguous() for name, weight in self.weights.items()}
        path = checkpoint.save(self.folder, step, weights, self._optimizer_tensors(), state)
        self.saved_at = step
        self.events.checkpoint(step=step, of=self.plan.steps, path=f"{self.folder.name}/{path.name}")

    def resume(self, found: checkpoint.Checkpoint) -> None:
        """Continue from a checkpoint. Raises UserError where it belongs to another run."""
        theirs = found.state["identity"]
        for name, mine in self.settings.identity.items():
            if theirs.get(name) != mine:
                message = (
                    f"The checkpoint was made with another {name} ({theirs.get(name)}, now {mine}). Resume with what "
                    "it was made with, or start anew in another folder."
                )
                raise UserError("other-run", message, str(found.path))
        weights, optimizer = found.tensors()
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(weights[name])
        self._restore_optimizer(optimizer)
        kept = found.state["progress"]
        self.progress = Progress(**kept)
        self.progress.resumptions.append((now(), found.step))
        self._before = self.progress.wall_seconds
        self.energy.resume(found.state["energy_kwh"])
        self.saved_at = found.step

    def note_time(self) -> None:
        """Bring `progress.wall_seconds` up to now, the parts before a resume included."""
        self.progress.wall_seconds = self._before + time.monotonic() - self._started

    def _step(self) -> None:
        """One optimizer step: forward and backward of each micro-batch, clip, update."""
        began = time.monotonic()
        step, plan = self.progress.step, self.plan
        rate = plan.rate(step)
        rows = self._rows_of(step)
        batches = [make_batch(micro, self.settings.device) for micro in rows]
        counted = sum(batch.loss_tokens for batch in batches)
        total = torch.zeros((), device=self.settings.device)
        for batch in batches:
            with self.precision():
                part = self.loss(self.model, batch)
            # Divided by the loss tokens of the whole step: how it is cut into micro-batches then has no effect.
            torch.autograd.backward(part / counted)
            total += part.detach()
        norm = nn.utils.clip_grad_norm_(self.weights.values(), self.settings.max_grad_norm)
        loss = (total / counted).item()
        if not (torch.isfinite(norm) and torch.isfinite(total)):
            message = (
                f"The loss is {loss} and the gradient's norm {norm.item()} at step {step + 1}; lower the learning rate."
            )
            raise Diverged("diverged", message, f"step {step + 1}")
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.energy.sample()
        self._count(
            step, [row for micro in self._rows_of(step) for row in micro], sum(batch.padding for batch in batches)
        )
        self.progress.losses.append(loss)
        self._report_step(loss, rate, norm.item(), sum(batch.tokens for batch in batches), time.monotonic() - began)

    def _count(self, step: int, rows: list[Example], padding: int) -> None:
        progress = self.progress
        loss_tokens = sum(row.loss_tokens for row in rows)
        lengths = [row.length for row in rows]
        progress.step = step + 1
        progress.tokens += sum(lengths)
        progress.loss_tokens += loss_tokens
        progress.padding_tokens += padding
        progress.model_flops += self.flops.training(lengths, loss_tokens)

    def _report_step(self, loss: float, rate: float, norm: float, tokens: int, seconds: float) -> None:
        progress, plan = self.progress, self.plan
        progress.step_seconds += seconds
        self.recent = [*self.recent[-_RECENT_STEPS + 1 :], seconds]
        cuda = torch.cuda.memory_allocated() if self.settings.device == "cuda" else None
        self.events.metrics(
            phase="train",
            step=progress.step,
            of=plan.steps,
            epoch=round(progress.step / plan.steps_per_epoch, 4),
            loss=loss,
            learning_rate=rate,
            grad_norm=norm,
            tokens=progress.tokens,
            tokens_per_second=tokens / seconds,
            seconds_left=self._seconds_left(),
            rss_bytes=environment.resident_bytes(),
            cuda_bytes=cuda,
        )

    def _seconds_left(self) -> float | None:
        """From the mean of the recent steps and the last validation; None before the first step."""
        if not self.recent:
            return None
        left = range(self.progress.step, self.plan.steps)
        passes = sum(self._is_validation_step(step + 1) for step in left) if self.validation_rows else 0
        return round(len(left) * sum(self.recent) / len(self.recent) + passes * self.validation_seconds, 1)

    def _is_epoch_end(self, step: int) -> bool:
        return step > 0 and (step % self.plan.steps_per_epoch == 0 or step == self.plan.steps)

    def _is_validation_step(self, step: int) -> bool:
        """Before the first step (the base model), after each epoch, and after the last step."""
        return step == 0 or self._is_epoch_end(step)

    def _validation_due(self) -> bool:
        step = self.progress.step
        done = any(at == step for at, _ in self.progress.validation)
        return bool(self.validation_rows) and self._is_validation_step(step) and not done

    def _checkpoint_due(self) -> bool:
        step, every = self.progress.step, self.settings.checkpoint_every
        due = self._is_epoch_end(step) if every is None else step % every == 0 or step == self.plan.steps
        return step > 0 and due and self.saved_at != step

    @torch.no_grad()
    def _validate(self) -> None:
        """Mean loss per loss token over all validation rows."""
        began = time.monotonic()
        self.model.eval()
        rows = self.validation_rows
        total = torch.zeros((), device=self.settings.device, dtype=torch.float64)
        for batch in validation_batches([row.length for row in rows], self.plan.batch_size):
            self._leave_if_stopped()
            with self.precision():
                total += self.loss(self.model, make_batch([rows[place] for place in batch], self.settings.device))
        self.model.train()
        loss_tokens = sum(row.loss_tokens for row in rows)
        loss = total.item() / loss_tokens
        self.progress.validation.append((self.progress.step, loss))
        self.progress.validation_flops += self.flops.forward([row.length for row in rows], loss_tokens)
        self.validation_seconds = time.monotonic() - began
        self.energy.sample()
        self.events.metrics(
            phase="validation",
            step=self.progress.step,
            of=self.plan.steps,
            validation_loss=loss,
            rows=len(rows),
            loss_tokens=loss_tokens,
            seconds=round(self.validation_seconds, 3),
            seconds_left=self._seconds_left(),
        )

    def _leave_if_stopped(self) -> None:
        if self.stopped():
            raise Cancelled

    def _keep_within_energy(self) -> None:
        """Asked before each step and validation pass. A run that has done its last step is not undone for them."""
        limit, used = self.settings.max_kwh, self.energy.kwh()
        if limit is None:
            return
        if used is None:
            message = (
                f"The run may use at most {limit:g} kWh, but its energy cannot be measured: {self.energy.gap}. Leave "
                "the limit out and limit the time instead, or run it where the counters can be read."
            )
            raise UserError("energy-not-measured", message, "spec.max_kwh")
        if used >= limit:
            message = (
                f"The limit of {limit:g} kWh is used up: {used:g} kWh were measured up to step {self.progress.step} of "
                f"{self.plan.steps}. The last checkpoint is kept."
            )
            raise BudgetUsedUp("budget-used-up", message, "spec.max_kwh")

    def _rows_of(self, step: int) -> list[list[Example]]:
        """The micro-batches of 0-based `step`."""
        epoch, place = divmod(step, self.plan.steps_per_epoch)
        if self._epoch is None or self._epoch[0] != epoch:
            order = steps_of_epoch(
                [row.length for row in self.train_rows],
                epoch=epoch,
                seed=self.settings.seed,
                batch_size=self.plan.batch_size,
                accumulation=self.plan.accumulation,
            )
            self._epoch = (epoch, order)
        return [[self.train_rows[row] for row in micro] for micro in self._epoch[1][place]]

    def _optimizer_tensors(self) -> dict[str, torch.Tensor]:
        """AdamW's state by weight name, and the random state."""
        tensors = {"rng:cpu": torch.get_rng_state()}
        if self.settings.device == "cuda":
            tensors["rng:cuda"] = torch.cuda.get_rng_state()
        for name, weight in self.weights.items():
            for part, value in self.optimizer.state[weight].items():
                tensors[f"{part}:{name}"] = value.detach().contiguous()
        return tensors

    def _restore_optimizer(self, tensors: dict[str, torch.Tensor]) -> None:
        torch.set_rng_state(tensors.pop("rng:cpu"))
        if "rng:cuda" in tensors:
            torch.cuda.set_rng_state(tensors.pop("rng:cuda"))
        for key, value in tensors.items():
            part, _, name = key.partition(":")
            weight = self.weights[name]
            self.optimizer.state[weight][part] = value.to(weight.device)
