"""What a subprocess is told: where our libraries lie, how many threads, nothing from outside, no secret."""

import os
from pathlib import Path

from django.conf import settings

# A trainer, an evaluator and a renderer need neither the database nor anybody's key. What they do need is named
# here: a list of what is forbidden would always miss the next address with a password in it.
NEEDED = frozenset({"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "USER"})
NEEDED_BEGINNINGS = ("LC_", "CUDA_", "NVIDIA_", "OPENBLAS_", "PYTORCH_", "HF_HOME", "FONTCONFIG_", "COVERAGE_")
# Where a hub lies and how it is reached; only where the operator lets rows be fetched.
TO_A_HUB = frozenset({
    "HF_ENDPOINT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
})  # fmt: skip


def environment() -> dict[str, str]:
    """What this worker's environment holds of the needed names, with what every subprocess shall find."""
    named = NEEDED | TO_A_HUB if settings.ASSAY_ALLOW_HUB else NEEDED
    kept = {name: value for name, value in os.environ.items() if name in named or name.startswith(NEEDED_BEGINNINGS)}
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
