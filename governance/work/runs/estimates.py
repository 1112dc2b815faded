"""What a run will need, before it starts: the trainer's own arithmetic over plan, weights and rows, as ranges.

The training library answers as a process (`python -m training estimate`), because it reads the rows with the
model's tokenizer, which has no place in the web process.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from governance.foundation.core import blobs
from governance.materials.base_models import selectors as base_models
from governance.materials.base_models.models import BaseModel
from governance.materials.datasets.models import DatasetVersion
from governance.work.runs.models import Run, RunData
from training.spec import SCHEMA

LIMIT_SECONDS = 60


def estimate(run: Run) -> dict[str, Any]:
    """The trainer's estimate of a run plan, as it is kept with the plan at submission."""
    train = [link.dataset_version for link in run.data_links.filter(role=RunData.Use.TRAIN)]
    return estimate_plan(run.base_model, train, run.training)


def estimate_plan(base_model: BaseModel, data: Sequence[DatasetVersion], training: dict[str, Any]) -> dict[str, Any]:
    """`python -m training estimate --json` over what is typed so far; {"reason"} where it cannot say."""
    with tempfile.TemporaryDirectory(prefix="assay-estimate-") as folder:
        spec = _spec(base_model, data, training, Path(folder))
        path = Path(folder) / "spec.json"
        path.write_text(json.dumps(spec), encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "training", "estimate", str(path), "--json"],
                capture_output=True,
                text=True,
                timeout=LIMIT_SECONDS,
                check=False,
                env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        except subprocess.TimeoutExpired:
            return {"reason": f"The estimate took longer than {LIMIT_SECONDS} seconds."}
    if done.returncode:
        return {"reason": (done.stderr or done.stdout).strip()[-500:]}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _spec(
    base_model: BaseModel, data: Sequence[DatasetVersion], training: dict[str, Any], folder: Path
) -> dict[str, Any]:
    files = []
    for position, version in enumerate(data):
        path = blobs.copy_to(version.file_sha256, folder / f"{position}.jsonl")
        files.append({"path": str(path), "format": version.format})
    return {
        "schema": SCHEMA,
        "base_model": str(base_models.folder(base_model)),
        "base_training_flops": base_model.training_flops,
        **{key: value for key, value in training.items() if key != "data"},
        "data": {**training.get("data", {}), "train": files},
    }
