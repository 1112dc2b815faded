"""JSON read strictly into dataclasses: a wrong type, a missing or an unknown field is an error that helps.

The dataclass *is* the schema: its annotations say what each field may hold (`str`, `int`, `float`, `bool`,
`None`, `Literal`, unions, `tuple[X, ...]`, `dict[str, X]`, `Any`, other dataclasses), its defaults what may be
left out. Standard library only.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from typing import Any, Literal, TypeVar

from training.errors import UserError

T = TypeVar("T")

_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}


class FieldError(UserError):
    """A field of a JSON document that is missing, unknown or of the wrong kind; `where` is its path."""

    def __init__(self, message: str, where: str) -> None:
        super().__init__("invalid-field", message, where)


def read(kind: type[T], value: Any, where: str) -> T:
    """`value` (parsed JSON) as an instance of dataclass `kind`. Raises FieldError naming field and cure."""
    if not isinstance(value, dict):
        raise FieldError(f"must be a JSON object, not {shown(value)}", where)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in value:
        if name not in fields:
            raise FieldError(_unknown(name, list(fields)), f"{where}.{name}")
    hints = typing.get_type_hints(kind)
    given: dict[str, Any] = {}
    for name, field in fields.items():
        if name in value:
            given[name] = _convert(hints[name], value[name], f"{where}.{name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise FieldError(f"is missing; give {expected(hints[name])}", f"{where}.{name}")
    return kind(**given)


def write(value: Any) -> Any:
    """The inverse of `read`: dataclasses, tuples and dicts as plain JSON values, every field present."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: write(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (list, tuple)):
        return [write(item) for item in value]
    if isinstance(value, dict):
        return {key: write(item) for key, item in value.items()}
    return value


def expected(hint: Any) -> str:
    """What a field of this annotation may hold, in words."""
    if hint is Any:
        return "any JSON value"
    if hint in _NAMES:
        return _NAMES[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return " or ".join(f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(expected(argument) for argument in arguments)
    return "a list" if origin is tuple else "a JSON object"


def shown(value: Any) -> str:
    """A JSON value short enough for an error message."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f'; did you mean "{close[0]}"?' if close else f"; known fields are {', '.join(known)}"
    return f"is not a known field{hint}"


def _convert(hint: Any, value: Any, where: str) -> Any:
    if hint is Any:
        return value
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _convert_union(hint, arguments, value, where)
    if origin is Literal:
        if any(value == choice and type(value) is type(choice) for choice in arguments):
            return value
    elif origin is tuple and isinstance(value, list):
        return tuple(_convert(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    elif origin is dict and isinstance(value, dict):
        return {key: _convert(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    elif dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return read(hint, value, where)
    elif _plain(hint, value):
        return float(value) if hint is float else value
    raise FieldError(f"must be {expected(hint)}, not {shown(value)}", where)


def _convert_union(hint: Any, arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    """The first member that fits by shape decides, so that an error inside an object names the inner field."""
    for argument in arguments:
        if _fits(argument, value):
            return _convert(argument, value, where)
    raise FieldError(f"must be {expected(hint)}, not {shown(value)}", where)


def _fits(hint: Any, value: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin is Literal:
        return any(value == choice and type(value) is type(choice) for choice in typing.get_args(hint))
    if origin is tuple:
        return isinstance(value, list)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return isinstance(value, dict) and _same_kind(hint, value)
    if origin is dict:
        return isinstance(value, dict)
    return hint is Any or _plain(hint, value)


def _same_kind(kind: type, value: dict[str, Any]) -> bool:
    """Whether the fields that hold one fixed word (`name: Literal["lora"]`) hold it: that tells two objects apart."""
    hints = typing.get_type_hints(kind)
    fixed = [name for name in value if len(typing.get_args(hints.get(name))) == 1]
    return all(_fits(hints[name], value[name]) for name in fixed if typing.get_origin(hints[name]) is Literal)


def _plain(hint: Any, value: Any) -> bool:
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(hint, type) and isinstance(value, hint)
