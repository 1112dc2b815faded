"""`python -m benchmarks [--megabytes N] [--rows N] [--events N] [--runs N] [--only NAME] [--out DIR]`: tables, and
bench.json; what the audit trail takes in trail.json and writers.json beside it."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import data, made

SCHEMA = "assay.benchmarks/2"
PARTS = ("reading", "profile", "near", "pages", "trail", "writers")
NOT_INSTALLED = 3  # PostgreSQL, or Redis
MEASURED = ("seconds", "processor_seconds", "mib_above")
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--megabytes", type=int, default=1024, help="size of the JSONL file")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows among which near-duplicates are looked for")
    parser.add_argument("--only", choices=PARTS, help="one table alone")
    parser.add_argument("--events", type=int, default=1_000_000, help="entries of the audit trail under the pages")
    parser.add_argument("--runs", type=int, default=3, help="how often each part of “reading” is timed")
    parser.add_argument("--out", type=Path, default=Path("var/bench"), help="where bench.json is written")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory(dir=asked.out) as folder:
        if asked.only in (None, "reading", "profile"):
            path = made.jsonl(Path(folder) / "rows.jsonl", asked.megabytes << 20)
            if asked.only != "profile":
                tables["reading"] = _told("reading", data.READERS, asked.runs, path)
            if asked.only != "reading":
                tables["profile"] = _told("profile", data.PROFILES, 1, path)
        if asked.only in (None, "near"):
            path, planted = made.near_rows(Path(folder), asked.rows)
            tables["near"] = _told("near", data.NEAR, 1, path, planted)
        if asked.only in (None, "pages"):
            tables["pages"] = _pages(asked.events, Path(folder))
    if asked.only in (None, "trail"):
        _on_its_own("benchmarks.trail", "--entries", str(asked.events), "--out", str(asked.out))
    if asked.only in (None, "writers"):
        _on_its_own("benchmarks.writers", "--out", str(asked.out), before=["setup/services.py", sys.executable])
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
        "packages": {name: version(name) for name in ("orjson", "numpy", "pyarrow", "datasets")},
        "megabytes": asked.megabytes,
        "rows": asked.rows,
        "events": asked.events,
        "tables": tables,
    }
    target = asked.out / "bench.json"
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten: {target}")


def _pages(events: int, folder: Path) -> list[Row]:
    """What pages take on a trail of many entries, in an interpreter of its own."""
    print("\npages", flush=True)
    command = [sys.executable, "-m", "benchmarks.pages", str(events), str(folder)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    rows: list[Row] = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    for row in rows:
        print("  " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    return rows


def _on_its_own(module: str, *arguments: str, before: Sequence[str] = ()) -> None:
    """A benchmark that prints and writes what it found itself."""
    print(f"\n{module}", flush=True)
    ended = subprocess.run([sys.executable, *before, "-m", module, *arguments], check=False)
    if ended.returncode == NOT_INSTALLED and before:
        print(f"{module} was NOT run: a server is not installed")
    elif ended.returncode:
        raise SystemExit(f"{module}: ended with {ended.returncode}")


def _told(table: str, parts: dict[str, Callable[..., data.Work]], runs: int, *arguments: Path) -> list[Row]:
    """Each part in an interpreter of its own, so that its memory is its own; one after the other, `runs` times over,
    so that what else the machine does hits all of them alike."""
    print(f"\n{table}")
    found: dict[str, list[Row]] = {name: [] for name in parts}
    for _ in range(runs):
        for name in parts:
            found[name].append(_run(table, name, arguments))
            print(f"  {name}: {found[name][-1]['seconds']} s", flush=True)
    rows = [{"name": name, **_summary(each)} for name, each in found.items()]
    if table == "reading":
        first, *others = found
        for row, name in zip(rows[1:], others, strict=True):
            pairs = zip(found[first], found[name], strict=True)
            # Of processor time: other work on the machine does not count then. What works in threads is slower by it.
            ratios = [one["processor_seconds"] / other["processor_seconds"] for one, other in pairs]
            row["of_json_loads"] = _range(ratios)
    for row in rows:
        print("  " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    return rows


def _run(table: str, name: str, arguments: Sequence[Path]) -> Row:
    command = [sys.executable, "-m", "benchmarks.data", table, name, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        print(ended.stderr, file=sys.stderr)
        raise SystemExit(f"{table}, {name}: ended with {ended.returncode}")
    row: Row = json.loads(ended.stdout.splitlines()[-1])
    return row


def _summary(rows: list[Row]) -> Row:
    """What differs from run to run as a range, the rest as it is."""
    return {key: _range([row[key] for row in rows]) if key in MEASURED else value for key, value in rows[0].items()}


def _range(values: list[float]) -> dict[str, float]:
    shown = {"median": statistics.median(values), "low": min(values), "high": max(values)}
    return {key: round(value, 3) for key, value in shown.items()}


def _commit() -> str:
    command = ["git", "rev-parse", "HEAD"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return asked.stdout.strip()


if __name__ == "__main__":
    main()
