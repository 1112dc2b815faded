"""What a run will need, and what one row looks like to the model, before it starts: asked of the trainer itself.

The training library answers as a process (`python -m training estimate|preview`), because it reads the rows with
the model's tokenizer, which has no place in the web process.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from governance.materials.base_models import selectors as base_models
from governance.materials.base_models.models import BaseModel
from governance.work.runs.models import Run, RunData
from governance.work.runs.specs import lay_out
from training.spec import SCHEMA

LIMIT_SECONDS = 60


def estimate(run: Run) -> dict[str, Any]:
    """The trainer's estimate of a run plan, as it is kept with the plan at submission."""
    return estimate_plan(run.base_model, run.links(), run.training)


def estimate_plan(base_model: BaseModel, links: Sequence[RunData], training: dict[str, Any]) -> dict[str, Any]:
    """`python -m training estimate --json` over what is typed so far; {"reason"} where it cannot say."""
    return _ask(["estimate"], base_model, links, training)


def preview_plan(
    base_model: BaseModel, links: Sequence[RunData], training: dict[str, Any], *, rows: int
) -> dict[str, Any]:
    """`python -m training preview --json`: the first `rows` rows as they will be trained, or {"reason"}."""
    return _ask(["preview", "--rows", str(rows)], base_model, links, training)


def _ask(
    command: list[str], base_model: BaseModel, links: Sequence[RunData], training: dict[str, Any]
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="assay-plan-") as folder:
        spec = _spec(base_model, links, training, Path(folder))
        path = Path(folder) / "spec.json"
        path.write_text(json.dumps(spec), encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "training", command[0], str(path), *command[1:], "--json"],
                capture_output=True,
                text=True,
                timeout=LIMIT_SECONDS,
                check=False,
                env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        except subprocess.TimeoutExpired:
            return {"reason": f"The trainer's {command[0]} took longer than {LIMIT_SECONDS} seconds."}
    if done.returncode:
        return {"reason": (done.stderr or done.stdout).strip()[-500:].removeprefix("error: ")}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _spec(base_model: BaseModel, links: Sequence[RunData], training: dict[str, Any], folder: Path) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "base_model": str(base_models.folder(base_model)),
        "base_training_flops": base_model.training_flops,
        **{key: value for key, value in training.items() if key != "data"},
        "data": {**training.get("data", {}), **lay_out(links, folder)},
    }
