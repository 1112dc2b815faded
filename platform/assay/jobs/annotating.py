"""The job "annotate": the rows that people are to be shown are drawn from a large file in a process of its own."""

import json
from dataclasses import asdict
from pathlib import Path

from assay.jobs import errands
from assay.jobs.supervise import Limits, Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.annotations import worker as annotations
from preparation.cli import DRAWN, NOT_SOUND, SOUND
from preparation.drawing import Sampled

# A few thousand rows are kept, whatever the file holds.
LIMITS = Limits(address_space=4 * 1024**3, nice=5)


def _prepare(lease: Lease, folder: Path) -> list[str]:
    task, path, asked, other = annotations.begin(lease=lease, folder=folder)
    version = task.version
    more = ["--draw", json.dumps(asked.to_json())]
    if other is not None:
        more += ["--other", json.dumps(asdict(other))]
    return errands.command("draw", path, folder, version.file_name, version.reading, *more)


def _take(lease: Lease, folder: Path, outcome: Outcome) -> None:
    if outcome.exit_code == NOT_SOUND:
        annotations.refuse(lease=lease, message=errands.why(outcome))
        return
    sampled = Sampled.from_json(json.loads((folder / DRAWN).read_text(encoding="utf-8")))
    annotations.finish(lease=lease, sampled=sampled)


PROCESS = errands.Process(_prepare, _take, LIMITS, understood=(SOUND, NOT_SOUND))
