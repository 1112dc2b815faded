"""What a run will need, before it starts: memory, time, energy, cost and compute, as ranges. No torch here.

Counts (rows, tokens, parameters, steps) are exact, from the same code that trains; what is foreseen from them
is a range {low, likely, high}. What cannot be foreseen is null with the reason, and energy and cost only follow
from figures that somebody gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import environment, room
from training.base_model import BaseFolder, check_length, open_base
from training.data import Prepared, prepare, steps_of_epoch
from training.environment import Gpu
from training.flops import FlopCount, count_flops, legal_compute
from training.manifest import Choice, LegalCompute
from training.plan import Plan, make_plan
from training.spec import Full, TrainingSpec
from training.strict import write

SCHEMA = "assay.training-estimate/1"

# Sustained float32 speed of one processor core, in FLOP/s. Measured with LoRA r16 on a 135 M model, 4 x 89 tokens,
# on one AVX2 core at 2.4 GHz: 4.4e10. Wider vectors do better, busy or older cores worse: hence the wide range.
CPU_FLOPS_PER_CORE = 4.0e10
# Dense bfloat16 peaks in FLOP/s, from the makers' data sheets; names as the driver spells them.
GPU_PEAKS = (
    ("H100 PCIe", 756e12), ("H100 NVL", 835e12), ("H100", 989e12), ("H200", 989e12), ("A100", 312e12),
    ("L40S", 362e12), ("A40", 150e12), ("A10", 125e12), ("L4", 121e12), ("RTX 4090", 165e12), ("RTX 3090", 71e12),
)  # fmt: skip
# Share of the peak that is reached to begin with; short rows and small batches stay far below it.
_MFU = {"lora": 0.35, "full": 0.40}
_START_SECONDS = (8.0, 15.0, 60.0)
_CPU_RUNTIME_BYTES = (0.40 * room.GIB, 0.45 * room.GIB, 0.60 * room.GIB)
_GPU_RUNTIME_BYTES = (1.0 * room.GIB, 1.2 * room.GIB, 1.5 * room.GIB)
_MEMORY_SPREAD = (1.0, 1.1, 1.25)
_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Range:
    """A foreseen figure in `unit`; all null, with the reason, where it cannot be foreseen. `method` says how."""

    low: float | None
    likely: float | None
    high: float | None
    unit: str
    method: str | None = None
    reason: str | None = None

    def times(self, factor: float, unit: str, method: str) -> Range:
        """This range in another unit; what is unknown stays unknown."""
        if self.low is None or self.likely is None or self.high is None:
            return Range(None, None, None, unit, None, self.reason)
        return Range(self.low * factor, self.likely * factor, self.high * factor, unit, method)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The whole answer. `memory_parts` and `disk_bytes` are bytes; `compute_ratio` is legal compute over the base's."""

    device: str
    device_name: str | None
    precision: str
    total_parameters: int
    trainable_parameters: int
    train_rows: int
    validation_rows: int
    tokens: int
    steps: int
    epochs: float
    hyperparameters: dict[str, Choice]
    memory: Range
    memory_parts: dict[str, float]
    memory_present: int | None
    disk_bytes: int
    time: Range
    energy: Range
    cost: Range
    model_flops: float
    legal: LegalCompute
    base_training_flops: float | None
    compute_ratio: float | None
    compute_ratio_reason: str | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `rows` has the same in words, a label, a value and (where it is null) the reason each."""
        return {"schema": SCHEMA, **write(self), "rows": in_words(self)}


def estimate(
    spec: TrainingSpec,
    folder: Path,
    *,
    price_per_hour: float | None = None,
    currency: str = "EUR",
    power_watts: float | None = None,
    flops_per_second: float | None = None,
) -> Estimate:
    """Foresee a run on this machine; relative paths start at `folder`. Raises UserError as the run itself would.

    `price_per_hour` (in `currency`), `power_watts` and `flops_per_second` (measured in earlier runs) come from
    whoever knows them.
    """
    base = open_base(spec.base_model, spec.revision, folder)
    check_length(base, spec.hyperparameters.max_length)
    prepared = prepare(spec, folder, base.tokenizer)
    gpu = environment.first_gpu() if spec.device != "cpu" else None
    device, precision = _place(spec, gpu)
    plan = make_plan(spec, prepared.report.train_rows, device)
    flops = count_flops(base, spec.method, head_on_all=False)
    tokens, model_flops = _work(prepared, plan, flops, spec)
    all_flops = model_flops + _validation_flops(prepared, plan, flops) + _recomputed(spec, model_flops)
    time = foresee_time(all_flops, spec, device=device, gpu=gpu, flops_per_second=flops_per_second)
    memory, parts = foresee_memory(base, spec, prepared, plan, device=device, precision=precision)
    legal = legal_compute(base.parameters + flops.adapter, tokens)
    known = spec.base_training_flops
    gpu_memory = gpu.memory_bytes if gpu else None
    return Estimate(
        device=device,
        device_name=(gpu.name if gpu else None) if device == "cuda" else environment.cpu_name(),
        precision=precision,
        total_parameters=base.parameters + flops.adapter,
        trainable_parameters=room.trained_parameters(base, spec),
        train_rows=prepared.report.train_rows,
        validation_rows=prepared.report.validation_rows,
        tokens=tokens,
        steps=plan.steps,
        epochs=plan.epochs,
        hyperparameters=plan.choices,
        memory=memory,
        memory_parts=parts,
        memory_present=environment.available_memory() if device == "cpu" else gpu_memory,
        disk_bytes=room.disk_bytes(base, spec),
        time=time,
        energy=foresee_energy(time, power_watts, gpu),
        cost=foresee_cost(time, price_per_hour, currency),
        model_flops=model_flops,
        legal=legal,
        base_training_flops=known,
        compute_ratio=None if known is None else legal.value / known,
        compute_ratio_reason="the base model's training compute is not known" if known is None else None,
    )


def foresee_memory(
    base: BaseFolder, spec: TrainingSpec, prepared: Prepared, plan: Plan, *, device: str, precision: str
) -> tuple[Range, dict[str, float]]:
    """Bytes on the device: weights, what training adds, activations and logits of the largest batch, runtime."""
    parts = {
        "weights": float(room.weight_bytes(base, spec, precision)),
        "gradients and optimizer": float(room.training_bytes(base, spec)),
    }
    if device == "cpu" and room.stored_bytes(base) != parts["weights"]:
        parts["weight files, mapped while they are converted"] = float(room.stored_bytes(base))
    floats = activation_numbers_per_token(base.config)
    if floats is None:
        return Range(None, None, None, "bytes", None, "the model's config does not give its widths"), parts
    layers = int(base.config["num_hidden_layers"])
    stored = int(base.config["hidden_size"]) * layers + floats if spec.hyperparameters.gradient_checkpointing else None
    per_token = floats * layers if stored is None else stored
    size = 4 if precision == "fp32" else 2
    rows = largest_batch(prepared, plan, spec.seed)
    padded = len(rows) * max(prepared.train[row].length for row in rows)
    counted = sum(prepared.train[row].loss_tokens for row in rows)
    vocabulary = int(base.config.get("vocab_size", 0))
    parts["activations"] = float(padded * per_token * size)
    # Logits of the counted positions: as computed, in 32 bits, and their gradient.
    parts["logits"] = float(counted * vocabulary * (size + 4 + 4))
    body = sum(parts.values())
    runtime = _CPU_RUNTIME_BYTES if device == "cpu" else _GPU_RUNTIME_BYTES
    parts["runtime"] = runtime[1]
    low, likely, high = (body * spread + fixed for spread, fixed in zip(_MEMORY_SPREAD, runtime, strict=True))
    return Range(
        low, likely, high, "bytes", "weights, optimizer, largest batch and runtime; spread 1.0, 1.1, 1.25"
    ), parts


def activation_numbers_per_token(config: dict[str, Any]) -> int | None:
    """Numbers that one decoder block keeps for its backward pass, a token; None where the config lacks the widths.

    Counted along a Llama block: two norms (2 H each), queries, keys and values before and after the rotation
    (2 H + 3 K), attention output (H), and the gated MLP's four intermediate results (4 I).
    """
    hidden, inner = config.get("hidden_size"), config.get("intermediate_size")
    heads = config.get("num_attention_heads")
    if not (isinstance(hidden, int) and isinstance(inner, int) and isinstance(heads, int) and heads > 0):
        return None
    if not isinstance(config.get("num_hidden_layers"), int):
        return None
    head = config.get("head_dim") or hidden // heads
    keys = (config.get("num_key_value_heads") or heads) * head
    return int(4 * hidden + 2 * heads * head + 3 * keys + heads * head + 4 * inner)


def largest_batch(prepared: Prepared, plan: Plan, seed: int) -> list[int]:
    """The rows of the run's first micro-batch, which is its largest."""
    lengths = [example.length for example in prepared.train]
    steps = steps_of_epoch(lengths, epoch=0, seed=seed, batch_size=plan.batch_size, accumulation=plan.accumulation)
    return steps[0][0]


