"""The job "register": a large folder of weights is read and hashed, and becomes a base model or a refusal."""

import time
from collections.abc import Callable

from assay.jobs.keeping import keeping
from assay.jobs.supervise import Interrupted
from governance.foundation.core.errors import Unusable
from governance.foundation.jobs import errands
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease
from governance.materials.base_models import services as base_models
from governance.materials.base_models.inspection import inspect

TELL_SECONDS = 1.0
MEBIBYTE = 1 << 20


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Read the folder under `lease` and register it. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    folder, size = base_models.begin(lease=lease)
    with keeping(lease):
        try:
            found = inspect(folder, Reading(lease, size, stopping))
            base_models.finish(lease=lease, found=found)
        except Unusable as refused:
            base_models.refuse(lease=lease, refused=refused)


def fail(lease: Lease, message: str) -> None:
    """Record that there is no base model, and why. Raises LeaseLost."""
    errands.fail(lease, message)


class Reading:
    """Told of every piece that was read, it tells of the progress, once a second, and stops with the worker."""

    def __init__(self, lease: Lease, size: int, stopping: Callable[[], bool]) -> None:
        self.lease, self.size, self.stopping = lease, size, stopping
        self.done = 0
        self.began = self.told = time.monotonic()

    def __call__(self, read: int) -> None:
        self.done += read
        now = time.monotonic()
        if now - self.told < TELL_SECONDS:
            return
        self.told = now
        if self.stopping():
            raise Interrupted
        left = (self.size - self.done) * (now - self.began) / self.done
        jobs.keep(self.lease, progress={
            "done": self.done // MEBIBYTE, "of": self.size // MEBIBYTE, "unit": "MiB",
            "seconds_left": round(max(left, 0.0), 1), "text": "",
        })  # fmt: skip
