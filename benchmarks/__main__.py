"""`python -m benchmarks [--rows N] [--megabytes N] [--only NAME] [--out DIR]`: prints tables and writes bench.json."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import data, made

SCHEMA = "assay.benchmarks/1"
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--megabytes", type=int, default=1024, help="size of the JSONL file")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows among which near-duplicates are looked for")
    parser.add_argument("--only", choices=["reading", "profile", "near"], help="one table alone")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="where bench.json is written")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory(dir=asked.out) as folder:
        if asked.only in (None, "reading", "profile"):
            path = made.jsonl(Path(folder) / "rows.jsonl", asked.megabytes << 20)
            if asked.only != "profile":
                tables["reading"] = _told("reading", data.READERS, path)
            if asked.only != "reading":
                tables["profile"] = _told("profile", data.PROFILES, path)
        if asked.only in (None, "near"):
            path, planted = made.near_rows(Path(folder), asked.rows)
            tables["near"] = _told("near", data.NEAR, path, planted)
    result = {
        "schema": SCHEMA,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {
            "processors": os.cpu_count(),
            "usable": len(os.sched_getaffinity(0)),
            "load": os.getloadavg()[0],
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "megabytes": asked.megabytes,
        "rows": asked.rows,
        "tables": tables,
    }
    target = asked.out / "bench.json"
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten: {target}")


def _told(table: str, parts: dict[str, Callable[..., data.Work]], *arguments: Path) -> list[Row]:
    """Each part in an interpreter of its own, so that its memory is its own; printed as it ends."""
    print(f"\n{table}")
    rows: list[Row] = []
    for name in parts:
        command = [sys.executable, "-m", "benchmarks.data", table, name, *map(str, arguments)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            print(ended.stderr, file=sys.stderr)
            raise SystemExit(f"{table}, {name}: ended with {ended.returncode}")
        row = {"name": name, **json.loads(ended.stdout.splitlines()[-1])}
        if table == "reading" and rows and "skipped" not in row:
            # Of processor time: each works in one thread, and other work on the machine does not count then.
            row["of_json_loads"] = round(rows[0]["processor_seconds"] / row["processor_seconds"], 3)
        rows.append(row)
        print("  " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    return rows


def _commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return asked.stdout.strip()


if __name__ == "__main__":
    main()
