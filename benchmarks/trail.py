"""`python -m benchmarks.trail [--entries N] [--out DIR]`: what the audit trail costs, beside the least that it could.

On a new SQLite database with full sync, as the platform runs it:

    append      entries of one act each, beside a bare INSERT and COMMIT of the same bytes into a table of the same form
    verify      chain, tree and columns of N entries, beside json.loads and sha256 of their texts
    log page    the newest entries of one project among N, and those of one person
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import appending

PAGES, VERIFIED = 60, 3
ACTIONS = ("run.launched", "approval.decided", "dossier.frozen")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trail")
    parser.add_argument("--entries", type=int, default=1_000_000, help="length of the trail that is verified and read")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="where trail.json is written")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=asked.out) as folder:
        os.environ.update(ASSAY_VAR_DIR=folder, DJANGO_SETTINGS_MODULE="assay.settings.dev")
        sys.path.insert(0, str(Path("platform").resolve()))
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        found = {"append": appending.measured(Path(folder)), **grown(asked.entries)}
    result = {
        "schema": "assay.benchmarks-trail/1",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip(),
        "machine": {"processors": os.cpu_count(), "load": os.getloadavg()[0], "system": platform.platform()},
        "python": platform.python_version(),
        "entries": asked.entries,
        **found,
    }
    target = asked.out / "trail.json"
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"written: {target}")


def grown(entries: int) -> dict[str, Any]:
    """A trail of `entries` by 40 people in 25 projects, written past the services, then verified and read."""
    from django.db import connection

    from governance.foundation.audit import guards, rules
    from governance.foundation.audit.models import AuditEvent
    from governance.foundation.core.canonical import canonical

    people, projects = ([uuid.uuid4() for _ in range(count)] for count in (40, 25))
    organisation, at = uuid.uuid4(), datetime(2026, 1, 1, tzinfo=UTC)
    newest = AuditEvent.objects.latest("seq")
    previous, first = newest.hash, newest.seq + 1
    guards.remove(connection, guards.EVENTS)
    rows = []
    for seq in range(first, entries + 1):
        at += timedelta(seconds=7)
        project = projects[seq * 7919 % 25] if seq % 50 else projects[seq % 3]
        row = AuditEvent(
            seq=seq, at=at, actor=people[seq % 40], action=ACTIONS[seq % 3],
            subject_kind="run", subject_id=str(uuid.UUID(int=seq % 5000)), organisation=organisation, project=project,
            previous_hash=previous,
        )  # fmt: skip
        row.body = canonical(
            {
                "format": 2, "seq": seq, "at": at, "actor": row.actor, "action": row.action,
                "subject": {"kind": "run", "id": row.subject_id}, "organisation": organisation, "project": project,
                "record": "ab" * 32, "records": {"runs.run": {row.subject_id: "ab" * 32}},
                "facts": {"sha256": "cd" * 32}, "personal": None,
            }
        ).decode()  # fmt: skip
        row.hash = previous = rules.chain_hash(previous, row.body)
        rows.append(row)
        if len(rows) == 5000 or seq == entries:
            AuditEvent.objects.bulk_create(rows)
            rows.clear()
    guards.install(connection, guards.EVENTS)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"verify": verified(entries), "log": log_pages(projects, people)}


def verified(entries: int) -> dict[str, Any]:
    from governance.foundation.audit.models import AuditEvent
    from governance.foundation.audit.verification import verify

    texts = AuditEvent.objects.order_by("seq").values_list("body", flat=True)[:50_000]
    held = list(texts)

    def least() -> None:
        for text in held:
            json.loads(text)
            hashlib.sha256(text.encode()).hexdigest()

    parsed, took = [], []
    for _ in range(VERIFIED):
        parsed.append(_processor(least) / len(held))
        began = time.process_time()
        report = verify()
        took.append((time.process_time() - began) / entries)
        if report.faults or report.entries != entries:
            sys.exit(f"the trail that was made does not verify: {report}")
    # What else the machine does can only add to either: the least of each is nearest to what it takes.
    speed, ratio = 1 / min(took), min(parsed) / min(took)
    print(f"verify: {speed:,.0f} entries/s of processor time, ratio to parsing and hashing {ratio:.2f}", flush=True)
    return {"entries_per_second": speed, "ratio_to_parsing_and_hashing": ratio}


def log_pages(projects: list[uuid.UUID], people: list[uuid.UUID]) -> dict[str, Any]:
    """The rows of one page, as the audit log asks for them."""
    from governance.foundation.audit import selectors
    from governance.foundation.audit.models import AuditEvent

    last = AuditEvent.objects.latest("seq").seq
    cases: dict[str, Callable[[int], Any]] = {
        "all projects": lambda n: selectors.trail(projects=projects).filter(seq__lt=last - n * 9000)[:51],
        "one project": lambda n: selectors.trail(projects=[projects[n % 25]])[:51],
        "no entry of it": lambda n: selectors.trail(projects=[uuid.uuid4()])[:51],
        "one person": lambda n: selectors.trail(projects=projects, actor=people[n % 40])[:51],
        "one act": lambda n: selectors.trail(projects=projects, action="run.")[:51],
    }
    found = {}
    for name, ask in cases.items():
        times = sorted(_milliseconds(ask, n) for n in range(PAGES))
        found[name] = {"p50_ms": times[PAGES // 2], "p95_ms": times[PAGES * 95 // 100]}
        print(f"log, {name}: p50 {found[name]['p50_ms']:.1f} ms, p95 {found[name]['p95_ms']:.1f} ms")
    return found


def _milliseconds(ask: Callable[[int], Any], number: int) -> float:
    began = time.perf_counter()
    list(ask(number))
    return 1000 * (time.perf_counter() - began)


def _processor(do: Callable[[], Any]) -> float:
    """Of processor time: other work on the machine does not count."""
    began = time.process_time()
    do()
    return time.process_time() - began


if __name__ == "__main__":
    main()
