"""The job "search": one process after another looks through the files of a search, each file once."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from assay.jobs.errands import Process, command
from assay.jobs.supervise import Limits, Outcome
from governance.delivery.searches import worker as searches
from governance.delivery.searches.models import Part
from governance.foundation.jobs import errands
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from preparation.cli import SEARCH

LIMITS = Limits(address_space=4 * 1024**3, nice=10)
SOUGHT = "sought.json"


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Raises LeaseLost, and Interrupted when `stopping` ended it; what was looked through by then stays so."""
    for parts in searches.left(lease):
        Process(partial(_prepare, parts), partial(_take, parts), LIMITS).carry_out(lease, stopping)
        if not jobs.still_held(lease):
            return
    searches.finish(lease)


def fail(lease: Lease, message: str) -> None:
    """Record that the search came to no end, and why. Raises LeaseLost."""
    errands.fail(lease, message)


def _prepare(parts: list[Part], lease: Lease, folder: Path) -> list[str]:
    """What is sought goes by a file that nobody else may read and that the process removes: a command line and an
    environment can be read by others."""
    version = parts[0].version
    path, sought = searches.begin(lease, version, folder)
    target = folder / SOUGHT
    with open(target, "x", opener=partial(os.open, mode=0o600), encoding="utf-8") as file:
        json.dump({"term": sought.term, "how": sought.how}, file)
    return command("search", path, folder, version.file_name, version.reading, "--sought", str(target))


def _take(parts: list[Part], lease: Lease, folder: Path, _outcome: Outcome) -> None:
    searches.take(lease, parts, json.loads((folder / SEARCH).read_text(encoding="utf-8")))
