"""Between a plan and the trainer's specification (assay.training/1).

A plan names base model and data by record; only the worker, on its own machine, knows paths.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from governance.foundation.core import blobs
from governance.foundation.core.errors import Fault, Unusable
from governance.work.runs.models import Run, RunData
from training.errors import UserError
from training.spec import SCHEMA, TrainingSpec

SETTINGS = ("task", "method", "hyperparameters", "canaries", "precision", "device", "seed", "checkpoint_every")


def settings_of(asked: dict[str, Any], *, own_validation: bool) -> dict[str, Any]:
    """`asked` with every default filled in, as the plan keeps it. Raises Unusable naming the field."""
    asked = dict(asked)
    data = dict(asked.pop("data", {}))
    unknown = set(asked) - set(SETTINGS)
    if unknown:
        raise Unusable([Fault(f"training.{name}", "A run plan has no such setting.") for name in sorted(unknown)])
    placeholder = [{"path": "data"}]
    try:
        spec = TrainingSpec.parse(
            {
                "schema": SCHEMA,
                "base_model": "base",
                **asked,
                "data": {**data, "train": placeholder, "validation": placeholder if own_validation else []},
            }
        )
    except UserError as error:
        where = (error.where or "spec").removeprefix("spec.")
        raise Unusable([Fault(f"training.{where}", error.message)]) from None
    whole = spec.to_json()
    kept = {name: whole[name] for name in SETTINGS}
    kept["data"] = {name: whole["data"][name] for name in ("validation_fraction", "rendering")}
    return kept


def for_trainer(run: Run, *, base_folder: Path, data_folder: Path) -> dict[str, Any]:
    """The specification that the trainer gets; its data is laid into `data_folder`."""
    kept = dict(run.training)
    data = kept.pop("data")
    return {
        "schema": SCHEMA,
        "base_model": str(base_folder),
        "base_model_sha256": run.base_model.folder_sha256,
        "base_training_flops": run.base_model.training_flops,
        "max_kwh": run.budget.get("max_kwh"),
        **kept,
        "data": {**data, **lay_out(run.links(), data_folder)},
    }


def lay_out(links: Sequence[RunData], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Copy the files of `links` into `folder`, each once, and which rows of them are meant; the trainer's entries."""
    entries: dict[str, list[dict[str, Any]]] = {"train": [], "validation": []}
    files: dict[UUID, Path] = {}
    for link in links:
        version, split = link.dataset_version, link.split
        if version.pk not in files:
            name = f"{link.position}-{version.file_sha256[:12]}{Path(version.file_name).suffix}"
            files[version.pk] = blobs.copy_to(version.readable, folder / name)
        path = files[version.pk]
        entry: dict[str, Any] = {"path": str(path), **asdict(version.reading), "sha256": version.file_sha256}
        if split is not None:
            assignment = blobs.copy_to(split.assignment_sha256, folder / f"{path.name}.parts")
            entry["part"] = {
                "path": str(assignment), "keep": split.places(link.parts), "sha256": split.assignment_sha256,
            }  # fmt: skip
        entries["train" if link.role == RunData.Use.TRAIN else "validation"].append(entry)
    return entries
