"""Keep a lease while this worker reads and writes files for longer than a lease lasts."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import Error, close_old_connections, connection

from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease, LeaseLost

TELL_SECONDS = 1.0

log = logging.getLogger(__name__)


@contextmanager
def keeping(lease: Lease, progress: Callable[[], dict[str, Any]] | None = None) -> Iterator[None]:
    """Renew `lease` in the background, every quarter of its length, until the block ends; every second where there is
    `progress` to tell of.

    A lease that is lost meanwhile stops the renewing and nothing else: the block's own write finds out.
    """
    done = threading.Event()
    pause = settings.ASSAY_LEASE_SECONDS / 4 if progress is None else TELL_SECONDS

    def renew() -> None:
        try:
            while not done.wait(pause):
                try:
                    jobs.keep(lease, progress=progress() if progress else None)
                except Error as error:
                    log.info("Job %s: the lease was not renewed this time: %s", lease.job_id, error)
                    close_old_connections()
        except LeaseLost as error:
            log.info("Job %s: %s", lease.job_id, error)
        finally:
            connection.close()

    thread = threading.Thread(target=renew, name=f"keep {lease.job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
