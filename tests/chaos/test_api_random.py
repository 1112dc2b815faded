"""Made-up calls of every operation of the API, by four people and by nobody; the result goes to docs/results/."""

import json
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.random_calls import NOBODY, WHO, Outcome, call, document, operations
from tests.routes import everything

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(4 * 3600)]

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "docs" / "results" / "api-random.json"
EXAMPLES = int(os.environ.get("ASSAY_CHAOS_CALLS", "5"))  # of each operation, each by everybody


def test_no_made_up_call_breaks_the_api_or_passes_by_the_door() -> None:
    began, house, outcome = time.monotonic(), everything(), Outcome()
    every = list(operations(document()))
    for operation in every:
        call(house, operation, (*WHO, NOBODY), EXAMPLES, outcome)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    result = {
        "schema": "assay.chaos/1",
        "what": "made-up calls of the API",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None,
        "machine": f"{platform.system()} {platform.release()}, {os.cpu_count()} cores",
        "operations": len(every),
        "people": [*WHO, NOBODY],
        "calls": outcome.calls,
        "by_status": {str(status): count for status, count in sorted(outcome.statuses.items())},
        "faults": outcome.faults,
        "seconds": round(time.monotonic() - began),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    assert not outcome.faults, "\n".join(outcome.faults)
