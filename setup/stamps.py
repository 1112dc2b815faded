"""Stamps: what a step was last done for, so that a second set-up takes seconds.

A stamp holds a digest of the step's inputs and lies inside what the step made (the virtual
environment, node_modules), so that deleting the result deletes the stamp too.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def digest(paths: Iterable[Path], *words: str) -> str:
    """sha256 over the names and bytes of `paths` and over `words`; a file that is not there counts as that."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(f"{path.name}\0".encode())
        sha.update(path.read_bytes() if path.is_file() else b"absent")
        sha.update(b"\0")
    for word in words:
        sha.update(f"{word}\0".encode())
    return sha.hexdigest()


def read(stamp: Path, wanted: str) -> dict[str, Any] | None:
    """What the stamp noted, if the step was last done for `wanted`; else None."""
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return None
    return content["notes"] if content.get("inputs") == wanted else None


def write(stamp: Path, inputs: str, **notes: Any) -> None:
    """Note that the step was done for `inputs`, with what is worth telling again next time."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps({"inputs": inputs, "notes": notes}, indent=1) + "\n", encoding="utf-8")
