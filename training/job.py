"""One run in progress: what a recipe gets, and what it hands back for the manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.errors import Cancelled
from training.spec import TrainingSpec
from training.telemetry import EventLog


@dataclass
class Job:
    """`spec_folder` is where relative paths start, `out` the output folder, `stopped` whether a signal came.

    `facts` are the manifest's fields as far as they are known; a recipe adds each as soon as it was observed,
    so that a run which ends early still says what it did.
    """

    spec: TrainingSpec
    spec_folder: Path
    out: Path
    events: EventLog
    stopped: Callable[[], bool]
    resume: bool
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def checkpoints(self) -> Path:
        return self.out / "checkpoints"

    def enter(self, state: str) -> None:
        """Say that the run enters a state. Raises Cancelled where it was asked to stop."""
        if self.stopped():
            raise Cancelled
        self.events.state(state)
