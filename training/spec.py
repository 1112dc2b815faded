"""What was asked of a training run: schema `assay.training/1`. Standard library only.

A spec is read strictly: an unknown field, a wrong type or a number out of range is refused with the field's
path and the cure, so that a misspelt setting can never be silently ignored. `"auto"` leaves a choice to the
trainer; what it chose, and why, stands in the manifest.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from preparation import digests
from preparation.findings import Refused
from preparation.reading import Reading
from training import strict
from training.errors import UserError
from training.strict import FieldError

SCHEMA: Literal["assay.training/1"] = "assay.training/1"
TASKS = ("sft",)

Auto = Literal["auto"]
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """Low-rank adapters beside frozen weights (Hu et al. 2021, arXiv:2106.09685); output is `adapter/`.

    `target_modules`: `"all-linear"` (every linear layer but the output head) or the layers' own names.
    """

    name: Literal["lora"] = "lora"
    r: int = 16
    alpha: int = 32
    dropout: float = 0.0
    target_modules: Literal["all-linear"] | tuple[str, ...] = "all-linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """All weights are trained; output is `model/`."""

    name: Literal["full"] = "full"


METHODS: dict[str, type[Lora] | type[Full]] = {"lora": Lora, "full": Full}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of a file that belong to some parts of a split: no row is copied.

    `path` names the assignment, one byte a row of the file in order; a row belongs where its byte is one of the
    places in `keep`, which maps the name of a part to its place. `sha256`, if given, must be the assignment's.
    """

    path: str
    keep: dict[str, int]
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file of rows. `sha256`, if given, must be the file's; a relative path starts at the spec's folder.

    `container`, `format` and `columns` say how it is read, as `preparation.reading.Reading` has them; "auto" means
    as the file shows. `part` names the rows to use; None means all.
    """

    path: str
    format: str = "auto"
    container: str = "auto"
    columns: dict[str, str] = field(default_factory=dict)
    sha256: str | None = None
    part: Part | None = None

    def reading(self) -> Reading:
        return Reading(self.container, self.format, self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What to train on and what to hold out.

    `validation_fraction` is the share of the training rows to hold out; None means 0.1, or 0 where
    `validation` names files. `rendering` says how rows become text: `chat` applies the model's own chat
    template, `plain` joins prompt and completion as they are, `auto` takes `chat` where there is a template.
    """

    train: tuple[DataFile, ...]
    validation: tuple[DataFile, ...] = ()
    validation_fraction: float | None = None
    rendering: Literal["auto", "chat", "plain"] = "auto"

    @property
    def held_out_fraction(self) -> float:
        if self.validation_fraction is None:
            return 0.0 if self.validation else 0.1
        return self.validation_fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperparameters:
    """`batch_size` rows go through the model at once; `gradient_accumulation` such batches make one step.

    `max_steps` caps the run when `epochs` is a number, and alone decides its length when `epochs` is auto.
    `warmup_ratio` is the share of steps with a rising rate; after it the rate falls along a cosine to 0.
    """

    learning_rate: float | Auto = "auto"
    epochs: float | Auto = "auto"
    max_steps: int | None = None
    batch_size: int | Auto = "auto"
    gradient_accumulation: int | Auto = "auto"
    max_length: int = 512
    packing: bool = False
    warmup_ratio: float | Auto = "auto"
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    gradient_checkpointing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """`count` made-up secrets planted in the training rows; canary i is repeated `repeat[i % len]` times."""

    count: int = 0
    seed: int = 0
    repeat: tuple[int, ...] = (1, 4, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSpec:
    """One run, as asked. `checkpoint_every` is `"epoch"` or a number of steps; the last two are kept.

    `base_model_sha256`, if given, must be the folder digest of the base model. `max_kwh`, if given, ends the run when
    so much energy was measured; where it cannot be measured, the run does not begin.
    """

    base_model: str
    data: Data
    schema: Literal["assay.training/1"] = SCHEMA
    base_model_sha256: str | None = None
    task: str = "sft"
    revision: str | None = None
    method: Lora | Full = field(default_factory=Lora)
    hyperparameters: Hyperparameters = field(default_factory=Hyperparameters)
    canaries: Canaries = field(default_factory=Canaries)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seed: int = 0
    base_training_flops: float | None = None
    checkpoint_every: int | Literal["epoch"] = "epoch"
    max_kwh: float | None = None

    @classmethod
    def parse(cls, value: Any) -> TrainingSpec:
        """A spec from parsed JSON. Raises UserError (`invalid-field`) naming the field and the cure."""
        if not isinstance(value, dict):
            raise FieldError(f"must be a JSON object, not {strict.shown(value)}", "spec")
        if value.get("schema") != SCHEMA:
            found = strict.shown(value["schema"]) if "schema" in value else "nothing"
            raise FieldError(f'must be "{SCHEMA}", not {found}; other versions are not read', "spec.schema")
        _check_method_name(value.get("method", {"name": "lora"}))
        spec = strict.read(cls, value, "spec")
        _check(spec)
        return spec

    def to_json(self) -> dict[str, Any]:
        """The spec with every default filled in, as plain JSON values."""
        written = strict.write(self)
        assert isinstance(written, dict)  # noqa: S101 - a dataclass is written as an object
        return written

    def digest(self) -> str:
        """The sha256 of the canonical JSON of `to_json()`: leaving a default out or stating it is the same spec."""
        return digests.sha256_of(self.to_json())

    def settings_digest(self) -> str:
        """The digest of all but where things lie and when to stop: a run may go on after its files were moved.

        What the base model and the rows are is held by their own digests, in manifest and checkpoint.
        """
        whole = self.to_json()
        for file in (*whole["data"]["train"], *whole["data"]["validation"]):
            del file["path"]
            if file["part"] is not None:
                del file["part"]["path"]
        del whole["base_model"], whole["base_model_sha256"], whole["max_kwh"]
        return digests.sha256_of(whole)


def load_spec(path: str | Path) -> TrainingSpec:
    """Read a spec file. Raises UserError naming the line or the field; paths stay as written."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError("spec-unreadable", f"The spec cannot be read: {error.strerror}.", str(path)) from error
    except UnicodeDecodeError as error:
        raise UserError("spec-unreadable", "The spec is not UTF-8 text; save it as UTF-8.", str(path)) from error
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UserError("spec-unreadable", f"The spec is not valid JSON: {error}.", str(path)) from error
    return TrainingSpec.parse(value)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _check_method_name(method: Any) -> None:
    name = method.get("name") if isinstance(method, dict) else method
    if name not in METHODS:
        raise FieldError(f"must be one of {', '.join(METHODS)}, not {strict.shown(name)}", "spec.method.name")


def _check(spec: TrainingSpec) -> None:
    _require(spec.task in TASKS, f"must be one of {', '.join(TASKS)}, not {strict.shown(spec.task)}", "task")
    _require(bool(spec.base_model.strip()), "must name a model folder or a hub id", "base_model")
    base = spec.base_model_sha256
    _require(base is None or bool(_SHA256.fullmatch(base)), "must be 64 lower-case hex digits", "base_model_sha256")
    _require(0 <= spec.seed < 2**32, "must be from 0 to 4294967295", "seed")
    flops = spec.base_training_flops
    _require(flops is None or flops > 0, "must be above 0, or null where it is not known", "base_training_flops")
    _require(
        spec.checkpoint_every == "epoch" or _positive(spec.checkpoint_every),
        'must be "epoch" or a number of steps of at least 1',
        "checkpoint_every",
    )
    _require(spec.max_kwh is None or spec.max_kwh > 0, "must be above 0, or null for no limit", "max_kwh")
    if isinstance(spec.method, Lora):
        _check_lora(spec.method)
    _check_data(spec.data)
    _check_hyperparameters(spec.hyperparameters)
    canaries = spec.canaries
    _require(0 <= canaries.count <= 1000, "must be from 0 to 1000", "canaries.count")
    _require(
        bool(canaries.repeat) and all(map(_positive, canaries.repeat)),
        "must list at least one number, each at least 1",
        "canaries.repeat",
    )


def _check_lora(method: Lora) -> None:
    _require(1 <= method.r <= 1024, "must be from 1 to 1024", "method.r")
    _require(method.alpha >= 1, "must be at least 1", "method.alpha")
    _require(0 <= method.dropout < 1, "must be at least 0 and below 1", "method.dropout")
    _require(bool(method.target_modules), 'must be "all-linear" or name at least one layer', "method.target_modules")


def _check_data(data: Data) -> None:
    _require(bool(data.train), "must name at least one file", "data.train")
    for name, files in (("train", data.train), ("validation", data.validation)):
        for index, file in enumerate(files):
            where = f"data.{name}[{index}]"
            _require(bool(file.path.strip()), "must name a file", f"{where}.path")
            try:
                file.reading().check()
            except Refused as refused:
                message = f"{refused.message} {refused.cure}"
                raise FieldError(message, f"spec.{where}.{refused.field}") from None
            _check_sha256(file.sha256, where)
            if file.part is not None:
                _check_part(file.part, f"{where}.part")
    _require(0 <= data.held_out_fraction < 1, "must be at least 0 and below 1", "data.validation_fraction")
    _require(
        not data.validation or data.held_out_fraction == 0,
        "must be 0 (or left out) when data.validation names files: choose one",
        "data.validation_fraction",
    )


def _check_part(part: Part, where: str) -> None:
    _require(bool(part.path.strip()), "must name a file", f"{where}.path")
    _require(bool(part.keep), "must name at least one part", f"{where}.keep")
    for name, place in part.keep.items():
        _require(0 <= place <= 255, "must be from 0 to 255", f"{where}.keep.{name}")
    _check_sha256(part.sha256, where)


def _check_sha256(sha256: str | None, where: str) -> None:
    if sha256 is not None:
        _require(bool(_SHA256.fullmatch(sha256)), "must be 64 lower-case hex digits", f"{where}.sha256")


def _check_hyperparameters(chosen: Hyperparameters) -> None:
    for name in ("learning_rate", "epochs", "batch_size", "gradient_accumulation"):
        value = getattr(chosen, name)
        _require(value == "auto" or value > 0, 'must be above 0, or "auto"', f"hyperparameters.{name}")
    steps = chosen.max_steps
    _require(steps is None or steps >= 1, "must be at least 1, or null", "hyperparameters.max_steps")
    _require(chosen.max_length >= 8, "must be at least 8 tokens", "hyperparameters.max_length")
    _require(not chosen.packing, "is not available yet; set it to false", "hyperparameters.packing")
    warmup = chosen.warmup_ratio
    _require(warmup == "auto" or 0 <= warmup < 1, "must be at least 0 and below 1", "hyperparameters.warmup_ratio")
    _require(chosen.weight_decay >= 0, "must be at least 0", "hyperparameters.weight_decay")
    _require(chosen.max_grad_norm > 0, "must be above 0", "hyperparameters.max_grad_norm")


def _positive(value: Any) -> bool:
    return isinstance(value, int) and value >= 1


def _require(holds: bool, message: str, where: str) -> None:
    if not holds:
        raise FieldError(message, f"spec.{where}")
