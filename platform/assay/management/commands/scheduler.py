"""`assay scheduler`: what has to happen at its time, whether or not a worker lives."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from assay.jobs.housekeeping import keep_house, keep_stamping, keep_watch
from assay.jobs.work import worker_name
from governance.foundation.audit import stamps


class Command(BaseCommand):
    help = "Take back what lost workers held, send what the broker lost, sign and verify the trail, until SIGTERM."

    requires_system_checks = ()  # pages and forms are the web's business; recovery must not wait for them

    def handle(self, *args: Any, **options: Any) -> None:
        # Waited for, not handled: a handler that sets the event could meet its lock half-way.
        asked = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, asked)
        stop = threading.Event()
        rounds = threading.Thread(target=keep_house, args=(worker_name("scheduler"), stop), name="housekeeping")
        rounds.start()
        # Reading the whole trail takes its time; what was lost must not wait for that. A stop does not either.
        threading.Thread(target=keep_watch, args=(stop,), name="watch", daemon=True).start()
        if stamps.is_on():
            # An authority that is slow or away holds up neither.
            threading.Thread(target=keep_stamping, args=(stop,), name="stamping", daemon=True).start()
        signal.sigwait(asked)
        stop.set()
        rounds.join()
