"""What puts right what was lost (messages, leases, processes) and destroys what is over. Each step may run anywhere,
at any time, twice.

Every worker does it at its start and then every quarter of a lease, and so does the scheduler: no single
process is needed for the others' recovery.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import Error, connection
from django.utils import timezone

from assay.api import idempotency
from assay.jobs import folders, mailing, processes, stamping
from assay.jobs.app import QUEUE_OF
from assay.jobs.enqueue import send
from governance.delivery.disposals import notices
from governance.delivery.disposals import worker as disposals
from governance.delivery.erasures import worker as erasures
from governance.delivery.searches import services as searches
from governance.foundation.audit import heads, keys, stamps, watch
from governance.foundation.core.errors import Refusal
from governance.foundation.jobs import services as jobs
from governance.foundation.jobs.models import Job, Outbox
from governance.foundation.jobs.rules import State
from governance.people.approvals.timing import end_what_is_over, keep_time

OVER_SECONDS = 60  # between two looks at whether requests wait for what nobody can decide on any more
DUE_SECONDS = 12 * 3600  # between two looks at what may be deleted
WATCH_SECONDS = 30  # between two looks at whether a verification is due
STAMP_SECONDS = 10  # between two looks at whether a head waits for its time stamp

log = logging.getLogger(__name__)


def interval() -> float:
    """Seconds between two rounds."""
    return settings.ASSAY_LEASE_SECONDS / 4


def round_of(name: str) -> None:
    """One round: say that the process `name` lives, take back what was lost, send what was not, destroy what is not
    to be kept longer, bring to mind what is due, and send letters."""
    jobs.report_worker(name)
    reap()
    sweep()
    destroy()
    keep_time()
    look_for_what_is_over()
    sign()
    mailing.remind()
    look_for_what_is_due()
    mailing.post(timezone.now())


def keep_house(name: str, stop: threading.Event, queues: Sequence[str] = ()) -> None:
    """Rounds until `stop` is set, begun by announcing what waits on `queues`, for a worker that starts on them.

    A database or broker that is away makes a round fail, never end them.
    """
    announced = not queues
    while True:
        try:
            round_of(name)
            if not announced:
                announce(queues)
                announced = True
        except Error as error:
            log.warning("Housekeeping waits, the database does not answer: %s", error)
            connection.close()
        except Exception:
            log.exception("A round of housekeeping failed; the next one comes all the same.")
            connection.close()
        if stop.wait(interval()):
            connection.close()
            return


def reap() -> list[Job]:
    """Take back jobs whose worker was lost, and end what it left running on this machine."""
    taken_back = jobs.reap()
    for job in taken_back:
        log.warning("Job %s: %s lost its lease, it is now %s.", job.pk, job.worker, job.state)
        if ended := processes.end_remains(job.pk, job.process, settings.DATA_DIR):
            log.warning("Job %s: ended processes that outlived their worker: %s", job.pk, ended)
    return taken_back


def sweep(now: datetime | None = None) -> int:
    """Send the messages that never reached the broker, and again those that it seems to have lost.

    Returns how many were sent; the first that the broker refuses ends the sweep.
    """
    now = now or timezone.now()
    patience = timedelta(seconds=2 * settings.ASSAY_LEASE_SECONDS)
    due = [message for message in jobs.unsent() if message.created_at < now - timedelta(seconds=2)]
    for job in jobs.waiting_unnoticed(now - patience):
        last = job.messages.order_by("-pk").first()
        if last is not None and _seems_lost(last, now, patience):
            due.append(last)
    sent = 0
    for message in due:
        if message.job.state != State.QUEUED:
            jobs.mark_sent(message)  # somebody found the job without it
        elif send(message):
            sent += 1
        else:
            break
    return sent


def destroy() -> None:
    """Let go of what was kept for a time alone (the API's answers, what searches found, and sought), and of what a lost
    worker left: its folders, and erased rows."""
    if left_on_disk := folders.remove_left():
        log.warning("What lost workers left in their folders is removed: %s", left_on_disk)
    if kept := idempotency.forget(timezone.now()):
        log.info("%d answers that the API kept for a day are destroyed.", kept)
    if gone := searches.destroy_what_expired(timezone.now()):
        log.info("What %d searches found was kept long enough and is destroyed.", len(gone))
    if left := erasures.destroy_what_waits():
        log.warning("What a lost worker left of erased rows is destroyed now: %s", left)
    if going := disposals.destroy_what_waits():
        log.warning("What a lost worker left of things that were let go is destroyed now: %s", going)


def look_for_what_is_over() -> None:
    """End requests that wait in vain, once a minute, by whichever process."""
    if cache.add("approvals.over", True, OVER_SECONDS):
        end_what_is_over()


def look_for_what_is_due() -> None:
    """Tell people what may be deleted now: periods are days, so twice a day is enough, by whichever process."""
    if cache.add("retention.due", True, DUE_SECONDS):
        notices.tell_what_is_due()


def sign() -> None:
    """Sign the audit trail's newest entries, where the key is at hand and the last head is old enough."""
    if not keys.is_here():
        return
    try:
        signed = heads.sign_when_due()
    except Refusal as refusal:
        log.error("The audit trail is not signed: %s", refusal)
    else:
        if signed is not None:
            log.debug("The audit trail is signed to entry %d.", signed.size)


def keep_watch(stop: threading.Event) -> None:
    """Verify the audit trail and the records whenever that is due, until `stop` is set."""
    while not stop.wait(WATCH_SECONDS):
        try:
            found = watch.examine_when_due()
        except Exception:
            log.exception("The audit trail could not be verified; it is tried again.")
        else:
            for fault in found.faults if found is not None else ():
                log.error("The audit trail is not whole: %s", fault)
            for remark in found.remarks if found is not None else ():
                log.warning("A clock of the audit trail was wrong: %s", remark)
        finally:
            connection.close()


def keep_stamping(stop: threading.Event) -> None:
    """Have each new head time stamped, where the operator named an authority, until `stop` is set."""
    is_told = False
    while not stop.wait(STAMP_SECONDS):
        try:
            stamping.stamp_when_due()
            is_told = is_told or stamps.tell_what_was_lost()
        except Exception:
            is_told = False  # perhaps the file could not be written
            log.exception("A head could not be time stamped; it is tried again.")
        finally:
            connection.close()


def announce(queues: Sequence[str]) -> None:
    """Send again for every job that waits on `queues`: what was sent before a worker's start may be gone with
    the worker before it."""
    tasks = [task for task, queue in QUEUE_OF.items() if queue in queues]
    for job in Job.objects.filter(state=State.QUEUED, task__in=tasks).order_by("created_at"):
        last = job.messages.order_by("-pk").first()
        if last is not None and not send(last):
            return


def _seems_lost(message: Outbox, now: datetime, patience: timedelta) -> bool:
    """Whether a job that was announced by `message` and still waits should be announced again.

    While its queue is busy with other jobs waiting is natural, so the pauses double: a day's wait costs ten
    messages. A queue with nothing running should have taken it long ago.
    """
    if message.sent_at is None:
        return False
    queue = QUEUE_OF[message.job.task]
    tasks = [task for task, other in QUEUE_OF.items() if other == queue]
    busy = Job.objects.filter(state=State.RUNNING, task__in=tasks).exists()
    waited = message.sent_at - message.created_at
    return now - message.sent_at > (max(patience, waited) if busy else patience)
