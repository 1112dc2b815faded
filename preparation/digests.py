"""Canonical JSON and the digests made from it.

Canonical JSON is RFC 8785 (JSON Canonicalization Scheme), so any other implementation of it, in any language,
gives the same bytes and the same digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rfc8785

_CHUNK = 1 << 20

# What a loader may read from a model folder. Notes (README.md, LICENSE) change no weight and no token.
MODEL_FILE_SUFFIXES = frozenset({".safetensors", ".json", ".jinja", ".txt", ".model"})


def canonical_json(value: Any) -> bytes:
    """`value` as RFC 8785 bytes. Raises ValueError for what JSON cannot say (NaN, other types, huge integers)."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"It has no form in canonical JSON: {error}") from None


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
