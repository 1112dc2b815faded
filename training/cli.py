"""`python -m training ...`: the commands, their arguments, and what they print.

`run` prints events, one JSON object a line; the others print text, or one JSON object with `--json`. A mistake
in the input is one line on standard error and exit code 2, never a trace.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training import environment
from training.errors import EXIT_SUCCEEDED, TrainingError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    environment.prepare_process()
    asked = _parser().parse_args(arguments)
    try:
        code: int = asked.command(asked)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="Fine-tuning as a plain library.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="train as a spec says")
    run.add_argument("spec", type=Path)
    run.add_argument("--out", type=Path, required=True, help="an empty folder, or with --resume that of the run")
    run.add_argument("--resume", action="store_true", help="continue from the last checkpoint, if any")
    run.set_defaults(command=_run)

    estimate = commands.add_parser("estimate", help="memory, time, energy, cost and compute ratio, as ranges")
    estimate.add_argument("spec", type=Path)
    estimate.add_argument("--json", action="store_true")
    estimate.add_argument("--price-per-hour", type=_positive, help="what an hour of this machine costs")
    estimate.add_argument("--currency", default="EUR", help="the price's currency (EUR)")
    estimate.add_argument("--power-watts", type=_positive, help="what the machine draws under load")
    estimate.add_argument("--flops-per-second", type=_positive, help="speed measured in earlier runs, for the time")
    estimate.set_defaults(command=_estimate)

    preview = commands.add_parser("preview", help="rows as they will be trained, with the trained tokens marked")
    preview.add_argument("spec", type=Path)
    preview.add_argument("--rows", type=int, default=3)
    preview.add_argument("--json", action="store_true")
    preview.set_defaults(command=_preview)

    convert = commands.add_parser("convert", help="dequantise a GGUF file into a safetensors model folder")
    convert.add_argument("gguf", type=Path)
    convert.add_argument("--out", type=Path, required=True)
    convert.set_defaults(command=_convert)

    tiny = commands.add_parser("tiny", help="make a tiny model with random weights, for tests")
    tiny.add_argument("--out", type=Path, required=True)
    tiny.add_argument("--seed", type=int, default=0)
    tiny.set_defaults(command=_tiny)
    return parser


def _run(asked: argparse.Namespace) -> int:
    from training.run import run

    return run(asked.spec, asked.out, resume=asked.resume)


def _estimate(asked: argparse.Namespace) -> int:
    from training.estimate import as_text, estimate
    from training.spec import load_spec

    found = estimate(
        load_spec(asked.spec),
        asked.spec.resolve().parent,
        price_per_hour=asked.price_per_hour,
        currency=asked.currency,
        power_watts=asked.power_watts,
        flops_per_second=asked.flops_per_second,
    )
    _show(found.to_json() if asked.json else as_text(found))
    return EXIT_SUCCEEDED


def _preview(asked: argparse.Namespace) -> int:
    from training.preview import as_text, preview
    from training.spec import load_spec

    found = preview(load_spec(asked.spec), asked.spec.resolve().parent, rows=asked.rows)
    _show(found.to_json() if asked.json else as_text(found))
    return EXIT_SUCCEEDED


def _convert(asked: argparse.Namespace) -> int:
    from training.gguf_model import convert

    _show(convert(asked.gguf, asked.out))
    return EXIT_SUCCEEDED


def _tiny(asked: argparse.Namespace) -> int:
    from training.tiny_model import make_tiny_model

    _show({"path": str(asked.out), "parameters": make_tiny_model(asked.out, seed=asked.seed)})
    return EXIT_SUCCEEDED


def _show(value: Any) -> None:
    print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return value
