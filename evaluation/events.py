"""Progress as JSON Lines, on standard output and in `events.jsonl`: the same shape as the trainer's events."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

from evaluation.report import EVENT_SCHEMA

Level = Literal["info", "warning", "error"]
Kind = Literal["message", "metrics", "state"]
PAUSE = 0.5


class Events:
    """Writes one JSON object a line: {schema, at, level, type, data}. Flushed at once, so a reader follows live."""

    def __init__(self, path: Path, stream: TextIO | None = None) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._stream = stream or sys.stdout
        self._last = 0.0

    def emit(self, kind: Kind, level: Level = "info", **data: Any) -> None:
        """Write one event."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"schema": EVENT_SCHEMA, "at": at, "level": level, "type": kind, "data": data})
        for target in (self._file, self._stream):
            target.write(line + "\n")
            target.flush()

    def progress(self, task: str, done: int, of: int) -> None:
        """How far a task is, at most twice a second, and always its beginning and its end."""
        now = time.monotonic()
        if done in (0, of) or now - self._last >= PAUSE:
            self._last = now
            self.emit("metrics", task=task, done=done, of=of)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
