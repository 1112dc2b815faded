"""What a subprocess is told: where our libraries lie, how many threads, nothing from outside, no secret."""

import os
import re
from pathlib import Path

from django.conf import settings

# A trainer, an evaluator and a renderer need neither the database nor anybody's key.
SECRET = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|(^|_)KEY(_|$)|^(DATABASE|BROKER)_URL$", re.IGNORECASE)


def environment() -> dict[str, str]:
    """This worker's environment without its secrets, with what every subprocess shall find."""
    kept = {name: value for name, value in os.environ.items() if not SECRET.search(name)}
    threads = str(settings.ASSAY_JOB_THREADS or len(os.sched_getaffinity(0)))
    return {
        **kept,
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        # A thread that waits sleeps instead of spinning: on cores that are shared with other work, spinning
        # multiplied the processor seconds of a training step by four.
        "OMP_WAIT_POLICY": "passive",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
        # The working folder holds uploaded files: never a place to import from.
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join(source_roots()),
        "ASSAY_VAR_DIR": str(settings.VAR_DIR),
    }


def source_roots() -> list[str]:
    """Where `training`, `evaluation` and `assay` are imported from, in a checkout that is not installed too."""
    if not settings.IN_CHECKOUT:
        return []
    base = Path(settings.BASE_DIR)
    return [str(base), str(base / "platform")]
