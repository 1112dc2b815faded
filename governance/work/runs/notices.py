"""What people are told of runs: whoever prepared, submitted or launched one, how it ended."""

from collections.abc import Iterable

from governance.people.notifications.rules import Kind
from governance.people.notifications.tellings import Facts, Telling
from governance.people.notifications.tellings import register as tell
from governance.work.runs.models import Run


def register() -> None:
    tell("run.succeeded", Telling(Kind.ENDED, makers, lambda run, _by, _: f"Run {run} is finished."))
    tell("run.failed", Telling(Kind.ENDED, makers, _failed))
    tell("run.cancelled", Telling(Kind.ENDED, makers, lambda run, by, _: f"Run {run} was cancelled by {by}."))


def makers(run: Run, _: Facts) -> Iterable[int | None]:
    return [run.created_by_id, run.submitted_by_id, run.launched_by_id]


def _failed(run: Run, _by: str, _: Facts) -> str:
    return f"Run {run} could not be finished: {(run.error or {}).get('message', 'its page says why.')}"
