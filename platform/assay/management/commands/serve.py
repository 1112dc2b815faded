"""`assay serve`: the whole platform on one machine, from one command."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from assay.jobs.app import QUEUES
from assay.jobs.environment import source_roots
from assay.serving import Child, Household, free

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "Start web, workers and scheduler on this machine; one Ctrl-C ends them all."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("ASSAY_PORT", "8000")))

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        if not free(HOST, port):
            raise CommandError(
                f"Something listens on {HOST}:{port} already, perhaps another `assay serve`. "
                "End it, or choose another port: assay serve --port 8001"
            )
        self._migrate()
        connection.close()
        household = Household(self._children(port), self._environment(port), self._say)
        self._say(f"Assay: http://{HOST}:{port}   (Ctrl-C ends it)")
        self._say(f"logs:  {settings.VAR_DIR / 'log'}")
        sys.exit(household.run())

    def _migrate(self) -> None:
        """The embedded database is brought up to date; another one is its operator's to migrate."""
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if not plan:
            return
        if connection.vendor != "sqlite":
            raise CommandError(f"The database lacks {len(plan)} migrations. Apply them first: assay migrate")
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        self._say(f"database: {len(plan)} migrations ...")
        call_command("migrate", interactive=False, verbosity=0)

    def _children(self, port: int) -> list[Child]:
        log = settings.VAR_DIR / "log"
        manage = [sys.executable, "-c", "from assay.cli import main; main()"]
        # A worker may have to wait for a checkpoint, then hand its job back.
        patience = settings.ASSAY_GRACE_SECONDS + 15
        return [
            Child("web", web(port), log / "web.log"),
            *(Child(f"worker-{q}", [*manage, "worker", q], log / f"worker-{q}.log", patience) for q in QUEUES),
            Child("scheduler", [*manage, "scheduler"], log / "scheduler.log"),
        ]

    def _environment(self, port: int) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
            "ASSAY_VAR_DIR": str(settings.VAR_DIR),
            # what letters and calendars lead to, where the operator named no other address
            "ASSAY_URL": os.environ.get("ASSAY_URL", f"http://{HOST}:{port}"),
            "PYTHONPATH": os.pathsep.join([*source_roots(), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep),
            "PYTHONSAFEPATH": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def web(port: int) -> list[str]:
    """gunicorn with threads: SQLite has one writer, so more processes would only wait for one another."""
    options = {
        "--bind": f"{HOST}:{port}",
        "--workers": "1",
        "--threads": "8",
        "--worker-class": "gthread",
        "--timeout": "60",
        "--graceful-timeout": "5",
        "--access-logfile": "-",
    }
    flat = [part for pair in options.items() for part in pair]
    return [sys.executable, "-m", "gunicorn", "--config", "/dev/null", *flat, "assay.wsgi:application"]
