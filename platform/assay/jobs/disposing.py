"""The job "disposal": what is on a list is deleted, one thing after the other."""

from collections.abc import Callable

from assay.jobs.keeping import keeping
from assay.jobs.supervise import Interrupted
from governance.delivery.disposals import worker as disposals
from governance.foundation.jobs import errands
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease


def carry_out(lease: Lease, stopping: Callable[[], bool]) -> None:
    """Go through the list under `lease`. Between two things it stops for a person or with the worker. Raises LeaseLost,
    and Interrupted when `stopping` ended it."""
    with keeping(lease):
        waiting = disposals.begin(lease)
        for done, item in enumerate(waiting):
            if stopping():
                raise Interrupted
            told = {"done": done, "of": len(waiting), "unit": "things", "text": ""}
            if jobs.keep(lease, progress=told):
                errands.stop(lease)
                return
            disposals.dispose(lease, item)
        disposals.finish(lease)


def fail(lease: Lease, message: str) -> None:
    """Record that not all went, and why. Raises LeaseLost."""
    errands.fail(lease, message)
