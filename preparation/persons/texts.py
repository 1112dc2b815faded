"""The texts inside a row, wherever they lie: every column, also those that its format does not use.

Below the columns keys are texts too, since there they may be the data: {"to": {"jane@example.org": "cc"}}. A key of one
plain word (role, content) is the name of a field, and the columns' own names stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PLAIN_WORD = re.compile(r"[A-Za-z_]+")
_LONG_NUMBER = 10**6  # a phone or card number may be written as a number


def walk(value: Any, path: str = "", about: str = "", *, inside: bool = False) -> Iterator[tuple[str, str, str]]:
    """`(path, name of its column, text)` of every text and long whole number; a path has [] for any element, and {} at
    the end where the text is a key. `inside` a column keys are texts."""
    if isinstance(value, str):
        yield path, about, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if inside and _is_text(key):
                yield f"{path}{{}}", about, key
            yield from walk(inner, f"{path}.{key}" if path else key, spoken(key), inside=True)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, f"{path}[]", about, inside=True)
    elif type(value) is int and abs(value) >= _LONG_NUMBER:
        yield path, about, str(value)


def rewritten(value: Any, change: Callable[[str, str], str], about: str = "", *, inside: bool = False) -> Any:
    """The same value with each of those texts as `change(column, text)` has it; a number stays one if unchanged."""
    if isinstance(value, str):
        return change(about, value)
    if isinstance(value, dict):
        made: dict[str, Any] = {}
        for key, inner in value.items():
            name = _free(key, change(about, key), value, made) if inside and _is_text(key) else key
            made[name] = rewritten(inner, change, spoken(key), inside=True)
        return made
    if isinstance(value, list):
        return [rewritten(inner, change, about, inside=True) for inner in value]
    if type(value) is int and abs(value) >= _LONG_NUMBER:
        text = change(about, str(value))
        return value if text == str(value) else text
    return value


def _is_text(key: str) -> bool:
    return _PLAIN_WORD.fullmatch(key) is None


def _free(key: str, wanted: str, *taken: dict[str, Any]) -> str:
    """`wanted`, with a number behind it where another key has become, or is, the same."""
    name, number = wanted, 1
    while name != key and any(name in names for names in taken):
        number += 1
        name = f"{wanted} {number}"
    return name


def spoken(key: str) -> str:
    """A column's name as words: phoneNumber and phone-number as phone_Number and phone_number."""
    return _HUMP.sub("_", key).replace("-", "_")
