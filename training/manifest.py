"""What happened in a training run: schema `assay.training-manifest/1`. Standard library only.

The manifest is written last, in one move, so its existence means that the run is over and what it says is
whole. It holds only what was observed: what was not measured is null, with the reason beside it, and a
choice that `auto` made stands there with its reason.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from preparation.digests import canonical_json, folder_digest, listing_digest, sha256_file, sha256_of
from training import strict
from training.errors import UserError
from training.strict import FieldError

__all__ = [
    "SCHEMA", "Artefact", "BaseModel", "Choice", "Compute", "DataReport", "Device", "Energy", "ErrorReport",
    "FileReport", "LegalCompute", "LongRow", "Manifest", "Memory", "Output", "Parameters", "PartReport",
    "PlantedCanary", "Precision", "Resumption", "Steps", "Template", "TrainLoss", "ValidationLoss", "canonical_json",
    "folder_digest", "listing_digest", "load_manifest", "set_aside", "sha256_file", "sha256_of",
]  # fmt: skip

SCHEMA: Literal["assay.training-manifest/1"] = "assay.training-manifest/1"
Status = Literal["succeeded", "failed", "cancelled", "user_error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReport:
    """Why the run ended early: a stable code, the message with its cure, and where (file, row, field) or null."""

    code: str
    message: str
    where: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A setting as it was used, and whether the spec or `auto` chose it; `reason` says why where `auto` did."""

    value: float | int | str | bool | None
    chosen_by: Literal["spec", "auto"]
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModel:
    """The weights the run began with. `sha256` is `folder_digest` of the folder; `files` is its listing.

    `origin` is the folder's own `conversion.json` where it has one (what it was dequantised from), else null.
    `stored_as` lists the number types of the stored tensors with their parameter counts.
    """

    asked: str
    revision: str | None
    sha256: str
    files: dict[str, str]
    architecture: str | None
    parameters: int
    stored_as: dict[str, int]
    origin: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LongRow:
    """One of a file's longest rows, before truncation."""

    row: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReport:
    """Which parts of a split were read of a file that has `rows_in_file` rows; `sha256` is the assignment's."""

    names: tuple[str, ...]
    sha256: str
    rows_in_file: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One data file as it was read; where `part` names parts of a split, all counts are of their rows alone.

    `rows_used` were trained on and `rows_held_out` validated on, and `tokens` and `loss_tokens` are theirs after
    truncation; `rows_dropped` counts the others by reason. `truncated` rows were longer than the length limit;
    `longest` names the longest of all rows read. `boundary_merged` counts rows where the tokenizer merged the last
    character of the question with the first of the answer, so that this one token is not trained.
    """

    path: str
    role: Literal["train", "validation"]
    sha256: str
    bytes: int
    format: str
    rows_read: int
    rows_used: int
    rows_held_out: int
    rows_dropped: dict[str, int]
    tokens: int
    loss_tokens: int
    truncated: int
    boundary_merged: int
    longest: tuple[LongRow, ...]
    part: PartReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How rows became text: the rendering, why, and the chat template's sha256 and file where one was used.

    `end_tokens` are the tokens that close a trained turn.
    """

    rendering: Choice
    sha256: str | None
    file: str | None
    end_tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedCanary:
    """A made-up secret and how often it was planted; `secret` is one of `possibilities` equally likely ones."""

    prompt: str
    completion: str
    secret: str
    possibilities: float
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport:
    """All data of the run. `overlap` counts validation rows whose turns are also a training row's, exactly.

    `duplicates` counts training rows that repeat an earlier one. `validation_reason` says why there is no
    validation where there is none.
    """

    files: tuple[FileReport, ...]
    template: Template
    train_rows: int
    validation_rows: int
    train_tokens: int
    train_loss_tokens: int
    validation_tokens: int
    validation_loss_tokens: int
    overlap: int
    duplicates: int
    split: str | None
    validation_reason: str | None
    canaries: tuple[PlantedCanary, ...]
    canary_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Optimizer steps planned and done, and how many passes over the training rows those were."""

    planned: int
    done: int
    epochs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainLoss:
    """Mean cross-entropy per loss token, in nats. `first` and `last` are means over `window` steps.

    `window` is a tenth of the steps, at least 5 (all of them where there are fewer). `best` is the lowest
    single step's loss.
    """

    first: float
    last: float
    best: float
    best_step: int
    window: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationLoss:
    """Mean cross-entropy per loss token over all validation rows, in nats; `first` is the base model's own."""

    first: float
    best: float
    best_step: int
    last: float
    last_step: int
    rows: int
    loss_tokens: int
    curve: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Parameter counts: `total` with the adapter, `trainable` of them, `base` without it; `adapted` layers' names."""

    total: int
    trainable: int
    base: int
    adapted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalCompute:
    """Training compute for the provider-status question, in FLOPs, with what the formula counts and leaves out."""

    value: float
    formula: str
    included: tuple[str, ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """Work done. `tokens` are non-padding tokens that went through training steps, epochs counted.

    `model_flops` is what the model's matrix products and attention needed (`model_flops_formula`), without
    recomputation and padding; `validation_flops` the same for validation passes. Seconds are wall time: all of
    it, and of the training steps alone (`step_seconds`); resumed runs add up their parts.
    """

    tokens: int
    loss_tokens: int
    padding_tokens: int
    model_flops: float
    model_flops_formula: str
    validation_flops: float
    legal: LegalCompute
    wall_seconds: float
    step_seconds: float
    tokens_per_second: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Energy by hardware counters; `kwh` is null, with the `reason`, where none could be read for the whole run."""

    kwh: float | None
    method: str | None
    boundary: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Highest use seen, in bytes: of the process's resident memory, and of the GPU by PyTorch's allocator."""

    peak_rss_bytes: int
    peak_cuda_bytes: int | None
    cuda_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Number types in use: of the base weights, the trained weights, the matrix products and the optimizer."""

    choice: Choice
    base_weights: str
    trained_weights: str
    compute: str
    optimizer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Where it ran: the choice, and the processor's own name."""

    choice: Choice
    name: str | None
    threads: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """The run was taken up again from a checkpoint."""

    at: str
    from_step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A file of the output folder, by its relative path."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What was made: `adapter` or `model`, its folder, that folder's digest, and the weights file's own sha256.

    Large models come in several weight files; then `weights_sha256` is the digest of their listing. `weights` is
    the number type in which they are stored (`float32`, `bfloat16`).
    """

    kind: Literal["adapter", "model"]
    path: str
    sha256: str
    weights_sha256: str
    weights: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The whole record of one run. What a run did not reach before it ended is null."""

    status: Status
    error: ErrorReport | None
    started_at: str
    finished_at: str
    environment: dict[str, Any]
    schema: Literal["assay.training-manifest/1"] = SCHEMA
    task: str | None = None
    spec: dict[str, Any] | None = None
    spec_sha256: str | None = None
    seed: int | None = None
    method: dict[str, Any] | None = None
    base_model: BaseModel | None = None
    data: DataReport | None = None
    hyperparameters: dict[str, Choice] | None = None
    precision: Precision | None = None
    device: Device | None = None
    parameters: Parameters | None = None
    steps: Steps | None = None
    train_loss: TrainLoss | None = None
    validation_loss: ValidationLoss | None = None
    compute: Compute | None = None
    energy: Energy | None = None
    memory: Memory | None = None
    resumptions: tuple[Resumption, ...] = ()
    output: Output | None = None
    artefacts: tuple[Artefact, ...] = ()

    @classmethod
    def parse(cls, value: Any) -> Manifest:
        """A manifest from parsed JSON. Raises UserError naming the field that is not as the schema has it."""
        if isinstance(value, dict) and value.get("schema") != SCHEMA:
            raise FieldError(f'must be "{SCHEMA}", not {strict.shown(value.get("schema"))}', "manifest.schema")
        return strict.read(cls, value, "manifest")

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON values, every field present."""
        written = strict.write(self)
        assert isinstance(written, dict)  # noqa: S101 - a dataclass is written as an object
        return written


def load_manifest(path: str | Path) -> Manifest:
    """Read `manifest.json`. Raises UserError where it is absent, not JSON or not of this schema."""
    path = Path(path)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"The manifest cannot be read: {error.strerror}. A run writes it last: is the run over?"
        raise UserError("manifest-unreadable", message, str(path)) from error
    except (ValueError, RecursionError) as error:
        raise UserError("manifest-unreadable", f"The manifest is not valid JSON: {error}.", str(path)) from error
    return Manifest.parse(value)


def set_aside(path: Path) -> Path:
    """Keep the manifest of an earlier part of a run beside the one to come; returns where it is now."""
    number = 1 + sum(1 for _ in path.parent.glob("manifest.part-*.json"))
    return path.rename(path.with_name(f"manifest.part-{number}.json"))
