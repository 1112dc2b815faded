"""Canonical JSON (RFC 8785) and the digests of values, files and model folders. Standard library only.

The folder digest is the one the trainer's manifest states for its artefacts, computed here again
from the files, so that a report and a manifest name the same bytes by the same 64 hex digits.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

# Only what a loader may read is counted; a README changes no weight and no token.
MODEL_FILES = {".safetensors", ".json", ".jinja", ".txt", ".model"}


def canonical(value: object) -> bytes:
    """`value` as RFC 8785 bytes. Raises ValueError for NaN, infinity and whatever JSON cannot say."""
    return _text(value).encode()


def digest(value: object) -> str:
    """sha256 of the canonical JSON of `value`, in lower-case hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of the bytes of `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """One sha256 for a model or adapter folder.

    Of the canonical JSON of `[[relative path, sha256 of the bytes], ...]`, sorted by path, over the
    files a loader may read; parts of a path that begin with a dot are left out.
    """
    listing = []
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.suffix in MODEL_FILES and path.is_file() and not any(part.startswith(".") for part in relative.parts):
            listing.append([relative.as_posix(), file_digest(path)])
    return digest(sorted(listing, key=lambda entry: entry[0].encode()))


def _text(value: object) -> str:
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) >= 2**53:
            raise ValueError(f"{value} is larger than the integers every JSON reader keeps exactly")
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(_text(item) for item in value)}]"
    if isinstance(value, Mapping):
        # UTF-16 code units are the order RFC 8785 asks for; it differs from code points beyond U+FFFF.
        ordered = sorted(value.items(), key=lambda pair: str(pair[0]).encode("utf-16-be"))
        return "{" + ",".join(f"{_text(str(key))}:{_text(item)}" for key, item in ordered) + "}"
    raise ValueError(f"{type(value).__name__} has no form in JSON")


def _number(value: float) -> str:
    """As ECMAScript prints it: plain between 1e-6 and 1e21, else `d.ddde+x`, never a trailing zero."""
    if not math.isfinite(value):
        raise ValueError(f"{value} has no form in JSON")
    if value == 0:
        return "0"
    exact = Decimal(repr(value)).normalize()
    if 1e-6 <= abs(value) < 1e21:
        return f"{exact:f}"
    sign, digits, exponent = exact.as_tuple()
    power = len(digits) - 1 + int(exponent)
    fraction = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if fraction else ''}{fraction}e{power:+d}"