def foresee_time(
    flops: float, spec: TrainingSpec, *, device: str, gpu: Gpu | None, flops_per_second: float | None
) -> Range:
    """Seconds for `flops`, start included."""
    if flops_per_second is not None:
        return _seconds(flops, flops_per_second, (0.85, 1.0, 1.25), f"{flops_per_second:.3g} FLOP/s as measured before")
    if device == "cpu":
        threads = min(environment.torch_threads() or environment.usable_cores(), environment.usable_cores())
        method = f"{threads} core(s) at {CPU_FLOPS_PER_CORE:.2g} FLOP/s each, measured on an AVX2 core at 2.4 GHz"
        return _seconds(flops, threads * CPU_FLOPS_PER_CORE, (0.5, 1.0, 2.5), method)
    peak = next((peak for name, peak in GPU_PEAKS if gpu is not None and name in gpu.name), None)
    if peak is None:
        named = f"the GPU {gpu.name}" if gpu else "no GPU is seen here, so its speed"
        return Range(None, None, None, "seconds", None, f"{named} is not known; give --flops-per-second")
    share = _MFU[spec.method.name]
    method = f"{share:.0%} of {peak:.3g} FLOP/s, the usual share for {spec.method.name}; short rows reach less"
    return _seconds(flops, peak * share, (0.8, 1.5, 10.0), method)


