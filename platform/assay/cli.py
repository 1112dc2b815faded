"""The console script `assay`: Django's command runner with our settings."""

import os
import sys


def main(argv: list[str] | None = None) -> None:
    """Run one management command, e.g. `assay serve`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.settings.dev")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv if argv is None else ["assay", *argv])
