"""The job "trace": the indexes of rows of every version that lies apart are held against what was withdrawn."""

import time
from collections.abc import Callable

from assay.jobs.keeping import keeping
from assay.jobs.supervise import Interrupted
from governance.delivery.lineage import worker as lineage
from governance.foundation.jobs import errands
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease

TELL_SECONDS = 1.0


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Look through them under `lease`. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    looking = Looking(lease, stopping)
    with keeping(lease):
        holding = lineage.look(lease=lease, told=looking)
        lineage.finish(lease=lease, holding=holding, looked_through=looking.done)


def fail(lease: Lease, message: str) -> None:
    """Record that not all were looked through, and why. Raises LeaseLost."""
    errands.fail(lease, message)


class Looking:
    """Told of every version, it tells of the progress, once a second, and stops with the worker."""

    def __init__(self, lease: Lease, stopping: Callable[[], bool]) -> None:
        self.lease, self.stopping = lease, stopping
        self.done = 0
        self.told = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        self.done, now = done, time.monotonic()
        if self.stopping():
            raise Interrupted
        if now - self.told >= TELL_SECONDS:
            self.told = now
            jobs.keep(self.lease, progress={"done": done, "of": of, "unit": "versions", "text": ""})
