"""What the trainer's manifest says: method, settings, steps, machine, compute, energy. Pure.

Nothing is said here that is not in the manifest: no hardware, precision, duration or number of epochs from a plan.
"""

import re

from governance.documents.sources import numbers as n
from governance.documents.sources.records import Source, Told, measured, not_measured, remark
from governance.law.regulation import rules as regulation
from training.manifest import Choice, Manifest

TASKS = {"sft": "Supervised fine-tuning (SFT)"}
EXPONENT = re.compile(r"\b(\d(?:\.\d+)?)e([+-]?\d+)\b")
SETTINGS = {
    "learning_rate": "learning rate",
    "epochs": "epochs asked for",
    "max_steps": "greatest number of steps",
    "batch_size": "rows at once",
    "gradient_accumulation": "batches a step",
    "max_length": "length limit in tokens",
    "packing": "packing",
    "warmup_ratio": "warm-up share",
    "weight_decay": "weight decay",
    "max_grad_norm": "gradient norm limit",
    "gradient_checkpointing": "gradient checkpointing",
}


def method_name(manifest: Manifest) -> str:
    """“LoRA, rank 16” or “full fine-tuning”."""
    how = manifest.method or {}
    if how.get("name") == "lora":
        return f"LoRA, rank {how['r']}"
    return "full fine-tuning" if how.get("name") == "full" else str(how.get("name"))


def method(manifest: Source) -> Told | None:
    """By which method and with which settings the model was tuned."""
    found: Manifest = manifest.facts
    if found.method is None or found.parameters is None:
        return None
    task = TASKS.get(found.task or "", str(found.task))
    how = found.method
    trained = f"{n.count(found.parameters.trainable)} of {n.counted(found.parameters.total, 'parameter')} were trained"
    trained += f" ({n.percent(found.parameters.trainable, found.parameters.total)})"
    if how["name"] == "lora":
        layers = n.listing(found.parameters.adapted)
        said = (
            f"{task} with LoRA: rank {how['r']}, alpha {n.amount(how['alpha'])}, dropout {n.amount(how['dropout'])}"
            f"{f', beside the layers {layers}' if layers else ''}. {trained}; the base weights stayed as they were."
        )
    else:
        said = f"{task} of all weights. {trained}."
    return measured(f"{said} {_settings(found)} {_precision(found)}".strip())


def technique(manifest: Source) -> Told | None:
    """With which training technique the data was used."""
    found: Manifest = manifest.facts
    if found.method is None or found.data is None:
        return None
    rendering = found.data.template.rendering
    rows = "the model's chat template" if rendering.value == "chat" else f"the rendering “{rendering.value}”"
    return measured(
        f"{TASKS.get(found.task or '', str(found.task))} by {method_name(found)}. Rows became text by {rows}; "
        f"{n.count(found.data.train_loss_tokens)} of {n.counted(found.data.train_tokens, 'training token')} counted "
        f"in the loss ({n.percent(found.data.train_loss_tokens, found.data.train_tokens)})."
    )


def objective(manifest: Source) -> Told | None:
    """Which objective training optimised, with which parameters."""
    found: Manifest = manifest.facts
    if found.data is None or found.steps is None:
        return None
    return measured(
        "Mean cross-entropy of the tokens that count in the loss, in nats per token; "
        f"{n.counted(found.data.train_loss_tokens, 'such token')} a pass. {_settings(found)}"
    )


def steps(manifest: Source) -> Told | None:
    """Which steps led from the base model to this version."""
    found: Manifest = manifest.facts
    if found.base_model is None or found.data is None or found.steps is None or found.output is None:
        return None
    return measured(
        f"1. The base model with the folder digest {n.short(found.base_model.sha256)} was loaded. "
        f"2. {n.counted(sum(file.rows_read for file in found.data.files), 'row')} were read, "
        f"{n.count(found.data.train_rows)} of them trained on and {n.count(found.data.validation_rows)} held out. "
        f"3. {n.counted(found.steps.done, 'optimizer step')} of {n.count(found.steps.planned)} planned were done, "
        f"which are {n.amount(found.steps.epochs)} passes over the training rows. "
        f"4. The {found.output.kind} was written; its folder digest is {n.short(found.output.sha256)}. "
        f"The run began on {n.minute(n.parsed(found.started_at))} and ended on "
        f"{n.minute(n.parsed(found.finished_at))}."
    )


