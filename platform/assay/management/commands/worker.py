"""`assay worker`: do the jobs of one queue, or of both."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from assay.jobs.app import QUEUES


class Command(BaseCommand):
    help = (
        "Do jobs: training and evaluation (gpu), documents and large base models (light). "
        "SIGTERM gives the job in hand back unharmed."
    )

    requires_system_checks = ()  # pages and forms are the web's business; a run must not wait for them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "queues", nargs="*", choices=[*QUEUES, []], metavar="QUEUE", help=f"of {', '.join(QUEUES)}; both if none"
        )

    def handle(self, *args: Any, queues: list[str], **options: Any) -> None:
        from assay.jobs import worker

        sys.exit(worker.serve(queues or QUEUES))
