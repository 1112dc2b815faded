"""The copies of rows that lie in run folders, and letting go of them. Whoever erases rows calls this."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from governance.work.runs.folders import run_folder

VALIDATION = "validation.jsonl"  # the trainer's, under `out`: rows that were held out, with their digests


@dataclass(frozen=True)
class Forgotten:
    """How many copies of data files, and how many rows held out for validation, were in the folders and are gone."""

    files: int = 0
    rows: int = 0


def forget(runs: Iterable[UUID], *, file_sha256: str, digests: Collection[str]) -> Forgotten:
    """Remove the copies of a data file from the folders of `runs`, and the rows of these digests from those held out.

    A run that is laid out again copies its data anew, where there is any. Raises OSError.
    """
    files = rows = 0
    for run in runs:
        folder = run_folder(run)
        for copy in (folder / "data").glob(f"*-{file_sha256[:12]}*"):
            copy.unlink()
            files += not copy.name.endswith(".parts")
        held_out = folder / "out" / VALIDATION
        if held_out.is_file():
            rows += _without(held_out, digests)
    return Forgotten(files, rows)


def _without(path: Path, digests: Collection[str]) -> int:
    partial, gone = path.with_suffix(".partial"), 0
    with path.open(encoding="utf-8") as source, partial.open("w", encoding="utf-8") as target:
        for line in source:
            if json.loads(line).get("row_sha256") in digests:
                gone += 1
            else:
                target.write(line)
    if gone:
        partial.replace(path)
    else:
        partial.unlink()
    return gone