def foresee_energy(time: Range, power_watts: float | None, gpu: Gpu | None) -> Range:
    """kWh from time and a power that somebody gave or the GPU's driver names; never from a guessed one."""
    if power_watts is not None:
        return time.times(power_watts / 1000 / _SECONDS_PER_HOUR, "kWh", f"modelled: {power_watts:g} W as given x time")
    if gpu is not None and gpu.power_watts is not None:
        method = f"modelled: the GPU's power limit, {gpu.power_watts:g} W, x time; without the rest of the machine"
        return time.times(gpu.power_watts / 1000 / _SECONDS_PER_HOUR, "kWh", method)
    return Range(None, None, None, "kWh", None, "the machine's power is not known; give --power-watts")


def foresee_cost(time: Range, price_per_hour: float | None, currency: str) -> Range:
    """Money from time and a given price."""
    if price_per_hour is None:
        return Range(None, None, None, currency, None, "no price is known; give --price-per-hour")
    return time.times(price_per_hour / _SECONDS_PER_HOUR, currency, f"{price_per_hour:g} {currency} an hour x time")


def in_words(found: Estimate) -> list[dict[str, str | None]]:
    """The estimate line by line: name, label, value, and the reason or method beside it."""
    ratio = None if found.compute_ratio is None else f"{found.compute_ratio:.2e} of the base model's training compute"
    rows = [
        ("device", "Device", f"{found.device_name or found.device}, {found.precision}", None),
        ("parameters", "Parameters", f"{found.trainable_parameters:,} trained of {found.total_parameters:,}", None),
        ("work", "Work", f"{found.steps:,} steps, {found.epochs:.3g} epochs, {found.tokens:,} tokens", None),
        ("memory", "Memory", *_words(found.memory, room.GIB, "GiB")),
        ("disk", "Disk", f"up to {found.disk_bytes / room.GIB:.2g} GiB for checkpoints and result", None),
        ("time", "Time", *_words(found.time, 60.0, "minutes")),
        ("energy", "Energy", *_words(found.energy, 1.0, "kWh")),
        ("cost", "Cost", *_words(found.cost, 1.0, found.cost.unit)),
        ("compute", "Training compute", f"{found.legal.value:.2e} FLOP (6 P D)", None),
        ("ratio", "Compute ratio", ratio, found.compute_ratio_reason),
    ]
    return [{"name": name, "label": label, "value": value, "reason": reason} for name, label, value, reason in rows]


