"""The texts inside a row, wherever they lie: every column, also those that its format does not use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONG_NUMBER = 10**6  # a phone or card number may be written as a number


def walk(value: Any, path: str = "", about: str = "") -> Iterator[tuple[str, str, str]]:
    """`(path, name of its column, text)` of every text and long whole number; a path has [] for any element."""
    if isinstance(value, str):
        yield path, about, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{path}.{key}" if path else key, spoken(key))
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, f"{path}[]", about)
    elif type(value) is int and abs(value) >= _LONG_NUMBER:
        yield path, about, str(value)


def rewritten(value: Any, change: Callable[[str, str], str], about: str = "") -> Any:
    """The same value with each of those texts as `change(column, text)` has it; a number stays one if unchanged."""
    if isinstance(value, str):
        return change(about, value)
    if isinstance(value, dict):
        return {key: rewritten(inner, change, spoken(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [rewritten(inner, change, about) for inner in value]
    if type(value) is int and abs(value) >= _LONG_NUMBER:
        text = change(about, str(value))
        return value if text == str(value) else text
    return value


def spoken(key: str) -> str:
    """A column's name as words: phoneNumber and phone-number as phone_Number and phone_number."""
    return _HUMP.sub("_", key).replace("-", "_")
