"""Everything that can be done to trail and records behind the platform's back, one by one; figures in docs/results."""

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from assay.accounts.services import create_token
from governance.foundation.audit import heads, keys
from governance.foundation.audit.verification import verify
from tests import tampering
from tests.conftest import ROOT
from tests.devices import App
from tests.routes import everything

RESULTS = ROOT / "docs" / "results"
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3600)]


@pytest.fixture
def signed(db: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    """One record of each noun, and the trail of how they came about, signed."""
    settings.ASSAY_TRAIL_KEY = tmp_path / "trail" / "key.pem"
    settings.ASSAY_TRAIL_HEADS = tmp_path / "trail" / "heads.jsonl"
    keys.ready()
    rita = everything().home.rita
    App(rita)
    create_token(actor=rita)
    with transaction.atomic():
        heads.sign()
    yield


def test_no_change_of_trail_or_records_goes_unnoticed_and_no_alarm_is_false(signed: None) -> None:
    assert verify(records=True).faults == []
    trail = [one for batch in tampering.of_trail(every=4) for one in tampering.tried(batch).items()]
    records = [one for batch in tampering.of_records(rows=4) for one in tampering.tried(batch).items()]
    after = verify(records=True)
    figures = {
        "trail_mutations": sum(found is not None for _, found in trail),
        "record_mutations": sum(found is not None for _, found in records),
        "refused_by_the_database": sum(found is None for _, found in [*trail, *records]),
        "not_found_or_not_named": [what for what, found in [*trail, *records] if found is False],
        "false_alarms": len(after.faults),
        "entries": after.entries,
        "records": after.records,
    }
    write(figures)
    assert (figures["not_found_or_not_named"], figures["false_alarms"]) == ([], 0), figures
    assert figures["trail_mutations"] >= 1300 and figures["record_mutations"] >= 700, figures
    assert figures["trail_mutations"] + figures["record_mutations"] >= 2000, figures


def write(figures: dict[str, Any]) -> None:
    """Keep the figures with machine, commit and date."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    machine = f"{platform.system()} {platform.release()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}"
    text = {
        "schema": "assay.chaos/1", "what": "tampering", "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None, "machine": machine, "database": connection.vendor, **figures,
    }  # fmt: skip
    name = "tampering.json" if connection.vendor == "sqlite" else f"tampering-{connection.vendor}.json"
    (RESULTS / name).write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
