"""Hand a job's message to the broker. A broker that is down breaks nobody: the sweeper sends later."""

import logging
from typing import Any

from django.db import Error

from assay.jobs.app import QUEUE_OF, TASK, app
from governance.foundation.jobs.models import Outbox
from governance.foundation.jobs.services import mark_sent

log = logging.getLogger(__name__)


def send_posted(sender: type[Outbox], message: Outbox, **_: Any) -> None:
    """Receiver of `governance.foundation.jobs.services.posted`, after the transaction that made the job."""
    send(message)


def send(message: Outbox) -> bool:
    """Send `message` and note that it was sent; False, and a line in the log, when that did not succeed."""
    job = message.job
    queue = QUEUE_OF[job.task]
    try:
        app.send_task(TASK, kwargs={"job": str(job.pk)}, queue=queue, retry=False)
    except Exception as error:
        # Each broker's client has errors of its own (Redis, AMQP, files); none of them is the caller's.
        log.warning("The broker did not take job %s (%s); it is sent again later: %s", job.pk, job.task, error)
        return False
    try:
        mark_sent(message)
    except Error as error:
        # The job itself is committed; at worst it is announced twice.
        log.warning("The message of job %s was sent but could not be marked as sent: %s", job.pk, error)
    return True
