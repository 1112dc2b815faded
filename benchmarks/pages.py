"""What a page takes on a trail of many entries: `python -m benchmarks.pages EVENTS FOLDER`.

A house with open requests and looks, in a database of its own; the entries beside it tell of other records of the same
project, as years of work would leave them. The time is that of the whole answer, without the network.
"""

import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]
PAGES = ("/", "/portfolio/", "/notifications/", "/audit/")
REQUESTS, WARM, TIMES = 15, 3, 60


def main() -> None:
    events, folder = int(sys.argv[1]), Path(sys.argv[2])
    os.environ["ASSAY_VAR_DIR"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.settings.dev")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    home = _house()
    _fill(home, events)
    for row in _timed(home):
        print(json.dumps(row), flush=True)


def _house() -> Any:
    """Fifteen requests that wait for Ben, each about data that he opened since it was registered."""
    from governance.people.approvals import services as approvals
    from governance.people.notifications import services as notifications
    from tests import factories
    from tests.people import house

    home = house()
    for rows in range(100, 100 + REQUESTS):
        version = factories.registered_version(home, rows=rows)
        notifications.look(actor=home.ben, kind=version.kind, subject_id=version.pk)
        approvals.ask(actor=home.ada, subject=version, project_id=home.project.pk)
    return home


def _fill(home: Any, events: int) -> None:
    """The trail grows to `events` entries; each tells of one of a thousand other records."""
    from django.db import connection, transaction
    from django.utils import timezone

    from governance.foundation.audit import selectors as audit
    from governance.foundation.audit.models import AuditEvent

    last = audit.head() or {"seq": 0, "hash": "0" * 64}
    subjects = [str(uuid.uuid4()) for _ in range(1000)]
    fields = [field for field in AuditEvent._meta.concrete_fields if field.attname != "actor"]
    fixed = {
        "at": timezone.now(), "action": "run.revised", "subject_kind": "run", "organisation": None,
        "project": home.project.pk, "body": json.dumps({"facts": {"content": "0" * 64}, "record": "0" * 64}),
    }  # fmt: skip

    def entries() -> Iterator[list[Any]]:
        previous = last["hash"]
        for seq in range(last["seq"] + 1, events + 1):
            row = {**fixed, "seq": seq, "subject_id": subjects[seq % 1000], "previous_hash": previous}
            row["hash"] = previous = f"{seq:064x}"
            yield [row[field.attname] for field in fields]

    for field in fields:
        if field.attname in fixed:
            fixed[field.attname] = field.get_db_prep_save(fixed[field.attname], connection)
    columns = ", ".join(str(field.column) for field in fields)
    table, marks = AuditEvent._meta.db_table, ", ".join(["%s"] * len(fields))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(entries()))  # noqa: S608
        cursor.execute("ANALYZE")


def _timed(home: Any) -> Iterator[Row]:
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from governance.foundation.audit.models import AuditEvent

    client = Client()
    client.force_login(get_user_model().objects.get(pk=home.ben.user_id))
    for page in PAGES:
        for _ in range(WARM):
            client.get(page)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(page)
        if answer.status_code != 200:
            raise SystemExit(f"{page} answers {answer.status_code}")
        taken = [float(query["time"]) for query in queries.captured_queries]
        clock, work = [], []
        for _ in range(TIMES):
            began, used = time.perf_counter(), time.process_time()
            client.get(page)
            clock.append(1000 * (time.perf_counter() - began))
            work.append(1000 * (time.process_time() - used))
        yield {
            "name": page,
            "events": AuditEvent.objects.count(),
            "queries": len(taken),
            "ms": {"median": round(statistics.median(clock), 1), "p95": _p95(clock)},
            "processor_ms": {"median": round(statistics.median(work), 1), "p95": _p95(work)},
            "slowest_query_ms": round(1000 * max(taken), 1),
        }


def _p95(values: list[float]) -> float:
    return round(statistics.quantiles(values, n=20)[-1], 1)


if __name__ == "__main__":
    main()
