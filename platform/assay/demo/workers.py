"""A real worker for the demo: the one of a running `assay serve`, or processes of the demo's own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from assay.jobs.app import QUEUES
from assay.jobs.environment import source_roots
from assay.serving import Child
from governance.foundation.jobs.selectors import worker_is_alive


class WorkerDied(Exception):
    """One of the demo's processes ended; says which, with its last lines."""


class Workers:
    """The demo's own processes; none when a running `assay serve` does the work."""

    def __init__(self, children: list[Child]) -> None:
        self.children = children

    def check(self) -> None:
        """Raises WorkerDied as soon as one of them is gone, instead of waiting for what nobody does."""
        for child in self.children:
            if not child.is_alive:
                raise WorkerDied(f"{child.name} {child.has_died()}; the end of {child.log}:\n{child.last_lines()}")


@contextmanager
def at_work() -> Iterator[Workers]:
    """Workers for both queues and the scheduler, ended in order afterwards."""
    if worker_is_alive():
        yield Workers([])
        return
    manage = [sys.executable, "-c", "from assay.cli import main; main()"]
    log = settings.VAR_DIR / "log"
    children = [Child(f"demo-worker-{q}", [*manage, "worker", q], log / f"demo-worker-{q}.log", 30) for q in QUEUES]
    children.append(Child("demo-scheduler", [*manage, "scheduler"], log / "demo-scheduler.log"))
    environment = {
        **os.environ,
        "ASSAY_VAR_DIR": str(settings.VAR_DIR),
        "PYTHONPATH": os.pathsep.join([*source_roots(), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep),
        "PYTHONSAFEPATH": "1",
    }
    try:
        for child in children:
            child.start(environment)
        yield Workers(children)
    finally:
        for child in children:
            child.ask_to_end()
        for child in children:
            child.finish()
