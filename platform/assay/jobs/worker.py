"""The worker process: Celery's consumer, our housekeeping beside it, and a stop that loses nothing.

It runs one job at a time in its own process (Celery's "solo" pool). A pool of forked children would bring
nothing, for each job is a subprocess of its own already, and three faults: a killed parent leaves a busy
child behind; a child forked while the heartbeat writes inherits the state of SQLite's locks; and the kernel's
promise to end the trainer with its supervisor holds for a thread, which in a forked pool may be a passing one.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Any

from celery import signals

from assay.jobs import housekeeping, work
from assay.jobs.app import app

log = logging.getLogger(__name__)


def serve(queues: Sequence[str]) -> int:
    """Work on `queues` until SIGTERM or SIGINT; the exit code."""
    name = work.worker_name("+".join(queues))
    worker = app.Worker(
        hostname=name,
        queues=list(queues),
        pool_cls="solo",
        concurrency=1,
        loglevel=logging.getLogger().level,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    ended = threading.Event()
    rounds = threading.Thread(
        target=housekeeping.keep_house, args=(name, ended, queues), name="housekeeping", daemon=True
    )

    def ready(**_: Any) -> None:
        rounds.start()

    def shutting_down(**_: Any) -> None:
        work.stopping.set()

    signals.worker_ready.connect(ready, weak=False)
    signals.worker_shutting_down.connect(shutting_down, weak=False)
    worker.start()
    ended.set()
    if rounds.is_alive():
        rounds.join(timeout=5)
    return int(worker.exitcode or 0)
