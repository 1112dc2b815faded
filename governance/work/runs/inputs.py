"""What a plan trains on and validates on: whole dataset versions, or parts of their splits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from governance.foundation.core.errors import Fault, NotFound, Unusable
from governance.materials.datasets.models import DatasetVersion, Split
from governance.materials.datasets.rules import SplitState
from governance.people.projects.models import Project
from governance.work.runs.models import RunData


@dataclass(frozen=True)
class Parts:
    """Parts of one split: those to train on, and those to validate on."""

    split_id: UUID
    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()


def links_of(
    project: Project, data: Sequence[UUID], splits: Sequence[Parts] = (), validation_data: Sequence[UUID] = ()
) -> list[RunData]:
    """The plan's data in order, not saved: training first, whole versions before parts.

    Raises NotFound for what is not the project's, Unusable for what does not go together.
    """
    versions = DatasetVersion.objects.filter(dataset__project=project).select_related("dataset")
    parted = [(_split(project, parts), parts) for parts in splits]
    links = [RunData(dataset_version=one(versions, pk, "dataset version"), role=RunData.Use.TRAIN) for pk in data]
    links += [_link(split, RunData.Use.TRAIN, parts.train) for split, parts in parted if parts.train]
    if not links:
        raise Unusable([Fault("data", "A run needs data to learn from.", "Choose at least one dataset version.")])
    links += [
        RunData(dataset_version=one(versions, pk, "dataset version"), role=RunData.Use.VALIDATION)
        for pk in validation_data
    ]
    links += [_link(split, RunData.Use.VALIDATION, parts.validation) for split, parts in parted if parts.validation]
    named = [*data, *validation_data, *(split.version_id for split, _ in parted)]
    if len(set(named)) != len(named):
        cure = "Name each once: whole, or by the parts of one split."
        raise Unusable([Fault("data", "A dataset version is named twice.", cure)])
    for position, link in enumerate(links):
        link.position = position
    return links


def parts_of(links: Sequence[RunData]) -> list[Parts]:
    """The inverse of `links_of` for what is parted."""
    found: dict[UUID, dict[str, tuple[str, ...]]] = {}
    for link in links:
        if link.split_id is not None:
            found.setdefault(link.split_id, {})[link.role] = tuple(link.parts)
    return [Parts(split_id, uses.get("train", ()), uses.get("validation", ())) for split_id, uses in found.items()]


def one(rows: Any, pk: UUID, noun: str) -> Any:
    """The row of `rows` with this id. Raises NotFound."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound(noun)
    return found


def _split(project: Project, parts: Parts) -> Split:
    every = Split.objects.filter(version__dataset__project=project).select_related("version__dataset")
    split: Split = one(every, parts.split_id, "split")
    if split.state != SplitState.READY:
        cure = "Wait until it is ready, or use another split."
        raise Unusable([Fault("splits", f"{split} is {split.state}; it has no parts.", cure)])
    asked = [*parts.train, *parts.validation]
    known = [part["name"] for part in split.parts]
    if unknown := [name for name in asked if name not in known]:
        raise Unusable([Fault("splits", f"{split} has no part {unknown[0]!r}.", f"Its parts are: {', '.join(known)}.")])
    if not asked:
        raise Unusable([Fault("splits", f"No part of {split} is named.", f"Its parts are: {', '.join(known)}.")])
    if twice := [name for place, name in enumerate(asked) if name in asked[:place]]:
        message = f"The part {twice[0]!r} of {split} is named twice."
        raise Unusable([Fault("splits", message, "A part is trained on or validated on, once.")])
    return split


def _link(split: Split, role: RunData.Use, names: Sequence[str]) -> RunData:
    """Parts in the split's own order, so that naming them in another order is the same plan."""
    own = [part["name"] for part in split.parts if part["name"] in names]
    return RunData(dataset_version=split.version, role=role, split=split, parts=own)
