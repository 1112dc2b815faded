"""The job "import": a file is read from end to end in a process of its own, fetched from a hub first where it lies
there, and becomes a version or a refusal."""

import json
from pathlib import Path

from django.conf import settings

from assay.jobs import errands
from assay.jobs.supervise import Limits, Outcome
from governance.foundation.jobs.services import Lease
from governance.materials.datasets import worker as imports
from preparation.cli import FETCHED, INDEX, NOT_SOUND, RESULT, SOUND
from preparation.examination import Examination
from preparation.hub import Fetched

# Reading takes memory for one row, one batch of a Parquet file, and some numbers for each row; the rest is mapped
# libraries for the most part. What needs more than this is no file of rows.
LIMITS = Limits(address_space=4 * 1024**3, nice=5)


def _prepare(lease: Lease, folder: Path) -> list[str]:
    found, path = imports.begin(lease=lease, folder=folder)
    if found.file_sha256:
        return errands.command("examine", path, folder, found.file_name, found.reading)
    asked = ("--hub", json.dumps(found.hub), "--limit", str(settings.ASSAY_UPLOAD_LIMIT))
    return errands.command("fetch", path, folder, found.file_name, found.reading, *asked)


def _take(lease: Lease, folder: Path, _outcome: Outcome) -> None:
    examination = Examination.from_json(json.loads((folder / RESULT).read_text(encoding="utf-8")))
    told = folder / FETCHED
    fetched = Fetched(**json.loads(told.read_text(encoding="utf-8"))) if told.exists() else None
    imports.finish(lease=lease, examination=examination, folder=folder, index=folder / INDEX, fetched=fetched)


PROCESS = errands.Process(_prepare, _take, LIMITS, understood=(SOUND, NOT_SOUND))
