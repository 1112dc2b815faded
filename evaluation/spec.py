"""What was asked: the evaluation specification `assay.evaluation/1`, read strictly.

Standard library only: this module and `report` are the door that other rooms may use. A wrong
specification raises `Invalid` with the place in the file (`tasks[1].limit`) and the cure.
"""

from __future__ import annotations

import json
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from preparation.digests import sha256_of

SCHEMA = "assay.evaluation/1"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")

LimitKind = Literal["max", "min", "max_rise", "max_drop", "margin"]
Option = bool | int | float | str
T = TypeVar("T")


class Invalid(ValueError):
    """What a person gave is wrong: `where` it stands, what is wrong and the cure."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message


def decode(kind: type[T], data: object, where: str, *, rest: str | None = None) -> T:
    """Build the dataclass `kind` from `data`, refusing unknown keys, absent keys and wrong types.

    `rest` names a mapping field that takes the keys no other field knows. Raises `Invalid`.
    """
    if not isinstance(data, Mapping):
        raise Invalid(where, f"expected an object, found {_kind_of(data)}.")
    hints = typing.get_type_hints(kind)
    known = {f.name: f for f in fields(kind) if f.name != rest}  # type: ignore[arg-type]
    unknown = {key: value for key, value in data.items() if key not in known}
    if unknown and rest is None:
        raise Invalid(where, f"unknown key {_listing(unknown)}; known keys are {_listing(known)}.")
    values: dict[str, Any] = {}
    for name, spec in known.items():
        if name in data:
            values[name] = _value(hints[name], data[name], f"{where}.{name}")
        elif spec.default is MISSING and spec.default_factory is MISSING:
            raise Invalid(where, f"the key '{name}' is absent; known keys are {_listing(known)}.")
    if rest is not None:
        values[rest] = _value(hints[rest], unknown, where)
    return kind(**values)


def _value(hint: Any, data: object, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(typing.get_args(hint), data, where)
    if origin is Literal:
        if data not in typing.get_args(hint):
            raise Invalid(where, f"expected one of {_listing(typing.get_args(hint))}, found {data!r}.")
        return data
    if origin is tuple:
        return _sequence(typing.get_args(hint), data, where)
    if origin is dict:
        if not isinstance(data, Mapping):
            raise Invalid(where, f"expected an object, found {_kind_of(data)}.")
        return {str(key): _value(typing.get_args(hint)[1], value, f"{where}.{key}") for key, value in data.items()}
    if is_dataclass(hint):
        return decode(hint, data, where)  # type: ignore[arg-type]
    return _scalar(hint, data, where)


def _one_of(choices: tuple[Any, ...], data: object, where: str) -> Any:
    if data is None and type(None) in choices:
        return None
    wrong: Invalid | None = None
    for choice in (c for c in choices if c is not type(None)):
        try:
            return _value(choice, data, where)
        except Invalid as error:
            wrong = error
    raise wrong or Invalid(where, f"expected nothing, found {_kind_of(data)}.")


def _sequence(inner: tuple[Any, ...], data: object, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        raise Invalid(where, f"expected a list, found {_kind_of(data)}.")
    if inner[-1] is Ellipsis:
        return tuple(_value(inner[0], value, f"{where}[{i}]") for i, value in enumerate(data))
    if len(data) != len(inner):
        raise Invalid(where, f"expected {len(inner)} values, found {len(data)}.")
    return tuple(_value(hint, value, f"{where}[{i}]") for i, (hint, value) in enumerate(zip(inner, data, strict=True)))


def _scalar(hint: Any, data: object, where: str) -> Any:
    if hint is Any or hint is object:
        return data
    if hint is float and isinstance(data, int | float) and not isinstance(data, bool):
        if not math.isfinite(data):
            raise Invalid(where, "expected a finite number.")
        return float(data)
    if isinstance(data, hint) and (hint is bool or not isinstance(data, bool)):
        return data
    raise Invalid(where, f"expected {hint.__name__}, found {_kind_of(data)}.")


def _kind_of(data: object) -> str:
    return "null" if data is None else f"{type(data).__name__} {str(data)[:40]!r}"


def _listing(names: Iterable[object]) -> str:
    return ", ".join(f"'{name}'" for name in names) or "none"


@dataclass(frozen=True)
class Model:
    """One model to measure. With `adapter`, `path` is its base; both are local folders.

    `sha256` and `adapter_sha256` pin the folder digests of `path` and `adapter`: other bytes are not measured.
    """

    name: str
    path: str
    adapter: str | None = None
    sha256: str | None = None
    adapter_sha256: str | None = None


@dataclass(frozen=True)
class TaskRequest:
    """One task to run. `limit` samples the items; `sha256` pins the suite or items file that the plan was locked on."""

    name: str
    items: str | None = None
    limit: int | None = None
    sha256: str | None = None
    options: dict[str, Option] = field(default_factory=dict)


@dataclass(frozen=True)
class Threshold:
    """Limits fixed before the run, on one metric (of one group) of the candidate, which is the last model.

    `max` and `min` bound the candidate's value; `max_rise` and `max_drop` bound candidate minus
    base; `margin` demands that the candidate is shown to be no worse than the base by more than it.
    """

    task: str
    metric: str
    group: str | None = None
    max: float | None = None
    min: float | None = None
    max_rise: float | None = None
    max_drop: float | None = None
    margin: float | None = None

    def limits(self) -> dict[LimitKind, float]:
        """The limits that are set, by name."""
        return {name: getattr(self, name) for name in typing.get_args(LimitKind) if getattr(self, name) is not None}


@dataclass(frozen=True)
class Spec:
    """A whole evaluation: models, tasks, limits. The first model is the base, the last the candidate."""

    schema: Literal["assay.evaluation/1"]
    models: tuple[Model, ...]
    tasks: tuple[TaskRequest, ...]
    thresholds: tuple[Threshold, ...] = ()
    seed: int = 0
    device: str = "auto"
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_size: int = 16

    def content(self) -> dict[str, Any]:
        """The specification as JSON values, with task options beside the task's other keys."""
        content: dict[str, Any] = asdict(self)
        for task in content["tasks"]:
            task.update(task.pop("options"))
        return content

    @property
    def sha256(self) -> str:
        """The content digest of the specification."""
        return sha256_of(self.content())


