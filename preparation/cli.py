"""`python -m preparation VERB FILE --out DIR`: one file read, or fetched and read, from end to end.

It runs in a process of its own. Standard output carries events, one JSON object a line, as the trainer's does; the
result lies in DIR, written last and in one move. Exit codes: 0 every row can be used, 2 the file or a row cannot.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from preparation.drawing import Draw, draw
from preparation.erasing import without
from preparation.examination import Examination, examine
from preparation.findings import Refused
from preparation.pairing import Other, pair
from preparation.persons.names import Names, NoModel
from preparation.persons.redaction import PSEUDONYM, Pseudonyms, Redaction, redact
from preparation.persons.scanning import scan
from preparation.reading import Inspection, Reading
from preparation.splits import Split, assign_file

SOUND, NOT_FETCHED, NOT_SOUND = 0, 1, 2
RESULT, INDEX = "examination.json", "rows.index"
SPLIT, ASSIGNMENT = "split.json", "parts"
SCAN = "scan.json"
SEARCH = "search.json"
ERASED = "erased"
DRAWN = "drawn.json"
FETCHED = "fetched.json"
REDACTION, ROWS, SALT, PSEUDONYMS = "redaction.json", "rows.jsonl", "salt", "pseudonyms.sqlite3"
PROFILE = "quality.json"
_TELL_SECONDS = 0.5
_MEBIBYTE = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m preparation", description="Read, check and measure data.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    _verb(verbs, "examine", _examine, "read a file of rows from end to end")
    whole = _verb(verbs, "profile", _profile, "measure the quality of a file's rows")
    whole.add_argument(
        "--asked", type=json.loads, default={}, metavar="JSON", help='{"limit": 512, "tokenizer": "FOLDER"}'
    )
    split = _verb(verbs, "split", _split, "say of every row of a file which part it belongs to")
    split.add_argument(
        "--split", type=json.loads, required=True, metavar="JSON", help='{"method": "folds", "folds": 5}'
    )
    persons = _verb(verbs, "scan", _scan, "look for personal data and secrets in every row")
    persons.add_argument("--names", type=Path, metavar="FOLDER", help="a spaCy model that finds names and places")
    without = _verb(verbs, "redact", _redact, "write the rows without the personal data and secrets found in them")
    without.add_argument("--names", type=Path, metavar="FOLDER", help="a spaCy model that finds names and places")
    without.add_argument(
        "--redaction", type=json.loads, required=True, metavar="JSON", help='{"method": "mask", "kinds": ["email"]}'
    )
    sought = _verb(verbs, "search", _search, "find the rows that hold a phrase or a person's identifier")
    sought.add_argument(
        "--sought", type=Path, required=True, metavar="FILE",
        help='{"term": "…", "how": "exact" or "near"}, in a file that is removed as soon as it is read',
    )  # fmt: skip
    sample = _verb(verbs, "draw", _draw, "draw a sample of rows for people to look at")
    sample.add_argument("--draw", type=json.loads, required=True, metavar="JSON", help='{"count": 100, "seed": 7}')
    sample.add_argument(
        "--other",
        type=json.loads,
        metavar="JSON",
        help='{"path", "container", "format"}: what second answers come from',
    )
    fewer = _verb(verbs, "erase", _erase, "write a file again without some of its rows")
    fewer.add_argument(
        "--places", type=Path, required=True, metavar="FILE", help="a JSON list of the rows' places, from 0"
    )
    hub = _verb(verbs, "fetch", _fetch, "fetch rows from a hub into a file, then examine it")
    hub.add_argument(
        "--hub", type=json.loads, required=True, metavar="JSON", help='{"repository": "owner/name", "split": "train"}'
    )
    hub.add_argument("--limit", type=int, required=True, metavar="BYTES", help="so much is taken at most")
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    code: int = asked.carry_out(asked, Reading(asked.container, asked.format, asked.columns))
    return code


def _verb(verbs: Any, name: str, carry_out: Callable[..., int], words: str) -> argparse.ArgumentParser:
    """A verb that reads one file."""
    one: argparse.ArgumentParser = verbs.add_parser(name, help=words)
    one.set_defaults(carry_out=carry_out)
    one.add_argument("file", type=Path, metavar="FILE")
    one.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the result is written")
    one.add_argument("--name", default="", help="the name that the file had where it came from")
    one.add_argument("--container", default="auto")
    one.add_argument("--format", default="auto")
    one.add_argument("--columns", type=json.loads, default={}, metavar="JSON", help='{"prompt": "question"}')
    return one


def _examine(asked: argparse.Namespace, reading: Reading) -> int:
    with (asked.out / INDEX).open("wb") as index:
        found = examine(asked.file, reading, name=asked.name, index=index, progress=_teller(asked.file))
    _write(asked.out / RESULT, found.to_json())
    return SOUND if found.sound else NOT_SOUND


def _profile(asked: argparse.Namespace, reading: Reading) -> int:
    # Measuring loads numpy and a model of languages; who only reads a file does not wait for them.
    from preparation.quality.asked import Asked
    from preparation.quality.profiling import measure
    from preparation.quality.seen import NotMeasurable

    try:
        found = measure(
            asked.file, reading, Asked.from_json(asked.asked), name=asked.name, progress=_teller(asked.file)
        )
    except NotMeasurable as refused:
        sys.stderr.write(f"{refused}\n")
        return NOT_SOUND
    _write(asked.out / PROFILE, found)
    return SOUND


def _split(asked: argparse.Namespace, reading: Reading) -> int:
    """Writes one byte a row, the place of its part, and beside it the parts with their counts, or what is wrong."""
    try:
        made = assign_file(
            asked.file, reading, Split.from_json(asked.split), name=asked.name, progress=_teller(asked.file)
        )
    except Refused as refused:
        wrong = {"message": refused.message, "cure": refused.cure, "field": refused.field}
        _write(asked.out / SPLIT, {"refused": wrong})
        return NOT_SOUND
    (asked.out / ASSIGNMENT).write_bytes(made.of_row)
    _write(asked.out / SPLIT, {"parts": made.counts_json()})
    return SOUND


def _scan(asked: argparse.Namespace, reading: Reading) -> int:
    """Every column is looked into, whatever the format uses of it."""
    try:
        names = Names(asked.names) if asked.names else None
        found = scan(asked.file, reading.container, name=asked.name, names=names, progress=_teller(asked.file))
    except (Refused, NoModel) as refused:
        sys.stderr.write(f"{refused}\n")
        return NOT_SOUND
    _write(asked.out / SCAN, found.to_json())
    return SOUND


def _redact(asked: argparse.Namespace, reading: Reading) -> int:
    """Writes the rows, what was done to them and what they are now; the salt and the map of pseudonyms beside them."""
    redaction, target = Redaction.from_json(asked.redaction), asked.out / ROWS
    try:
        names = Names(asked.names) if asked.names else None
        pseudonyms = Pseudonyms(asked.out / PSEUDONYMS) if redaction.method == PSEUDONYM else None
        with target.open("wb") as out:
            done = redact(
                asked.file, reading.container, redaction, out,
                name=asked.name, names=names, pseudonyms=pseudonyms, progress=_teller(asked.file),
            )  # fmt: skip
        if pseudonyms:
            pseudonyms.close()
            (asked.out / SALT).write_bytes(pseudonyms.salt)
    except (Refused, NoModel) as refused:
        sys.stderr.write(f"{refused}\n")
        return NOT_SOUND
    with (asked.out / INDEX).open("wb") as index:
        found = examine(target, Reading("jsonl", reading.format, reading.columns), index=index)
    _write(asked.out / RESULT, found.to_json())
    _write(asked.out / REDACTION, done.to_json())
    return SOUND


def _search(asked: argparse.Namespace, reading: Reading) -> int:
    """What is sought comes by a file: a command line can be read by everybody on the machine."""
    from preparation.searching import Sought, search  # loads numpy

    sought = Sought(**json.loads(asked.sought.read_text(encoding="utf-8")))
    asked.sought.unlink()
    try:
        found = search(asked.file, sought, reading.container, name=asked.name, progress=_teller(asked.file))
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return NOT_SOUND
    _write(asked.out / SEARCH, found.to_json())
    return SOUND


def _draw(asked: argparse.Namespace, reading: Reading) -> int:
    try:
        how, tell = Draw.from_json(asked.draw), _teller(asked.file)
        if asked.other:
            found = pair(asked.file, reading, how, Other(**asked.other), name=asked.name, progress=tell)
        else:
            found = draw(asked.file, reading, how, name=asked.name, progress=tell)
    except Refused as refused:
        sys.stderr.write(f"{refused} {refused.cure}\n")
        return NOT_SOUND
    _write(asked.out / DRAWN, found.to_json())
    return SOUND


def _erase(asked: argparse.Namespace, reading: Reading) -> int:
    """Writes the file without the rows, and what it is now."""
    places, target = json.loads(asked.places.read_text(encoding="utf-8")), asked.out / ERASED
    try:
        without(asked.file, places, target, reading.container, name=asked.name, progress=_teller(asked.file))
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return NOT_SOUND
    with (asked.out / INDEX).open("wb") as index:
        found = examine(target, reading, name=asked.name, index=index)
    _write(asked.out / RESULT, found.to_json())
    return SOUND


def _fetch(asked: argparse.Namespace, reading: Reading) -> int:
    """Writes the rows into FILE and where they come from beside it, then examines them as any file."""
    # A process of the platform is told to stay offline; this one is there to go out. It keeps nothing, knows no login.
    os.environ.update(HF_HUB_OFFLINE="0", HF_HUB_DISABLE_TELEMETRY="1", HF_HOME=str(asked.out / "hub"))
    from preparation import hub

    try:
        with asked.file.open("wb") as rows:
            found = hub.fetch(hub.Place(**asked.hub), rows, limit=asked.limit, progress=_teller())
    except Refused as refused:
        nothing = Inspection(None, 0, (refused.at(None),), 1, ())
        _write(asked.out / RESULT, Examination(nothing, None, None).to_json())
        return NOT_SOUND
    except ImportError:
        sys.stderr.write("The package `datasets` is not installed. Install it: pip install 'assay[hub]'.\n")
        return NOT_FETCHED
    except Exception as error:  # networks and other people's files fail in too many ways to name them
        sys.stderr.write(f"The hub could not be read: {type(error).__name__}: {' '.join(str(error).split())[:500]}\n")
        return NOT_FETCHED
    _write(asked.out / FETCHED, asdict(found))
    return _examine(asked, reading)


def _write(path: Path, result: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    partial.replace(path)


def _teller(path: Path | None = None) -> Callable[[int], None]:
    """Tells on standard output, twice a second, how far the file has been read; without one, how much was fetched."""
    size, began, told = path.stat().st_size if path else 0, time.monotonic(), 0.0

    def tell(done: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < _TELL_SECONDS:
            return
        told = now
        data: dict[str, Any] = {"done": done // _MEBIBYTE, "of": size // _MEBIBYTE, "unit": "MiB"}
        data["seconds_left"] = round((size - done) * (now - began) / max(done, 1), 1) if path else None
        event = {"at": datetime.now(UTC).isoformat(), "level": "info", "type": "metrics", "data": data}
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    return tell
