"""The command line: `run`, `score`, `synthesise`, `tasks`, `seal`.

Exit codes: 0 succeeded, 1 failed, 2 the user's input is wrong, 3 too little memory or disk, 130 cancelled.
A run that does not succeed leaves no `report.json` (a synthesis: no `synthesis.json`); its last event says why.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from evaluation import outputs, registry, runner, spec, suites, synthesis
from evaluation.events import Events
from evaluation.report import Report
from evaluation.spec import Invalid
from evaluation.suites import SuiteError

SUCCEEDED, FAILED, USER_ERROR, NO_ROOM, CANCELLED = 0, 1, 2, 3, 130


class Cancelled(BaseException):
    """The process was asked to stop. No `Exception`, so that no library's broad `except` can swallow it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except (Invalid, SuiteError) as error:
        print(error, file=sys.stderr)
        return USER_ERROR
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description="Measure models on fixed items.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="measure the models of a specification")
    run.add_argument("spec", type=Path, metavar="SPEC.json")
    run.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the report; made if absent")
    run.set_defaults(command=_run)

    score = commands.add_parser("score", help="score outputs you already have")
    score.add_argument("task", metavar="TASK")
    score.add_argument("--items", type=Path, metavar="FILE", help="the items; the task's own suite if it has one")
    score.add_argument(
        "--outputs", action="append", required=True, metavar="[NAME=]FILE", help="once for each model, base first"
    )
    score.add_argument("--out", type=Path, required=True, metavar="DIR")
    score.set_defaults(command=_score)

    rows = commands.add_parser("synthesise", help="have a model write rows of data")
    rows.add_argument("spec", type=Path, metavar="SPEC.json")
    rows.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the rows; made if absent")
    rows.set_defaults(command=_synthesise)

    tasks = commands.add_parser("tasks", help="list the known tasks")
    tasks.add_argument("--json", action="store_true")
    tasks.set_defaults(command=_tasks)

    seal = commands.add_parser("seal", help="write the digest into a suite file after an edit")
    seal.add_argument("suite", type=Path)
    seal.set_defaults(command=_seal)
    return parser


def _run(options: argparse.Namespace) -> int:
    asked = spec.read(options.spec)
    runner.prepare(asked)  # a wrong specification is told before anything is written
    with _events(options.out) as events:
        return _guarded(events, lambda: _told(runner.run(asked, options.out, events)))


def _synthesise(options: argparse.Namespace) -> int:
    asked, wanted = synthesis.read(options.spec)
    with _events(options.out) as events:
        return _guarded(events, lambda: synthesis.run(asked, wanted, options.out, events))


def _score(options: argparse.Namespace) -> int:
    asked = outputs.read(options.task, options.items, options.outputs)
    with _events(options.out) as events:
        return _guarded(events, lambda: _told(outputs.score(asked, options.out)))


def _tasks(options: argparse.Namespace) -> int:
    listing: list[dict[str, Any]] = [
        {
            "name": entry.name, "category": entry.category, "duty": entry.duty, "version": entry.task.version,
            "source": entry.source, "needs_items": entry.task.needs_items, "scores_outputs": entry.scores_outputs,
            "options": dict(entry.task.options), "definition": entry.definition,
            "metrics": [
                {"name": m.name, "unit": m.unit, "better": m.better, "definition": m.definition}
                for m in entry.task.metrics
            ],
        }
        for entry in registry.every()
    ]  # fmt: skip
    if options.json:
        print(json.dumps(listing, indent=1, ensure_ascii=False))
        return SUCCEEDED
    for task in listing:
        print(f"{task['name']:<18}{task['category']:<10}{task['definition'].splitlines()[0]}")
    return SUCCEEDED


def _seal(options: argparse.Namespace) -> int:
    print(suites.seal(options.suite))
    return SUCCEEDED


@contextlib.contextmanager
def _events(out: Path) -> Iterator[Events]:
    """The events of one run. Refuses a folder that already holds a result. Raises `Invalid`."""
    for result in ("report.json", synthesis.SYNTHESIS):
        if (out / result).exists():
            raise Invalid("--out", f"{out} already holds a {result}; choose another folder.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        events = Events(out / "events.jsonl")
    except OSError as error:
        raise Invalid("--out", f"{out} cannot be written: {error}.") from None
    try:
        yield events
    finally:
        events.close()


def _told(report: Report) -> dict[str, Any]:
    return {"report_sha256": report.sha256, "gate_open": report.gate.open}


def _guarded(events: Events, work: Callable[[], dict[str, Any]]) -> int:
    """Do `work`; turn how it ends into the last event, with what `work` tells, and the exit code."""
    previous = {number: signal.signal(number, _cancel) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        events.emit("state", status="running")
        told = work()
    except Cancelled:
        events.emit("state", "warning", status="cancelled")
        return CANCELLED
    except (Invalid, SuiteError) as error:
        return _ended(events, USER_ERROR, "user_error", str(error), getattr(error, "where", None))
    except Exception as error:
        if lack := _lack(error):
            return _ended(events, NO_ROOM, "no_room", f"{lack}: {error}.", None)
        traceback.print_exc(file=sys.stderr)
        return _ended(events, FAILED, "failed", f"{type(error).__name__}: {error}", None)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    events.emit("state", status="succeeded", **told)
    return SUCCEEDED


def _ended(events: Events, code: int, kind: str, message: str, where: str | None) -> int:
    status = "user_error" if code == USER_ERROR else "failed"
    events.emit("state", "error", status=status, error={"code": kind, "message": message, "where": where})
    print(message, file=sys.stderr)
    return code


def _cancel(_number: int, _frame: FrameType | None) -> None:
    raise Cancelled


def _lack(error: Exception) -> str | None:
    """What there is too little of, with the cure, if `error` says so."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "There is too little disk; free some, or write elsewhere with --out"
    out_of_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    if out_of_memory or (isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)):
        return "There is too little memory; lower batch_size, or measure fewer models at once"
    return None
