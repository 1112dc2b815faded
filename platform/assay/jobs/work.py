"""From a message to a job done: claim it, hand it to the module of its task, and say how it ended."""

import logging
import socket
import threading
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from django.db import InterfaceError, OperationalError

from assay.jobs import (
    annotating,
    disposing,
    erasing,
    evaluate,
    examining,
    importing,
    profiling,
    redacting,
    register,
    render,
    scan,
    searching,
    splitting,
    synthesising,
    tracing,
    train,
)
from assay.jobs.supervise import Interrupted
from governance.foundation.core.errors import Refusal
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease, LeaseLost

log = logging.getLogger(__name__)


class Task(Protocol):
    """What a task is to the worker: a module, or the process of an errand."""

    def carry_out(self, lease: Lease, stopping: Callable[[], bool]) -> None: ...

    def fail(self, lease: Lease, message: str) -> None: ...


TASKS: dict[str, Task] = {
    "train": train,
    "evaluate": evaluate,
    "render": render,
    "register": register,
    "import": importing.PROCESS,
    "split": splitting.PROCESS,
    "scan": scan.PROCESS,
    "redact": redacting.PROCESS,
    "synthesise": synthesising.PROCESS,
    "annotate": annotating.PROCESS,
    "profile": profiling.PROCESS,
    "search": searching,
    "erasure": erasing.PROCESS,
    "disposal": disposing,
    "trace": tracing,
    "examination": examining,
}

# Set when this worker is asked to stop: what it holds is given back, unharmed, for its next start.
stopping = threading.Event()


def worker_name(part: str) -> str:
    """How a process of ours signs: `gpu@host`."""
    return f"{part}@{socket.gethostname()}"


def do(job_id: UUID, worker: str) -> None:
    """Do the job if it still waits and nobody has it. Never raises for what happens to the job itself."""
    if stopping.is_set():
        return  # it stays queued, and the sweeper announces it again
    try:
        lease = jobs.claim(job_id=job_id, worker=worker)
        if lease is None:
            log.info("Job %s no longer waits.", job_id)
            return
        log.info("Job %s: %s %s, attempt %d", job_id, lease.task, lease.subject_id, lease.attempt)
        _carry_out(lease)
    except LeaseLost as error:
        log.warning("Job %s: %s", job_id, error)
    except (OperationalError, InterfaceError):
        # Nothing can be written now. The job waits for the sweeper, or for its lease to end.
        log.exception("Job %s: the database does not answer.", job_id)


def _carry_out(lease: Lease) -> None:
    task = TASKS[lease.task]
    try:
        task.carry_out(lease, stopping.is_set)
    except Interrupted:
        jobs.hand_back(lease, attempt_counts=False)
        log.info("Job %s: given back, this worker stops.", lease.job_id)
    except (LeaseLost, OperationalError, InterfaceError):
        raise
    except (Refusal, OSError) as error:
        log.warning("Job %s: %s", lease.job_id, error)
        task.fail(lease, str(error))
    except Exception as error:
        log.exception("Job %s: a fault of the platform's own", lease.job_id)
        task.fail(lease, f"{type(error).__name__}: {error}")
