"""JSON as strict as a record needs it: no duplicate keys, no NaN, no value that another reader would round.

The fast parser (orjson) keeps the last of two equal keys in silence. A text with two quotes for each key and each
string of its value cannot hold a duplicate, whose own quotes would be left over; only where the counts differ is it
read again by the slow parser of the standard library, which sees every pair.
"""

from __future__ import annotations

import json
import math
from itertools import chain
from typing import Any

import orjson

from preparation.findings import Refused

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 40

_WHOLE = 2**53


def parse(raw: bytes) -> Any:
    """The one JSON value in `raw` (UTF-8). Raises Refused with what is wrong and where in the text."""
    values = parse_together([raw])
    return values[0] if values else parse_slowly(raw)


def parse_together(texts: list[bytes]) -> list[Any] | None:
    """The JSON value in each of some texts; None where one of them has to be looked at on its own, by `parse`."""
    try:
        values = list(map(orjson.loads, texts))
        quoted, exact = _measure(values)
    except (orjson.JSONDecodeError, Refused):
        return None
    return values if exact and 2 * quoted == _quotes(b"\n".join(texts)) else None


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
    _measure([value])


def _measure(values: list[Any]) -> tuple[int, bool]:
    """(keys and strings, whether every number came through exactly). Raises Refused for too deep a value.

    Level by level through all of them together: what it does in Python it does once for a level, not for a value.
    """
    quoted, exact, depth, level = 0, True, 0, values
    while True:
        kinds = list(map(type, level))
        quoted += kinds.count(str)
        if float in kinds:  # perhaps an integer that the fast parser turned into a double
            exact = exact and all(-_WHOLE < item < _WHOLE for item in level if type(item) is float)
        objects, lists = _of(dict, kinds, level), _of(list, kinds, level)
        if not objects and not lists:
            return quoted, exact
        if depth == MAX_DEPTH:
            raise _too_deep()
        depth += 1
        quoted += sum(map(len, objects))
        level = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(lists)]


def _of(kind: type, kinds: list[type], level: list[Any]) -> list[Any]:
    """The items of this kind."""
    found = kinds.count(kind)
    if found in (0, len(level)):
        return level if found else []
    return [item for item in level if type(item) is kind]


def _quotes(raw: bytes) -> int:
    """The quotes around keys and strings in `raw`: all but those that a backslash makes part of a text."""
    if b"\\" not in raw:
        return raw.count(b'"')
    raw = raw.replace(b"\\\\", b"")  # a backslash that is itself part of a text
    return raw.count(b'"') - raw.count(b'\\"')


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
