"""Canonical JSON (RFC 8785) and the digests made from it: one spelling, so that equal things hash equally."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring as quoted  # escapes what RFC 8785 escapes, and nothing else
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import rfc8785

CHUNK = 1024 * 1024
LARGEST_EXACT = 2**53 - 1


def plain(value: Any) -> Any:
    """`value` as what JSON knows: times in UTC with a Z, ids and decimals as text, sets sorted, dataclasses
    by their fields.

    Raises TypeError for a type that has no agreed spelling here.
    """
    if type(value) in _AS_IT_IS:
        return value
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | str() | float():
            return value
        case int():
            # JSON numbers are doubles; an integer that a double cannot hold would change on the way.
            if abs(value) <= LARGEST_EXACT or float(value) != value:
                return value
            return float(value)
        case datetime():
            if value.tzinfo is None:
                raise TypeError(f"A time without a zone has no canonical form: {value!r}")
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case UUID() | Decimal() | Path():
            return str(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted(plain(item) for item in value)
        case list() | tuple():
            return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise TypeError(f"No canonical form for {type(value).__name__}: {value!r}")


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of `value`. Raises ValueError for a number or a text that JSON cannot hold."""
    return _spelt(value).encode()


def _spelt(value: Any) -> str:
    """What nearly every record is made of is spelt here, in one walk; numbers with a fraction and all else that has to
    be looked at more closely by the library, which takes three times as long."""
    spell = _SPELLINGS.get(type(value))
    return spell(value) if spell else rfc8785.dumps(plain(value)).decode()


def _object(value: dict[Any, Any]) -> str:
    try:
        is_ascii = "".join(value).isascii()
    except TypeError:  # keys that are no text
        return _spelt(plain(value))
    # The order is that of UTF-16; only beyond ASCII can it be another than Python's.
    names = sorted(value) if is_ascii else sorted(value, key=lambda name: name.encode("utf-16be"))
    return "{" + ",".join([f"{quoted(name)}:{_spelt(value[name])}" for name in names]) + "}"


def _array(value: Any) -> str:
    return "[" + ",".join(map(_spelt, value)) + "]"


def _integer(value: int) -> str:
    return str(value) if -LARGEST_EXACT <= value <= LARGEST_EXACT else rfc8785.dumps(plain(value)).decode()


_AS_IT_IS = frozenset({str, bool, float, type(None)})
_SPELLINGS: dict[type, Callable[[Any], str]] = {
    str: quoted,
    int: _integer,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
    datetime: lambda value: quoted(plain(value)),
    UUID: lambda value: f'"{value}"',
    dict: _object,
    list: _array,
    tuple: _array,
}


def digest(value: Any) -> str:
    """sha256, lower-case hex, of the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value)).hexdigest()


def digest_of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest_of_file(source: Path | BinaryIO) -> tuple[str, int]:
    """(sha256, bytes) of a file, read in pieces."""
    if isinstance(source, Path):
        with source.open("rb") as handle:
            return digest_of_file(handle)
    seen, size = hashlib.sha256(), 0
    while piece := source.read(CHUNK):
        seen.update(piece)
        size += len(piece)
    return seen.hexdigest(), size


def parsed(data: bytes | str) -> Any:
    """JSON as written by `canonical`: NaN and Infinity are refused."""

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    return json.loads(data, parse_constant=refuse)
