"""The Celery application. It carries one kind of message: come and look at this job.

No result backend and no late acknowledgement: what became of a job stands in the database, and a message
that is delivered twice or never changes nothing (decision 5 of the design).
"""

import os
from typing import Any
from uuid import UUID

from celery import Celery, Task
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.settings.dev")

# Two queues with a process each, so that a PDF never waits behind a training run.
GPU, LIGHT = "gpu", "light"
QUEUES = (GPU, LIGHT)
QUEUE_OF = {"train": GPU, "evaluate": GPU, "synthesise": GPU, "render": LIGHT, "register": LIGHT, "import": LIGHT,
            "split": LIGHT, "profile": LIGHT, "scan": LIGHT, "redact": LIGHT, "search": LIGHT,
            "erasure": LIGHT, "disposal": LIGHT, "annotate": LIGHT, "trace": LIGHT,
            "examination": LIGHT}  # fmt: skip

TASK = "assay.jobs.run"
# Seconds until a broker that does not answer is given up: a page waits for this at most once.
BROKER_PATIENCE = 3


def _broker() -> dict[str, Any]:
    """Celery's broker settings for BROKER_URL; makes the embedded broker's folders."""
    if not settings.BROKER_URL.startswith("filesystem:"):
        return {
            "broker_url": settings.BROKER_URL,
            "broker_transport_options": {"socket_connect_timeout": BROKER_PATIENCE, "socket_timeout": 10},
            # A message fetched ahead would wait behind a run of hours while another worker is free.
            "worker_disable_prefetch": settings.BROKER_URL.startswith("redis"),
        }
    folders = {name: settings.BROKER_DIR / name for name in ("messages", "reading", "control")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://localhost",
        "broker_transport": "assay.jobs.transport:Transport",
        "broker_transport_options": {
            "data_folder_in": str(folders["messages"]),
            "data_folder_out": str(folders["messages"]),
            "processed_folder": str(folders["reading"]),
            "control_folder": str(folders["control"]),
            "store_processed": True,
            "polling_interval": 0.2,
        },
    }


app = Celery("assay")
app.conf.update(
    **_broker(),
    broker_connection_timeout=BROKER_PATIENCE,
    broker_connection_retry_on_startup=True,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=False,
    task_publish_retry=False,
    # The nameless exchange goes straight to the queue, without a routing table to keep.
    task_queues={name: {"exchange": "", "exchange_type": "direct", "routing_key": name} for name in QUEUES},
    task_default_queue=LIGHT,
    task_create_missing_queues=False,
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    timezone=settings.TIME_ZONE,
    enable_utc=True,
)


@app.task(name=TASK, bind=True)  # type: ignore[untyped-decorator]
def run(self: Task, job: str) -> None:
    """Do the job with this id, if it still waits and no worker has it."""
    from assay.jobs import work

    work.do(UUID(job), worker=self.request.hostname)