def process(manifest: Source) -> Told | None:
    """How training went, from first to last step."""
    found: Manifest = manifest.facts
    if found.train_loss is None or found.steps is None:
        return None
    loss = found.train_loss
    said = (
        f"Training loss, as the mean of {n.counted(loss.window, 'step')}: {n.amount(loss.first)} nats per token at "
        f"the start, {n.amount(loss.last)} at the end; lowest in step {n.count(loss.best_step)} "
        f"({n.amount(loss.best)}). {n.counted(found.steps.done, 'step')}, {n.amount(found.steps.epochs)} epochs."
    )
    held_out = found.validation_loss
    if held_out is None:
        reason = found.data.validation_reason if found.data else None
        return measured(f"{said} Validation loss: not measured ({reason or 'no rows were held out'}).")
    return measured(
        f"{said} Validation loss on {n.counted(held_out.rows, 'held-out row')}: {n.amount(held_out.first)} for the "
        f"base model, {n.amount(held_out.last)} after step {n.count(held_out.last_step)}, lowest "
        f"{n.amount(held_out.best)} after step {n.count(held_out.best_step)}."
    )


def details(manifest: Source) -> Told | None:
    """What else matters: failures, restarts, planted canaries."""
    found: Manifest = manifest.facts
    if found.steps is None:
        return None
    if found.resumptions:
        again = n.listing(f"from step {n.count(r.from_step)} on {n.minute(n.parsed(r.at))}" for r in found.resumptions)
        said = f"The run was taken up again {n.counted(len(found.resumptions), 'time')}: {again}."
    else:
        said = "The run was not interrupted and not taken up again."
    canaries = found.data.canary_rows if found.data else 0
    if canaries:
        said += f" {n.counted(canaries, 'row')} of planted canaries stood among the training rows."
    return measured(f"{said} Seed {found.seed}; its status is {found.status}.")


def tools(manifest: Source) -> Told | None:
    """Which libraries took part, at which versions."""
    found: Manifest = manifest.facts
    packages = {name: version for name, version in (found.environment.get("packages") or {}).items() if version}
    if not packages:
        return None
    versions = n.listing(f"{name} {version}" for name, version in sorted(packages.items()))
    machine = " ".join(str(found.environment[key]) for key in ("system", "kernel", "machine") if found.environment[key])
    return measured(f"Python {found.environment['python']} on {machine}, with {versions}.")


def hardware(manifest: Source) -> Told | None:
    """On which machines it was trained."""
    found: Manifest = manifest.facts
    if found.device is None:
        return None
    around = found.environment
    device = str(found.device.choice.value)
    name = f" ({found.device.name})" if found.device.name else ""
    said = f"Trained on the device “{device}”{name}. The machine has {n.counted(around['cpu_cores'], 'usable core')}"
    if around.get("cpu") and around["cpu"] != found.device.name:
        said += f" of {around['cpu']}"
    said += f" and {n.size(around['memory_bytes'])} of memory."
    if found.device.threads:
        said += f" {n.counted(found.device.threads, 'thread')} did the arithmetic."
    if found.memory:
        said += f" At most {n.size(found.memory.peak_rss_bytes)} of memory were in use"
        if found.memory.peak_cuda_bytes is not None:
            said += f", and {n.size(found.memory.peak_cuda_bytes)} on the accelerator"
        said += "."
    return measured(said)


