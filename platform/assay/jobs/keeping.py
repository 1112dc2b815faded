"""Keep a lease while this worker reads and writes files for longer than a lease lasts."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import Error, close_old_connections, connection

from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.services import Lease, LeaseLost

log = logging.getLogger(__name__)


@contextmanager
def keeping(lease: Lease) -> Iterator[None]:
    """Renew `lease` in the background, every quarter of its length, until the block ends.

    A lease that is lost meanwhile stops the renewing and nothing else: the block's own write finds out.
    """
    done = threading.Event()

    def renew() -> None:
        try:
            while not done.wait(settings.ASSAY_LEASE_SECONDS / 4):
                try:
                    jobs.keep(lease)
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
