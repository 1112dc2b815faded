"""Where a job's process works: a folder of its own under the data folder, named by job and attempt, gone afterwards.

What lies in it may be people's data, and a worker that is killed removes nothing. So every round of housekeeping, and
with it every worker's start, removes the folders whose attempt is over.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.conf import settings

from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease

_NAME = re.compile(r"(?P<job>[0-9a-f-]{36})\.(?P<token>[0-9]+)")


def root() -> Path:
    return Path(settings.DATA_DIR) / "jobs"


@contextmanager
def folder_of(lease: Lease) -> Iterator[Path]:
    """A new folder that nobody else may read, for one process of this attempt."""
    root().mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = root() / f"{lease.job_id}.{lease.token}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        _remove(folder)


def remove_left() -> list[str]:
    """Remove what lost workers left; returns the names. A folder whose attempt is still held stays."""
    gone = []
    for folder in sorted(root().glob("*.*")):
        named = _NAME.fullmatch(folder.name)
        if named and not jobs.is_at_work(UUID(named["job"]), int(named["token"])):
            _remove(folder)
            gone.append(folder.name)
    return gone


def _remove(folder: Path) -> None:
    # Two may be at it at once, the attempt itself and a round of housekeeping; what stays goes with the next round.
    shutil.rmtree(folder, ignore_errors=True)
