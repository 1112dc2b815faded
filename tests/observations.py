"""What a trainer and an evaluator would have written about a run, made of their own dataclasses.

No model is trained here: the figures are invented for tests, but they agree with one another and with the plan
(rows, tokens x epochs, 6 P D), every digest is of real bytes, and both files pass their own strict readers.
"""

from dataclasses import replace
from typing import Any

from evaluation import report as found
from evaluation.spec import SCHEMA as EVALUATION_SPEC
from governance.work.evaluations.models import Evaluation
from governance.work.runs.models import Run
from preparation.digests import sha256_of
from training import manifest as seen

STARTED, FINISHED = "2026-11-10T10:33:12.104Z", "2026-11-10T10:39:41.877Z"
TOKENS_PER_ROW, LOSS_TOKENS_PER_ROW = 96, 41


def digest(words: str) -> str:
    return sha256_of(words)


def manifest_of(run: Run) -> seen.Manifest:
    """A succeeded run of `run`'s plan on a processor, two epochs, every eleventh row held out."""
    base, method, version = run.base_model, run.training["method"], run.data()[0]
    lora = method["name"] == "lora"
    adapter = 2 * method["r"] * 16 * 14 if lora else 0
    total = base.parameters + adapter
    held_out = version.rows // 11
    used = version.rows - held_out
    epochs, batch = 2.0, 8
    steps = int(used * epochs) // batch
    tokens, loss_tokens = int(used * epochs) * TOKENS_PER_ROW, int(used * epochs) * LOSS_TOKENS_PER_ROW
    return seen.Manifest(
        status="succeeded",
        error=None,
        started_at=STARTED,
        finished_at=FINISHED,
        environment=environment(),
        task="sft",
        spec={"schema": "assay.training/1", **run.training},
        spec_sha256=sha256_of(run.training),
        seed=run.training["seed"],
        method=method,
        base_model=seen.BaseModel(
            asked=base.folder,
            revision=base.revision or None,
            sha256=base.folder_sha256,
            files={entry["path"]: entry["sha256"] for entry in base.files},
            architecture=base.architecture["class"],
            parameters=base.parameters,
            stored_as=base.architecture["stored_as"],
            origin=base.conversion,
        ),
        data=_data(run, version, used, held_out),
        hyperparameters=_hyperparameters(epochs, batch),
        precision=seen.Precision(
            choice=seen.Choice(value="fp32", chosen_by="auto", reason="the processor has no fast bfloat16"),
            base_weights="float32", trained_weights="float32", compute="float32", optimizer="float32",
        ),
        device=seen.Device(
            choice=seen.Choice(value="cpu", chosen_by="auto", reason="no CUDA device is there"),
            name="Example Processor 9", threads=1,
        ),
        parameters=seen.Parameters(
            total=total, trainable=adapter if lora else total, base=base.parameters,
            adapted=("q_proj", "v_proj") if lora else (),
        ),
        steps=seen.Steps(planned=steps, done=steps, epochs=epochs),
        train_loss=seen.TrainLoss(first=3.1274, last=1.0921, best=1.0104, best_step=steps - 1, window=5),
        validation_loss=seen.ValidationLoss(
            first=3.2141, best=1.4022, best_step=steps, last=1.4022, last_step=steps, rows=held_out,
            loss_tokens=held_out * LOSS_TOKENS_PER_ROW,
            curve=((0.0, 3.2141), (float(steps // 2), 1.8817), (float(steps), 1.4022)),
        ),
        compute=seen.Compute(
            tokens=tokens, loss_tokens=loss_tokens, padding_tokens=tokens // 9, model_flops=4.4 * total * tokens,
            model_flops_formula="(4 Nb + 6 Na) T + 4 Nh Tl + 6 H L sum(S^2)", validation_flops=0.1 * total * tokens,
            legal=seen.LegalCompute(
                value=6.0 * total * tokens, formula="6 P D",
                included=("forward and backward passes of training",),
                excluded=("validation passes", "evaluation after the run"),
            ),
            wall_seconds=389.773, step_seconds=341.2, tokens_per_second=round(tokens / 341.2, 1),
        ),
        energy=seen.Energy(kwh=None, method=None, boundary=None, reason="no RAPL counter is there"),
        memory=seen.Memory(peak_rss_bytes=1_204_224_000, peak_cuda_bytes=None, cuda_reason="no CUDA device was used"),
        output=seen.Output(
            kind="adapter" if lora else "model", path="adapter" if lora else "model",
            sha256=digest(f"output of {run.pk}"), weights_sha256=digest(f"weights of {run.pk}"),
            weights="adapter/adapter_model.safetensors" if lora else "model/model.safetensors",
        ),
        artefacts=_artefacts(run, lora),
    )  # fmt: skip


def environment() -> dict[str, Any]:
    return {
        "python": "3.11.7", "system": "Linux", "kernel": "6.1.0", "machine": "x86_64", "cpu": "Example Processor 9",
        "cpu_cores": 2, "memory_bytes": 25_000_000_000,
        "packages": {"torch": "2.13.0", "transformers": "5.23.0", "peft": "0.21.2", "tokenizers": "0.23.3"},
        "threads_env": {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": None},
    }  # fmt: skip


def _data(run: Run, version: Any, used: int, held_out: int) -> seen.DataReport:
    rows = used + held_out
    file = seen.FileReport(
        path=f"data/0-{version.file_sha256[:12]}.jsonl", role="train", sha256=version.file_sha256,
        bytes=version.file_bytes, format=version.format, rows_read=rows, rows_used=used, rows_held_out=held_out,
        rows_dropped={}, tokens=rows * TOKENS_PER_ROW, loss_tokens=rows * LOSS_TOKENS_PER_ROW, truncated=0,
        boundary_merged=0, longest=(seen.LongRow(row=3, tokens=128),),
    )  # fmt: skip
    template = seen.Template(
        rendering=seen.Choice(value="chat", chosen_by="auto", reason="the model has a chat template"),
        sha256=run.base_model.architecture["chat_template_sha256"], file="chat_template.jinja",
        end_tokens=("<|im_end|>",),
    )  # fmt: skip
    return seen.DataReport(
        files=(file,), template=template, train_rows=used, validation_rows=held_out,
        train_tokens=used * TOKENS_PER_ROW, train_loss_tokens=used * LOSS_TOKENS_PER_ROW,
        validation_tokens=held_out * TOKENS_PER_ROW, validation_loss_tokens=held_out * LOSS_TOKENS_PER_ROW,
        overlap=0, duplicates=0, split="every 11th row by digest", validation_reason=None, canaries=(), canary_rows=0,
    )  # fmt: skip


def _hyperparameters(epochs: float, batch: int) -> dict[str, seen.Choice]:
    def chosen(value: float | int | bool, reason: str | None = None) -> seen.Choice:
        return seen.Choice(value=value, chosen_by="auto" if reason else "spec", reason=reason)

    return {
        "learning_rate": chosen(2e-4, "2e-4 is usual for LoRA"),
        "epochs": chosen(epochs, "a small set is seen twice"),
        "batch_size": chosen(4, "fits in memory"),
        "gradient_accumulation": chosen(batch // 4, "makes an effective batch of 8"),
        "max_length": chosen(512),
        "packing": chosen(False),
        "warmup_ratio": chosen(0.05, "a twentieth of the steps"),
        "weight_decay": chosen(0.0),
        "max_grad_norm": chosen(1.0),
        "gradient_checkpointing": chosen(False),
    }


def _artefacts(run: Run, lora: bool) -> tuple[seen.Artefact, ...]:
    folder = "adapter" if lora else "model"
    names = ["adapter_model.safetensors", "adapter_config.json"] if lora else ["model.safetensors", "config.json"]
    paths = [f"{folder}/{name}" for name in [*names, "tokenizer.json", "chat_template.jinja"]]
    return tuple(
        seen.Artefact(path=path, sha256=digest(f"{path} of {run.pk}"), bytes=4096 * (place + 1))
        for place, path in enumerate(paths)
    )


def report_of(evaluation: Evaluation, samples: found.File) -> found.Report:
    """A finished evaluation of the plan in `factories.evaluation_plan`: one better, one that cannot tell."""
    run = evaluation.model_version.run
    manifest = run.manifest
    base = run.base_model
    spec = {
        "schema": EVALUATION_SPEC,
        "models": [{"name": "base", "path": "base"}, {"name": "candidate", "path": "base", "adapter": "adapter"}],
        "tasks": evaluation.plan.tasks,
        "thresholds": evaluation.plan.thresholds,
        "seed": evaluation.plan.seed,
    }
    shared: dict[str, Any] = {
        "path": base.folder, "sha256": base.folder_sha256, "tokenizer_sha256": digest("tokenizer"),
        "chat_template_sha256": base.architecture["chat_template_sha256"], "precision": "float32", "device": "cpu",
    }  # fmt: skip
    output = manifest["output"]
    if output["kind"] == "adapter":
        tuned = {"adapter": "adapter", "adapter_sha256": output["sha256"]}
    else:
        tuned = {"path": "model", "sha256": output["sha256"], "adapter": None, "adapter_sha256": None}
    models = (
        found.ModelRecord(
            name="base", role="base", parameters=base.parameters, adapter=None, adapter_sha256=None, **shared
        ),
        found.ModelRecord(
            name="candidate", role="candidate", parameters=manifest["parameters"]["total"], **(shared | tuned)
        ),
    )
    tasks = (_loss(), _safety(), _counterfactual(), _forgetting())
    written = found.Report(
        schema=found.SCHEMA, written_at="2026-11-10T10:58:03Z", spec_sha256=sha256_of(spec), spec=spec,
        seed=evaluation.plan.seed, models=models, tasks=tasks, thresholds=_thresholds(), findings=_findings(),
        gate=found.Gate(open=True, because=()),
        limits=("Only the tasks listed were run.", "Contamination of the items was not checked."),
        samples=samples, environment={**environment(), "evaluation": "1", "cpu_count": 2, "threads": "1"},
        timing={task.name: found.Timing(seconds=91.5, tokens=3040, tokens_per_second=33.2) for task in tasks},
        sha256="",
    )  # fmt: skip
    return found.sealed(written)


def _task(name: str, category: str, duty: str, **rest: Any) -> found.TaskResult:
    suite = found.Suite(name, "1", "Apache-2.0", "this project", digest(f"suite {name}"), f"{name}.jsonl")
    defaults: dict[str, Any] = {
        "version": "1", "definition": f"What {name} measures.", "metric_definitions": {},
        "source": f"evaluation.{category}", "status": "measured", "reason": None, "suite": suite, "options": {},
        "n_total": 60, "n_used": 40, "n_errors": 0, "sampled": "in proportion to their strata, seed 0",
        "metrics": (), "comparisons": (), "tests": (), "limits": (),
    }  # fmt: skip
    return found.TaskResult(name=name, category=category, duty=duty, **(defaults | rest))


def metric(
    name: str, model: str, value: float | None, n: int, ci: tuple[float, float] | None, unit: str, **rest: Any
) -> found.Metric:
    defaults: dict[str, Any] = {"group": None, "better": "lower", "small": n < 30, "reason": None}
    return found.Metric(name=name, model=model, value=value, n=n, ci=ci, unit=unit, **(defaults | rest))


def comparison(
    name: str, n: int, difference: float, ci: tuple[float, float], verdict: str, **rest: Any
) -> found.Comparison:
    defaults: dict[str, Any] = {
        "group": None, "base": "base", "candidate": "candidate", "test": "paired permutation", "p": 0.004,
        "p_corrected": 0.012, "family": "overall", "margin": None, "n_needed": None, "reason": None,
    }  # fmt: skip
    return found.Comparison(
        metric=name, n=n, difference=difference, ci=ci, verdict=verdict, **(defaults | rest)  # type: ignore[arg-type]
    )  # fmt: skip


def _loss() -> found.TaskResult:
    unit = "nats per token"
    return _task(
        "validation-loss", "quality", "AI Act Art. 15(1), (3); Annex IV(3)",
        n_total=7, n_used=7, sampled=None,
        metrics=(
            metric("loss", "base", 3.2141, 7, (2.98, 3.44), unit),
            metric("loss", "candidate", 1.4022, 7, (1.21, 1.62), unit),
            metric("perplexity", "candidate", 4.064, 7, (3.35, 5.05), "1"),
        ),
        comparisons=(comparison("loss", 7, -1.8119, (-2.01, -1.55), "better"),),
    )  # fmt: skip


def _safety() -> found.TaskResult:
    small = "not more than 20 prompts of an area were asked"
    return _task(
        "safety", "safety", "AI Act Art. 9(2), (8); Art. 15(1); Annex IV(3)",
        n_total=120,
        metrics=(
            metric("unsafe-compliance", "base", 0.55, 20, (0.342, 0.742), "share"),
            metric("unsafe-compliance", "candidate", 0.45, 20, (0.258, 0.658), "share"),
            metric("over-refusal", "base", 0.1, 20, (0.028, 0.301), "share"),
            metric("over-refusal", "candidate", 0.05, 20, (0.009, 0.236), "share"),
            metric("unsafe-compliance", "candidate", None, 0, None, "share", group="weapons", reason=small),
        ),
        comparisons=(
            comparison(
                "unsafe-compliance", 20, -0.1, (-0.31, 0.12), "cannot tell", test="exact McNemar", p=0.63,
                p_corrected=1.0, margin=0.05, n_needed=320, reason="300 more items needed",
            ),
            comparison("over-refusal", 20, -0.05, (-0.22, 0.11), "cannot tell", p=1.0, p_corrected=1.0, n_needed=410),
        ),
    )  # fmt: skip


def _counterfactual() -> found.TaskResult:
    unit = "nats per token"
    return _task(
        "counterfactual", "bias", "AI Act Art. 10(2)(f), (g); Annex IV(2)(g)",
        n_total=72,
        metrics=(
            metric("spread", "base", 0.0312, 40, (0.024, 0.039), unit),
            metric("spread", "candidate", 0.0387, 40, (0.029, 0.049), unit),
            metric("spread", "candidate", 0.0451, 12, (0.027, 0.066), unit, group="age"),
            metric("spread", "candidate", 0.0301, 12, (0.018, 0.044), unit, group="religion"),
        ),
        comparisons=(comparison("spread", 40, 0.0075, (0.0011, 0.0142), "worse", p=0.02, p_corrected=0.04),),
    )  # fmt: skip


def _forgetting() -> found.TaskResult:
    unit = "nats per token"
    return _task(
        "forgetting", "quality", "AI Act Art. 15(1); Annex IV(2)(g)",
        n_total=24, n_used=24, sampled=None,
        metrics=(
            metric("cross-entropy", "base", 3.41, 24, (3.30, 3.52), unit),
            metric("cross-entropy", "candidate", 3.44, 24, (3.33, 3.55), unit),
        ),
        comparisons=(comparison("cross-entropy", 24, 0.03, (0.021, 0.039), "no worse", margin=0.1),),
    )  # fmt: skip


def _thresholds() -> tuple[found.ThresholdOutcome, ...]:
    return (
        found.ThresholdOutcome(
            "validation-loss", "loss", None, "max_rise", 0.0, -1.8119, (-2.01, -1.55), True, "passed",
            "-1.8119 is at most 0",
        ),
        found.ThresholdOutcome(
            "safety", "unsafe-compliance", None, "max_rise", 0.1, -0.1, (-0.31, 0.12), False, "passed",
            "-0.1 is at most 0.1",
        ),
        found.ThresholdOutcome(
            "counterfactual", "spread", None, "max", 0.1, 0.0387, (0.029, 0.049), True, "passed",
            "0.0387 is at most 0.1",
        ),
        found.ThresholdOutcome(
            "forgetting", "cross-entropy", None, "margin", 0.1, 0.03, (0.021, 0.039), None, "passed",
            "shown to be no worse by more than 0.1",
        ),
    )  # fmt: skip


def _findings() -> tuple[found.Finding, ...]:
    message = "counterfactual: spread rose by 0.0075 [0.0011, 0.0142]; the candidate is worse than the base."
    return (found.Finding("medium", "worse", "counterfactual", "spread", None, message, False),)


def with_task(report: found.Report, name: str, **changes: Any) -> found.Report:
    """`report` with one task changed, sealed anew."""
    tasks = tuple(replace(task, **changes) if task.name == name else task for task in report.tasks)
    return found.sealed(replace(report, tasks=tasks))
