"""The job "erasure": a process of its own writes a version's file again without the rows that are erased."""

import json
from collections.abc import Callable
from pathlib import Path

from assay.jobs import errands
from assay.jobs.keeping import keeping
from assay.jobs.supervise import Limits, Outcome
from governance.delivery.erasures import worker as erasures
from governance.delivery.erasures.models import Erasure
from governance.foundation.jobs import errands as records
from governance.foundation.jobs.services import Lease
from preparation.cli import ERASED, INDEX, RESULT
from preparation.examination import Examination
from preparation.reading import read_rows
from preparation.rows import Row

LIMITS = Limits(address_space=4 * 1024**3, nice=5)


def _prepare(lease: Lease, folder: Path) -> list[str]:
    erasure, path = erasures.begin(lease, folder)
    places, version = folder / "places.json", erasure.version
    places.write_text(json.dumps(erasure.places), encoding="utf-8")
    return errands.command("erase", path, folder, version.file_name, version.reading, "--places", str(places))


def _take(lease: Lease, folder: Path, _outcome: Outcome) -> None:
    erasure = records.begun(lease, Erasure)
    erasures.finish(
        lease,
        examination=Examination.from_json(json.loads((folder / RESULT).read_text(encoding="utf-8"))),
        rows=folder / ERASED,
        index=folder / INDEX,
        digests=_digests(folder / "file", erasure),
    )


def _digests(path: Path, erasure: Erasure) -> set[str]:
    """The digests of the rows that go, by which their copies are known. They are kept nowhere."""
    places, version = set(erasure.places), erasure.version
    rows = (row for row in read_rows(path, version.reading, name=version.file_name) if isinstance(row, Row))
    return {row.digest() for place, row in enumerate(rows) if place in places}


class _Erasing(errands.Process):
    """Where no file is left there is nothing to write again, and no process is needed."""

    def carry_out(self, lease: Lease, stopping: Callable[[], bool]) -> None:
        if erasures.has_file(lease):
            super().carry_out(lease, stopping)
        else:
            with keeping(lease):
                erasures.finish_without_file(lease)


PROCESS = _Erasing(_prepare, _take, LIMITS)
