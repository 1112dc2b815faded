"""What a run will need, before it starts: the trainer's own arithmetic over the plan, as ranges."""

from typing import Any

from governance.work.runs.models import Run


def estimate(run: Run) -> dict[str, Any] | None:
    """Memory, time, energy, cost and compute ratio as ranges; None where nothing can be said."""
    return None
