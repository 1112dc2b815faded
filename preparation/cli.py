"""`python -m preparation examine FILE --out DIR`: one file read from end to end, in a process of its own.

Standard output carries events, one JSON object a line, as the trainer's does; the result lies in DIR, written
last and in one move. Exit codes: 0 every row can be used, 2 the file or a row cannot.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from preparation.examination import examine
from preparation.reading import Reading

SOUND, NOT_SOUND = 0, 2
RESULT, INDEX = "examination.json", "rows.index"
_TELL_SECONDS = 0.5
_MEBIBYTE = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m preparation", description="Read, check and measure data.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("examine", help="read a file of rows from end to end")
    one.add_argument("file", type=Path, metavar="FILE")
    one.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the result is written")
    one.add_argument("--name", default="", help="the name that the file had where it came from")
    one.add_argument("--container", default="auto")
    one.add_argument("--format", default="auto")
    one.add_argument("--columns", type=json.loads, default={}, metavar="JSON", help='{"prompt": "question"}')
    asked = parser.parse_args(arguments)
    reading = Reading(asked.container, asked.format, asked.columns)
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / INDEX).open("wb") as index:
        found = examine(asked.file, reading, name=asked.name, index=index, progress=_teller(asked.file))
    partial = asked.out / f"{RESULT}.partial"
    partial.write_text(json.dumps(found.to_json(), ensure_ascii=False), encoding="utf-8")
    partial.replace(asked.out / RESULT)
    return SOUND if found.sound else NOT_SOUND


def _teller(path: Path) -> Callable[[int], None]:
    """Tells on standard output, twice a second, how far the file has been read."""
    size, began, told = path.stat().st_size, time.monotonic(), 0.0

    def tell(done: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < _TELL_SECONDS:
            return
        told = now
        left = (size - done) * (now - began) / max(done, 1)
        data = {"done": done // _MEBIBYTE, "of": size // _MEBIBYTE, "unit": "MiB", "seconds_left": round(left, 1)}
        event = {"at": datetime.now(UTC).isoformat(), "level": "info", "type": "metrics", "data": data}
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    return tell
