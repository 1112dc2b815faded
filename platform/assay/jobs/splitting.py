"""The job "split": the rows of a large file are told apart in a process of its own."""

import json
from pathlib import Path

from assay.jobs import errands
from assay.jobs.supervise import Limits, Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import splitting
from preparation.cli import ASSIGNMENT, NOT_SOUND, SOUND, SPLIT
from preparation.findings import Refused

# One byte is kept of each row, by time some sixty.
LIMITS = Limits(address_space=4 * 1024**3, nice=5)


def _prepare(lease: Lease, folder: Path) -> list[str]:
    found, path = splitting.begin(lease=lease, folder=folder)
    version = found.version
    asked = json.dumps(found.options)
    return errands.command("split", path, folder, version.file_name, version.reading, "--split", asked)


def _take(lease: Lease, folder: Path, _outcome: Outcome) -> None:
    result = json.loads((folder / SPLIT).read_text(encoding="utf-8"))
    if "refused" in result:
        splitting.refuse(lease=lease, refused=Refused(**result["refused"]))
        return
    splitting.finish(lease=lease, parts=result["parts"], assignment=folder / ASSIGNMENT)


PROCESS = errands.Process(_prepare, _take, LIMITS, understood=(SOUND, NOT_SOUND))
