"""The job "profile": the quality of a version's rows is measured in a process of its own."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from assay.jobs import errands
from assay.jobs.supervise import Limits, Outcome
from evaluation import registry
from evaluation.suites import texts
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import measuring
from preparation.cli import PROFILE
from preparation.quality.asked import Source

# A model of languages and numpy beside the rows' numbers, some 100 bytes a row; what is compared lies on disk.
LIMITS = Limits(address_space=8 * 1024**3, nice=5)


def suites(folder: Path) -> Iterator[Source]:
    """What the evaluation asks, from each task that brings its own suite, written into `folder`."""
    for registered in registry.every():
        if registered.task.needs_items:
            continue
        found = registered.task.items(None)
        path = folder / f"suite-{registered.name}.jsonl"
        with path.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps({"text": text}) + "\n" for text in dict.fromkeys(texts(found.items)))
        yield Source(found.suite.name, path)


def _prepare(lease: Lease, folder: Path) -> list[str]:
    found, path, asked = measuring.begin(lease=lease, folder=folder)
    if found.options["suites"]:
        asked = replace(asked, suites=tuple(suites(folder)))
    version = found.version
    more = ("--asked", json.dumps(asked.to_json()))
    return errands.command("profile", path, folder, version.file_name, version.reading, *more)


def _take(lease: Lease, folder: Path, _outcome: Outcome) -> None:
    result = json.loads((folder / PROFILE).read_text(encoding="utf-8"))
    measuring.finish(lease=lease, result=result)


PROCESS = errands.Process(_prepare, _take, LIMITS)