def parse(data: object, where: str = "spec") -> Spec:
    """The specification in `data`. Raises `Invalid` for anything unknown, absent, doubled or out of range."""
    if not isinstance(data, Mapping):
        raise Invalid(where, f"expected an object, found {_kind_of(data)}.")
    plain = {key: value for key, value in data.items() if key != "tasks"}
    spec = decode(Spec, {**plain, "tasks": []}, where)
    asked = data.get("tasks")
    if not isinstance(asked, list) or not asked:
        raise Invalid(f"{where}.tasks", "name at least one task; `python -m evaluation tasks` lists them.")
    tasks = tuple(decode(TaskRequest, task, f"{where}.tasks[{i}]", rest="options") for i, task in enumerate(asked))
    spec = Spec(**{**{f.name: getattr(spec, f.name) for f in fields(spec)}, "tasks": tasks})
    _check(spec, where)
    return spec


def read(path: Path) -> Spec:
    """The specification in the file `path`. Raises `Invalid` naming the file when it is absent or no JSON."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Invalid(str(path), "there is no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(str(path), f"cannot be read: {error}.") from None
    except json.JSONDecodeError as error:
        raise Invalid(str(path), f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.") from None
    return parse(data)


def _check(spec: Spec, where: str) -> None:
    if not spec.models:
        raise Invalid(f"{where}.models", "name at least one model.")
    if spec.batch_size < 1:
        raise Invalid(f"{where}.batch_size", "must be at least 1.")
    _check_names([model.name for model in spec.models], f"{where}.models")
    _check_names([task.name for task in spec.tasks], f"{where}.tasks")
    for i, model in enumerate(spec.models):
        _check_pins(model, f"{where}.models[{i}]")
    for i, task in enumerate(spec.tasks):
        if task.limit is not None and task.limit < 1:
            raise Invalid(f"{where}.tasks[{i}].limit", "must be at least 1, or null for every item.")
        if task.sha256 is not None and not SHA256.fullmatch(task.sha256):
            raise Invalid(f"{where}.tasks[{i}].sha256", "must be 64 lower-case hex digits.")
    for i, threshold in enumerate(spec.thresholds):
        place = f"{where}.thresholds[{i}]"
        if threshold.task not in {task.name for task in spec.tasks}:
            raise Invalid(place, f"names the task '{threshold.task}', which this specification does not run.")
        if not threshold.limits():
            raise Invalid(place, "sets no limit; give max, min, max_rise, max_drop or margin.")
        if threshold.margin is not None and threshold.margin <= 0:
            raise Invalid(f"{place}.margin", "must be above 0.")


def _check_pins(model: Model, where: str) -> None:
    for name in ("sha256", "adapter_sha256"):
        pin = getattr(model, name)
        if pin is not None and not SHA256.fullmatch(pin):
            raise Invalid(f"{where}.{name}", "must be 64 lower-case hex digits.")
    if model.adapter_sha256 is not None and model.adapter is None:
        raise Invalid(f"{where}.adapter_sha256", "there is no adapter; name its folder in adapter, or leave this out.")


def _check_names(names: list[str], where: str) -> None:
    for i, name in enumerate(names):
        if not NAME.fullmatch(name):
            raise Invalid(f"{where}[{i}].name", f"{name!r} must be letters, digits, '.', '_' or '-', at most 64.")
        if name in names[:i]:
            raise Invalid(f"{where}[{i}].name", f"'{name}' is there twice; names must differ.")