def as_text(found: Estimate) -> str:
    """The estimate for a terminal."""
    rows = in_words(found)
    width = max(len(str(row["label"])) for row in rows)
    return "\n".join(
        f"{row['label']:<{width}}  {row['value'] or 'not known'}{f' ({why})' if (why := row['reason']) else ''}"
        for row in rows
    )


def _words(found: Range, scale: float, unit: str) -> tuple[str | None, str | None]:
    if found.low is None or found.likely is None or found.high is None:
        return None, found.reason
    low, likely, high = (f"{value / scale:.2g}" for value in (found.low, found.likely, found.high))
    return f"about {likely} {unit} ({low} to {high})", found.method


def _place(spec: TrainingSpec, gpu: Gpu | None) -> tuple[str, str]:
    """Device and precision as the trainer will choose them on this machine."""
    device = "cpu" if spec.device == "cpu" or (spec.device == "auto" and gpu is None) else "cuda"
    usual = "fp32" if device == "cpu" else "bf16"
    return device, usual if spec.precision == "auto" else spec.precision


def _work(prepared: Prepared, plan: Plan, flops: FlopCount, spec: TrainingSpec) -> tuple[int, float]:
    """Tokens and model FLOPs of exactly the steps that will be run."""
    lengths = [example.length for example in prepared.train]
    losses = [example.loss_tokens for example in prepared.train]
    whole, rest = divmod(plan.steps, plan.steps_per_epoch)
    order = steps_of_epoch(
        lengths, epoch=whole, seed=spec.seed, batch_size=plan.batch_size, accumulation=plan.accumulation
    )
    rows = [row for step in order[:rest] for micro in step for row in micro]
    part = [lengths[row] for row in rows]
    work = whole * flops.training(lengths, sum(losses)) + flops.training(part, sum(losses[row] for row in rows))
    return whole * sum(lengths) + sum(part), work


def _validation_flops(prepared: Prepared, plan: Plan, flops: FlopCount) -> float:
    """Forward passes before the first step, after each epoch and at the end."""
    whole, rest = divmod(plan.steps, plan.steps_per_epoch)
    lengths = [example.length for example in prepared.validation]
    return (1 + whole + bool(rest)) * flops.forward(lengths, prepared.report.validation_loss_tokens)


def _recomputed(spec: TrainingSpec, model_flops: float) -> float:
    """What gradient checkpointing computes a second time: one forward pass of each step."""
    if not spec.hyperparameters.gradient_checkpointing:
        return 0.0
    return model_flops * (1 / 3 if isinstance(spec.method, Full) else 1 / 2)


def _seconds(flops: float, speed: float, spread: tuple[float, float, float], method: str) -> Range:
    low, likely, high = (start + flops / speed * factor for start, factor in zip(_START_SECONDS, spread, strict=True))
    return Range(low, likely, high, "seconds", method)
