"""Ten thousand steps of the workflow's state machine; figures in docs/results."""

import json
import os
import platform
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from tests import workflow
from tests.conftest import ROOT

RESULT = ROOT / "docs" / "results" / "workflow.json"
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(4 * 3600)]
STEPS = int(os.environ.get("ASSAY_CHAOS_STEPS", "10000"))


def test_nobody_makes_and_approves_and_every_change_voids_what_it_must() -> None:
    began, tried, done = time.monotonic(), Counter[str](), Counter[str]()
    seeds = 0
    while tried.total() < STEPS:
        seeds += 1
        with transaction.atomic():
            some, of_them = workflow.take_steps(examples=5, steps=100, seed=seeds)
            transaction.set_rollback(True)
        tried, done = tried + some, done + of_them
        print(f"seed {seeds}: {tried.total():,} steps", flush=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    result = {
        "schema": "assay.chaos/1",
        "what": "approvals, by people in any order, beside a book that is kept by hand",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None,
        "machine": f"{platform.system()} {platform.release()}, {os.cpu_count()} cores",
        "database": connection.vendor,
        "seeds": seeds,
        "steps": tried.total(),
        "done": done.total(),
        "rules": {act: {"tried": count, "done": done[act]} for act, count in sorted(tried.items())},
        "faults": 0,
        "seconds": round(time.monotonic() - began),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    assert tried.total() >= STEPS
