"""Lines of a subprocess's standard output as events (`assay.training-event/1`): trusted to be neither whole
nor well-formed, since a library inside it may print what it likes."""

import json
import math
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

LEVELS = {"debug", "info", "warning", "error"}
TYPES = {"message", "metrics", "checkpoint", "state"}
LONGEST_LINE = 1 << 20  # bytes; a longer one is cut and no longer JSON, so it goes to the log


class Lines:
    """Cuts a stream of bytes into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            whole.append(self._rest)
            self._rest = b""
        return whole

    def last(self) -> list[bytes]:
        """What stood after the last line end."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def parse(line: bytes) -> dict[str, Any] | None:
    """The event in a line: `at`, `level`, `type`, `data`; None when it is no event.

    NaN and Infinity become null: they are not JSON and not a measurement. NUL characters, which PostgreSQL
    refuses in text, become U+FFFD.
    """
    try:
        text = line.replace(rb"\u0000", rb"\ufffd")
        event = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
        at = datetime.fromisoformat(event["at"])
        level, kind, data = event["level"], event["type"], event["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not (isinstance(level, str) and isinstance(kind, str) and isinstance(data, dict)):
        return None
    if at.tzinfo is None or level not in LEVELS or kind not in TYPES:
        return None
    return {"at": event["at"], "level": level, "type": kind, "data": data}


def unheard(path: Path, heard: int) -> list[dict[str, Any]]:
    """The events of `path` after the first `heard`: what a process wrote there before it said it on its standard
    output, and what its worker did not live to pass on. None where there is no such file."""
    return list(islice(_events_of(path), heard, None)) if path.is_file() else []


def _events_of(path: Path) -> Iterator[dict[str, Any]]:
    lines = Lines()
    with path.open("rb") as reader:
        while data := reader.read(LONGEST_LINE):
            yield from _parsed(lines.feed(data))
    yield from _parsed(lines.last())


def _parsed(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    return (event for line in lines if (event := parse(line)) is not None)


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
