"""The job "examination": the audit trail and every record are verified because somebody asked."""

from collections.abc import Callable
from typing import Any

from assay.jobs.keeping import keeping
from assay.jobs.supervise import Interrupted
from governance.delivery.evidence import examining
from governance.foundation.jobs import errands
from governance.foundation.jobs.services import Lease


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Verify all under `lease`. Raises LeaseLost, and Interrupted when `stopping` ended it."""
    reading = Reading(stopping)
    with keeping(lease, progress=reading.progress):
        examining.carry_out(lease=lease, told=reading)


def fail(lease: Lease, message: str) -> None:
    """Record that it was not verified, and why. Raises LeaseLost."""
    errands.fail(lease, message)


class Reading:
    """Told of every stretch of entries; what it knows is written elsewhere, by another connection than reads them."""

    def __init__(self, stopping: Callable[[], bool]) -> None:
        self.stopping = stopping
        self.done = self.of = 0

    def __call__(self, done: int, of: int) -> None:
        self.done, self.of = done, of
        if self.stopping():
            raise Interrupted

    def progress(self) -> dict[str, Any]:
        return {"done": self.done, "of": self.of, "unit": "entries", "text": ""}
