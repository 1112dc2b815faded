"""JSON as strict as a record needs it: no duplicate keys, no NaN, no value that another reader would round.

The fast parser (orjson) keeps the last of two equal keys in silence. A text with as many `"…":` as its value has
keys cannot hold a duplicate; only where the counts differ (a text that holds such a sequence itself, or a real
duplicate) is it read again by the slow parser of the standard library, which sees every pair.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

from preparation.findings import Refused

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 40

_KEY_ENDS = re.compile(rb'"[ \t\r\n]*:')
_SPACED = re.compile(rb'"[ \t\r\n]')
_WHOLE = 2**53


def parse(raw: bytes) -> Any:
    """The one JSON value in `raw` (UTF-8). Raises Refused with what is wrong and where in the text."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return parse_slowly(raw)  # it knows the place and the words
    keys, exact = _measure(value)
    ends = len(_KEY_ENDS.findall(raw)) if _SPACED.search(raw) else raw.count(b'":')
    return value if exact and keys == ends else parse_slowly(raw)


def parse_slowly(raw: bytes) -> Any:
    """As `parse`, by the standard library alone: it sees duplicate keys and says where a text breaks."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"The text is not UTF-8 (byte {error.start + 1}).", "Save the file as UTF-8.") from None
    if "\0" in text:
        raise Refused("The text holds a NUL byte.", "Remove it; is the file text?")
    try:
        value = json.loads(text, **HOOKS)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise Refused(
            f"It is not valid JSON: {error.msg} at character {error.pos + 1}.", "Mend it; a row is one JSON object."
        ) from None
    check_depth(value)
    return value


def check_depth(value: Any) -> None:
    """Raises Refused for what is nested deeper than MAX_DEPTH."""
    _measure(value)


def _measure(value: Any) -> tuple[int, bool]:
    """(keys in all objects, whether every number came through exactly). Raises Refused for too deep a value."""
    if type(value) is not dict and type(value) is not list:
        return 0, True
    keys, exact, depth = 0, True, 0
    level = [value]
    while level:
        if depth >= MAX_DEPTH:
            raise _too_deep()
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                keys += len(item)
            for inner in item.values() if type(item) is dict else item:
                kind = type(inner)
                if kind is dict or kind is list:
                    below.append(inner)
                elif kind is float and not -_WHOLE < inner < _WHOLE:
                    exact = False  # perhaps an integer that the fast parser turned into a double
        level = below
        depth += 1
    return keys, exact


def _too_deep() -> Refused:
    return Refused(f"The row is nested more than {MAX_DEPTH} deep.", "Flatten it.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Refused(f'The key "{twice[:40]}" is there twice in one object.', "Keep one of them.", twice[:40])
    return found


def _constant(name: str) -> Any:
    raise Refused(f"{name} is not a JSON number.", "Use null or a finite number.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Refused(f"The number {text[:40]} is too large to keep.", "Use a smaller number.")
    return value


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Refused(f"A number has more than {MAX_DIGITS} digits.", "Write it as text.")
    return int(text)


# What the standard parser must be told to be strict; readers that decode piece by piece use them too.
HOOKS: dict[str, Any] = {
    "object_pairs_hook": _unique,
    "parse_constant": _constant,
    "parse_float": _finite,
    "parse_int": _integer,
}
