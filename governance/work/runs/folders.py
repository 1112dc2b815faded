"""Where a run's files lie: one folder a run, under the data folder, never inside the web root."""

from pathlib import Path
from uuid import UUID

from django.conf import settings


def run_folder(run_id: UUID) -> Path:
    return Path(settings.DATA_DIR) / "runs" / str(run_id)


def evaluation_folder(evaluation_id: UUID) -> Path:
    return Path(settings.DATA_DIR) / "evaluations" / str(evaluation_id)
