"""A real small model, made once a session, and runs on it: in this process or as the command a user types."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training.manifest import Manifest, load_manifest
from training.run import run
from training.tiny_model import make_tiny_model

ROOT = Path(__file__).resolve().parents[2]
THINGS = ("card", "loan", "account", "transfer", "fee", "limit", "statement")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    make_tiny_model(folder)
    return folder


def chat_row(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def chat_rows(count: int) -> list[dict[str, Any]]:
    """Distinct conversations of different lengths."""
    return [
        chat_row(
            f"What about my {THINGS[number % 7]} {number}?",
            f"Your {THINGS[number % 7]} {number} is fine. " + "Please check again. " * (number % 4),
        )
        for number in range(1, count + 1)
    ]


def write_jsonl(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def spec(tiny: Path, tmp_path: Path) -> dict[str, Any]:
    """A spec of 12 steps in two epochs on 27 rows, three of them held out, as a test may change it."""
    write_jsonl(tmp_path / "train.jsonl", chat_rows(27))
    return {
        "schema": "assay.training/1",
        "base_model": str(tiny),
        "method": {"name": "lora", "r": 4, "alpha": 8},
        "data": {"train": [{"path": "train.jsonl"}], "validation_fraction": 0.1},
        "hyperparameters": {"epochs": 2, "batch_size": 2, "gradient_accumulation": 2, "learning_rate": 2e-3},
        "device": "cpu",
        "seed": 7,
    }


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., tuple[int, Manifest]]:
    """Run a spec in this process; returns exit code and manifest."""

    def go(spec: dict[str, Any], out: str = "out", *, resume: bool = False) -> tuple[int, Manifest]:
        path = tmp_path / "spec.json"
        path.write_text(json.dumps(spec), encoding="utf-8")
        code = run(path, tmp_path / out, resume=resume)
        return code, load_manifest(tmp_path / out / "manifest.json")

    return go


def events(out: Path, kind: str) -> list[dict[str, Any]]:
    """The data of one type's events, in order."""
    lines = (json.loads(line) for line in (out / "events.jsonl").read_text(encoding="utf-8").splitlines())
    return [line["data"] for line in lines if line["type"] == kind]


def losses(out: Path) -> list[float]:
    """Training losses by step; a step that was repeated after a resume counts as it was the last time."""
    metrics = [data for data in events(out, "metrics") if data["phase"] == "train"]
    return [loss for _, loss in sorted({data["step"]: data["loss"] for data in metrics}.items())]


def start(*arguments: str | Path, **settings: Any) -> subprocess.Popen[str]:
    """`python -m training ...` as its own process, started from elsewhere than the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "training", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **settings,
    )


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The same, waited for."""
    process = start(*arguments)
    output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)
