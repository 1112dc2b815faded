"""Events of a run: one JSON object a line, in `events.jsonl` and on standard output.

`{"schema", "at", "level", "type": "message|metrics|checkpoint|state", "data"}`. A resumed run appends to the
same file; after a crash the steps since the last checkpoint come twice, and the later line is the one that
counts.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TextIO

SCHEMA = "assay.training-event/1"


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class EventLog:
    """Writes events as they come; each line is out before the call returns."""

    def __init__(self, path: Path, echo: TextIO | None = None) -> None:
        cut_off = _ends_within_a_line(path)
        self.file = path.open("a", encoding="utf-8", buffering=1)
        if cut_off:  # by a full disk: the next event must not be glued to it
            self.file.write("\n")
        self.echo: TextIO | None = sys.stdout if echo is None else echo

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def message(self, text: str, level: Literal["info", "warning", "error"] = "info", **data: Any) -> None:
        """Something a person may want to know."""
        self._emit(level, "message", {"message": text, **data})

    def metrics(self, **data: Any) -> None:
        """Measured numbers of a step or a validation pass."""
        self._emit("info", "metrics", data)

    def checkpoint(self, **data: Any) -> None:
        """A checkpoint is on disk."""
        self._emit("info", "checkpoint", data)

    def state(self, state: str, **data: Any) -> None:
        """The run entered a state: validating_files, loading, running, saving, then its final status."""
        self._emit("error" if state in ("failed", "user_error") else "info", "state", {"state": state, **data})

    def _emit(self, level: str, kind: str, data: dict[str, Any]) -> None:
        event = {"schema": SCHEMA, "at": now(), "level": level, "type": kind, "data": data}
        line = json.dumps(event, ensure_ascii=False, allow_nan=False)
        self.file.write(line + "\n")
        if self.echo is None:
            return
        try:
            self.echo.write(line + "\n")
            self.echo.flush()
        except BrokenPipeError:  # whoever listened is gone; the file goes on
            self.echo = None


def _ends_within_a_line(path: Path) -> bool:
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as reader:
        reader.seek(-1, os.SEEK_END)
        return reader.read(1) != b"\n"
