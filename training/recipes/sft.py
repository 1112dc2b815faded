"""Supervised fine-tuning: the model learns to say what the assistant says.

- chat and prompt-completion JSONL in the base model's own chat template
- loss on the assistant's tokens alone, up to and including the token that ends the turn
- LoRA or all weights; float32 or bfloat16; CPU or one CUDA GPU
- AdamW, cosine with warm-up, clipping; accumulation that equals the large batch
- validation before the first step (the base model), after each epoch and at the end
- checkpoints that continue exactly; what was observed goes to the manifest
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from preparation import digests
from training import adapters, base_model, checkpoint, room
from training.adapters import Trained
from training.base_model import BaseFolder
from training.data import Prepared, prepare, write_validation
from training.device import Place, choose_place
from training.energy import EnergyMeter
from training.environment import peak_resident_bytes
from training.flops import count_flops, legal_compute
from training.job import Job
from training.loop import Loop, Settings
from training.loss import choose_loss, make_batch, plain_loss
from training.manifest import (
    Artefact,
    Compute,
    Memory,
    Output,
    Parameters,
    Resumption,
    Steps,
    TrainLoss,
    ValidationLoss,
)
from training.plan import Plan, make_plan
from training.spec import Lora


def train(job: Job) -> None:
    """Run the whole method; fills `job.facts` and leaves `adapter/` or `model/` in `job.out`."""
    job.enter("validating_files")
    base, prepared = read_inputs(job)
    place = choose_place(job.spec)
    plan = make_plan(job.spec, prepared.report.train_rows, place.device)
    job.facts.update(hyperparameters=plan.choices, device=place.describe())
    room.check(base, job.spec, place.device, place.precision, job.out)

    job.enter("loading")
    base_model.check_tokenizer(base, base.tokenizer.decode(list(prepared.train[0].input_ids)))
    model = base_model.load(base, place.load_dtype(job.spec), place.device)
    if job.spec.hyperparameters.gradient_checkpointing:
        adapters.spare_activations(model)
    trained = adapters.apply_method(model, job.spec.method, job.spec.seed)
    parameters = adapters.describe(trained)
    job.facts.update(parameters=parameters, precision=place.observe(adapters.trained_weights(trained), trained))

    loop = make_loop(job, base, prepared, place, plan, trained)
    take_up(job, loop)
    try:
        job.enter("running")
        loop.run()
    finally:
        job.facts.update(observed(loop, prepared, parameters, place))

    job.enter("saving")
    job.facts.update(save(job, trained, base, prepared))


def read_inputs(job: Job) -> tuple[BaseFolder, Prepared]:
    """The checked base model and the encoded rows; writes `validation.jsonl`."""
    spec = job.spec
    base = base_model.open_base(spec.base_model, spec.revision, job.spec_folder)
    job.facts["base_model"] = base.describe()  # before the check: the manifest then says what was found
    base_model.check_digest(base, spec.base_model_sha256)
    base_model.check_length(base, spec.hyperparameters.max_length)
    prepared = prepare(spec, job.spec_folder, base.tokenizer)
    report = prepared.report
    job.facts["data"] = report
    if report.overlap:
        job.events.message(
            f"{report.overlap} of {report.validation_rows} validation rows are training rows too; the validation loss "
            "will look better than it is.", "warning", overlap=report.overlap,
        )  # fmt: skip
    truncated = sum(file.truncated for file in report.files)
    if truncated:
        job.events.message(
            f"{truncated} rows are longer than {spec.hyperparameters.max_length} tokens and were cut.", "warning",
            truncated=truncated,
        )  # fmt: skip
    write_validation(prepared, job.out / "validation.jsonl")
    return base, prepared


def make_loop(job: Job, base: BaseFolder, prepared: Prepared, place: Place, plan: Plan, model: Trained) -> Loop:
    """The loop with its loss (checked against the model's own on the shortest row), meters and identity."""
    spec = job.spec
    context = place.forward_context()
    shortest = min(prepared.train, key=lambda example: example.length)
    with context():
        loss = choose_loss(model, make_batch([shortest], place.device))
    return Loop(
        model=model,
        weights=adapters.trained_weights(model),
        loss=loss,
        prepared=prepared,
        settings=Settings(
            plan=plan,
            seed=spec.seed,
            device=place.device,
            weight_decay=spec.hyperparameters.weight_decay,
            max_grad_norm=spec.hyperparameters.max_grad_norm,
            checkpoint_every=None if spec.checkpoint_every == "epoch" else spec.checkpoint_every,
            max_kwh=spec.max_kwh,
            identity={
                "spec": spec.settings_digest(),
                "base model": base.sha256,
                "data": digests.sha256_of([example.digest for example in prepared.train]),
                "device": place.device,
                "precision": place.precision,
            },
        ),
        precision=context,
        flops=count_flops(base, spec.method, head_on_all=loss is plain_loss),
        energy=EnergyMeter(place.gpu_uuid),
        events=job.events,
        folder=job.checkpoints,
        stopped=job.stopped,
    )


def take_up(job: Job, loop: Loop) -> None:
    """Continue from the newest whole checkpoint where a resume was asked for and there is one."""
    if not job.resume:
        return
    found, faults = checkpoint.latest(job.checkpoints)
    for fault in faults:
        job.events.message(f"A checkpoint is damaged and was passed over ({fault}).", "warning")
    if found is None:
        job.events.message("There is no checkpoint to resume from; the run begins at step 0.")
        return
    loop.resume(found)
    job.events.message(f"Resumed from step {found.step}.", step=found.step)


def observed(loop: Loop, prepared: Prepared, parameters: Parameters, place: Place) -> dict[str, Any]:
    """What the loop did, as the manifest's fields."""
    loop.note_time()
    progress, plan = loop.progress, loop.plan
    tokens = progress.tokens
    return {
        "resumptions": tuple(Resumption(at=at, from_step=step) for at, step in progress.resumptions),
        "steps": Steps(planned=plan.steps, done=progress.step, epochs=progress.step / plan.steps_per_epoch),
        "train_loss": train_loss(progress.losses),
        "validation_loss": validation_loss(progress.validation, prepared),
        "compute": Compute(
            tokens=tokens,
            loss_tokens=progress.loss_tokens,
            padding_tokens=progress.padding_tokens,
            model_flops=progress.model_flops,
            model_flops_formula=loop.flops.formula(),
            validation_flops=progress.validation_flops,
            legal=legal_compute(parameters.total, tokens),
            wall_seconds=progress.wall_seconds,
            step_seconds=progress.step_seconds,
            tokens_per_second=tokens / progress.step_seconds if progress.step_seconds else None,
        ),
        "energy": loop.energy.result(),
        "memory": memory(place),
    }


def train_loss(losses: list[float]) -> TrainLoss | None:
    """Means over the first and last tenth of the steps, at least 5; None before the first step."""
    if not losses:
        return None
    window = min(len(losses), max(5, len(losses) // 10))
    best = min(range(len(losses)), key=losses.__getitem__)
    return TrainLoss(
        first=sum(losses[:window]) / window,
        last=sum(losses[-window:]) / window,
        best=losses[best],
        best_step=best + 1,
        window=window,
    )


def validation_loss(curve: list[tuple[int, float]], prepared: Prepared) -> ValidationLoss | None:
    """First (the base model), best and last validation loss; None where there was no validation."""
    if not curve:
        return None
    best_step, best = min(curve, key=lambda point: point[1])
    return ValidationLoss(
        first=curve[0][1],
        best=best,
        best_step=best_step,
        last=curve[-1][1],
        last_step=curve[-1][0],
        rows=len(prepared.validation),
        loss_tokens=prepared.report.validation_loss_tokens,
        curve=tuple(curve),
    )


def memory(place: Place) -> Memory:
    """Peaks of this process; a resumed run tells those of its last part."""
    cuda = torch.cuda.max_memory_allocated() if place.device == "cuda" else None
    reason = "no GPU was used" if cuda is None else None
    return Memory(peak_rss_bytes=peak_resident_bytes(), peak_cuda_bytes=cuda, cuda_reason=reason)


def save(job: Job, model: Trained, base: BaseFolder, prepared: Prepared) -> dict[str, Any]:
    """Write the result in one move and take its digests."""
    kind: Any = "adapter" if isinstance(job.spec.method, Lora) else "model"
    target = job.out / kind
    with checkpoint.new_folder(target) as draft:
        stored = adapters.save(model, base, draft, prepared.end_ids)
    listing = digests.folder_listing(target)
    weights = [(path, digest) for path, digest in listing if path.endswith(".safetensors")]
    output = Output(
        kind=kind,
        path=kind,
        sha256=digests.listing_digest(listing),
        weights_sha256=weights[0][1] if len(weights) == 1 else digests.listing_digest(weights),
        weights=stored,
    )
    files = [target / path for path, _ in listing] + [job.out / "validation.jsonl"]
    return {"output": output, "artefacts": tuple(artefact(path, job.out) for path in files)}


def artefact(path: Path, folder: Path) -> Artefact:
    """A file's record, by its path relative to `folder`."""
    return Artefact(
        path=path.relative_to(folder).as_posix(), sha256=digests.sha256_file(path), bytes=path.stat().st_size
    )
