"""`python setup/services.py python -m benchmarks.writers`: 8 processes that append to one trail on PostgreSQL, beside
one that does alone; afterwards every number is there once, and each entry follows from the one before.

Run without a PostgreSQL in DATABASE_URL it says so and measures nothing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

WRITERS, EACH, ROUNDS = 8, 100, 4


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writers")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="where writers.json is written")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        os.environ["ASSAY_VAR_DIR"] = folder
        _django()
        from django.core.management import call_command
        from django.db import connection

        if connection.vendor != "postgresql":
            sys.exit("DATABASE_URL names no PostgreSQL: python setup/services.py python -m benchmarks.writers")
        call_command("migrate", verbosity=0)
        found = measured()
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    result = {
        "schema": "assay.benchmarks-writers/1",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "machine": {"processors": os.cpu_count(), "load": os.getloadavg()[0]},
        **found,
    }
    (out / "writers.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"written: {out / 'writers.json'}")


def measured() -> dict[str, Any]:
    """Rounds in turn, one writer and then all of them; the ratio is the median of the rounds'."""
    one, all_of_them = [], []
    context = get_context("spawn")  # a connection cannot be shared with a fork
    with ProcessPoolExecutor(WRITERS, context, _django) as writers:
        list(writers.map(append, [5] * WRITERS * 4))  # each is at work, and connected
        for _ in range(ROUNDS):
            one.append(_speed(writers, 1, EACH * 2))
            all_of_them.append(_speed(writers, WRITERS, EACH))
    ratio = statistics.median(many / alone for many, alone in zip(all_of_them, one, strict=True))
    found = {
        "one_writer_per_second": round(statistics.median(one)),
        "writers": WRITERS,
        "all_per_second": round(statistics.median(all_of_them)),
        "ratio": round(ratio, 2),
        **_linear(),
    }
    print(" · ".join(f"{name} {value}" for name, value in found.items()), flush=True)
    return found


def append(count: int) -> None:
    from django.db import transaction

    from governance.foundation.audit.services import record
    from governance.foundation.core.actor import PLATFORM

    for number in range(count):
        with transaction.atomic():
            record(PLATFORM, "bench.appended", facts={"number": number, "sha256": "ab" * 32})


def _speed(writers: ProcessPoolExecutor, count: int, each: int) -> float:
    began = time.perf_counter()
    list(writers.map(append, [each] * count))
    return count * each / (time.perf_counter() - began)


def _linear() -> dict[str, int]:
    """Entries, gaps in their numbers, and entries that do not follow from the one before (forks)."""
    from governance.foundation.audit.models import AuditEvent
    from governance.foundation.audit.verification import verify

    rows = list(AuditEvent.objects.order_by("seq").values_list("seq", "previous_hash", "hash"))
    gaps = sum(after[0] != before[0] + 1 for before, after in pairwise(rows))
    forks = sum(after[1] != before[2] for before, after in pairwise(rows))
    return {"entries": len(rows), "gaps": gaps, "forks": forks, "faults": len(verify().faults)}


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.settings.dev")
    sys.path.insert(0, str(Path("platform").resolve()))
    import django

    django.setup()


if __name__ == "__main__":
    main()