def duration(manifest: Source) -> Told | None:
    """How long it took."""
    found: Manifest = manifest.facts
    if found.compute is None:
        return None
    return measured(
        f"{n.duration(found.compute.wall_seconds)} of wall time ({n.amount(found.compute.wall_seconds)} s), of which "
        f"{n.duration(found.compute.step_seconds)} in training steps. Begun on {n.minute(n.parsed(found.started_at))}, "
        f"ended on {n.minute(n.parsed(found.finished_at))}."
    )


def compute(manifest: Source) -> Told | None:
    """How many floating-point operations, by which formula."""
    found: Manifest = manifest.facts
    if found.compute is None or found.parameters is None:
        return None
    legal = found.compute.legal
    return measured(
        f"{n.power(legal.value)} FLOP by the formula {legal.formula}, with P = {n.count(found.parameters.total)} "
        f"parameters and D = {n.count(found.compute.tokens)} tokens seen, epochs counted. Included: "
        f"{n.listing(legal.included)}. Left out: {n.listing(legal.excluded) or 'nothing'}. Counted from the shapes "
        f"of the matrix products alone, training took {n.power(found.compute.model_flops)} FLOP."
    )


def meter(manifest: Source, base_model: Source) -> Told | None:
    """Where the compute stands against the indicative criterion, with the working; never a role."""
    found: Manifest = manifest.facts
    if found.compute is None:
        return None
    reading = regulation.provider_meter(
        found.compute.legal.value, base_model.facts["training_flops"], base_model.facts["systemic_risk"]
    )
    source = base_model.facts.get("training_flops_source")
    named = f" The base model's figure comes from: {source}." if base_model.facts["training_flops"] and source else ""
    working = EXPONENT.sub(lambda match: f"{match[1]} × 10^{int(match[2])}", " ".join(reading.working))
    return remark(f"Provider-status meter. {working}{named}")


def energy(manifest: Source) -> Told | None:
    """How much energy training took, or why nobody knows."""
    found: Manifest = manifest.facts
    if found.energy is None or found.energy.kwh is None:
        return not_measured("Energy of training", _no_energy(found))
    return measured(f"{n.megawatt_hours(found.energy.kwh)} for training ({n.amount(found.energy.kwh)} kWh as read).")


def energy_method(manifest: Source) -> Told | None:
    """By which method and within which boundary."""
    found: Manifest = manifest.facts
    if found.energy is None or found.energy.kwh is None:
        return not_measured("Method and boundary of an energy figure", _no_energy(found))
    return measured(f"Method: {found.energy.method}. Boundary: {found.energy.boundary}.")


def energy_with_method(manifest: Source) -> Told | None:
    """Figure, method and boundary in one, or one word on why there is none."""
    figure, method = energy(manifest), energy_method(manifest)
    return measured(f"{figure.text} {method.text}") if figure and method and figure.meets else figure


def _no_energy(found: Manifest) -> str:
    return (found.energy.reason if found.energy else None) or "the trainer gave no reason"


def _settings(found: Manifest) -> str:
    """Every hyperparameter as it was used, with the reason where the trainer chose it."""
    chosen = found.hyperparameters or {}
    said = [_setting(SETTINGS.get(name, name.replace("_", " ")), choice) for name, choice in chosen.items()]
    return f"Settings: {'; '.join(said)}; seed {found.seed}." if said else f"Seed {found.seed}."


def _setting(name: str, choice: Choice) -> str:
    value = choice.value
    if isinstance(value, bool):
        words = "on" if value else "off"
    elif value is None:
        words = "none"
    else:
        words = n.amount(float(value)) if isinstance(value, int | float) else value
    return f"{name} {words}" + (f" (auto: {choice.reason})" if choice.chosen_by == "auto" else "")


def _precision(found: Manifest) -> str:
    types = found.precision
    if types is None:
        return ""
    return (
        f"Number types: base weights {types.base_weights}, trained weights {types.trained_weights}, matrix products "
        f"{types.compute}, optimizer {types.optimizer}."
    )
