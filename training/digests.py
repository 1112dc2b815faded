"""Canonical JSON and the digests made from it. Standard library only.

Canonical JSON follows RFC 8785 (JSON Canonicalization Scheme): members sorted by their UTF-16 code
units, no spaces, the shortest escapes, numbers as ECMAScript prints them. So any other RFC 8785
implementation, in any language, gives the same bytes and the same digest.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

# What a loader may read from a model folder. Notes (README.md, LICENSE) change no weight and no token.
MODEL_FILE_SUFFIXES = frozenset({".safetensors", ".json", ".jinja", ".txt", ".model"})

_CHUNK = 1 << 20
_LARGEST_EXACT_INTEGER = 2**53 - 1


def canonical_json(value: Any) -> bytes:
    """`value` as RFC 8785 bytes. Raises ValueError for what JSON cannot say (NaN, other types, huge integers)."""
    return _canonical(value).encode("utf-8")


def sha256_of(value: Any) -> str:
    """The sha256 of `value`'s canonical JSON, in lower-case hex."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def sha256_file(path: Path, read: Callable[[int], None] = lambda _: None) -> str:
    """The sha256 of a file's bytes, in lower-case hex. `read` is told the size of each piece of up to 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            read(len(chunk))
    return digest.hexdigest()


def model_files(folder: Path) -> list[Path]:
    """The files of a model folder that a loader may read, sorted by their relative POSIX path as UTF-8 bytes.

    Counted are regular files (also behind links, as in a hub cache), at any depth, whose suffix is in
    `MODEL_FILE_SUFFIXES` and whose path has no part that begins with a dot.
    """
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix in MODEL_FILE_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix().encode("utf-8"))


def folder_listing(folder: Path, read: Callable[[int], None] = lambda _: None) -> list[tuple[str, str]]:
    """`(relative POSIX path, sha256)` of every file `model_files` names, in that order; `read` as in `sha256_file`."""
    return [(path.relative_to(folder).as_posix(), sha256_file(path, read)) for path in model_files(folder)]


def listing_digest(listing: list[tuple[str, str]]) -> str:
    """The digest of a folder from its listing: sha256 over the canonical JSON of `[[path, sha256], ...]`."""
    return sha256_of([list(entry) for entry in sorted(listing, key=lambda entry: entry[0].encode("utf-8"))])


def folder_digest(folder: str | Path) -> str:
    """One sha256 for a model or adapter folder; the same files give the same digest wherever they lie.

    The algorithm, so that anyone can repeat it: list the files of `model_files`, pair each relative POSIX
    path with the sha256 of its bytes, sort by path (UTF-8 bytes), write `[[path, sha256], ...]` as
    canonical JSON (RFC 8785) and take the sha256 of those bytes, in lower-case hex.
    """
    return listing_digest(folder_listing(Path(folder)))


def _canonical(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int():
            if abs(value) > _LARGEST_EXACT_INTEGER:
                raise ValueError(f"{value} is beyond the integers that every JSON reader keeps exactly")
            return str(value)
        case float():
            return _number(value)
        case list() | tuple():
            return "[" + ",".join(_canonical(item) for item in value) + "]"
        case dict():
            if not all(isinstance(key, str) for key in value):
                raise ValueError("a JSON object's keys are text")
            ordered = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
            return "{" + ",".join(f"{_string(key)}:{_canonical(item)}" for key, item in ordered) + "}"
        case _:
            raise ValueError(f"{type(value).__name__} has no form in JSON")


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    """A float as ECMAScript's Number.prototype.toString prints it (RFC 8785, section 3.2.2.3)."""
    if not math.isfinite(value):
        raise ValueError(f"{value} has no form in JSON")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) if whole != "0" else int(exponent or 0) - (len(fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    """`0.DIGITS x 10^point` in ECMAScript's choice between plain and exponent notation."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    power = point - 1
    shown = digits[0] + (f".{digits[1:]}" if count > 1 else "")
    return f"{shown}e{'+' if power >= 0 else '-'}{abs(power)}"
